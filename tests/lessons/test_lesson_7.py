"""Les corrections de la leçon 7 : une unité, « plutôt que plusieurs », l'IoU de deux boîtes."""

import numpy as np
import pytest

from gradcam_lab import lessons


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- ★ Une unité ------------------------------------------------------------------------------


def unit(kernel, bias, yes, no):
    return kernel[:, yes] - kernel[:, no], bias[yes] - bias[no]


def unit_column(kernel, bias, yes, no):
    return (kernel[:, [yes]] - kernel[:, [no]]).tolist(), [bias[yes] - bias[no]]


def unit_of_rows(kernel, bias, yes, no):
    return kernel[yes] - kernel[no], bias[yes] - bias[no]


def with_bias(rule):
    return lambda k, b, yes, no: (k[:, yes] - k[:, no], rule(b, yes, no))


def with_weights(rule):
    return lambda k, b, yes, no: (rule(k[:, yes], k[:, no]), b[yes] - b[no])


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (unit, "Exact"),
        (unit_column, "Exact"),
        (lambda k, b, yes, no: unit(k, b, no, yes), "l'unité monte pour « no »"),
        (with_weights(lambda y, n: y + n), "c'est la somme"),
        (with_weights(lambda y, n: y), "les poids de « no »"),
        (with_weights(lambda y, n: (y - n) / 2), "la moitié"),
        (with_weights(lambda y, n: y / n), "un quotient"),
        (with_weights(lambda y, n: y * n), "la colonne de « yes » moins"),
        (with_weights(lambda y, n: y.mean()), "au nombre de 1"),
        (unit_of_rows, "vous avez pris des lignes"),
        (with_bias(lambda b, yes, no: 0), "le biais est oublié"),
        (with_bias(lambda b, yes, no: b[no] - b[yes]), "le mauvais signe"),
        (with_bias(lambda b, yes, no: b[yes]), "Et le biais de « no »"),
        (with_bias(lambda b, yes, no: b[yes] + b[no]), "la même règle"),
        (with_bias(lambda b, yes, no: 42), "la même règle qu'eux"),
        (with_bias(lambda b, yes, no: b), "une seule unité n'a qu'un biais"),
        (with_bias(lambda b, yes, no: ...), "il reste le biais"),
        (with_weights(lambda y, n: ...), "il reste les poids"),
        (lambda k, b, yes, no: k[:, yes] - k[:, no], "les poids puis le biais"),
        (lambda k, b, yes, no: ("a", "b"), "sont des nombres"),
        (lambda k, b, yes, no: (k[:, yes] * np.nan, 0), "sont des nombres"),
        (lambda k, b, yes, no: None, "terminez-la par return"),
        (lambda k: k, "s'arrête sur une erreur (TypeError"),
        (3, "la fonction elle-même"),
        (lambda k, b, yes, no: (..., ...), "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_one_unit(function, sentence, told):
    lessons.check_one_unit(function)
    assert sentence in told()


# --- ★★ Plutôt que plusieurs ------------------------------------------------------------------


def normalized(heatmap):
    return heatmap / heatmap.max() if heatmap.any() else heatmap


def weighted(activations, gradient):
    return (activations * gradient.mean(axis=(0, 1))).sum(axis=-1)


def positive(activations, gradient):
    return np.maximum(weighted(activations, gradient), 0)


def with_gradient(rule):
    return lambda A, G, t, r: normalized(positive(A, rule(G, t, r)))


def too_early(A, G, target, rivals):
    others = np.mean([positive(A, G[k]) for k in rivals], axis=0)
    return normalized(np.maximum(positive(A, G[target]) - others, 0))


def without_relu(A, G, target, rivals):
    return normalized(weighted(A, G[target] - G[rivals].mean(axis=0)))


def unguarded(A, G, target, rivals):
    heatmap = positive(A, G[target] - G[rivals].mean(axis=0))
    with np.errstate(invalid="ignore"):
        return heatmap / heatmap.max()


def case_by_case(A, G, target, rivals):
    gradient = G[target] - G[rivals].mean(axis=0)
    return normalized(np.maximum((A * gradient).sum(axis=-1), 0))


def unnormalized(A, G, target, rivals):
    return positive(A, G[target] - G[rivals].mean(axis=0))


def holes(activations, gradients, target, rivals):
    heatmap = ...
    return heatmap / heatmap.max() if heatmap.any() else heatmap


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (with_gradient(lambda G, t, r: G[t] - G[r].mean(axis=0)), "Exact"),
        (with_gradient(lambda G, t, r: G[t] - sum(G[k] for k in r) / len(r)), "Exact"),
        (with_gradient(lambda G, t, r: G[t] - G[r].sum(axis=0)), "la somme des rivales"),
        (with_gradient(lambda G, t, r: G[t]), "de la classe seule"),
        (with_gradient(lambda G, t, r: G[r].mean(axis=0) - G[t]), "le signe est à l'envers"),
        (with_gradient(lambda G, t, r: G[t] - G.mean(axis=0)), "toutes les classes"),
        (with_gradient(lambda G, t, r: G[t] - G[r[0]]), "la première rivale"),
        (with_gradient(lambda G, t, r: G[t] - G[r]), "retranchée à part"),
        (with_gradient(lambda G, t, r: G[t] - G[r].mean()), "qu'un seul nombre"),
        (with_gradient(lambda G, t, r: G[r[0]]), "les trois étapes"),
        (too_early, "avant ReLU"),
        (without_relu, "il manque ReLU"),
        (unguarded, "vous divisez par zéro"),
        (case_by_case, "case par case"),
        (unnormalized, "la diviser par son maximum"),
        (lambda A, G, t, r: A, "la carte a la forme (4, 5)"),
        (lambda A, G, t, r: "carte", "un tableau de nombres"),
        (lambda A, G, t, r: None, "terminez-la par return"),
        (lambda A: A, "s'arrête sur une erreur (TypeError"),
        ("carte", "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (lambda A, G, t, r: ..., "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_rather_than(function, sentence, told):
    lessons.check_rather_than(function)
    assert sentence in told()


# --- ★★★ L'IoU de deux boîtes -----------------------------------------------------------------


def with_masks(a, b):
    """L'IoU par des masques, sans rien de la correction."""
    masks = np.zeros((2, 80, 80), bool)
    for mask, (x, y, width, height) in zip(masks, (a, b)):
        mask[y : y + height, x : x + width] = True
    return masks.all(axis=0).sum() / masks.any(axis=0).sum()


def found_in_an_old_project(a, b):
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[2], b[2]), min(a[3], b[3])
    inter = (right - left) * (bottom - top)
    return inter / (a[2] * a[3] + b[2] * b[3])


def edges(a, b):
    left, top = max(a[0], b[0]), max(a[1], b[1])
    right, bottom = min(a[0] + a[2], b[0] + b[2]), min(a[1] + a[3], b[1] + b[3])
    return right - left, bottom - top


def unclipped(a, b):
    width, height = edges(a, b)
    return width * height / (a[2] * a[3] + b[2] * b[3] - width * height)


def clipped_too_late(a, b):
    width, height = edges(a, b)
    inter = max(0, width * height)
    return inter / (a[2] * a[3] + b[2] * b[3] - inter)


def sum_for_a_union(a, b):
    width, height = (max(0, length) for length in edges(a, b))
    return width * height / (a[2] * a[3] + b[2] * b[3])


def only_the_edges(a, b):
    width, height = edges(a, b)
    return width * height / (a[2] * a[3] + b[2] * b[3])


def share_of_the_first(a, b):
    width, height = (max(0, length) for length in edges(a, b))
    return width * height / (a[2] * a[3])


@pytest.mark.parametrize(
    ("function", "lines", "sentence"),
    [
        (with_masks, [3, 4, 5, 6], "Exact"),
        (with_masks, (6, 5, 4, 3), "Exact"),
        (with_masks, [3, 4, 5], "Il manque 1 ligne"),
        (with_masks, [1, 3, 4, 5, 6], "La ligne 1 n'était pourtant pas fautive"),
        (with_masks, ..., "Écrivez aussi les numéros"),
        (with_masks, 3, "une liste, comme [1, 7]"),
        (with_masks, "trois", "une liste, comme [1, 7]"),
        (found_in_an_old_project, [3], "il reste 4 lignes à réparer. Le bord droit"),
        (only_the_edges, ..., "il reste 2 lignes à réparer. Deux boîtes qui ne se touchent pas"),
        (unclipped, [3, 4, 6], "il reste une ligne à réparer. Deux boîtes qui ne se touchent pas"),
        (clipped_too_late, [3, 4, 5, 6], "pour les boîtes (0, 0, 5, 5) et (20, 30, 5, 5)"),
        (sum_for_a_union, [3, 4, 5], "il reste une ligne à réparer. La somme des deux aires"),
        (share_of_the_first, [3], "l'IoU vaut 0,13"),
        (lambda a, b: "beaucoup", [3], "est un nombre"),
        (lambda a, b: [0, 1], [3], "est un nombre"),
        (lambda a, b: None, [3], "terminez-la par return"),
        (lambda a: a, [3], "s'arrête sur une erreur (TypeError"),
        (0.5, [3], "la fonction elle-même"),
        (found_in_an_old_project, ..., "Pas encore de réponse"),
        (lambda a, b: ..., ..., "Pas encore de réponse"),
        (..., ..., "Pas encore de réponse"),
    ],
)
def test_box_iou(function, lines, sentence, told):
    lessons.check_box_iou(function, lines)
    assert sentence in told()
