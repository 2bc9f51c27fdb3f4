"""Les corrections de la leçon 5 : les canaux éteints, les canaux utiles, la mosaïque."""

import numpy as np
import pytest

from gradcam_lab import lessons


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- La part de canaux éteints ----------------------------------------------------------------


def dark_share(A):
    return (A == 0).all(axis=(0, 1)).mean()


def holes(A):
    dark = (A == 0).all(axis=...)
    return dark.mean()


def test_dark_share(told):
    for function, sentence in [
        (dark_share, "Exact"),
        (lambda A: 1 - np.count_nonzero(A.any((0, 1))) / A.shape[-1], "Exact"),
        (lambda A: (A == 0).all(axis=(0, 1)).sum(), "le nombre de canaux éteints"),
        (lambda A: 100 * dark_share(A), "en pour cent"),
        (lambda A: 1 - dark_share(A), "des canaux allumés"),
        (lambda A: np.mean(A == 0), "la part de zéros"),
        (lambda A: (A == 0).any(axis=(0, 1)).mean(), "un zéro quelque part"),
        (lambda A: (A == 0).all(axis=(1, 2)).mean(), "compte des lignes"),
        (lambda A: (A.sum(axis=(0, 1)) == 0).mean(), "une somme nulle"),
        (lambda A: (A.max(axis=(0, 1)) <= 0).mean(), "un canal négatif"),
        (lambda A: (A == 0).all(axis=(0, 1)), "une réponse par canal"),
        (lambda A: A, "un seul nombre"),
        (lambda A: 0.123, "la part des vrais"),
        (lambda A: "beaucoup", "une part est un nombre"),
        (lambda A: np.nan, "une part est un nombre"),
        (lambda A: None, "terminez-la par return"),
        (lambda: 0, "s'arrête sur une erreur (TypeError"),
        (0.4, "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (lambda A: ..., "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_dark_share(function)
        assert sentence in told()


# --- Les canaux utiles ------------------------------------------------------------------------


def first(values, k):
    return np.argsort(-values)[:k]


def mean(values):
    return values.mean(axis=(0, 1))


def unfilled(A, gradients, k):
    usefulness = ...
    return np.argsort(-usefulness)[:k]


def test_useful_channels(told):
    for function, sentence in [
        (lambda A, g, k: first(mean(A) * mean(g), k), "Exact"),
        (lambda A, g, k: [int(n) for n in first(mean(A) * g.sum(axis=(0, 1)), k)], "Exact"),
        (lambda A, g, k: first(mean(A), k), "les plus actifs"),
        (lambda A, g, k: first(mean(g), k), "les plus lourds"),
        (lambda A, g, k: first(-mean(A) * mean(g), k), "les moins utiles"),
        (lambda A, g, k: first(abs(mean(A) * mean(g)), k), "la valeur absolue"),
        (lambda A, g, k: first(mean(A * g), k), "case par case"),
        (lambda A, g, k: first(mean(A) + mean(g), k), "la somme"),
        (lambda A, g, k: first(mean(A) * mean(g), k)[::-1], "Rangez-les"),
        (lambda A, g, k: first(mean(A) * mean(g), k + 1), "votre réponse en a 4"),
        (lambda A, g, k: np.sort(mean(A) * mean(g))[-k:], "ce sont les valeurs"),
        (lambda A, g, k: np.arange(k), "un nombre par canal"),
        (lambda A, g, k: 3, "une liste de numéros"),
        (lambda A, g, k: ["a"] * k, "une liste de numéros"),
        (lambda A, g, k: None, "terminez-la par return"),
        (lambda A: A, "s'arrête sur une erreur (TypeError"),
        ([1, 2, 3], "la fonction elle-même"),
        (unfilled, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_useful_channels(function)
        assert sentence in told()


# --- La mosaïque ------------------------------------------------------------------------------


def page(A, columns):
    """La mosaïque avec une boucle, sans rien de la correction."""
    h, w, count = A.shape
    drawn = np.zeros((-(-count // columns) * h, columns * w))
    for k in range(count):
        top, left = k // columns * h, k % columns * w
        drawn[top : top + h, left : left + w] = A[:, :, k]
    return drawn


def own_scale(A):
    return A / np.maximum(A.max(axis=(0, 1)), 1e-7)


def mixed(A, columns):
    h, w, count = A.shape
    rows = -(-count // columns)
    full = np.zeros((h, w, rows * columns))
    full[:, :, :count] = A
    tiles = full.reshape(rows, columns, h, w)
    return tiles.transpose(0, 2, 1, 3).reshape(rows * h, columns * w)


def downwards(A, columns):
    h, w, count = A.shape
    rows = -(-count // columns)
    full = np.zeros((h, w, rows * columns))
    full[:, :, :count] = A
    order = np.arange(rows * columns).reshape(columns, rows).T.ravel()
    return page(full[:, :, order], columns)


def test_mosaic(told):
    for function, sentence in [
        (page, "Exact"),
        (lambda A, n: page(A, n).tolist(), "Exact"),
        (lambda A, n: mixed(own_scale(A), n), "deux fautes. Pour commencer : les axes sont mêlés"),
        (mixed, "une faute, les axes sont mêlés"),
        (lambda A, n: page(own_scale(A), n), "divisé par son propre maximum"),
        (lambda A, n: page(A.transpose(1, 0, 2), n), "couchée"),
        (downwards, "ligne après ligne"),
        (lambda A, n: page(A, n) / A.max(), "divisée par un nombre"),
        (lambda A, n: page(A, n)[: A.shape[0]], "la page a la forme (6, 12), et la vôtre (3, 12)"),
        (lambda A, n: page(A, n)[::-1], "à leur place"),
        (lambda A, n: "page", "un tableau de nombres"),
        (lambda A, n: page(A, n) * np.nan, "un tableau de nombres"),
        (lambda A, n: None, "terminez-la par return"),
        (lambda A: A, "s'arrête sur une erreur (TypeError"),
        ("mosaïque", "la fonction elle-même"),
        (lambda A, n: ..., "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_mosaic(function)
        assert sentence in told()
