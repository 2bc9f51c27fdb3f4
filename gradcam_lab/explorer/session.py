"""La logique de l'explorateur : des choix vers l'image, son code, son message. Aucun widget ici.

La mémoire est bornée : deux analyses et deux réseaux au plus, deux photos de l'utilisateur. Une
analyse garde les résultats de sa passe avant (environ 15 Mo pour mini, 60 Mo pour VGG16, 280 Mo
pour DenseNet ou ConvNeXt), et moins de 100 Mo de gradients et de cartes.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

import numpy as np

from .. import classifier as classifiers
from .. import zoo
from ..classifier import Classifier
from ..errors import GradcamLabError, ModelError
from ..messages import muted
from . import content, sources, texts
from .code import equivalent_code
from .layers import main_layers
from .state import ExplorerState
from .views import _TILE, can_share_scale, fit

__all__ = ["Result", "Session"]

_MAX_ANALYSES = _MAX_NETWORKS = _MAX_OWN_PHOTOS = 2
_OWN = "le vôtre"


@dataclass(frozen=True)
class Result:
    """Ce qu'il faut montrer pour un état. En cas d'erreur, `error` est la phrase à afficher.

    `state` : l'état, où les choix automatiques ont été remplacés par leur valeur ; `picture` et
    `photo` : uint8 (H, W, 3) ; `heatmap` : (h, w) ; `disabled` : pour chaque réglage sans effet,
    la raison ; `layers` : les couches du curseur ; `predictions` : les cinq plus probables ;
    `shown` : les prédictions des classes montrées.
    """

    state: ExplorerState
    error: str = ""
    picture: np.ndarray | None = None
    photo: np.ndarray | None = None
    heatmap: np.ndarray | None = None
    caption: str = ""
    alt: str = ""
    code: str = ""
    status: str = ""
    notes: list = field(default_factory=list)
    disabled: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)
    predictions: list = field(default_factory=list)
    shown: list = field(default_factory=list)


@dataclass(frozen=True)
class _Seen:
    """Une photo passée dans un réseau, et ses deux réductions pour l'écran."""

    analysis: object
    photo: object
    tile: object


