"""Annexe : l'époque où arrêter l'apprentissage."""

import numpy as np

from ...network.labels import as_index
from ..correction import RIGHT, call, correct

__all__ = ["check_best_epoch"]


def check_best_epoch(function):
    """Corrige l'exercice de l'annexe : essaie la fonction sur plusieurs courbes, et le dit.

    Arguments
    ---------
    function : une fonction de `history`, un dictionnaire dont `history["val_loss"]` est la liste
        des pertes de validation, qui renvoie le numéro (à partir de 1) de l'époque où elle est la
        plus basse ; la première, s'il y en a plusieurs
    """
    untouched = callable(function) and call(function, _history(_CURVES[0]))[0] is ...
    correct(_best_epoch, ... if untouched else function)


# Le minimum au milieu, à la première époque, à la dernière, deux fois, et sur une courbe agitée.
_CURVES = (
    (1.1, 0.9, 0.7, 0.8, 1.0),
    (0.4, 0.5, 0.6, 0.55),
    (0.9, 0.8, 0.6, 0.5),
    (0.9, 0.6, 0.8, 0.6),
    (1.2, 0.7, 1.0, 0.65, 0.9, 0.95, 0.8),
)


def _history(curve):
    """Un historique comme celui de Keras : la perte d'apprentissage, elle, baisse toujours."""
    epochs = range(len(curve))
    return {
        "accuracy": [0.5 + 0.05 * epoch for epoch in epochs],
        "loss": [1.0 - 0.1 * epoch for epoch in epochs],
        # L'exactitude n'est pas la meilleure à l'époque où la perte est la plus basse.
        "val_accuracy": [0.9 - 0.1 * (epoch != len(curve) // 2 + 1) for epoch in epochs],
        "val_loss": list(curve),
    }


def _best_epoch(function):
    for curve in _CURVES:
        history = _history(curve)
        answer, problem = call(function, history)
        if problem:
            return problem
        right = curve.index(min(curve)) + 1
        found = as_index(answer)
        if found == right:
            continue
        curve_text = " ; ".join(f"{value:g}".replace(".", ",") for value in curve)
        start = f"quand la perte de validation vaut {curve_text}"
        shown = f"({start[0].upper()}{start[1:]}.)"
        if found is None and isinstance(answer, (float, np.floating)) and answer == min(curve):
            short = f"{answer:g}".replace(".", ",")
            return f"Presque : {short} est la perte la plus basse. À quelle époque ? {shown}"
        if found is None:
            return f"Pas encore : {start}, votre fonction renvoie {answer!r:.40}, et non un numéro."
        return f"{_hint(found, right, history)} {shown}"
    return f"{RIGHT}Votre fonction trouve la bonne époque sur les {len(_CURVES)} courbes d'essai."


def _hint(found, right, history):
    values = history["val_loss"]
    if found == right - 1:
        return "Presque : les époques sont numérotées à partir de 1, et les listes à partir de 0."
    if 0 < found <= len(values) and values[found - 1] == min(values):
        return "Presque : la perte y est la plus basse, mais elle l'a été plus tôt."
    if found == history["val_accuracy"].index(max(history["val_accuracy"])) + 1:
        return "Pas encore : avez-vous pris l'exactitude de validation, et non sa perte ?"
    if found == len(values):  # là où la perte d'apprentissage est la plus basse
        return "Pas encore : est-ce bien la perte de validation, et non celle d'apprentissage ?"
    if found == values.index(max(values)) + 1:
        return "Pas encore : c'est l'époque où la perte est la plus haute."
    return f"Pas encore : {found} n'est pas l'époque où la perte de validation est la plus basse."
