"""Le catalogue des réseaux : où sont leurs poids, quelle image ils attendent.

Un réseau de plus est une ligne de plus dans `_CATALOGUE`.
"""

import contextlib
import operator
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..base.downloads import fetch, is_hdf5, is_intact, probe
from ..base.names import unknown_name
from ..base.numbers import megabytes
from ..errors import DownloadError, SettingError, UnknownModelError, WeightsUnavailableError
from ..network.labels import imagenet_labels, make_labels
from . import mini
from .weights import read_weights, without_initial_values

__all__ = [
    "ModelInfo",
    "available_models",
    "build",
    "builder",
    "find_model",
    "probe_weights",
    "weights_file",
    "weights_intact",
]

# Écart type des couleurs d'ImageNet, tel que Keras l'emploie pour EfficientNet.
_IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class ModelInfo:
    """Décrit un réseau du catalogue.

    Arguments
    ---------
    name : son nom, celui que prend `gl.load_model`
    title : son nom d'usage
    input_size : (H, W), la taille de ses images, en pixels
    megabytes : la taille de ses poids à télécharger, en Mo (0 : livrés avec le paquet)
    year : son année de publication
    source : l'article qui le décrit
    """

    name: str
    title: str
    input_size: tuple
    megabytes: float
    year: int
    source: str
    # Sa place dans keras.applications, puis l'adresse et l'empreinte de ses poids d'ImageNet.
    _function: str = field(default="", repr=False)
    _url: str = field(default="", repr=False)
    _hash: str | None = field(default=None, repr=False)
    # Avec ces poids-là, une préparation de l'image tirée du modèle, si ce n'est pas l'ordinaire.
    _imagenet_input: Callable | None = field(default=None, repr=False)

    @property
    def shipped(self):
        """Vrai si ses poids sont livrés avec le paquet : rien à télécharger."""
        return not self._url

    @property
    def hashed(self):
        """Vrai si une empreinte est publiée pour ses poids : on sait alors que ce sont les bons."""
        return self._hash is not None

    @property
    def weights_path(self):
        """Là où Keras range ces poids sur cet ordinateur.

        Lève
        ----
        WeightsUnavailableError
            KERAS_HOME désigne le dossier d'une personne inconnue
        """
        home = os.environ.get("KERAS_HOME") or "~/.keras"
        folder = os.path.expanduser(home)
        if folder.startswith("~"):
            raise WeightsUnavailableError(
                f"La variable KERAS_HOME désigne « {home} », un dossier personnel qui n'existe pas "
                "sur cet ordinateur : corrigez-la ou retirez-la."
            )
        return Path(folder, "models", self._url.rpartition("/")[2])

    @property
    def cached(self):
        """Vrai si les poids sont déjà sur cet ordinateur (sans vérifier leur empreinte)."""
        if self.shipped:
            return mini.available(self.name)
        try:
            return os.path.isfile(self.weights_path)
        except WeightsUnavailableError:
            return False


def _efficientnet_input(model):
    """Complète la préparation d'EfficientNet-B0 comme le fait Keras pour ses poids ImageNet.

    Avec `weights="imagenet"`, Keras insère après la normalisation une division de plus, par la
    racine de l'écart type. La même division est faite ici sur l'image, ce qui revient au même.
    """
    mean = np.asarray(model.get_layer("normalization").mean).ravel().astype(np.float32)

    def preprocess(x):
        return 255.0 * (mean + (x / 255.0 - mean) / np.sqrt(_IMAGENET_STD))

    return preprocess


