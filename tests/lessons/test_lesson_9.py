"""Les corrections de la leçon 9 : cacher un carré, la part de chaleur, le suspect."""

import cv2
import numpy as np
import pytest

from gradcam_lab import lessons


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- Cacher un carré --------------------------------------------------------------------------


def cover(image, top, left, size):
    covered = image.copy()
    covered[top : top + size, left : left + size] = image.mean(axis=(0, 1))
    return covered


def painted(color):
    def function(image, top, left, size):
        covered = image.copy()
        covered[top : top + size, left : left + size] = color(image)
        return covered

    return function


def in_place(image, top, left, size):
    image[top : top + size, left : left + size] = image.mean(axis=(0, 1))
    return image


def too_far(image, top, left, size):
    covered = image.copy()
    covered[top:, left:] = image.mean(axis=(0, 1))
    return covered


def too_short(image, top, left, size):
    covered = image.copy()
    covered[top : top + size - 1, left : left + size - 1] = image.mean(axis=(0, 1))
    return covered


def stops_at_size(image, top, left, size):
    covered = image.copy()
    covered[top:size, left:size] = image.mean(axis=(0, 1))
    return covered


def cover_holes(image, top, left, size):
    covered = ...
    covered[top:..., left:...] = image.mean(axis=...)
    return covered


def test_cover(told):
    for function, sentence in [
        (cover, "Exact"),
        (lambda image, *where: np.float32(cover(image, *where)), "Exact"),
        (in_place, "change l'image qu'on lui donne"),
        (lambda image, top, left, size: cover(image, left, top, size), "sont échangés"),
        (painted(np.mean), "Il en faut une par canal"),
        (painted(lambda image: 0), "le carré est noir"),
        (painted(lambda image: (255, 0, 255)), "la couleur moyenne de toute l'image"),
        (too_far, "hors du carré"),
        (too_short, "n'est pas cachée"),
        (stops_at_size, "l'image n'a pas changé"),
        (lambda image, *where: image, "l'image n'a pas changé"),
        (lambda image, top, left, size: image[top:size, left:size], "renvoyez toute l'image"),
        (lambda *arguments: "carré", "renvoyez toute l'image"),
        (lambda *arguments: [[1], [2, 3]], "renvoyez toute l'image"),
        (lambda image: image, "s'arrête sur une erreur (TypeError"),
        (lambda *arguments: None, "terminez-la par return"),
        (7, "la fonction elle-même"),
        (cover_holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_cover(function)
        assert sentence in told(), (function, sentence)


# --- La part de chaleur -----------------------------------------------------------------------


def heat_inside(heatmap, mask):
    large = cv2.resize(heatmap, mask.shape[::-1])
    total = large.sum()
    return large[mask].sum() / total if total > 0 else 0.0


def of_large(measure):
    return lambda heatmap, mask: measure(cv2.resize(heatmap, mask.shape[::-1]), mask)


def heat_holes(heatmap, mask):
    large = cv2.resize(heatmap, ...)
    return large[...]


def test_heat_inside(told):
    for function, sentence in [
        (heat_inside, "Exact"),
        (lambda h, mask: np.array(heat_inside(h, mask)), "Exact"),
        (lambda h, mask: h[mask].sum() / h.sum(), "Agrandissez la carte"),
        (of_large(lambda large, mask: large[mask].sum() / large.sum()), "sur une carte vide"),
        (lambda h, mask: 100 * heat_inside(h, mask), "en pour cent"),
        (lambda h, mask: 1 - heat_inside(h, mask), "hors du masque"),
        (lambda h, mask: heat_inside(h, ~mask), "hors du masque"),
        (of_large(lambda large, mask: large[mask].sum()), "par celle de toute la carte"),
        (
            of_large(lambda large, mask: large[mask].sum() / large[~mask].sum()),
            "la chaleur du dehors",
        ),
        (lambda h, mask: mask.mean(), "la part de la surface"),
        (of_large(lambda large, mask: large[mask].mean()), "la chaleur moyenne"),
        (lambda h, mask: 0.5, "additionnez les points"),
        (lambda h, mask: float("nan"), "additionnez les points"),
        (of_large(lambda large, mask: large[mask]), "un seul nombre"),
        (lambda h, mask: "beaucoup", "un seul nombre"),
        (lambda h: h, "s'arrête sur une erreur (TypeError"),
        (lambda *arguments: None, "terminez-la par return"),
        (0.3, "la fonction elle-même"),
        (lambda h, mask: ..., "Pas encore de réponse"),
        (heat_holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_heat_inside(function)
        assert sentence in told(), (function, sentence)


# --- Le suspect -------------------------------------------------------------------------------

SCORES = {"pastille": 0.5, "trait": 0.5, "lumière": 0.52, "grain": 0.03}


def test_suspect(told):
    for answer, trial, sentence in [
        ("grain", SCORES.get, "Exact. Avec « grain »"),
        (" Grain", lambda name: np.float32(SCORES[name]), "Exact"),
        ("pastille", SCORES.get, "un autre suspect la fait tomber"),
        ("grain", {**SCORES, "grain": 1.0}.get, "sur les carrés, comme à l'apprentissage"),
        ("grain", lambda name: 0.5, "presque la même exactitude"),
        ("grain", {**SCORES, "trait": 0.1}.get, "qu'un à la fois"),
        ("le réseau", SCORES.get, "l'un des quatre suspects"),
        (4, SCORES.get, "l'un des quatre suspects"),
        (..., SCORES.get, "Il reste à écrire votre verdict"),
        ("grain", lambda name: ..., "un verdict sans essai"),
        ("grain", lambda name: 100 * SCORES[name], "un seul nombre de 0 à 1"),
        ("grain", lambda name: float("nan"), "un seul nombre de 0 à 1"),
        ("grain", lambda name: [0.1, 0.2], "un seul nombre de 0 à 1"),
        ("grain", lambda name: "bas", "un seul nombre de 0 à 1"),
        ("grain", lambda: 0.5, "s'arrête sur une erreur (TypeError"),
        ("grain", lambda name: None, "terminez-la par return"),
        ("grain", SCORES, "la fonction elle-même"),
        (..., lambda name: ..., "Pas encore de réponse"),
        (..., ..., "Pas encore de réponse"),
    ]:
        lessons.check_suspect(answer, trial)
        assert sentence in told(), (answer, trial, sentence)
