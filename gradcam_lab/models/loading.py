"""Charger un classificateur : un réseau du catalogue, ou un fichier de l'utilisateur."""

import os
import re
from pathlib import Path

from ..base.messages import say
from ..base.names import nearest
from ..base.quiet import load_tensorflow
from ..errors import ModelError, WeightsUnavailableError
from ..explain.classifier import Classifier
from . import catalogue, mini

__all__ = ["load_classifier", "load_model"]


def load_model(name="vgg16", *, weights="imagenet", fallback=True):
    """Charge un réseau du catalogue.

    Arguments
    ---------
    name : l'un de `gl.available_models()`
    weights : « imagenet » (téléchargés la première fois, vérifiés, puis gardés par Keras), None
        (au hasard) ou le chemin d'un fichier de poids
    fallback : si les poids d'ImageNet ne sont pas sur l'ordinateur, ou y sont abîmés, et ne
        peuvent pas être téléchargés : vrai, le dit et prend le petit réseau « mini » ; faux, lève
        `WeightsUnavailableError`

    Rend
    ----
    Classifier

    Lève
    ----
    UnknownModelError
        le catalogue n'a pas de réseau de ce nom
    WeightsUnavailableError
        les poids manquent, sont abîmés ou sont ceux d'un autre réseau
    SettingError
        `weights` n'est rien de cela, ou Keras ne calcule pas avec TensorFlow

    Exemple
    -------
    >>> model = gl.load_model("mobilenet_v2")
    """
    info = catalogue.find_model(name)
    load_tensorflow()
    try:
        built = catalogue.build(info, weights)
    except WeightsUnavailableError as error:
        if not fallback or weights != "imagenet" or info.shipped or not mini.available():
            raise
        problem = str(error).rstrip(".")
        say(
            f"{problem} ; en attendant, « {mini.NAME} », livré avec le paquet, remplace "
            f"{info.title}."
        )
        info = catalogue.find_model(mini.NAME)
        built = catalogue.build(info)
    keras_model, labels, preprocess = built
    classifier = Classifier(keras_model, labels=labels, preprocess=preprocess, name=info.name)
    if weights == "imagenet":
        classifier.recipe = f'gl.load_model("{info.name}")'
    return classifier


def load_classifier(path, labels=None, *, preprocess=None, name=None):
    """Charge un modèle Keras enregistré.

    Le fichier est lu dans le mode sûr de Keras : aucun code qu'il contiendrait n'est exécuté.

    Arguments
    ---------
    path : le fichier, .keras ou .h5
    labels, preprocess : comme pour `Classifier`
    name : le nom du classificateur (None : celui du fichier)

    Rend
    ----
    Classifier

    Lève
    ----
    ModelError
        le fichier manque ou n'est pas un modèle que Keras sait lire ici
    SettingError
        Keras ne calcule pas avec TensorFlow

    Exemple
    -------
    >>> model = gl.load_classifier("mon_modele.keras", labels=["chat", "chien"])
    """
    if not isinstance(path, (str, os.PathLike)):
        raise ModelError(
            f"path est le chemin d'un fichier .keras ou .h5, et non {path!r:.80} ; un modèle déjà "
            "en mémoire se donne à gl.Classifier."
        )
    path = Path(os.path.expanduser(path))
    if os.path.isdir(path):
        if (path / "saved_model.pb").is_file():
            raise ModelError(
                f"« {path} » est un dossier SavedModel, dont Keras ne sait plus faire un modèle : "
                'enregistrez le vôtre avec model.save("modele.keras"), et donnez ce fichier.'
            )
        raise ModelError(
            f"« {path} » est un dossier, et non un fichier .keras : "
            f"{_neighbours(path / 'modele.keras')}."
        )
    if not os.path.isfile(path):
        raise ModelError(f"Le fichier de modèle « {path} » n'existe pas : {_neighbours(path)}.")
    load_tensorflow()
    import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # un fichier étranger peut échouer de bien des façons
        raise ModelError(f"Le fichier « {path} » {_explain(error, path)}.") from error
    return Classifier(model, labels=labels, preprocess=preprocess, name=name or path.stem)


def _neighbours(path):
    try:
        folder = path.parent if path.parent.is_dir() else Path(".")
        names = [p.name for p in folder.iterdir() if p.suffix in (".keras", ".h5")]
    except (OSError, ValueError):  # dossier illisible, nom trop long
        names = []
    close = nearest(path.name, names) or sorted(names)[:3]
    return f"ce dossier contient {', '.join(close)}" if close else "vérifiez son nom"


def _explain(error, path):
    """Dit ce que Keras, en anglais, reproche au fichier, et que faire."""
    cause = str(error).replace(str(path), "")
    unknown = re.search(r"(?:Could not locate (?:class|function)|Unknown \w+:) '([^']+)'", cause)
    if unknown:
        return (
            f"emploie « {unknown[1]} », que Keras ne connaît pas : importez d'abord "
            "le module qui le définit, après avoir écrit au-dessus de sa définition "
            "@keras.saving.register_keras_serializable()"
        )
    if "lambda" in cause.casefold():
        return (
            "contient une couche Lambda, c'est-à-dire du code Python : remplacez-la par une "
            "couche de Keras avant d'enregistrer le modèle"
        )
    first_line = (cause.strip() or type(error).__name__).splitlines()[0]
    return (
        f"n'est pas un modèle Keras lisible ({first_line[:120]}) : enregistrez-le avec "
        'model.save("modele.keras")'
    )
