"""Leçon 1 : les indices des trois classes les plus probables."""

import numpy as np

from ..network.labels import as_index
from .correction import RIGHT, correct

__all__ = ["check_top_classes"]


def check_top_classes(answer, analysis):
    """Corrige l'exercice de la leçon 1 et affiche une phrase.

    Arguments
    ---------
    answer : les indices (entiers) des trois classes les plus probables, de la plus à la moins
        probable
    analysis : l'`Analysis` de la photo
    """
    correct(_top_classes, answer, analysis)


def _top_classes(answer, analysis):
    top, count = analysis.top(3), len(analysis.probabilities)
    expected = [prediction.index for prediction in top]
    try:
        values = np.ravel(answer)
    except ValueError:  # des listes de longueurs différentes
        values = [None]
    found = [as_index(value) for value in values]
    if None in found:
        if len(values) == 3 and np.allclose(_numbers(values), [p.probability for p in top]):
            return "Presque : ce sont les probabilités ; il faut les indices de leurs classes."
        return "Pas encore : il faut une liste de trois indices, c'est-à-dire des nombres entiers."
    lowest = [int(i) for i in np.argsort(analysis.probabilities, kind="stable")[:3]]
    if found == expected:
        names = ", ".join(f"« {prediction.label_fr} »" for prediction in top)
        return f"{RIGHT}Les trois classes les plus probables sont, dans l'ordre : {names}."
    if len(found) != 3:
        return f"Pas encore : il faut trois indices, et votre réponse en a {len(found)}."
    if found == lowest:
        return (
            "Pas encore : ce sont les trois classes les moins probables. np.argsort range du plus "
            "petit au plus grand."
        )
    if sorted(found) == sorted(expected):
        return "Presque : ce sont les bonnes classes, rangez-les de la plus à la moins probable."
    if max(found) >= count or min(found) < 0:
        return f"Pas encore : les indices vont de 0 à {count - 1}."
    return "Pas encore : cherchez où sont les trois plus grandes valeurs du vecteur."


def _numbers(values):
    """Les nombres de `values`, ou NaN à la place de ce qui n'en est pas un."""
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return np.full(len(values), np.nan)
