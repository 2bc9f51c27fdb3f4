"""Les corrections de la leçon 4 et de l'annexe : un masque, des verdicts, la bonne époque."""

import cv2
import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab import lessons


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- Le masque --------------------------------------------------------------------------------


def mask(heatmap, height, width, threshold):
    large = cv2.resize(heatmap, (width, height))
    return (large >= threshold * large.max()) & (large > 0)


def holes(heatmap, height, width, threshold):
    large = cv2.resize(heatmap, (..., ...))
    return large >= ...


def test_hot_mask(told):
    for function, sentence in [
        (mask, "Exact"),
        (lambda h, *rest: gl.find_hot_region(h, rest[:2], rest[2]).mask, "Exact"),
        (lambda h, height, width, t: mask(h, width, height, t), "sont échangées"),
        (lambda h, *rest: h >= rest[2] * h.max(), "a la taille de la carte"),
        (lambda h, height, width, t: cv2.resize(h, (width, height)), "que vrai ou faux"),
        (lambda h, height, width, t: cv2.resize(h, (width, height)) >= t, "ce maximum n'est pas 1"),
        (
            lambda h, height, width, t: cv2.resize(h, (width, height)) >= t * h.max(),
            "sur une carte vide",
        ),
        (
            lambda h, height, width, t: cv2.resize(np.uint8(h >= t * h.max()), (width, height)) > 0,
            "avant de comparer",
        ),
        (lambda h, height, width, t: mask(h, height, width, t / 2), "agrandir la carte, puis"),
        (lambda *arguments: ~mask(*arguments), "ce qui est froid"),
        (
            lambda h, height, width, t: (
                mask(h, height, width, t) & (cv2.resize(h, (width, height)) > t)
            ),
            "faux partout",
        ),
        (lambda *arguments: mask(*arguments).mean(), "de forme ()"),
        (lambda *arguments: [[1], [2, 3]], "de forme ()"),
        (lambda h, height, width, t: np.zeros((height, width), bool), "faux partout"),
        (lambda h: h, "s'arrête sur une erreur (TypeError"),
        (lambda *arguments: None, "terminez-la par return"),
        ("masque", "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_hot_mask(function)
        assert sentence in told()


# --- Les verdicts -----------------------------------------------------------------------------

RIGHT = {"A": 2, "B": 4, "C": 3, "D": 5, "E": 1, "F": 6}


def test_verdicts(told):
    for answer, sentence in [
        (RIGHT, "Exact"),
        ({key.lower(): np.int64(value) for key, value in RIGHT.items()}, "Exact"),
        ({**RIGHT, "A": 1}, "5 sur 6. Revoyez A. Lisez"),
        ({**RIGHT, "B": 1, "F": 1}, "4 sur 6. Revoyez B."),
        ({**RIGHT, "E": 6}, "Que lui reproche-t-on ?"),
        (dict.fromkeys(RIGHT, 1), "Laquelle non ?"),
        ({"A": 4, "B": 2, "C": 5, "D": 3, "E": 6, "F": 1}, "Aucun verdict"),
        ({**RIGHT, "C": 9}, "le verdict de C est un numéro de 1 à 6"),
        ({**RIGHT, "D": "oui"}, "le verdict de D"),
        ({**RIGHT, "D": ...}, "le verdict de D"),
        ({"A": 1}, "un numéro par phrase"),
        ([2, 4, 3, 5, 1, 6], "un numéro par phrase"),
        (dict.fromkeys(RIGHT, ...), "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_verdicts(answer)
        assert sentence in told()


# --- L'époque où arrêter ----------------------------------------------------------------------


def best_epoch(history):
    return int(np.argmin(history["val_loss"])) + 1


def test_best_epoch(told):
    for function, sentence in [
        (best_epoch, "Exact"),
        (lambda h: np.argmin(h["val_loss"]) + 1, "Exact"),
        (lambda h: h["val_loss"].index(min(h["val_loss"])) + 1, "Exact"),
        (lambda h: best_epoch(h) - 1, "numérotées à partir de 1"),
        (lambda h: 3, "Quand la perte de validation vaut 0,4 ; 0,5 ; 0,6 ; 0,55"),
        (lambda h: np.argmin(h["loss"]) + 1, "celle d'apprentissage"),
        (lambda h: np.argmax(h["val_loss"]) + 1, "la plus haute"),
        (lambda h: np.argmax(h["val_accuracy"]) + 1, "l'exactitude de validation"),
        (lambda h: len(h["val_loss"]) - np.argmin(h["val_loss"][::-1]), "l'a été plus tôt"),
        (lambda h: min(h["val_loss"]), "0,7 est la perte la plus basse"),
        (lambda h: "trois", "et non un numéro"),
        (lambda h: h["perte"], "s'arrête sur une erreur (KeyError"),
        (lambda h: None, "terminez-la par return"),
        (3, "la fonction elle-même"),
        (lambda h: ..., "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_best_epoch(function)
        assert sentence in told()