class Session:
    """Les photos, les réseaux et les analyses d'un explorateur.

    `model` : un nom du catalogue, un `Classifier`, un modèle Keras, ou None (« mini ») ; `image` :
    tout ce que `gl.load_image` accepte, ou None ; `expression` : ce qui désigne l'explorateur dans
    le code équivalent. Lève les erreurs de `gl.load_model` et de `gl.load_image`.
    """

    def __init__(self, model=None, image=None, expression="explorer"):
        self.expression = expression
        self.photos = sources.sample_photos()
        self.networks = {info.name: _title(info) for info in zoo.available_models()}
        self._own = None
        self._loaded = OrderedDict()
        self._seen = OrderedDict()
        self._main = {}
        self._last = (None, None)
        network = self._add_model("mini" if model is None else model)
        photo = self._first_photo() if image is None else self.add_photo(image)
        self.state = ExplorerState(photo, network)

    # --- Les photos et les réseaux ----------------------------------------------------------------

    def add_photo(self, source, name=None):
        """Ajoute une photo (fichier, adresse, tableau...) et rend sa clé. Lève `ImageError`."""
        photo = sources.given_photo(source, name)
        self.photos.pop(photo.key, None) if photo.image is not None else None
        self.photos[photo.key] = photo
        own = [key for key, known in self.photos.items() if known.image is not None]
        state = getattr(self, "state", None)
        for key in own[: max(0, len(own) - _MAX_OWN_PHOTOS)]:
            if state is None or key != state.photo:
                self.forget_photo(key)
        return photo.key

    def forget_photo(self, key):
        """Oublie une photo de l'utilisateur et ce qui en a été calculé."""
        del self.photos[key]
        for known in [known for known in self._seen if known[0] == key]:
            del self._seen[known]

    def _first_photo(self):
        from ..photos import samples

        return next((info.name for info in samples() if info.available), "chelsea")

    def _add_model(self, model):
        if isinstance(model, str):
            return zoo.find_model(model).name
        if not isinstance(model, Classifier):
            model = Classifier(model)
        recipe = getattr(model, "recipe", None)
        if recipe == f'gl.load_model("{model.name}")' and model.name in self.networks:
            self._loaded[model.name] = model
            return model.name
        self._own = model
        self.networks[_OWN] = f"{model.name} (le vôtre)"
        return _OWN

    def classifier(self, key):
        """Rend le `Classifier` de ce réseau, chargé au besoin ; deux au plus restent chargés."""
        if key == _OWN:
            return self._own
        if key not in self._loaded:
            with muted():
                self._loaded[key] = classifiers.load_model(key, fallback=False)
        self._loaded.move_to_end(key)
        while len(self._loaded) + (self._own is not None) > _MAX_NETWORKS:
            old, _ = self._loaded.popitem(last=False)
            self._main.pop(old, None)
            for known in [known for known in self._seen if known[1] == old]:
                del self._seen[known]
        return self._loaded[key]

    def is_loaded(self, key):
        """Vrai si ce réseau répondra tout de suite."""
        return key == _OWN or key in self._loaded

    def layers(self, state):
        """Les `LayerInfo` que le curseur parcourt pour cet état."""
        classifier = self.classifier(state.network)
        if state.network not in self._main:
            self._main[state.network] = main_layers(classifier)
        kept = {*self._main[state.network], state.layer or classifier.default_layer}
        return [info for info in classifier.layers if state.all_layers or info.name in kept]

    def search(self, text, state, limit=12):
        """Rend les `Prediction` des classes dont un nom, français ou anglais, ressemble à `text`."""
        analysis = self._see(state).analysis
        found = analysis.classifier.search_classes(text, limit)
        return [analysis.prediction(index) for index in found]

    @property
    def analysis_count(self):
        """Le nombre d'analyses gardées en mémoire."""
        return len(self._seen)

    def clear(self):
        """Oublie tout ce qui a été calculé ou chargé."""
        self._seen.clear()
        self._loaded.clear()
        self._main.clear()
        self._own, self._last = None, (None, None)
        self.photos = sources.sample_photos()

    # --- De l'état à l'image ----------------------------------------------------------------------

    def render(self, state):
        """Rend le `Result` d'un état ; n'échoue jamais : une erreur devient une phrase."""
        try:
            return self._render(state._checked())
        except GradcamLabError as error:
            return Result(state, error=str(error))
        except MemoryError:
            return Result(state, error=texts.OUT_OF_MEMORY)
        except Exception as error:  # rien ne doit se perdre dans un rappel de widget
            return Result(state, error=texts.unexpected(error))

    def _render(self, state):
        start = time.perf_counter()
        fresh = (state.photo, state.network) not in self._seen
        seen = self._see(state)
        forward = time.perf_counter()
        layers = self.layers(state)
        state, disabled = self._resolve(state, seen.analysis)
        shown = [seen.analysis.prediction(state.target)]
        if state.view == "compare":
            shown.append(seen.analysis.prediction(state.rival))
        names = [layer.name for layer in layers]
        everything = len(names) == len(seen.analysis.classifier.layers)
        network = seen.analysis.classifier.network
        before = network.backward_count
        made, notes = self._content(state, seen.analysis, names)
        computed = time.perf_counter()
        picture, heatmap = content.draw(made, state, seen, shown)
        end = time.perf_counter()
        info = next(layer for layer in layers if layer.name == state.layer)
        return Result(
            state,
            picture=picture,
            photo=np.asarray(seen.photo),
            heatmap=heatmap,
            caption=texts.caption(state, shown, info, self._network_name(state)),
            alt=texts.alternative(state, shown, info, self.photos[state.photo], made.region),
            code=self._code(state, seen.analysis, shown, None if everything else names),
            status=texts.status(
                forward - start if fresh else None,
                computed - forward if network.backward_count > before else None,
                end - computed,
                end - start,
            ),
            notes=notes + texts.region_notes(made.region),
            disabled=disabled,
            layers=layers,
            predictions=seen.analysis.top(5),
            shown=shown,
        )

    def _see(self, state):
        """L'analyse de la photo par le réseau : une seule passe avant, deux analyses gardées."""
        key = (state.photo, state.network)
        if key not in self._seen:
            if state.photo not in self.photos:
                raise GradcamLabError(
                    "Cette photo n'est plus en mémoire : choisissez-en une autre."
                )
            if state.network not in self.networks:
                zoo.find_model(state.network)
            image = self.photos[state.photo].load()
            classifier = self.classifier(state.network)
            # La plus ancienne part avant que la nouvelle n'arrive : jamais trois à la fois.
            while len(self._seen) >= _MAX_ANALYSES:
                self._seen.popitem(last=False)
            self._last = (None, None)
            analysis = classifier.analyze(image)
            self._seen[key] = _Seen(analysis, fit(analysis.image), fit(analysis.image, _TILE))
        self._seen.move_to_end(key)
        return self._seen[key]

    def _resolve(self, state, analysis):
        """L'état où rien n'est automatique, et les réglages sans effet avec leur raison."""
        target = analysis.prediction(state.target).index
        others = [p.index for p in analysis.top(2) if p.index != target]
        rival = others[0] if state.rival is None else analysis.prediction(state.rival).index
        layer = analysis.classifier.find_layer(state.layer)
        if layer not in {info.name for info in analysis.classifier.layers}:
            layer = analysis.classifier.default_layer
        disabled = dict(texts.DISABLED[state.view])
        if state.view == "overlay" and not state.outline:
            disabled["threshold"] = texts.NO_OUTLINE
        score, common = state.score, state.common_scale
        try:
            _ = analysis.scores
        except ModelError:
            score, disabled["score"] = "probability", texts.NO_LOGIT
        if state.view == "compare" and not can_share_scale(state.method):
            common, disabled["common_scale"] = False, texts.NO_COMMON_SCALE
        if len(self._main.get(state.network, ())) == len(analysis.classifier.layers):
            disabled["all_layers"] = texts.ALL_LAYERS_SHOWN
        state = replace(
            state, target=target, rival=rival, layer=layer, score=score, common_scale=common
        )
        return state, disabled

    def _content(self, state, analysis, layers):
        """Les cartes de l'état : les dernières servent encore si seules les couleurs changent."""
        key = content.key(state, layers)
        if self._last[0] != key:
            with muted():
                self._last = (key, content.compute(state, analysis, layers))
        made, notes = self._last[1]
        return content.with_region(made, state, analysis.image.size), list(notes)

    def _code(self, state, analysis, shown, layers):
        classifier = analysis.classifier
        recipe = getattr(classifier, "recipe", None) or f"{sources.OWN}.classifier"
        return equivalent_code(
            state,
            photo=self.photos[state.photo],
            network=recipe,
            size=analysis.image.size,
            names=[_class_name(classifier, p) for p in shown],
            layers=layers,
            explorer=self.expression,
        )

    def _network_name(self, state):
        return self.classifier(state.network).name


def _title(info):
    if info.cached:
        return info.title
    return f"{info.title} (à télécharger, {info.megabytes:.0f} Mo)"


def _class_name(classifier, prediction):
    """Le nom français s'il désigne bien cette classe, sinon son indice."""
    try:
        if classifier.find_class(prediction.label_fr) == prediction.index:
            return prediction.label_fr
    except GradcamLabError:
        pass
    return prediction.index
