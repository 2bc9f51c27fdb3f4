"""Leçon 4 : la couche dont la région chaude est la plus petite."""

from ..base.numbers import short_percent
from ..errors import UnknownLayerError
from ..images.hot_region import find_hot_region
from .correction import RIGHT, correct

__all__ = ["check_smallest_region"]


def check_smallest_region(answer, analysis, target, *, threshold=0.5):
    """Corrige l'exercice de la leçon 4 et affiche une phrase.

    Arguments
    ---------
    answer : le nom de la couche dont la région chaude couvre la plus petite part de la photo
    analysis : l'`Analysis` de la photo
    target : la classe, comme à `analysis.heatmap`
    threshold : le seuil de la région, en part du maximum de la carte, entre 0 et 1

    Lève
    ----
    UnknownClassError, SettingError
        `target` ou `threshold` ne convient pas
    """
    correct(_smallest_region, answer, analysis, target, threshold)


def _smallest_region(answer, analysis, target, threshold):
    try:
        answer = analysis.classifier.find_layer(answer)
    except UnknownLayerError as error:
        return f"Pas encore. {error}"
    size = (analysis.image.height, analysis.image.width)
    shares = {}
    for (_, layer), heatmap in analysis.heatmaps([target], "all").items():
        if heatmap.any():  # une carte vide n'a pas de région chaude
            shares[layer] = find_hot_region(heatmap, size, threshold).share
    if answer not in shares:
        return "Pas encore : la carte de cette couche est vide, elle n'a pas de région chaude."
    share = short_percent(shares[answer])
    smaller = sum(value < shares[answer] for value in shares.values())
    if smaller == 0:
        return f"{RIGHT}La région chaude de « {answer} » couvre {share} de la photo."
    others = "une autre couche fait" if smaller == 1 else f"{smaller} autres couches font"
    return f"Pas encore : celle de « {answer} » couvre {share} de la photo, et {others} moins."
