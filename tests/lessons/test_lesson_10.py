"""Les corrections de la leçon 10 : une étendue, une ressemblance entre classes, six verdicts."""

import numpy as np
import pytest

from gradcam_lab import lessons
from gradcam_lab.metrics import similarity


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- ★ La moyenne et l'étendue ------------------------------------------------------------------


def spread(table):
    return np.nanmean(table, axis=0), np.nanmin(table, axis=0), np.nanmax(table, axis=0)


def by_column(table):
    columns = [column[~np.isnan(column)] for column in table.T]
    return [[f(column) for column in columns] for f in (np.mean, np.min, np.max)]


def plain(table):
    return table.mean(axis=0), table.min(axis=0), table.max(axis=0)


def per_seed(table):
    return np.nanmean(table, axis=1), np.nanmin(table, axis=1), np.nanmax(table, axis=1)


def overall(table):
    return np.nanmean(table), np.nanmin(table), np.nanmax(table)


def zeroed(table):
    return plain(np.nan_to_num(table))


def swapped(table):
    means, lows, highs = spread(table)
    return means, highs, lows


def median(table):
    return np.nanmedian(table, axis=0), *spread(table)[1:]


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (spread, "Exact"),
        (by_column, "Exact"),
        (plain, "une carte vide donne nan"),
        (per_seed, "un nombre par graine"),
        (overall, "un seul nombre pour tout le tableau"),
        (zeroed, "comme une ressemblance nulle"),
        (swapped, "vous renvoyez le maximum"),
        (median, "c'est la médiane"),
        (lambda t: (t, t, t), "doit avoir la forme"),
        (lambda t: (spread(t)[0], ..., ...), "points de suspension : le minimum"),
        (lambda t: (2 * t[0], t[0], t[0]), "étape par étape"),
        (lambda t: np.nanmean(t), "trois vecteurs"),
        (lambda t: spread(t)[:2], "trois vecteurs"),
        (lambda t: ("a", "b", "c"), "pas un vecteur de nombres"),
        (lambda t: t[99], "s'arrête sur une erreur (IndexError"),
        (lambda t: None, "terminez-la par return"),
        ("moyenne", "la fonction elle-même"),
        (lambda t: (..., ..., ...), "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_spread(function, sentence, told):
    lessons.check_spread(function)
    assert sentence in told()


# --- ★★ Une méthode écoute-t-elle la classe ? ---------------------------------------------------


def likeness(maps, start=lambda i: i + 1, kind="spearman"):
    values = []
    for i in range(len(maps)):
        for j in range(start(i), len(maps)):
            values.append(getattr(similarity(maps[i], maps[j]), kind))
    return np.mean(values)


def first_only(maps):
    return np.mean([similarity(maps[0], one).spearman for one in maps[1:]])


def total(maps):
    return likeness(maps) * len(maps) * (len(maps) - 1) / 2


def values_not_ranks(maps):
    table = np.corrcoef(maps.reshape(len(maps), -1))
    return table[np.triu_indices(len(maps), 1)].mean()


def holes(maps):
    return np.mean([maps[i] for i in range(..., len(maps))])


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (likeness, "Exact"),
        (lambda m: likeness(m[::-1]), "Exact"),
        (lambda m: likeness(m, start=lambda i: i), "chaque carte à elle-même"),
        (lambda m: likeness(m, start=lambda i: 0), "chaque paire deux fois"),
        (lambda m: likeness(m, start=lambda i: 1), "commence toujours à 1"),
        (first_only, "la première carte aux autres"),
        (lambda m: likeness(m, kind="ssim"), "c'est SSIM"),
        (total, "c'est la somme"),
        (values_not_ranks, "celle de leurs rangs"),
        (lambda m: float("nan"), "la moyenne est nan"),
        (lambda m: 0.123, "pour chaque paire"),
        (lambda m: m, "un seul nombre"),
        (lambda m: "un", "un seul nombre"),
        (lambda m: m[99], "s'arrête sur une erreur"),
        (lambda m: None, "terminez-la par return"),
        (3, "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_class_likeness(function, sentence, told):
    lessons.check_class_likeness(function)
    assert sentence in told()


# --- ★★★ Les verdicts ---------------------------------------------------------------------------

RIGHT = {"A": 2, "B": 4, "C": 3, "D": 5, "E": 6, "F": 1}


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (RIGHT, "Exact"),
        ({letter.lower(): float(number) for letter, number in RIGHT.items()}, "Exact"),
        ({**RIGHT, "A": 1, "F": 2}, "4 sur 6. Revoyez A."),
        ({**RIGHT, "B": 1, "F": 4}, "Quelle autre carte de la section 5"),
        ({**RIGHT, "E": 3, "C": 6}, "Où est la classe dans la formule"),
        (dict.fromkeys(RIGHT, 1), "Laquelle non ?"),
        ({"A": 4, "B": 2, "C": 5, "D": 3, "E": 1, "F": 6}, "Aucun verdict"),
        ({**RIGHT, "C": 9}, "le verdict de C est un numéro de 1 à 6"),
        ({**RIGHT, "D": "oui"}, "le verdict de D"),
        ({**RIGHT, "D": 2.5}, "le verdict de D"),
        ({**RIGHT, "D": ...}, "le verdict de D"),
        ({"A": 1}, "un numéro par phrase"),
        ([2, 4, 3, 5, 6, 1], "un numéro par phrase"),
        ({}, "un numéro par phrase"),
        (dict.fromkeys(RIGHT, ...), "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_trust(answer, sentence, told):
    lessons.check_trust(answer)
    assert sentence in told()
