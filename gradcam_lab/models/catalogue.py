"""Le catalogue des réseaux : où sont leurs poids, quelle image ils attendent."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..base.downloads import fetch
from ..base.names import unknown_name
from ..base.numbers import megabytes
from ..errors import DownloadError, UnknownModelError, WeightsUnavailableError
from ..network.labels import imagenet_labels, make_labels
from . import mini
from .weights import read_weights, without_initial_values

__all__ = ["ModelInfo", "Network", "available_models", "build", "find_model"]

_APPLICATIONS = "https://storage.googleapis.com/tensorflow/keras-applications/"
# Écart type des couleurs d'ImageNet, tel que Keras l'emploie pour EfficientNet.
_IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)


@dataclass(frozen=True)
class ModelInfo:
    """Un réseau du catalogue.

    `name` : son nom ; `title` : son nom d'usage ; `input_size` : (H, W) en pixels ;
    `megabytes` : taille de ses poids à télécharger (0 : livrés avec le paquet) ; `year` :
    année de publication ; `source` : l'article qui le décrit.
    """

    name: str
    title: str
    input_size: tuple
    megabytes: float
    year: int
    source: str
    _module: str = field(repr=False, default="")
    _builder: str = field(repr=False, default="")
    _url: str = field(repr=False, default="")
    _md5: str | None = field(repr=False, default=None)

    @property
    def weights_path(self):
        """Là où Keras range ces poids sur cet ordinateur."""
        home = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser()
        return home / "models" / self._url.rpartition("/")[2]

    @property
    def cached(self):
        """Vrai si les poids sont déjà sur cet ordinateur."""
        return mini.available() if self.name == "mini" else self.weights_path.is_file()


def _keras(name, title, size, megabytes, year, source, module, builder, url, md5):
    url = url if url.startswith("https") else _APPLICATIONS + url
    return ModelInfo(name, title, (size, size), megabytes, year, source, module, builder, url, md5)


_TF = "weights_tf_dim_ordering_tf_kernels"
# Adresses et empreintes : celles que publie keras.applications (un test les y compare).
_CATALOGUE = {
    info.name: info
    for info in (
        _keras(
            "vgg16", "VGG16", 224, 553.5, 2014, "Simonyan et Zisserman, 2014",
            "vgg16", "VGG16", f"vgg16/vgg16_{_TF}.h5", "64373286793e3c8b2b4e3219cbf3544b",
        ),
        _keras(
            "vgg19", "VGG19", 224, 574.7, 2014, "Simonyan et Zisserman, 2014",
            "vgg19", "VGG19", f"vgg19/vgg19_{_TF}.h5", "cbe5617147190e668d6c5d5026f83318",
        ),
        _keras(
            "resnet50", "ResNet-50", 224, 102.9, 2015, "He et al., 2015",
            "resnet50", "ResNet50", f"resnet/resnet50_{_TF}.h5",
            "2cb95161c43110f7111970584f804107",
        ),
        _keras(
            "mobilenet_v2", "MobileNetV2", 224, 14.5, 2018, "Sandler et al., 2018",
            "mobilenet_v2", "MobileNetV2", f"mobilenet_v2/mobilenet_v2_{_TF}_1.0_224.h5", None,
        ),
        _keras(
            "densenet121", "DenseNet-121", 224, 33.2, 2016, "Huang et al., 2016",
            "densenet", "DenseNet121", f"densenet/densenet121_{_TF}.h5",
            "9d60b8095a5708f2dcce2bca79d332c7",
        ),
        _keras(
            "inception_v3", "Inception-v3", 299, 96.1, 2015, "Szegedy et al., 2015",
            "inception_v3", "InceptionV3", f"inception_v3/inception_v3_{_TF}.h5",
            "9a0d58056eeedaa3f26cb7ebd46da564",
        ),
        _keras(
            "xception", "Xception", 299, 91.9, 2016, "Chollet, 2016",
            "xception", "Xception", f"xception/xception_{_TF}.h5",
            "0a58e3b7378bc2990ea3b43d5981f1f6",
        ),
        _keras(
            "efficientnet_b0", "EfficientNet-B0", 224, 21.8, 2019, "Tan et Le, 2019",
            "efficientnet", "EfficientNetB0",
            "https://storage.googleapis.com/keras-applications/efficientnetb0.h5",
            "902e53a9f72be733fc0bcb005b3ebbac",
        ),
        _keras(
            "convnext_tiny", "ConvNeXt-Tiny", 224, 114.9, 2022, "Liu et al., 2022",
            "convnext", "ConvNeXtTiny", "convnext/convnext_tiny.h5",
            "8ae6e78ce2933352b1ef4008e6dd2f17bc40771563877d156bc6426c7cf503ff",
        ),
        ModelInfo("mini", "mini", tuple(mini.INPUT_SIZE), 0, 2026, "gradcam_lab"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Network:
    """Ce que `build` rend : le modèle Keras, ses étiquettes et sa préparation de l'image."""

    keras_model: object
    labels: tuple
    preprocess: Callable | None


