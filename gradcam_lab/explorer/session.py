"""La logique de l'explorateur : des choix vers l'image, son code, son message. Aucun widget ici.

La mémoire est bornée : deux analyses et deux réseaux au plus, deux photos de l'utilisateur. Une
analyse garde les résultats de sa passe avant (environ 15 Mo pour mini, 60 Mo pour VGG16, 280 Mo
pour DenseNet ou ConvNeXt), 8 Mo de gradients une fois l'image montrée, et 32 Mo de cartes.
"""

import time
from collections import OrderedDict
from dataclasses import dataclass, replace

import numpy as np

from ..base.messages import muted
from ..errors import GradcamLabError, ModelError
from ..figures.strips import _TILE, can_share_scale
from ..images import fit
from ..models import catalogue as zoo
from . import content, sources, texts
from .code import equivalent_code
from .layers import main_layers
from .library import Library
from .result import Result
from .state import ExplorerState

__all__ = ["Result", "Session"]

_MAX_ANALYSES = 2
# Assez pour revenir à la dernière carte ; celles de toutes les couches prendraient bien plus.
_KEPT_GRADIENTS = 8 * 2**20


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
        self._library = Library()
        self._seen = OrderedDict()
        self._main = {}
        self._last = (None, None)
        network = self._library.add_model("mini" if model is None else model)
        photo = self._library.first_photo() if image is None else self.add_photo(image)
        self.state = ExplorerState(photo, network)

    @property
    def photos(self):
        """Les photos que l'on peut choisir : `{clé: Photo}`."""
        return self._library.photos

    @property
    def networks(self):
        """Les réseaux que l'on peut choisir : `{clé: titre}`."""
        return self._library.networks

    def add_photo(self, source, name=None, keep=None):
        """Ajoute une photo (fichier, adresse, tableau...) et rend sa clé. Lève `ImageError`."""
        key = self._library.add_photo(source, name, keep)
        self._prune()
        return key

    def classifier(self, key):
        """Rend le `Classifier` de ce réseau, chargé au besoin."""
        classifier = self._library.classifier(key)
        self._prune()
        return classifier

    def is_loaded(self, key):
        """Vrai si ce réseau répondra tout de suite."""
        return self._library.is_loaded(key)

    def _prune(self):
        """Oublie ce qui a été calculé avec une photo ou un réseau qui vient de sortir."""
        for photo, network in list(self._seen):
            if photo not in self.photos or not self.is_loaded(network):
                del self._seen[photo, network]
        self._main = {key: names for key, names in self._main.items() if self.is_loaded(key)}

    def layers(self, state):
        """Les `LayerInfo` que le curseur parcourt pour cet état."""
        classifier = self.classifier(state.network)
        if state.network not in self._main:
            self._main[state.network] = main_layers(classifier)
        kept = {*self._main[state.network], state.layer or classifier.default_layer}
        return [info for info in classifier.layers if state.all_layers or info.name in kept]

    def search(self, text, state, limit=12):
        """Rend les `Prediction` des classes dont un nom ressemble à `text`, au plus `limit`."""
        analysis = self.analysis(state)
        found = analysis.classifier.search_classes(text, limit)
        return [analysis.prediction(index) for index in found]

    def analysis(self, state):
        """L'`Analysis` de la photo et du réseau de cet état ; calculée au besoin."""
        return self._see(state).analysis

    @property
    def analysis_count(self):
        """Le nombre d'analyses gardées en mémoire."""
        return len(self._seen)

    def clear(self):
        """Oublie tout ce qui a été calculé ou chargé."""
        self._seen.clear()
        self._library.clear()
        self._main.clear()
        self._last = (None, None)

    def understand(self, state, choices):
        """Rend l'état après ces choix, où une classe peut être un nom et la photo une image.

        Lève l'erreur qui convient si un choix n'existe pas.
        """
        choices = dict(choices)
        if "image" in choices:
            choices["photo"] = choices.pop("image")
        if "photo" in choices and not self._is_photo(choices["photo"]):
            choices["photo"] = self.add_photo(choices["photo"], keep=state.photo)
        if "network" in choices and choices["network"] not in self.networks:
            choices["network"] = zoo.find_model(choices["network"]).name
        network = choices.get("network", state.network)
        for name in ("target", "rival"):
            if choices.get(name) is not None:
                choices[name] = self.classifier(network).find_class(choices[name])
        if choices.get("layer") is not None:
            choices["layer"] = self.classifier(network).find_layer(choices["layer"])
        return state.change(**choices)

    def _is_photo(self, value):
        return isinstance(value, str) and value in self.photos

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
        seen.analysis.trim(_KEPT_GRADIENTS)
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
        recipe = classifier.recipe or f"{sources.OWN}.classifier"
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


def _class_name(classifier, prediction):
    """Le nom français s'il désigne bien cette classe, sinon son indice."""
    try:
        if classifier.find_class(prediction.label_fr) == prediction.index:
            return prediction.label_fr
    except GradcamLabError:
        pass
    return prediction.index
