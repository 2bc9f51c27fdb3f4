"""Les résultats que les leçons citent : ceux que VGG16 a donnés, et ceux que `mini` a donnés.

On peut ainsi comparer, même sans internet et sans les 554 Mo de VGG16.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UnknownModelError
from ..explain.prediction import Prediction
from ..models import mini
from ..models.catalogue import available_models, find_model
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


def mini_log(name=mini.NAME):
    """Renvoie le journal de l'entraînement d'un petit réseau livré.

    Arguments
    ---------
    name : « mini » ou « mini_localise »

    Rend
    ----
    liste de dictionnaires, un par mesure ; les colonnes et leurs unités sont décrites dans
    `training/README.md`

    Lève
    ----
    UnknownModelError
        ce n'est pas le nom d'un réseau livré avec le cours
    """
    return mini.training_log(_shipped(name))


def mini_evaluation(name=mini.NAME):
    """Renvoie ce qu'un petit réseau livré a obtenu sur les photos de test.

    Arguments
    ---------
    name : « mini » ou « mini_localise »

    Rend
    ----
    dictionnaire : pour chaque lot de photos (`validation`, `test`...), leur nombre et les
    exactitudes, entre 0 et 1

    Lève
    ----
    UnknownModelError
        ce n'est pas le nom d'un réseau livré avec le cours
    """
    return mini.evaluation(_shipped(name))


def _shipped(name):
    info = find_model(name)
    if info.shipped:
        return info.name
    names = " ou ".join(f"« {one.name} »" for one in available_models() if one.shipped)
    raise UnknownModelError(
        f"Le journal et les mesures de {info.title} ne sont pas livrés : demandez ceux de {names}."
    )
