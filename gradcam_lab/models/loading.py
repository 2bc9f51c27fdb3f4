"""Charger un classificateur : un réseau du catalogue, ou un fichier de l'utilisateur."""

from pathlib import Path

from ..base.messages import say
from ..base.names import nearest
from ..base.quiet import load_tensorflow
from ..errors import ModelError, WeightsUnavailableError
from ..explain.classifier import Classifier
from . import catalogue

__all__ = ["load_classifier", "load_model"]


def load_model(name="vgg16", *, weights="imagenet", fallback=True):
    """Charge un réseau du catalogue et rend un `Classifier`.

    `name` : l'un de `gl.available_models()` ; `weights` : « imagenet » (téléchargés la première
    fois, vérifiés, puis gardés par Keras), None (au hasard) ou le chemin d'un fichier de poids.
    Si les poids d'ImageNet ne sont ni sur l'ordinateur ni téléchargeables et que `fallback`
    est vrai, le dit et rend le petit réseau « mini » ; sinon lève `WeightsUnavailableError`.
    Lève `UnknownModelError` si le nom est inconnu.
    """
    info = catalogue.find_model(name)
    load_tensorflow()
    try:
        built = catalogue.build(info, weights)
    except WeightsUnavailableError as error:
        replaceable = fallback and weights == "imagenet" and info.name != "mini"
        if not (replaceable and not info.cached and catalogue.find_model("mini").cached):
            raise
        problem = str(error).rstrip(".")
        say(f"{problem} ; en attendant, « mini », livré avec le paquet, remplace {info.title}.")
        info = catalogue.find_model("mini")
        built = catalogue.build(info)
    classifier = Classifier(
        built.keras_model, labels=built.labels, preprocess=built.preprocess, name=info.name
    )
    if weights == "imagenet":
        classifier.recipe = f'gl.load_model("{info.name}")'
    return classifier


def load_classifier(path, labels=None, *, preprocess=None, name=None):
    """Charge un modèle Keras enregistré (.keras ou .h5) et rend un `Classifier`.

    `path` : le fichier ; les autres arguments sont ceux de `Classifier`. Le fichier est lu dans
    le mode sûr de Keras : aucun code qu'il contiendrait n'est exécuté. Lève `ModelError`.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        folder = path.parent if path.parent.is_dir() else Path(".")
        names = [p.name for p in folder.iterdir() if p.suffix in (".keras", ".h5")]
        close = nearest(path.name, names) or sorted(names)[:3]
        hint = f"ce dossier contient {', '.join(close)}" if close else "vérifiez son nom"
        raise ModelError(f"Le fichier de modèle « {path} » n'existe pas : {hint}.")
    load_tensorflow()
    import keras

    try:
        model = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        if "lambda" in str(error).lower():
            reason = "contient une couche Lambda, c'est-à-dire du code Python"
            advice = "remplacez-la par une couche de Keras avant d'enregistrer le modèle"
        else:
            reason = "n'est pas un modèle Keras lisible"
            advice = 'enregistrez-le avec model.save("modele.keras")'
        raise ModelError(f"Le fichier « {path} » {reason} : {advice}.") from error
    return Classifier(model, labels=labels, preprocess=preprocess, name=name or path.stem)