def available_models():
    """Rend la liste des `ModelInfo` du catalogue, dans l'ordre où on les présente."""
    return list(_CATALOGUE.values())


def find_model(name):
    """Rend le `ModelInfo` de ce nom, ou lève `UnknownModelError` avec les noms proches."""
    key = str(name).strip().casefold().replace("-", "_")
    if key in _CATALOGUE:
        return _CATALOGUE[key]
    for info in _CATALOGUE.values():
        if key.replace("_", "") in (info.name.replace("_", ""), info._builder.casefold()):
            return info
    problem = f"Le catalogue n'a pas de réseau « {name} »"
    raise UnknownModelError(unknown_name(problem, name, _CATALOGUE))


def build(info, weights="imagenet"):
    """Construit le réseau `info` et rend un `Network`.

    `weights` : « imagenet » (téléchargés au besoin), None (valeurs au hasard) ou le chemin
    d'un fichier de poids. Lève `WeightsUnavailableError`.
    """
    if info.name == "mini":
        return _build_mini(weights)
    path = None
    if weights == "imagenet":
        path = _imagenet_file(info)
    elif weights is not None:
        path = Path(weights).expanduser()
        if not path.is_file():
            raise WeightsUnavailableError(
                f"Le fichier de poids « {weights} » n'existe pas : donnez le chemin d'un fichier "
                ".h5, « imagenet », ou None pour des poids au hasard."
            )
    import keras

    module = getattr(keras.applications, info._module)
    builder = getattr(keras.applications, info._builder)
    with _fresh_names():
        if path is None:
            model = builder(weights=None)
        else:
            with without_initial_values():
                model = builder(weights=None)
            read_weights(model, path)
    preprocess = module.preprocess_input
    if info.name == "efficientnet_b0" and weights == "imagenet":
        preprocess = _efficientnet_input(model)
    return Network(model, imagenet_labels(), preprocess)


def _build_mini(weights):
    if weights not in ("imagenet", None):
        model = mini.build(weights=False)
        read_weights(model, weights)
    else:
        model = mini.build(weights=weights is not None)
    return Network(model, make_labels(mini.labels(), len(mini.labels())), mini.preprocess)


def _imagenet_file(info):
    path = info.weights_path
    if path.is_file():
        return path
    known_hash = None
    if info._md5:
        known_hash = f"{'md5' if len(info._md5) == 32 else 'sha256'}:{info._md5}"
    try:
        return fetch(
            info._url,
            path.parent,
            path.name,
            known_hash=known_hash,
            label=f"les poids ImageNet de {info.title} ({megabytes(info.megabytes)})",
        )
    except DownloadError as error:
        raise WeightsUnavailableError(str(error)) from error


def _efficientnet_input(model):
    """Complète la préparation d'EfficientNet-B0 comme le fait Keras pour ses poids ImageNet.

    Avec `weights="imagenet"`, Keras insère après la normalisation une division de plus, par la
    racine de l'écart type. La même division est faite ici sur l'image, ce qui revient au même.
    """
    mean = np.asarray(model.get_layer("normalization").mean).ravel().astype(np.float32)

    def preprocess(x):
        return 255.0 * (mean + (x / 255.0 - mean) / np.sqrt(_IMAGENET_STD))

    return preprocess


class _fresh_names:
    """Numérote les couches à partir de zéro, pour que « conv2d_7 » désigne toujours la même.

    Keras numérote les couches sans nom au fil de la session : le second Inception-v3 chargé
    aurait d'autres noms que le premier, et une leçon ne pourrait plus les citer.
    """

    _KEY = "object_name_uids"

    def __enter__(self):
        try:
            from keras.src.backend.common import global_state
        except ImportError:
            self._state = None
            return
        self._state = global_state
        self._saved = global_state.get_global_attribute(self._KEY)
        global_state.set_global_attribute(self._KEY, None)

    def __exit__(self, *_):
        if self._state is not None:
            self._state.set_global_attribute(self._KEY, self._saved)
