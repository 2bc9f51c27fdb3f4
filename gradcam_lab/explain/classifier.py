"""Le classificateur : un modèle Keras, ses classes, et la préparation de ses images."""

from functools import cached_property

import numpy as np

from ..base.checks import check_count
from ..errors import ImageError, ModelError, UnknownLayerError
from ..images import load_image, resize_for_network
from ..network.class_search import find, search
from ..network.engine import Engine
from ..network.labels import make_labels
from ..network.layout import LayerInfo, Layout
from ..network.plan import flatten
from .analysis import Analysis

__all__ = ["Classifier"]

# Taille d'image des réseaux qui acceptent toutes les tailles.
_ANY_SIZE = 224
_BATCH = 8


class Classifier:
    """Un classificateur d'images : n'importe quel modèle Keras fonctionnel ou Sequential.

    `keras_model` : d'une image (1, H, W, 3) — ou (1, H, W, 1) en niveaux de gris — vers les
    scores ou probabilités de K classes, par softmax, sigmoïde ou sans activation. Une seule
    unité sigmoïde compte pour deux classes : 1, ce que l'unité détecte, et 0, son contraire.
    `labels` : les noms des classes ; `preprocess` : une fonction comme le `preprocess_input`
    de Keras, de float32 (1, H, W, 3), RVB, de 0 à 255, vers la même forme (None : aucune) ;
    `input_size` : (H, W), utile seulement si le modèle accepte toutes les tailles.
    Le modèle n'est jamais modifié. Lève `ModelError`.
    """

    # Le code qui redonne ce classificateur, quand une ligne y suffit (voir `load_model`).
    recipe = None

    def __init__(self, keras_model, *, labels=None, preprocess=None, name=None, input_size=None):
        self._plan = flatten(keras_model)
        if preprocess is not None and not callable(preprocess):
            raise ModelError(
                "preprocess doit être une fonction, comme keras.applications.vgg16."
                "preprocess_input, ou None."
            )
        self.model = keras_model
        self.name = name or keras_model.name
        self.labels = make_labels(labels, self._plan.head.class_count)
        self.input_size = _input_size(self._plan.input_shape, input_size)
        self._preprocess = preprocess

    def __repr__(self):
        height, width = self.input_size
        return f"<Classifier {self.name} : {len(self.labels)} classes, images {height} × {width}>"

    # --- Les couches --------------------------------------------------------------------------

    @cached_property
    def network(self):
        """Le réseau tracé et compilé, prêt à tourner (préparé au premier usage)."""
        return Engine(Layout(self._plan, self.input_size))

    @property
    def layers(self):
        """Les `LayerInfo(name, height, width, channels)` explicables, de l'image au score.

        Toute couche qui donne une carte, à partir de la première convolution. Les couches qui
        ne font que réduire ou déplacer une carte (pooling, bordures, dropout) n'y figurent pas,
        mais leur nom est accepté partout où l'on demande une couche.
        """
        return list(self.network.layout.layers)

    @property
    def default_layer(self):
        """Le nom de la dernière carte avant le score : « block5_conv3 » pour VGG16."""
        return self.network.layout.layers[-1].name

    def find_layer(self, layer=None):
        """Rend le nom exact d'une couche (None : `default_layer`), ou lève `UnknownLayerError`."""
        if layer is None:
            return self.default_layer
        if not isinstance(layer, (str, LayerInfo)):
            raise UnknownLayerError(
                f"Une couche se désigne par son nom, comme « {self.default_layer} », et non par "
                f"{layer!r}."
            )
        return self.network.layout.find_layer(layer)

    def feature_map(self, layer=None):
        """Rend le tenseur Keras (None, h, w, C) d'une couche, pour bâtir un modèle à la main.

        Pour VGG16, c'est `keras_model.get_layer("block5_conv3").output` ; certains réseaux
        finissent par une addition, que `get_layer` ne trouve pas. Lève `UnknownLayerError`, et
        `ModelError` si la couche est à l'intérieur d'un réseau imbriqué, ou sert plusieurs fois.
        """
        name = self.find_layer(layer)
        operations = [step.operation for step in self._plan.steps]
        operation = next(s.operation for s in self._plan.steps if s.name == name)
        own = getattr(self.model, "operations", None) or self.model.layers
        shared = sum(operation is other for other in operations) > 1
        if shared or not any(operation is candidate for candidate in own):
            reason = "sert plusieurs fois" if shared else "est à l'intérieur d'un réseau imbriqué"
            raise ModelError(
                f"La couche « {name} » {reason} : Keras ne sait pas désigner son tenseur. "
                "Demandez ses valeurs avec analysis.activations(couche)."
            )
        return operation.output

    # --- Les classes --------------------------------------------------------------------------

    def find_class(self, query):
        """Rend l'indice d'une classe : indice, identifiant WordNet, nom français ou anglais.

        La casse et les accents ne comptent pas. `UnknownClassError` propose les noms proches.
        """
        return find(self.labels, query)

    def search_classes(self, text, limit=10):
        """Rend les indices des classes dont un nom ressemble à `text`, au plus `limit`."""
        return search(self.labels, text, limit)

    # --- Les images ---------------------------------------------------------------------------

    def preprocess(self, image):
        """Rend l'image prête pour le réseau, float32 (1, H, W, 3), à la taille `input_size`.

        `image` : tout ce que `gl.load_image` accepte. Lève `ImageError`, `ModelError`.
        """
        return self._prepare(load_image(image))

    def predict(self, image, k=5):
        """Rend les `k` classes les plus probables d'une image, en `Prediction`."""
        return self._analyses([image])[0].top(k)

    def analyze(self, image):
        """Fait passer une image dans le réseau et rend son `Analysis`.

        `image` : chemin, adresse, octets, tableau NumPy ou image PIL. Lève `ImageError`.
        """
        return self._analyses([image])[0]

    def analyze_batch(self, images, *, batch_size=_BATCH):
        """Fait passer plusieurs images, par lots, et renvoie la liste de leurs `Analysis`.

        Pour ne pas remplir la mémoire, chaque analyse ne garde que les résultats de la dernière
        carte ; demander une autre couche refait la passe avant de cette image.

        Arguments
        ---------
        images : liste d'images, chacune tout ce que `gl.load_image` accepte
        batch_size : nombre d'images par lot, au moins 1

        Lève
        ----
        ImageError
            `images` n'est pas une liste d'images, ou l'une d'elles ne se lit pas
        """
        if isinstance(images, (str, bytes, np.ndarray)) or not hasattr(images, "__iter__"):
            raise ImageError(
                "analyze_batch attend une liste d'images, par exemple [photo1, photo2] ; pour une "
                "seule image, appelez analyze(image)."
            )
        images, size = list(images), check_count(batch_size, "batch_size")
        return [
            analysis
            for start in range(0, len(images), size)
            for analysis in self._analyses(images[start : start + size])
        ]

    def _analyses(self, images):
        images = [load_image(image) for image in images]
        if not images:
            return []
        batch = np.concatenate([self._prepare(image) for image in images])
        runs = self.network.open(batch, self.default_layer)
        return [Analysis(self, image, run) for image, run in zip(images, runs)]

    def _prepare(self, image):
        x = resize_for_network(image, self.input_size)
        if self._plan.input_shape[-1] == 1:
            # Luminance de la norme ITU-R BT.601, celle de `image.convert("L")`.
            x = (x @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
        if self._preprocess is None:
            return x
        prepared = np.asarray(self._preprocess(x.copy()))
        if prepared.shape != x.shape or prepared.dtype.kind not in "fiu":
            raise ModelError(
                f"preprocess a rendu un tableau {prepared.shape} de type {prepared.dtype} : il "
                f"faut des nombres, de forme {x.shape} comme l'image reçue."
            )
        return prepared.astype(np.float32)


def _input_size(shape, wanted):
    """La taille (H, W) des images, d'après l'entrée du modèle et le choix de l'utilisateur."""
    size = tuple(int(n) for n in (wanted or (_ANY_SIZE, _ANY_SIZE)))
    if len(size) != 2 or min(size) < 1:
        raise ModelError(f"input_size doit être un couple (H, W) positif, et non {wanted!r}.")
    found = tuple(own or other for own, other in zip(shape[1:3], size))
    if wanted is not None and found != size:
        raise ModelError(
            f"Ce modèle attend des images de {found[0]} × {found[1]} pixels : input_size={wanted} "
            "ne lui convient pas."
        )
    return found
