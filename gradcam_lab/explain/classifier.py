"""Le classificateur : un modèle Keras, ses classes, et la préparation de ses images."""

import operator
from dataclasses import replace
from functools import cached_property
from itertools import islice

import numpy as np

from ..base.checks import check_count
from ..base.quiet import check_backend
from ..errors import ImageError, ModelError, SettingError, UnknownLayerError
from ..images import load_image, resize_for_network
from ..methods.registry import find_method
from ..network.class_search import find, search
from ..network.engine import Engine
from ..network.flatten import flatten, symbolic_output
from ..network.labels import make_labels
from ..network.layout import LayerInfo, Layout
from .analysis import Analysis

__all__ = ["Classifier"]

# Taille d'image des réseaux qui acceptent toutes les tailles.
_ANY_SIZE = 224
_BATCH = 8


class Classifier:
    """Un classificateur d'images : n'importe quel modèle Keras fonctionnel ou Sequential.

    Le modèle n'est jamais modifié. Une seule unité de sortie compte pour deux classes : 1, ce que
    l'unité détecte, et 0, son contraire.

    Arguments
    ---------
    keras_model : `keras.Model`, d'une image (1, H, W, 3), ou (1, H, W, 1) en niveaux de gris, vers
        les scores ou probabilités de K classes, par softmax, sigmoïde ou sans activation
    labels : les noms des K classes (voir `make_labels`) ; None : « classe 0 », « classe 1 »...
    preprocess : fonction comme le `preprocess_input` de Keras, de float32 (1, H, W, 3), RVB, de 0
        à 255, vers la même forme ; None : aucune
    name : le nom à afficher ; None : celui du modèle
    input_size : (H, W), utile seulement si le modèle accepte toutes les tailles

    Lève
    ----
    ModelError
        le modèle ne peut pas être expliqué, ou les noms ne sont pas au nombre de ses classes
    SettingError
        input_size n'est pas un couple (H, W)

    Exemple
    -------
    >>> model = gl.Classifier(mon_modele, labels=["chat", "chien"])
    """

    # Le code qui redonne ce classificateur, quand une ligne y suffit (voir `load_model`).
    recipe = None

    def __init__(self, keras_model, *, labels=None, preprocess=None, name=None, input_size=None):
        check_backend()
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

    def __reduce__(self):
        raise ModelError(
            "Un Classifier ne se copie pas et ne s'enregistre pas : enregistrez son modèle avec "
            'model.model.save("modele.keras"), puis relisez-le avec gl.load_classifier.'
        )

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
        """Renvoie le nom exact d'une couche (None : `default_layer`).

        Lève
        ----
        UnknownLayerError
            aucune couche explicable ne porte ce nom ; les plus proches sont proposées
        """
        if layer is None:
            return self.default_layer
        if not isinstance(layer, (str, LayerInfo)):
            raise UnknownLayerError(
                f"Une couche se désigne par son nom, comme « {self.default_layer} », et non par "
                f"{layer!r}."
            )
        return self.network.layout.find_layer(layer)

    def feature_map(self, layer=None):
        """Renvoie le tenseur Keras d'une couche, pour bâtir un modèle à la main.

        Pour VGG16, c'est `keras_model.get_layer("block5_conv3").output` ; certains réseaux
        finissent par une addition, que `get_layer` ne trouve pas.

        Arguments
        ---------
        layer : nom de couche, par défaut `default_layer`

        Rend
        ----
        tenseur symbolique (None, h, w, C)

        Lève
        ----
        UnknownLayerError
            le réseau n'a pas de couche explicable de ce nom
        ModelError
            la couche est à l'intérieur d'un réseau imbriqué, ou sert plusieurs fois
        """
        return symbolic_output(self.model, self._plan, self.find_layer(layer))

    def runs(self, method="gradcam", layer=None):
        """Renvoie combien de fois le réseau tournera, au plus, pour une carte de cette méthode.

        Arguments
        ---------
        method : l'une de `gl.METHODS`
        layer : nom de couche, par défaut `default_layer` ; aucune si la méthode n'en prend pas

        Rend
        ----
        entier ; 1 pour les méthodes qui n'ont besoin que d'un gradient. La passe de `analyze` n'y
        est pas ; `integrated_gradients` en fait deux fois plus si `score="probability"`

        Lève
        ----
        UnknownLayerError, UnknownMethodError
            la couche ou la méthode n'existe pas
        """
        method = find_method(method)
        if method.runs is None:
            return 1
        name = self.find_layer(layer)
        channels = self.network.layout.channels(name)
        return int(method.runs(self.network.layout.image_shape, channels))

    # --- Les classes --------------------------------------------------------------------------

    def find_class(self, query):
        """Renvoie l'indice d'une classe ; la casse et les accents ne comptent pas.

        Arguments
        ---------
        query : indice, identifiant WordNet, nom français ou anglais

        Lève
        ----
        UnknownClassError
            aucune classe ne porte ce nom ; les plus proches sont proposées
        """
        return find(self.labels, query)

    def search_classes(self, text, limit=10):
        """Renvoie les indices des classes dont un nom ressemble à `text`, au plus `limit`."""
        return search(self.labels, text, limit)

    # --- Les images ---------------------------------------------------------------------------

    def preprocess(self, image):
        """Renvoie l'image prête pour le réseau.

        Arguments
        ---------
        image : tout ce que `gl.load_image` accepte

        Rend
        ----
        float32 (1, H, W, 3), à la taille `input_size`, dans l'échelle que le réseau attend

        Lève
        ----
        ImageError
            l'image ne se lit pas
        ModelError
            la fonction `preprocess` du classificateur échoue, ou change la forme de l'image
        """
        return self._prepare(load_image(image))

    def predict(self, image, k=5):
        """Renvoie les `k` classes les plus probables d'une image.

        Arguments
        ---------
        image : tout ce que `gl.load_image` accepte
        k : nombre de classes

        Rend
        ----
        liste de `Prediction`, de la plus à la moins probable

        Lève
        ----
        ImageError, ModelError, SettingError
            l'image ne se lit pas, le réseau s'arrête, ou k n'est pas un nombre entier
        """
        return self.analyze(image).top(k)

    def analyze(self, image):
        """Fait passer une image dans le réseau et renvoie son `Analysis`.

        La passe elle-même a lieu à la première question posée à l'analyse.

        Arguments
        ---------
        image : chemin, adresse http(s), octets, tableau NumPy ou image PIL

        Lève
        ----
        ImageError, ModelError
            l'image ne se lit pas, ou le réseau ne peut pas être expliqué

        Exemple
        -------
        >>> analysis = model.analyze("chien.jpg")
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

    def probabilities(self, pictures, *, batch_size=_BATCH):
        """Renvoie les probabilités de nombreuses images déjà à la taille du réseau, par lots.

        Une image retouchée (des pixels effacés, ou remis) passe ainsi sans `analyze`. Seul un lot
        d'images est en mémoire à la fois : `pictures` peut les fabriquer une à une.

        Arguments
        ---------
        pictures : images (H, W, 3) à la taille `input_size`, RVB, en niveaux de 0 à 255, avant
            `preprocess` ; une liste, un tableau (n, H, W, 3), ou un générateur
        batch_size : nombre d'images par lot, au moins 1

        Rend
        ----
        float32 (n, K)

        Lève
        ----
        ImageError, SettingError
            une image n'a pas cette taille ou ces niveaux, ou batch_size n'est pas un nombre entier
        """
        size, found = check_count(batch_size, "batch_size"), []
        if isinstance(pictures, (str, bytes)) or not hasattr(pictures, "__iter__"):
            raise ImageError("probabilities attend une liste d'images, et non une seule.")
        pictures = iter(pictures)
        while batch := list(islice(pictures, size)):
            batch = np.concatenate([self._scaled(self._levels(picture)) for picture in batch])
            outputs = self.network.scores({self._plan.input_key: batch})
            found += [self.network.plan.head.probabilities(row) for row in outputs]
        return np.reshape(np.asarray(found, np.float32), (-1, len(self.labels)))

    def twin(self, replaced):
        """Renvoie le même classificateur, dont des variables ont, pour lui seul, d'autres valeurs.

        Arguments
        ---------
        replaced : couples (variable de Keras, `tf.Variable` lue à sa place) ; le modèle n'est pas
            modifié
        """
        twin = object.__new__(type(self))
        vars(twin).update(vars(self), _plan=replace(self._plan, replaced=tuple(replaced)))
        vars(twin).pop("network", None)
        return twin

    def _analyses(self, images):
        images = [load_image(image) for image in images]
        if not images:
            return []
        batch = np.concatenate([self._prepare(image) for image in images])
        runs = self.network.open(batch, self.default_layer)
        return [Analysis(self, image, run) for image, run in zip(images, runs)]

    def input_scale(self):
        """Renvoie comment `preprocess` change les couleurs : `x = niveaux @ scale + offset`.

        Rend
        ----
        (scale, offset) : float64 (3, C) et (C,), pour des niveaux RVB de 0 à 255

        Lève
        ----
        ModelError
            la préparation n'est pas une telle échelle, la même en chaque pixel
        """
        probes = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0], [0, 0, 255], [40, 200, 90]])
        photos = [np.broadcast_to(np.uint8(color), (2, 2, 3)) for color in probes]
        found = np.array([self.preprocess(photo)[0] for photo in photos], np.float64)
        first = found[:, 0, 0]
        offset, scale = first[0], (first[1:4] - first[0]) / 255
        # La dernière couleur et tous les pixels vérifient la formule.
        expected = (probes @ scale + offset)[:, None, None]
        if np.abs(found - expected).max() > 1e-3 * max(1.0, np.abs(found).max()):
            raise ModelError(
                "La préparation de ce réseau n'est pas une échelle par couleur, la même en chaque "
                "pixel : on ne sait pas revenir de son entrée à une image."
            )
        return scale, offset

    def _levels(self, picture):
        """Cette image en float32 (1, H, W, 3), niveaux de 0 à 255, ou `ImageError`."""
        shape, levels = (*self.input_size, 3), np.asarray(picture)
        if levels.shape != shape or levels.dtype.kind not in "fiu":
            raise ImageError(
                f"Chaque image est un tableau de nombres de forme {shape}, la taille du réseau, et "
                f"non {levels.shape} de type {levels.dtype} : pour une photo, appelez analyze."
            )
        if not (levels.min() >= 0 and levels.max() <= 255):  # un NaN ne passe pas non plus
            raise ImageError("Les niveaux d'une image vont de 0 à 255 : bornez-les avec np.clip.")
        return levels.astype(np.float32)[None]

    def _prepare(self, image):
        return self._scaled(resize_for_network(image, self.input_size))

    def _scaled(self, x):
        """L'image float32 (1, H, W, 3), en niveaux de 0 à 255, dans l'échelle du réseau."""
        if self._plan.input_shape[-1] == 1:
            # Luminance de la norme ITU-R BT.601, celle de `image.convert("L")`.
            x = (x @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
        if self._preprocess is None:
            return x
        try:
            prepared = np.asarray(self._preprocess(x.copy()))
        except Exception as error:  # la fonction de l'utilisateur lève ce qu'elle veut
            raise ModelError(
                f"preprocess a échoué ({type(error).__name__} : {error}) : il reçoit un tableau "
                f"float32 {x.shape}, de 0 à 255, et doit en renvoyer un de même forme."
            ) from error
        if prepared.shape != x.shape or prepared.dtype.kind not in "fiu":
            raise ModelError(
                f"preprocess a rendu un tableau {prepared.shape} de type {prepared.dtype} : il "
                f"faut des nombres, de forme {x.shape} comme l'image reçue."
            )
        return prepared.astype(np.float32)


def _input_size(shape, wanted):
    """La taille (H, W) des images, d'après l'entrée du modèle et le choix de l'utilisateur."""
    try:
        size = tuple(operator.index(n) for n in (wanted or (_ANY_SIZE, _ANY_SIZE)))
    except TypeError:
        size = ()
    if len(size) != 2 or min(size) < 1:
        raise SettingError(f"input_size doit être un couple (H, W) positif, et non {wanted!r}.")
    found = tuple(own or other for own, other in zip(shape[1:3], size))
    if wanted is not None and found != size:
        raise ModelError(
            f"Ce modèle attend des images de {found[0]} × {found[1]} pixels : input_size={wanted} "
            "ne lui convient pas."
        )
    return found
