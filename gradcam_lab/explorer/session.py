"""La logique de l'explorateur : des choix vers l'image, son code, son message. Aucun widget ici.

Ce qui est gardé en mémoire est dans `library`.
"""

import time
from dataclasses import replace

import numpy as np

from ..base.messages import followed, muted, overheard
from ..errors import GradcamLabError, ModelError
from ..methods.registry import find_method
from ..models import catalogue as zoo
from . import sources, texts
from .code import equivalent_code, quoted
from .layers import main_layers
from .library import Library
from .result import Result
from .state import ExplorerState
from .views import find_view, idle_controls

__all__ = ["Result", "Session"]

# Assez pour revenir à la dernière carte ; celles de toutes les couches prendraient bien plus.
_KEPT_GRADIENTS = 8 * 2**20


class Session:
    """Mène des choix d'un utilisateur à l'image, à son code et à son message, sans widget.

    `photos`, `networks` : ce que l'on peut choisir ; `state` : l'`ExplorerState` de départ.

    Arguments
    ---------
    model : un nom du catalogue, un `Classifier`, un modèle Keras, ou None (« mini »)
    image : tout ce que `gl.load_image` accepte, ou None (une photo d'exemple)
    expression : ce qui désigne l'explorateur dans le code équivalent

    Lève
    ----
    GradcamLabError
        les erreurs de `gl.load_model` et de `gl.load_image`

    Exemple
    -------
    session = Session("mini", gl.sample("chelsea"))
    session.render(session.state).picture
    """

    def __init__(self, model=None, image=None, expression="explorer"):
        self.expression = expression
        self._library = Library()
        self._main = {}
        self._last = (None, None)
        self._waited = (None, 0.0)
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
        """Ajoute une photo à celles que l'on peut choisir, et renvoie sa clé.

        Arguments
        ---------
        source : tout ce que `gl.load_image` accepte
        name : le nom à montrer, si `source` n'en a pas
        keep : la clé d'une photo à ne pas oublier, même si l'utilisateur en a donné d'autres

        Lève
        ----
        ImageError
            la photo ne se lit pas
        """
        return self._library.add_photo(source, name, keep)

    def classifier(self, key):
        """Renvoie le `Classifier` de ce réseau, chargé au besoin."""
        return self._library.classifier(key)

    def is_loaded(self, key):
        """Renvoie vrai si ce réseau répondra tout de suite."""
        return self._library.is_loaded(key)

    def layers(self, state):
        """Renvoie les `LayerInfo` que le curseur parcourt pour cet état."""
        classifier = self.classifier(state.network)
        if state.network not in self._main:
            self._main[state.network] = main_layers(classifier)
        kept = {*self._main[state.network], state.layer or classifier.default_layer}
        return [info for info in classifier.layers if state.all_layers or info.name in kept]

    def search(self, text, state, limit=12):
        """Renvoie les `Prediction` des classes dont un nom ressemble à `text`, au plus `limit`."""
        analysis = self.analysis(state)
        found = analysis.classifier.search_classes(text, limit=limit)
        return [analysis.prediction(index) for index in found]

    def analysis(self, state):
        """Renvoie l'`Analysis` de la photo et du réseau de cet état ; calculée au besoin."""
        return self._library.scene(state.photo, state.network).analysis

    @property
    def analysis_count(self):
        """Le nombre d'analyses gardées en mémoire."""
        return len(self._library.scenes)

    def clear(self):
        """Oublie tout ce qui a été calculé ou chargé."""
        self._library.clear()
        self._main.clear()
        self._last = (None, None)

    def understand(self, state, choices):
        """Renvoie l'état après des choix faits à la main, où une classe peut être un nom.

        Arguments
        ---------
        state : l'`ExplorerState` d'avant
        choices : dictionnaire des choix ; `photo` (ou `image`) accepte aussi tout ce que
            `gl.load_image` accepte

        Rend
        ----
        ExplorerState

        Lève
        ----
        GradcamLabError
            un choix n'existe pas ; c'est alors l'une de ses sortes
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
        """Renvoie le `Result` d'un état ; n'échoue jamais : une erreur devient une phrase.

        Arguments
        ---------
        state : un `ExplorerState`

        Rend
        ----
        Result
            l'image, sa légende, son code et son message, ou `error`, la phrase à afficher
        """
        try:
            return self._render(state.checked())
        except GradcamLabError as error:
            return Result(state, error=str(error))
        except MemoryError:
            return Result(state, error=texts.OUT_OF_MEMORY)
        except Exception as error:  # rien ne doit se perdre dans un rappel de widget
            return Result(state, error=texts.unexpected(error))

    def _render(self, state):
        start = time.perf_counter()
        fresh = (state.photo, state.network) not in self._library.scenes
        scene = self._library.scene(state.photo, state.network)
        analysis, classifier = scene.analysis, scene.analysis.classifier
        _ = analysis.probabilities  # la passe avant a lieu ici, à la première question
        forward = time.perf_counter()
        state, disabled, view, layers = self._ready(state)
        names = _names(layers)
        shown = [analysis.prediction(target) for target in view.targets(state)]
        before = classifier.network.passes
        content = self._content(state, view, analysis, names)
        computed = time.perf_counter()
        # Un long calcul, fait à côté par `prepare`, compte dans ce que l'on annonce une fois.
        waited = self._waited[1] if self._waited[0] is content else 0.0
        self._waited = (None, 0.0)
        ran = classifier.network.passes > before or waited
        analysis.trim(_KEPT_GRADIENTS)
        with overheard() as said:  # par exemple, que la chaleur ne se voit pas sur du blanc
            drawing = view.draw(content, state, scene, shown)
        end = time.perf_counter()
        info = next(layer for layer in layers if layer.name == state.layer)
        everything = len(names) == len(classifier.layers)
        lines = view.code(
            state,
            [quoted(_class_name(classifier, p)) for p in shown],
            None if everything else names,
            analysis.image.size,
        )
        return Result(
            state,
            picture=drawing.picture,
            photo=np.asarray(scene.photo),
            heatmap=content.heatmap,
            caption=f"Réseau {classifier.name} · {view.caption(state, shown, info)}",
            alt=drawing.alt,
            code=equivalent_code(
                lines,
                photo=self.photos[state.photo],
                network=classifier.recipe or f"{sources.OWN}.classifier",
                explorer=self.expression,
            ),
            status=texts.status(
                forward - start if fresh else None,
                computed - forward + waited if ran else None,
                end - computed,
                end - start + waited,
            ),
            notes=[*content.notes, *drawing.notes, *said],
            disabled=disabled,
            layers=layers,
            predictions=analysis.top(5),
            shown=shown,
        )

    def _settled(self, state, view, analysis):
        """L'état où rien n'est automatique, et les réglages sans effet avec leur raison."""
        classifier = analysis.classifier
        target = analysis.prediction(state.target).index
        others = [p.index for p in analysis.top(2) if p.index != target]
        rival = others[0] if state.rival is None else analysis.prediction(state.rival).index
        layer = classifier.find_layer(state.layer)
        if layer not in {info.name for info in classifier.layers}:
            layer = classifier.default_layer
        disabled = idle_controls(view, state)
        score = state.score
        try:
            _ = analysis.scores
        except ModelError:
            score, disabled["score"] = "probability", texts.NO_LOGIT
        if len(self._main.get(state.network, ())) == len(classifier.layers):
            disabled["all_layers"] = texts.ALL_LAYERS_SHOWN
        method = find_method(state.method)
        reason = view.refuses(method)
        if reason:
            method, disabled["method"] = find_method("gradcam"), reason
        if not method.takes_layer:
            disabled["layer"] = f"{method.title} part de l'image entière"
        settled = replace(
            state, target=target, rival=rival, layer=layer, score=score, method=method.name
        )
        return view.settle(settled), disabled

    def _content(self, state, view, analysis, layers):
        """Les cartes de l'état : les dernières servent encore si seules les couleurs changent."""
        key = self._key(state, view, layers)
        if self._last[0] != key:
            with muted():
                self._last = (key, view.compute(analysis, state, layers))
        return self._last[1]

    def _key(self, state, view, layers):
        map_key = (state.photo, state.network, state.target, state.layer, state.method, state.score)
        return (view.name, *map_key, *view.depends_on(state, layers))

    # --- Les méthodes qui font tourner le réseau de nombreuses fois -------------------------------

    def runs(self, state, method):
        """Renvoie combien de passes du réseau demande, au plus, cette méthode dans cet état.

        Arguments
        ---------
        state : un `ExplorerState`
        method : le nom d'une méthode
        """
        return self.classifier(state.network).runs(method, state.layer)

    def pending(self, state):
        """Renvoie ce qui distingue les cartes d'un long calcul, et l'annonce de ce calcul.

        Arguments
        ---------
        state : un `ExplorerState`

        Rend
        ----
        (clé, phrase) ; la phrase est vide si les cartes sont prêtes, ou le seront aussitôt
        """
        if find_method(state.method).runs is None:
            return None, ""  # la passe avant se fait dans `render`, qui la chronomètre
        try:
            state, _, view, layers = self._ready(state.checked())
        except (GradcamLabError, MemoryError):
            return None, ""  # `render` le dira
        key, method = self._key(state, view, _names(layers)), find_method(state.method)
        if method.runs is None or self._last[0] == key:
            return key, ""
        runs = len(view.targets(state)) * self.runs(state, method.name)
        return key, texts.long(method.title, runs)

    def prepare(self, state, follower):
        """Calcule les cartes de cet état, sans rien dessiner ; `render` les trouvera faites.

        Arguments
        ---------
        state : un `ExplorerState`
        follower : la fonction `follower(fait, total)` qui suit le calcul ; ce qu'elle lève l'arrête
        """
        state, _, view, layers = self._ready(state.checked())
        start = time.perf_counter()
        with followed(follower):
            content = self._content(state, view, self.analysis(state), _names(layers))
        self._waited = (content, time.perf_counter() - start)

    def _ready(self, state):
        """L'état où rien n'est automatique, ses réglages sans effet, sa vue, ses couches."""
        view, layers = find_view(state.view), self.layers(state)
        settled, disabled = self._settled(state, view, self.analysis(state))
        return settled, disabled, view, layers


def _names(layers):
    return [layer.name for layer in layers]


def _class_name(classifier, prediction):
    """Le nom français s'il désigne bien cette classe, sinon son indice."""
    try:
        if classifier.find_class(prediction.label_fr) == prediction.index:
            return prediction.label_fr
    except GradcamLabError:
        pass
    return prediction.index
