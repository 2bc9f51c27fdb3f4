"""Leçon 2 : la carte de chaleur d'une classe."""

import numpy as np

from .correction import RIGHT, correct

__all__ = ["check_heatmap"]

_SIDES = {"logit": "avant softmax", "probability": "après softmax"}


def check_heatmap(answer, analysis, target, *, score="logit"):
    """Corrige l'exercice de la leçon 2 et affiche une phrase.

    Arguments
    ---------
    answer : la carte de chaleur proposée, (h, w), valeurs dans [0, 1]
    analysis : l'`Analysis` de la photo
    target : la classe, comme à `analysis.heatmap`
    score : le score que la carte dérive, « logit » ou « probability »

    Lève
    ----
    UnknownClassError, SettingError
        `target` ou `score` n'existe pas
    """
    correct(_heatmap, answer, analysis, target, score)


def _heatmap(answer, analysis, target, score):
    target = analysis.prediction(target)
    expected = analysis.heatmap(target.index, score=score)
    try:
        found = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return "Pas encore : votre réponse n'est pas un tableau de nombres."
    if found.shape != expected.shape:
        hint = "faut-il une moyenne de plus ?"
        if found.ndim > 2:
            hint = "il reste la dimension du lot."
        return (
            f"Pas encore : votre carte a la forme {found.shape} au lieu de {expected.shape} ; "
            f"{hint}"
        )
    if not np.isfinite(found).all():
        return "Pas encore : votre carte contient des NaN ; avez-vous divisé par zéro ?"
    if _same(found, expected):
        empty = "" if expected.any() else " : ici, elle est vide"
        return f"{RIGHT}C'est bien la carte de chaleur de la classe « {target.label_fr} »{empty}."
    if found.min() < 0:
        return "Pas encore : il reste des valeurs négatives ; c'est le travail de ReLU."
    other_score = "probability" if score == "logit" else "logit"
    if not found.any():
        return _nothing(analysis.heatmap(target.index, score=other_score), other_score)
    # La forme seule : la carte d'une autre classe peut manquer elle aussi de la division.
    shape = found / found.max()
    if _same(shape, expected):
        return "Presque : la forme est la bonne, il reste à diviser la carte par son maximum."
    for other in analysis.top(5):
        if other.index != target.index and _same(shape, analysis.heatmap(other.index, score=score)):
            return (
                f"Presque : c'est la carte de la classe « {other.label_fr} ». Avez-vous bien "
                "dérivé le score de l'autre classe ?"
            )
    if _same(shape, analysis.heatmap(target.index, score=other_score)):
        return "Presque : c'est la carte de l'autre score (avant ou après softmax)."
    return "Pas encore : reprenez les étapes une à une, du gradient à la division par le maximum."


def _same(found, expected):
    """Vrai si deux cartes sont égales ; une carte vide ne l'est qu'à une carte toute à zéro."""
    if not found.any() or not expected.any():
        return found.any() == expected.any()
    return np.allclose(found, expected, atol=2e-3)


def _nothing(other_map, other_score):
    """L'indice donné à une carte toute à zéro quand la bonne ne l'est pas."""
    problem = "Pas encore : votre carte est vide, et celle de cette classe ne l'est pas."
    if other_map.any():
        return f"{problem} Que vaut la vôtre juste avant ReLU ?"
    side = _SIDES[other_score]
    return f"{problem} Celle du score {side} serait vide : lequel avez-vous dérivé ?"