# Adresses et empreintes : celles que publie keras.applications (un test les y compare).
_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_TF = "weights_tf_dim_ordering_tf_kernels"
_CATALOGUE = {
    info.name: info
    for info in (
        ModelInfo(
            "vgg16", "VGG16", (224, 224), 553.5, 2014, "Simonyan et Zisserman, 2014",
            "vgg16.VGG16", f"{_KERAS}vgg16/vgg16_{_TF}.h5",
            "md5:64373286793e3c8b2b4e3219cbf3544b",
        ),
        ModelInfo(
            "vgg19", "VGG19", (224, 224), 574.7, 2014, "Simonyan et Zisserman, 2014",
            "vgg19.VGG19", f"{_KERAS}vgg19/vgg19_{_TF}.h5",
            "md5:cbe5617147190e668d6c5d5026f83318",
        ),
        ModelInfo(
            "resnet50", "ResNet-50", (224, 224), 102.9, 2015, "He et al., 2015",
            "resnet50.ResNet50", f"{_KERAS}resnet/resnet50_{_TF}.h5",
            "md5:2cb95161c43110f7111970584f804107",
        ),
        ModelInfo(
            "mobilenet_v2", "MobileNetV2", (224, 224), 14.5, 2018, "Sandler et al., 2018",
            "mobilenet_v2.MobileNetV2", f"{_KERAS}mobilenet_v2/mobilenet_v2_{_TF}_1.0_224.h5",
            None,
        ),
        ModelInfo(
            "densenet121", "DenseNet-121", (224, 224), 33.2, 2016, "Huang et al., 2016",
            "densenet.DenseNet121", f"{_KERAS}densenet/densenet121_{_TF}.h5",
            "md5:9d60b8095a5708f2dcce2bca79d332c7",
        ),
        ModelInfo(
            "inception_v3", "Inception-v3", (299, 299), 96.1, 2015, "Szegedy et al., 2015",
            "inception_v3.InceptionV3", f"{_KERAS}inception_v3/inception_v3_{_TF}.h5",
            "md5:9a0d58056eeedaa3f26cb7ebd46da564",
        ),
        ModelInfo(
            "xception", "Xception", (299, 299), 91.9, 2016, "Chollet, 2016",
            "xception.Xception", f"{_KERAS}xception/xception_{_TF}.h5",
            "md5:0a58e3b7378bc2990ea3b43d5981f1f6",
        ),
        ModelInfo(
            "efficientnet_b0", "EfficientNet-B0", (224, 224), 21.8, 2019, "Tan et Le, 2019",
            "efficientnet.EfficientNetB0",
            "https://storage.googleapis.com/keras-applications/efficientnetb0.h5",
            "md5:902e53a9f72be733fc0bcb005b3ebbac", _efficientnet_input,
        ),
        ModelInfo(
            "convnext_tiny", "ConvNeXt-Tiny", (224, 224), 114.9, 2022, "Liu et al., 2022",
            "convnext.ConvNeXtTiny", f"{_KERAS}convnext/convnext_tiny.h5",
            "sha256:8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        ),
        ModelInfo("mini", "mini", mini.INPUT_SIZE, 0, 2026, "gradcam_lab"),
        ModelInfo("mini_localise", "mini localisé", mini.INPUT_SIZE, 0, 2026, "gradcam_lab"),
    )
}  # fmt: skip


def available_models():
    """Renvoie les réseaux du catalogue, dans l'ordre où on les présente.

    Rend
    ----
    liste de `ModelInfo`
    """
    return list(_CATALOGUE.values())


def find_model(name):
    """Renvoie le réseau de ce nom ; la casse, les tirets et les « _ » ne comptent pas.

    Rend
    ----
    ModelInfo

    Lève
    ----
    UnknownModelError
        aucun réseau ne porte ce nom ; la phrase donne les plus proches
    """
    key = str(name).strip().casefold().replace("-", "_")
    if key in _CATALOGUE:
        return _CATALOGUE[key]
    for info in _CATALOGUE.values():
        function = info._function.rpartition(".")[2].casefold()
        if key.replace("_", "") in (info.name.replace("_", ""), function):
            return info
    problem = f"Le catalogue n'a pas de réseau « {name} »"
    raise UnknownModelError(unknown_name(problem, name, _CATALOGUE))


def builder(info):
    """Renvoie la fonction de `keras.applications` qui construit le réseau `info`."""
    import keras

    return operator.attrgetter(info._function)(keras.applications)


def build(info, weights="imagenet"):
    """Construit le réseau `info`.

    Arguments
    ---------
    info : ModelInfo
    weights : « imagenet » (téléchargés au besoin), None (valeurs au hasard) ou le chemin d'un
        fichier de poids

    Rend
    ----
    (keras.Model, tuple de `Label`, fonction qui prépare l'image)

    Lève
    ----
    SettingError
        `weights` n'est rien de cela
    WeightsUnavailableError
        ces poids manquent, sont abîmés ou sont ceux d'un autre réseau
    """
    if weights is not None and not isinstance(weights, (str, os.PathLike)):
        raise SettingError(
            "weights est « imagenet », None (poids au hasard) ou le chemin d'un fichier de poids, "
            f"et non {weights!r:.80}."
        )
    return (_build_shipped if info.shipped else _build_keras)(info, weights)


def _build_shipped(info, weights):
    published = weights == "imagenet"  # pour ces réseaux : les poids livrés
    model = mini.build(info.name, weights=published)
    if not published and weights is not None:
        read_weights(model, weights)
    classes = mini.labels(info.name)
    return model, make_labels(classes, len(classes)), mini.preprocess


def _build_keras(info, weights):
    import keras

    published = weights == "imagenet"
    path = weights_file(info) if published else weights
    with _fresh_names(), contextlib.ExitStack() as stack:
        if path is not None:
            stack.enter_context(without_initial_values())
        model = builder(info)(weights=None)
    if path is not None:
        read_weights(model, path)
    if published and info._imagenet_input:
        preprocess = info._imagenet_input(model)
    else:
        module = getattr(keras.applications, info._function.partition(".")[0])
        preprocess = module.preprocess_input
    return model, imagenet_labels(), preprocess


# Les fichiers dont l'empreinte a été vérifiée dans ce processus : celle de VGG16 demande une
# seconde. Rien n'est écrit sur le disque : un fichier changé par la suite est vérifié de nouveau.
_verified = set()


def weights_file(info):
    """Renvoie le fichier des poids d'ImageNet, téléchargé au besoin, entier et vérifié."""
    path = info.weights_path
    if _stamp(path) in _verified:
        return path
    try:
        fetch(
            info._url,
            path.parent,
            path.name,
            known_hash=info._hash,
            check=is_hdf5,
            label=f"les poids ImageNet de {info.title} ({megabytes(info.megabytes)})",
        )
    except DownloadError as error:
        raise WeightsUnavailableError(str(error)) from error
    _verified.add(_stamp(path))
    return path


def weights_intact(info):
    """Dit si le fichier des poids de `info` est là, entier, et a son empreinte s'il en a une."""
    try:
        path = info.weights_path
    except WeightsUnavailableError:
        return False
    return is_intact(path, info._hash) and is_hdf5(path)


def probe_weights():
    """Lève `DownloadError` si les poids ne peuvent pas être téléchargés ; n'en lit rien."""
    probe(find_model("vgg16")._url)


def _stamp(path):
    try:
        found = os.stat(path)
    except OSError:
        return None
    return str(path), found.st_ino, found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def _fresh_names():
    """Numérote les couches à partir de zéro, pour que « conv2d_7 » désigne toujours la même.

    Keras numérote les couches sans nom au fil de la session : le second Inception-v3 chargé
    aurait d'autres noms que le premier, et une leçon ne pourrait plus les citer. La seule voie
    publique, `keras.utils.clear_session`, oublierait aussi l'état des modèles de l'utilisateur.
    """
    try:
        from keras.src.backend.common import global_state
    except ImportError:  # une autre version de Keras : les noms suivent l'ordre de la session
        yield
        return
    counters = "object_name_uids"
    saved = global_state.get_global_attribute(counters)
    global_state.set_global_attribute(counters, None)
    try:
        yield
    finally:
        global_state.set_global_attribute(counters, saved)
