"""Les corrections de la leçon 11 : l'aire, la tricheuse, ce qui manque pour conclure."""

import numpy as np
import pytest

from gradcam_lab import lessons


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- ★ L'aire ---------------------------------------------------------------------------------


def area(f, p):
    return np.sum(np.diff(f) * (p[1:] + p[:-1]) / 2)


def holes(fractions, probabilities):
    widths = ...
    heights = ...
    return np.sum(widths * heights)


def half_done(fractions, probabilities):
    widths = np.diff(fractions)
    heights = ...
    return np.sum(widths * heights)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (area, "Exact"),
        (lambda f, p: [area(f, p)], "Exact"),
        (lambda f, p: 2 * area(f, p), "c'est le double"),
        (lambda f, p: -area(f, p), "le signe est à l'envers"),
        (lambda f, p: np.sum(np.diff(f) * p[:-1]), "la probabilité de gauche"),
        (lambda f, p: np.sum(np.diff(f) * p[1:]), "la probabilité de droite"),
        (lambda f, p: area(f, p) / p[0], "un autre protocole"),
        (lambda f, p: ((p[1:] + p[:-1]) / 2).mean(), "ne sont pas réguliers"),
        (lambda f, p: p.mean(), "c'est la moyenne des probabilités"),
        (lambda f, p: np.sum(np.diff(f) * np.diff(p)), "la différence des probabilités"),
        (lambda f, p: np.sum((p[1:] + p[:-1]) / 2), "il manque les largeurs"),
        (lambda f, p: np.diff(f) * (p[1:] + p[:-1]) / 2, "une aire est un nombre"),
        (lambda f, p: "aire", "une aire est un nombre"),
        (lambda f, p: np.nan, "section 1"),
        (lambda f, p: 0.3, "section 1"),
        (lambda f, p: f * p[1:], "s'arrête sur une erreur (ValueError"),
        (lambda f, p: None, "terminez-la par return"),
        (0.4, "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (half_done, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_curve_area(function, sentence, told):
    lessons.check_curve_area(function)
    assert sentence in told()


# --- ★★ La tricheuse --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (lambda h: 0.95 + 0.05 * h, "Exact"),
        (lambda h: 0.99 + 0.01 * np.sqrt(h), "Exact"),
        (lambda h: (0.96 + 0.04 * h).tolist(), "Exact"),
        (lambda h: 0.9 + 0.1 * h, "0,90 : il faut au moins 0,95"),
        (lambda h: h, "0,00 : il faut au moins 0,95"),
        (lambda h: np.ones_like(h), "la même valeur partout"),
        (lambda h: 1 - 0.05 * h, "l'ordre est à l'envers"),
        (lambda h: 1 - h, "l'ordre est à l'envers"),
        (lambda h: 0.95 + h, "sortent de [0, 1]"),
        (lambda h: np.maximum(h, 0.95), "l'ordre a changé"),
        (lambda h: np.clip(0.95 + h, 0, 1), "l'ordre a changé"),
        (lambda h: h / 0, "des NaN ou des infinis"),
        (lambda h: h[0], "la forme (6, 7)"),
        (lambda h: 1, "de forme ()"),
        (lambda h: "carte", "autre chose"),
        (lambda h: h[99], "s'arrête sur une erreur (IndexError"),
        (lambda h: None, "terminez-la par return"),
        ("carte", "la fonction elle-même"),
        (lambda h: ..., "Pas encore de réponse"),
        (lambda h: ... * h, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_cheat(function, sentence, told):
    lessons.check_cheat(function)
    assert sentence in told()


# --- ★★★ Ce qui manque ------------------------------------------------------------------------

SOLUTION = {"A": 2, "B": 3, "C": 4, "D": 1, "E": 5}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (SOLUTION, "Exact"),
        ({key.lower(): np.int64(number) for key, number in SOLUTION.items()}, "Exact"),
        (SOLUTION | {"A": 1}, "4 sur 5. Revoyez A."),
        (SOLUTION | {"B": 2}, "Revoyez B. Deux articles"),
        (SOLUTION | {"C": 1}, "Revoyez C. Sur combien"),
        (SOLUTION | {"D": 5}, "Revoyez D. Va-t-elle"),
        (SOLUTION | {"E": 1}, "Revoyez E. Battre"),
        (dict.fromkeys(SOLUTION, 1), "quatre de ces phrases"),
        ({"A": 5, "B": 1, "C": 2, "D": 3, "E": 4}, "aucune réponse n'est juste"),
        (SOLUTION | {"C": ...}, "il reste à répondre pour C"),
        (SOLUTION | {"C": 6}, "la réponse de C est un numéro"),
        (SOLUTION | {"C": "témoins"}, "la réponse de C est un numéro"),
        (SOLUTION | {"F": 1}, "de A à E"),
        ([2, 3, 4, 1, 5], "de A à E"),
        (dict.fromkeys(SOLUTION, ...), "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_missing(answer, sentence, told):
    lessons.check_missing(answer)
    assert sentence in told()
