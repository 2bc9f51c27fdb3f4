"""Les corrections de la leçon 8 : étirer, du score à la probabilité, une étape, réparer."""

import cv2
import numpy as np
import pytest

from gradcam_lab import lessons
from gradcam_lab.images import superimpose
from gradcam_lab.methods import gradcam, normalize


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- ★ Étirer ---------------------------------------------------------------------------------


def stretched(total):
    rest = total - total.min()
    return np.uint8(255 * (rest / rest.max() if rest.max() > 0 else rest))


def overlay(colors, photo):
    return stretched(0.4 * colors + photo)


def with_keras(colors, photo):
    import keras

    return np.asarray(keras.utils.array_to_img(0.4 * colors + photo))


def unguarded(colors, photo):
    rest = 0.4 * colors + photo
    rest = rest - rest.min()
    return np.uint8(np.nan_to_num(255 * rest / rest.max(), nan=255))


def from_zero(colors, photo):
    total = 0.4 * colors + photo
    return np.uint8(255 * total / total.max())


def divided_by_the_sum(colors, photo):
    total = 0.4 * colors + photo
    return np.uint8(255 * (total - total.min()) / total.max())


def by_channel(colors, photo):
    total = 0.4 * colors + photo
    return np.stack([stretched(total[..., c]) for c in range(3)], axis=-1)


def holes(colors, photo):
    total = ... * colors + photo
    rest = total - ...
    return np.uint8(255 * rest / ...)


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (overlay, "Exact"),
        (with_keras, "Exact"),
        (lambda c, p: np.uint8(np.clip(0.4 * c + p, 0, 255)), "vous avez borné"),
        (from_zero, "retirer le plus petit nombre de la somme"),
        (divided_by_the_sum, "(`peak`)"),
        (by_channel, "non couleur par couleur"),
        (unguarded, "l'image rendue est noire"),
        (lambda c, p: stretched(1.0 * c + p), "quelle part de la couleur"),
        (lambda c, p: stretched(0.4 * c + 0.6 * p), "c'est un mélange"),
        (lambda c, p: p, "diviser par le plus grand"),
        (lambda c, p: overlay(c, p) / 255, "float64"),
        (lambda c, p: 3, "de forme ()"),
        (lambda c, p: [[1], [2, 3]], "de forme ()"),
        (lambda c, p: c[9], "s'arrête sur une erreur (IndexError"),
        (lambda c, p: None, "terminez-la par return"),
        ("image", "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_later_overlay(function, sentence, told):
    lessons.check_later_overlay(function)
    assert sentence in told()


# --- ★★ De l'article au livre -----------------------------------------------------------------


def explained(choose):
    """La fonction d'un élève qui remplace la ligne du gradient par `choose`."""

    def function(activations, gradients, probabilities, target):
        gradient = choose(gradients, probabilities, target)
        pooled = gradient.mean(axis=(0, 1))
        heatmap = np.maximum((activations * pooled).mean(axis=-1), 0)
        return heatmap / heatmap.max() if heatmap.any() else heatmap

    return function


def average(gradients, probabilities):
    return np.tensordot(probabilities, gradients, axes=1)


def rivals(gradients, probabilities, target):
    share = probabilities.copy()
    share[target] = 0
    return gradients[target] - average(gradients, share / share.sum())


def without_itself(gradients, probabilities, target):
    return gradients[target] - (
        average(gradients, probabilities) - probabilities[target] * gradients[target]
    )


def hole(activations, gradients, probabilities, target):
    gradient = ...
    return gradient.mean(axis=(0, 1))


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (explained(lambda g, p, c: g[c] - average(g, p)), "Exact"),
        (explained(lambda g, p, c: p[c] * (g[c] - average(g, p))), "Exact"),
        (explained(rivals), "Exact"),
        (explained(lambda g, p, c: g[c]), "c'est la carte de l'article"),
        (explained(lambda g, p, c: average(g, p) - g[c]), "le signe est à l'envers"),
        (explained(lambda g, p, c: g[c] - g.mean(axis=0)), "ne comptent pas toutes autant"),
        (explained(lambda g, p, c: g[c] - g.sum(axis=0)), "multiplié par sa probabilité"),
        (explained(without_itself), "la vôtre comprise"),
        (explained(lambda g, p, c: average(g, p)), "c'est la somme seule"),
        (explained(lambda g, p, c: p[c] * g[c]), "c'est la carte de l'article"),
        (explained(lambda g, p, c: np.ones_like(g[c])), "partez du gradient de la classe"),
        (lambda a, g, p, c: g, "la carte a la forme"),
        (lambda a, g, p, c: "carte", "pas un tableau de nombres"),
        (lambda a, g, p, c: g[9], "s'arrête sur une erreur"),
        (lambda a, g, p, c: None, "terminez-la par return"),
        (7, "la fonction elle-même"),
        (hole, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ],
)
def test_as_the_book(function, sentence, told):
    lessons.check_as_the_book(function)
    assert sentence in told()


# --- ★★ L'étape changée -----------------------------------------------------------------------

RNG = np.random.default_rng(88)
FIRST = 0.1 * RNG.random((5, 6))
CHANGED = {
    "entry": 0.1 * RNG.random((5, 6)),
    "score": 1e-5 * RNG.random((5, 6)),
    "channels": FIRST / 256,
    "divide": FIRST / FIRST.max(),
}


def forgetful():
    """Un élève qui change les réglages de l'article lui-même : les étapes s'accumulent."""
    total = FIRST.copy()

    def function(step):
        nonlocal total
        total = total + CHANGED[step]
        return total

    return function


