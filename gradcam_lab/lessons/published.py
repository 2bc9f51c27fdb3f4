"""Les résultats que les leçons citent : ceux que VGG16 a donnés, et ceux que `mini` a donnés.

On peut ainsi comparer, même sans internet et sans les 554 Mo de VGG16.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..explain.prediction import Prediction
from ..models import mini
from ..network.labels import imagenet_labels

__all__ = ["Reference", "imagenet_labels", "mini_evaluation", "mini_log", "published_vgg16"]

_FILE = Path(__file__).resolve().parents[1] / "data" / "reference_vgg16.json"


@dataclass(frozen=True)
class Reference:
    """Un résultat publié.

    Arguments
    ---------
    model, photo : le réseau et la photo
    layer : la couche cible
    score : le score dérivé
    source, url : d'où viennent ces nombres
    top : les trois classes les plus probables, en `Prediction`
    heatmap : float32 (14, 14), de 0 à 1, lue sur la figure publiée à 1/255 près
    """

    model: str
    photo: str
    layer: str
    score: str
    source: str
    url: str
    top: tuple
    heatmap: np.ndarray


def published_vgg16():
    """Renvoie le résultat publié de VGG16 sur la photo du dalmatien.

    Rend
    ----
    Reference, avec sa source et son adresse
    """
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    labels = imagenet_labels()
    top = []
    for index, probability in stored.pop("top"):
        label = labels[index]
        top.append(Prediction(index, label.wnid, label.label, label.label_fr, probability))
    heatmap = np.array(stored.pop("heatmap"), dtype=np.float32)
    return Reference(**stored, top=tuple(top), heatmap=heatmap)


def mini_log():
    """Renvoie le journal de l'entraînement de `mini`.

    Rend
    ----
    liste de dictionnaires, un par mesure ; les colonnes et leurs unités sont décrites dans
    `training/README.md`
    """
    return mini.training_log()


def mini_evaluation():
    """Renvoie ce que `mini` a obtenu sur les photos de test.

    Rend
    ----
    dictionnaire : pour chaque lot de photos (`validation`, `test`...), leur nombre et les
    exactitudes, entre 0 et 1
    """
    return mini.evaluation()
