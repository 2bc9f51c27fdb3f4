"""`mini`, le petit réseau livré dans le paquet : quatorze classes, aucun téléchargement.

Un réseau à la manière de VGG16 (Simonyan et Zisserman, 2014), entraîné par nos soins ; sa fiche
est dans `docs/carte_mini.md`, son entraînement dans `training/`. Il se termine par une moyenne
globale et une couche dense : Grad-CAM y est exactement la carte d'activation de classe (CAM) de
Zhou et al. (2016). TensorFlow n'est chargé que par `build`.
"""

import hashlib
import json
from io import BytesIO
from pathlib import Path

import numpy as np

from ..errors import WeightsUnavailableError

__all__ = [
    "BLOCKS", "FOLDER", "INPUT_SIZE", "available", "build", "keys", "labels", "load_arrays",
    "manifest", "preprocess", "training_log",
]  # fmt: skip

INPUT_SIZE = (128, 128)  # (H, W) en pixels
# Le nombre de filtres de chaque convolution 3 × 3 ; une réduction de moitié entre les blocs.
BLOCKS = ((16,), (32, 32), (64, 64), (128, 128, 160, 192, 256))
FOLDER = Path(__file__).resolve().parents[1] / "data" / "mini"

# (nom de dossier, identifiant WordNet s'il y a un seul synset, nom anglais, nom français)
_CLASSES = (
    ("avion", None, "airplane", "avion"),
    ("bonsai", None, "bonsai", "bonsaï"),
    ("chat", None, "cat", "chat"),
    ("chien", None, "dog", "chien"),
    ("dalmatien", "n02110341", "dalmatian", "dalmatien"),
    ("elephant", None, "elephant", "éléphant"),
    ("leopard", "n02128385", "leopard", "léopard"),
    ("montre", None, "watch", "montre"),
    ("moto", None, "motorbike", "moto"),
    ("papillon", None, "butterfly", "papillon"),
    ("piano", "n03452741", "grand piano", "piano"),
    ("tasse", "n07930864", "cup", "tasse"),
    ("visage", None, "face", "visage"),
    ("voilier", None, "sailboat", "voilier"),
)


def keys():
    """Rend les quatorze noms sans accents, dans l'ordre des sorties du réseau."""
    return [key for key, _, _, _ in _CLASSES]


def labels():
    """Rend quatorze dictionnaires `wnid` (ou None), `label` (anglais) et `label_fr` (français)."""
    return [{"wnid": wnid, "label": en, "label_fr": fr} for _, wnid, en, fr in _CLASSES]


def preprocess(x):
    """Prépare l'image : float32 (1, H, W, 3), RVB, de 0 à 255 -> même forme, de -1 à 1."""
    return np.asarray(x, np.float32) / np.float32(127.5) - np.float32(1)


def manifest():
    """Rend le dictionnaire qui accompagne les poids : `weights`, `sha256`, `temperature`...

    Lève `WeightsUnavailableError` s'il manque ou est illisible.
    """
    try:
        card = json.loads((FOLDER / "mini.json").read_text(encoding="utf-8"))
        return {"weights": str(card["weights"]), "sha256": str(card["sha256"]), **card}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsUnavailableError(
            "La description des poids de « mini » manque dans le paquet ou est abîmée : "
            "réinstallez gradcam_lab."
        ) from error


def available():
    """Vrai si les poids de `mini` sont dans le paquet (sans vérifier leur empreinte)."""
    try:
        return (FOLDER / manifest()["weights"]).is_file()
    except WeightsUnavailableError:
        return False


def load_arrays():
    """Lit les poids et vérifie leur empreinte SHA-256.

    Rend un dictionnaire « couche/kernel » ou « couche/bias » -> float32 ; un noyau a la forme
    (3, 3, entrées, sorties). Sur le disque ils sont en float16, deux fois plus petits. Lève
    `WeightsUnavailableError` si le fichier manque ou n'est pas celui d'origine.
    """
    card = manifest()
    try:
        content = (FOLDER / card["weights"]).read_bytes()
    except OSError as error:
        raise WeightsUnavailableError(
            "Les poids de « mini » manquent dans le paquet : réinstallez gradcam_lab."
        ) from error
    if hashlib.sha256(content).hexdigest() != card["sha256"]:
        raise WeightsUnavailableError(
            "Le fichier des poids de « mini » est abîmé (son empreinte n'est pas celle "
            "attendue) : réinstallez gradcam_lab."
        )
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def build(weights=True):
    """Construit `mini`, un `keras.Model` : float32 (n, 128, 128, 3), de -1 à 1 -> (n, 14).

    `weights` : avec les poids appris, ou des poids au hasard. Lève `WeightsUnavailableError`.
    """
    arrays = load_arrays() if weights else None
    import keras
    from keras import layers

    inputs = keras.Input((*INPUT_SIZE, 3), name="image")
    x = inputs
    for b, widths in enumerate(BLOCKS, start=1):
        for c, width in enumerate(widths, start=1):
            name = f"block{b}_conv{c}"
            # HeNormal garde l'ampleur des activations de couche en couche ; les poids appris
            # remplacent ces valeurs, autant alors ne pas les tirer.
            start = "zeros" if weights else "he_normal"
            x = layers.Conv2D(
                width, 3, padding="same", activation="relu", kernel_initializer=start, name=name
            )(x)
        if b < len(BLOCKS):
            x = layers.MaxPooling2D(2, name=f"block{b}_pool")(x)
    x = layers.GlobalAveragePooling2D(name="global_average")(x)
    x = layers.Dense(len(_CLASSES), activation="softmax", name="predictions")(x)
    model = keras.Model(inputs, x, name="mini")
    if arrays is not None:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights([arrays[f"{layer.name}/kernel"], arrays[f"{layer.name}/bias"]])
    return model


def training_log():
    """Rend le journal de l'entraînement réel : une liste de dictionnaires, une par mesure.

    Les colonnes et leurs unités sont décrites dans `training/README.md`.
    """
    import csv

    with open(FOLDER / "journal.csv", encoding="utf-8", newline="") as file:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