@pytest.mark.parametrize("drawn", CHANGED)
def test_every_changed_step_is_recognized(drawn, told):
    lessons.check_changed_step(drawn, CHANGED.get, FIRST, CHANGED[drawn])
    assert "Exact" in told()


@pytest.mark.parametrize(
    ("answer", "remake", "sentence"),
    [
        (" Channels", lambda step: CHANGED[step].tolist(), "Exact. Changer « channels »"),
        ("divide", CHANGED.get, "changer « divide » ne refait pas"),
        (..., CHANGED.get, "Il reste à l'écrire"),
        ("channels", lambda step: FIRST, "toujours la première carte"),
        ("channels", lambda step: FIRST / 256, "la même carte pour les quatre"),
        ("channels", lambda step: CHANGED[step] / CHANGED[step].max(), "ne divise pas"),
        ("channels", forgetful(), "Travaillez sur une copie"),
        ("channels", lambda step: CHANGED[step] + FIRST, "n'en changez qu'un"),
        ("channels", lambda step: np.nan * FIRST, "contient des NaN"),
        ("channels", lambda step: FIRST[:2], "de forme (2, 6)"),
        ("channels", lambda step: "carte", "de forme ()"),
        ("channels", lambda step: [[1], [2, 3]], "de forme ()"),
        ("channels", lambda step: CHANGED["étape"], "s'arrête sur une erreur (KeyError"),
        ("channels", lambda step: None, "terminez-la par return"),
        ("channels", CHANGED, "la fonction elle-même"),
        ("la somme", CHANGED.get, "l'une des quatre étapes"),
        (3, CHANGED.get, "l'une des quatre étapes"),
        ("channels", lambda step: ..., "une réponse sans essai"),
        (..., lambda step: ..., "Pas encore de réponse"),
        (..., ..., "Pas encore de réponse"),
    ],
)
def test_changed_step(answer, remake, sentence, told):
    lessons.check_changed_step(answer, remake, FIRST, CHANGED["channels"])
    assert sentence in told()


# --- ★★★ La recette du web --------------------------------------------------------------------


def recipe(activations, gradients, photo, *, relu=True, guard=True, rgb=True, clip=True):
    """La recette du web ; chaque réglage à False remet une de ses fautes."""
    signed = (activations * gradients.mean(axis=(0, 1))).sum(axis=-1)
    heatmap = np.maximum(signed, 0) if relu else signed - signed.min()
    heatmap = heatmap if guard and not heatmap.any() else heatmap / heatmap.max()
    large = cv2.resize(heatmap, (photo.shape[1], photo.shape[0]))
    colors = cv2.applyColorMap(np.uint8(255 * large), cv2.COLORMAP_JET)
    total = 0.4 * (colors[..., ::-1] if rgb else colors) + photo
    return (np.clip(total, 0, 255) if clip else total % 256).astype("uint8")


def less(**faults):
    return lambda *arguments: recipe(*arguments, **faults)


def packaged(activations, gradients, photo):
    return superimpose(normalize(gradcam(activations, gradients)), photo)


def rounded(activations, gradients, photo):
    return cv2.convertScaleAbs(packaged(activations, gradients, photo).astype(float))


def swapped(activations, gradients, photo):
    large = cv2.resize(activations[..., 0], photo.shape[:2])
    return 0.4 * large[..., None] + photo


def not_written(activations, gradients, photo):
    return ...


FAULTY = [3, 4, 6, 8]


@pytest.mark.parametrize(
    ("function", "lines", "sentence"),
    [
        (recipe, FAULTY, "Exact"),
        (packaged, np.array([8, 6, 4, 3]), "Exact"),
        (rounded, FAULTY, "Exact"),
        (recipe, ..., "Il reste à écrire les numéros"),
        (recipe, [3, 4, 6], "tout est fautif ; il en manque 1"),
        (recipe, [2, 3, 4, 6, 8], "La ligne 2 est juste"),
        (recipe, [3, 5], "1 des 2 lignes"),
        (recipe, [1, 5], "Aucune des lignes"),
        (less(relu=False, guard=False, rgb=False, clip=False), FAULTY, "le chaud est bleu"),
        (less(rgb=False), FAULTY, "le chaud est bleu"),
        (less(relu=False), FAULTY, "n'est pas ReLU"),
        (less(guard=False), FAULTY, "0 / 0"),
        (lambda a, g, p: packaged(a, g, p) if g.max() > 0 else p, FAULTY, "froide partout"),
        (less(clip=False), FAULTY, "qui dépasse 255"),
        (lambda a, g, p: p, FAULTY, "ReLU, division par le maximum"),
        (swapped, FAULTY, "s'arrête sur une erreur"),
        (lambda a, g, p: a, FAULTY, "une image a ici la forme"),
        (lambda a, g, p: packaged(a, g, p) / 255, FAULTY, "uint8"),
        (lambda a, g, p: None, FAULTY, "terminez-la par return"),
        ("recette", FAULTY, "la fonction elle-même"),
        (recipe, "3, 4", "de 1 à 8"),
        (recipe, [3, 4, 6, 9], "de 1 à 8"),
        (recipe, 3, "de 1 à 8"),
        (not_written, FAULTY, "ce sont bien ces lignes"),
        (not_written, [3, 6], "il en manque 2"),
        (..., [2], "Pas encore de réponse"),
        (not_written, ..., "Pas encore de réponse"),
        (..., ..., "Pas encore de réponse"),
    ],
)
def test_found_recipe(function, lines, sentence, told):
    lessons.check_found_recipe(function, lines)
    assert sentence in told()
