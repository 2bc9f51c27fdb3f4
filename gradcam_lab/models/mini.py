"""Les petits réseaux livrés dans le paquet : quatorze classes, aucun téléchargement.

Un réseau à la manière de VGG16 (Simonyan et Zisserman, 2014), entraîné par nos soins ; sa fiche
est dans `docs/carte_mini.md`, son entraînement dans `training/`. Il se termine par une moyenne
globale et une couche dense : Grad-CAM y est exactement la carte d'activation de classe (CAM) de
Zhou et al. (2016). TensorFlow n'est chargé que par `build`.

Un réseau de plus, de même architecture, est un dossier `data/NOM/` de plus (`NOM.json`, ses
poids, `journal.csv`, `evaluation.json`) et une ligne du catalogue.
"""

import csv
import hashlib
import json
from io import BytesIO
from pathlib import Path

import numpy as np

from ..errors import WeightsUnavailableError

__all__ = [
    "BLOCKS", "INPUT_SIZE", "NAME", "available", "build", "convolutions", "evaluation", "folder",
    "keys", "labels", "load_arrays", "manifest", "preprocess", "training_log",
]  # fmt: skip

NAME = "mini"  # celui que l'on prend quand aucun n'est nommé
INPUT_SIZE = (128, 128)  # (H, W) en pixels
# Le nombre de filtres de chaque convolution 3 × 3 ; une réduction de moitié entre les blocs.
BLOCKS = ((16,), (32, 32), (64, 64), (128, 128, 160, 192, 256))
_DATA = Path(__file__).resolve().parents[1] / "data"


def convolutions():
    """Renvoie les convolutions dans l'ordre : (nom, nombre de filtres, vrai si un bloc suit).

    Quand un bloc suit, la carte est réduite de moitié juste après la convolution.

    Rend
    ----
    liste de (str, int, bool) ; les noms sont ceux de VGG16, de « block1_conv1 » à « block4_conv5 »
    """
    return [
        (f"block{b}_conv{c}", width, c == len(widths) and b < len(BLOCKS))
        for b, widths in enumerate(BLOCKS, start=1)
        for c, width in enumerate(widths, start=1)
    ]


def folder(name=NAME):
    """Renvoie le dossier du paquet où sont les fichiers du réseau `name`."""
    return _DATA / name


def manifest(name=NAME):
    """Renvoie la description livrée avec les poids du réseau `name`.

    Rend
    ----
    dict : `weights` (nom du fichier), `sha256`, `classes` (une par sortie : `key`, `wnid` ou None,
    `label`, `label_fr`), `parameters`, `temperature`, réglages de l'entraînement

    Lève
    ----
    WeightsUnavailableError
        le fichier manque ou est illisible
    """
    try:
        card = json.loads((folder(name) / f"{name}.json").read_text(encoding="utf-8"))
        fields = {"key", "wnid", "label", "label_fr"}
        if not all(fields <= set(one) for one in card["classes"]):
            raise ValueError
        return {"weights": str(card["weights"]), "sha256": str(card["sha256"]), **card}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsUnavailableError(
            f"La description des poids de « {name} » manque dans le paquet ou est abîmée : "
            "réinstallez gradcam_lab."
        ) from error


def keys(name=NAME):
    """Renvoie les noms des classes sans accents, dans l'ordre des sorties du réseau `name`."""
    return [one["key"] for one in manifest(name)["classes"]]


def labels(name=NAME):
    """Renvoie les noms des classes du réseau `name`, dans l'ordre de ses sorties.

    Rend
    ----
    liste de dictionnaires `wnid` (ou None), `label` (anglais) et `label_fr` (français)
    """
    return [
        {field: one[field] for field in ("wnid", "label", "label_fr")}
        for one in manifest(name)["classes"]
    ]


def preprocess(x):
    """Prépare l'image pour ces réseaux.

    Arguments
    ---------
    x : tableau (1, H, W, 3), RVB, de 0 à 255

    Rend
    ----
    float32, même forme, de -1 à 1
    """
    return np.asarray(x, np.float32) / np.float32(127.5) - np.float32(1)


def available(name=NAME):
    """Vrai si les poids du réseau `name` sont dans le paquet (sans vérifier leur empreinte)."""
    try:
        return (folder(name) / manifest(name)["weights"]).is_file()
    except WeightsUnavailableError:
        return False


def load_arrays(name=NAME):
    """Lit les poids du réseau `name` et vérifie leur empreinte SHA-256.

    Sur le disque ils sont en float16, deux fois plus petits.

    Rend
    ----
    dict « couche/kernel » ou « couche/bias » -> float32 ; un noyau de convolution a la forme
    (3, 3, entrées, sorties)

    Lève
    ----
    WeightsUnavailableError
        le fichier manque ou n'est pas celui d'origine
    """
    card = manifest(name)
    try:
        content = (folder(name) / card["weights"]).read_bytes()
    except OSError as error:
        raise WeightsUnavailableError(
            f"Les poids de « {name} » manquent dans le paquet : réinstallez gradcam_lab."
        ) from error
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise WeightsUnavailableError(
            f"Le fichier des poids de « {name} » est abîmé (son empreinte n'est pas celle "
            "attendue) : réinstallez gradcam_lab."
        )
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {key: arrays[key].astype(np.float32) for key in arrays.files}


def build(name=NAME, *, weights=True):
    """Construit le réseau `name`.

    Arguments
    ---------
    name : le réseau, un dossier de `data/`
    weights : vrai pour les poids appris, faux pour des poids au hasard

    Rend
    ----
    keras.Model, de float32 (n, 128, 128, 3), entre -1 et 1, vers les probabilités (n, 14)

    Lève
    ----
    WeightsUnavailableError
        les fichiers du réseau manquent ou sont abîmés
    """
    arrays = load_arrays(name) if weights else None
    import keras
    from keras import layers

    inputs = keras.Input((*INPUT_SIZE, 3), name="image")
    x = inputs
    # HeNormal garde l'ampleur des activations de couche en couche ; les poids appris remplacent
    # ces valeurs, autant alors ne pas les tirer.
    start = "zeros" if weights else "he_normal"
    for layer_name, width, block_follows in convolutions():
        x = layers.Conv2D(
            width, 3, padding="same", activation="relu", kernel_initializer=start, name=layer_name
        )(x)
        if block_follows:
            x = layers.MaxPooling2D(2, name=layer_name.partition("_")[0] + "_pool")(x)
    x = layers.GlobalAveragePooling2D(name="global_average")(x)
    x = layers.Dense(len(keys(name)), activation="softmax", name="predictions")(x)
    model = keras.Model(inputs, x, name=name)
    if arrays is not None:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights([arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]])
    return model


def training_log(name=NAME):
    """Renvoie le journal de l'entraînement réel du réseau `name`.

    Les colonnes et leurs unités sont décrites dans `training/README.md`.

    Rend
    ----
    liste de dictionnaires colonne -> nombre, un par mesure
    """
    with open(folder(name) / "journal.csv", encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]


def evaluation(name=NAME):
    """Renvoie ce que le réseau `name` a obtenu sur les photos de test.

    Rend
    ----
    dict, celui qu'écrit `training/evaluate_mini.py`
    """
    return json.loads((folder(name) / "evaluation.json").read_text(encoding="utf-8"))
