"""Les trois corrections de la leçon 3."""

import cv2
import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab import lessons

JET = cv2.COLORMAP_JET
HEATMAP = np.array([[0, 1, 0.2], [0.6, 0.1, 0]], np.float32)
RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (24, 36, 3)).astype(np.uint8)
COLOR = gl.colorize(HEATMAP, PHOTO.shape[:2])
HEAT = cv2.resize(HEATMAP, (36, 24))[..., None]
LEVELS = np.uint8(255 * HEAT)


@pytest.fixture
def told(capsys):
    """Ce que dit une correction : toujours une phrase, et une seule."""

    def sentence():
        said = capsys.readouterr().out
        assert said.count("\n") == 1
        return said

    return sentence


NONSENSE = [
    ("carte", "un tableau de nombres"),
    (None, "un tableau de nombres"),
    ([[1, 2], [3]], "un tableau de nombres"),
    (object(), "un tableau de nombres"),
    (HEATMAP, "au lieu de (24, 36, 3)"),
    (PHOTO > 3, "et la vôtre est en bool"),
    (np.full(PHOTO.shape, np.nan), "et la vôtre est en float64"),
    (PHOTO.astype(object), "et la vôtre est en object"),
]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (..., "Pas encore de réponse"),
        ((0.4 * COLOR + 0.6 * PHOTO).astype("uint8"), "Exact"),
        (cv2.addWeighted(COLOR, 0.4, PHOTO, 0.6, 0), "Exact"),
        (gl.load_image((0.4 * COLOR + 0.6 * PHOTO).astype("uint8")), "Exact"),
        (0.4 * COLOR + 0.6 * PHOTO, "convertir en octets"),
        ((0.6 * COLOR + 0.4 * PHOTO).astype("uint8"), "parts sont échangées"),
        ((0.4 * COLOR[..., ::-1] + 0.6 * PHOTO).astype("uint8"), "le rouge et le bleu"),
        (gl.superimpose(HEATMAP, PHOTO), "formule du livre"),
        (PHOTO, "alpha fois la couleur"),
        *NONSENSE,
    ],
)
def test_the_mix(answer, sentence, told):
    lessons.check_mix(answer, HEATMAP, PHOTO)
    assert sentence in told()


def faded(opacity, color=COLOR, kept=None):
    kept = 1 - opacity if kept is None else kept
    return (opacity * color + kept * PHOTO).astype(np.int64).astype(np.uint8)


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (..., "Pas encore de réponse"),
        (faded(0.8 * HEAT), "Exact"),
        (0.8 * HEAT * COLOR + (1 - 0.8 * HEAT) * PHOTO, "convertir en octets"),
        (faded(0.8), "la même partout : multipliez-la"),
        (faded(HEAT), "ne doit pas dépasser 0,8"),
        (faded(0.8 * (1 - HEAT)), "c'est le froid"),
        (faded(1 - 0.8 * HEAT), "parts sont échangées"),
        (faded(0.8 * LEVELS), "partez de `large`, et non de `levels`"),
        (LEVELS * COLOR + (1 - LEVELS) * PHOTO, "partez de `large`, et non de `levels`"),
        (
            np.clip(0.8 * LEVELS * COLOR + (1 - 0.8 * LEVELS) * PHOTO, 0, 255).astype(np.uint8),
            "l'opacité va de 0 à 0,8",
        ),
        (faded(0.8 * HEAT, kept=1), "ajoutée entière"),
        (np.clip(0.8 * HEAT * COLOR + PHOTO, 0, 255).astype(np.uint8), "ajoutée entière"),
        (faded(0.8 * HEAT, kept=1 - 0.8), "la part de la photo est la même partout"),
        (faded(0.8 * HEAT, COLOR[..., ::-1]), "le rouge et le bleu"),
        (faded(0.8 * HEAT)[..., ::-1], "le rouge et le bleu"),
        (faded(0.4), "avec un a par pixel"),
        *NONSENSE,
    ],
)
def test_the_opacity_that_follows_the_heat(answer, sentence, told):
    lessons.check_heat_opacity(answer, HEATMAP, PHOTO)
    assert sentence in told()


def test_the_strongest_opacity_may_be_another(told):
    lessons.check_heat_opacity(faded(0.5 * HEAT), HEATMAP, PHOTO, strongest=0.5)
    assert "Exact" in told()
    with pytest.raises(gl.errors.SettingError):
        lessons.check_heat_opacity(PHOTO, HEATMAP, PHOTO, strongest=2)


def repaired(*, size=True, values=True, order=True):
    """La fonction de l'exercice ; ce qui vaut False n'y est pas réparé."""

    def overlay(heatmap, photo):
        sides = photo.shape[1::-1] if size else photo.shape[:2]
        if values:
            colored = cv2.applyColorMap(np.uint8(255 * cv2.resize(heatmap, sides)), JET)
        else:
            colored = cv2.resize(cv2.applyColorMap(np.uint8(255 * heatmap), JET), sides)
        return np.uint8(0.4 * (colored[..., ::-1] if order else colored) + 0.6 * photo)

    return overlay


@pytest.mark.parametrize(
    ("missing", "start", "hint"),
    [
        ((), "Exact", "Les trois fautes sont réparées"),
        (("size",), "Presque : il reste une faute : la fonction", "la largeur d'abord"),
        (("values",), "Presque : il reste une faute : la fonction", "agrandit des couleurs"),
        (("order",), "Presque : il reste une faute : le chaud", "est bleu"),
        (
            ("values", "order"),
            "Pas encore : il reste deux fautes. Pour commencer :",
            "agrandit des couleurs",
        ),
        (
            ("size", "order"),
            "Pas encore : il reste deux fautes. Pour commencer :",
            "une photo carrée",
        ),
        (
            ("size", "values"),
            "Pas encore : il reste deux fautes. Pour commencer :",
            "une photo carrée",
        ),
        (
            ("size", "values", "order"),
            "Pas encore : il reste trois fautes. Pour commencer :",
            "carrée",
        ),
    ],
)
def test_the_faults_that_remain(missing, start, hint, told):
    lessons.check_overlay_function(repaired(**dict.fromkeys(missing, False)))
    said = told()
    assert said.startswith(start)
    assert hint in said


@pytest.mark.parametrize("rounded", [np.floor, np.round])
def test_the_map_may_become_bytes_before_it_grows(rounded, told):
    def overlay(heatmap, photo):
        large = cv2.resize(np.uint8(rounded(255 * heatmap)), photo.shape[1::-1])
        return np.uint8(0.4 * cv2.applyColorMap(large, JET)[..., ::-1] + 0.6 * photo)

    lessons.check_overlay_function(overlay)
    assert "Exact" in told()


def test_the_photo_turned_over_too(told):
    wrong = repaired(order=False)
    lessons.check_overlay_function(lambda h, p: wrong(h, p)[..., ::-1])
    assert "une faute : vous avez inversé aussi la photo, déjà en RVB" in told()
    right = repaired()
    lessons.check_overlay_function(lambda h, p: right(h, p[..., ::-1]))
    assert "n'inversez que la couleur" in told()


def test_a_function_that_cuts_the_photo(told):
    right = repaired()
    lessons.check_overlay_function(lambda h, p: right(h, p[:200, :200]))
    assert "fausse sur une photo de 210 × 230" in told()


OUTSIDE = "une variable de la leçon au lieu de ses arguments ?"


@pytest.mark.parametrize(
    ("function", "sentences"),
    [
        (
            lambda heatmap, photo: np.uint8(0.4 * COLOR + 0.6 * photo),
            ["ValueError : operands could not be broadcast", "(24,36,3) (60,60,3)", OUTSIDE],
        ),
        (
            lambda heatmap, photo: cv2.addWeighted(COLOR, 0.4, photo, 0.6, 0),
            ["n'ont pas la même forme", OUTSIDE],
        ),
        (
            lambda heatmap, photo: np.uint8(
                0.4 * cv2.resize(COLOR, photo.shape[1::-1]) + 0.6 * photo
            ),
            ["ce n'est pas 0,4", OUTSIDE],
        ),
        (lambda heatmap, photo: PHOTO, ["(24, 36, 3) au lieu de (60, 60, 3)", OUTSIDE]),
        (
            lambda heatmap, photo: cv2.resize(heatmap, photo.shape),
            ["OpenCV : Can't parse 'dsize'", "got 3", "deux entiers, (largeur, hauteur)"],
        ),
        (
            lambda heatmap, photo: cv2.applyColorMap(heatmap, JET),
            ["np.uint8(255 * carte)"],
        ),
    ],
)
def test_the_error_is_told_with_what_it_means(function, sentences, told):
    lessons.check_overlay_function(function)
    said = told()
    assert said.startswith("Pas encore : ")
    for sentence in sentences:
        assert sentence in said


def test_another_way_of_writing_it(told):
    lessons.check_overlay_function(lambda h, p: gl.superimpose(h, p, blend="mix"))
    assert "Exact" in told()


def test_a_result_of_the_wrong_size_without_an_error(told):
    def cut(heatmap, photo):
        side = photo.shape[0]
        return gl.superimpose(heatmap, photo[:side, :side], blend="mix")

    lessons.check_overlay_function(cut)
    assert "une photo carrée" in told()


def stops(heatmap, photo):
    raise KeyError("photo")


def spoils(heatmap, photo):
    """Juste, mais abîme ce qu'on lui donne."""
    result = gl.superimpose(heatmap, photo, blend="mix")
    heatmap[:], photo[:] = 0, 0
    return result


@pytest.mark.parametrize(
    ("function", "sentence"),
    [
        (..., "Pas encore de réponse"),
        (PHOTO, "sans parenthèses"),
        (None, "sans parenthèses"),
        (stops, "s'arrête sur une erreur : KeyError : 'photo'."),
        (lambda heatmap, photo: [].remove(-1), "ValueError : list.remove(x): x not in list."),
        (lambda heatmap: heatmap, "s'arrête sur une erreur : TypeError : "),
        (lambda heatmap, photo: None, "ne renvoie rien"),
        (lambda heatmap, photo: ..., "un tableau de nombres"),
        (lambda heatmap, photo: [[1], [2, 3]], "un tableau de nombres"),
        (lambda heatmap, photo: heatmap, "au lieu de (60, 60, 3)"),
        (lambda heatmap, photo: 0.5 * photo, "et la vôtre est en float64"),
        (lambda heatmap, photo: photo, "ce n'est pas 0,4 × couleur"),
        (gl.superimpose, "ce n'est pas 0,4 × couleur"),
        (
            lambda heatmap, photo: gl.superimpose(heatmap, photo, blend="mix")[..., ::-1],
            "l'image entière est en BVR",
        ),
        (
            lambda h, p: gl.superimpose(h, p, blend="mix") if len(p) == 60 else p,
            "fausse sur une autre",
        ),
        (spoils, "Exact"),
    ],
)
def test_what_else_a_function_may_do(function, sentence, told):
    for _ in range(2):  # les photos d'essai sont restées les mêmes
        lessons.check_overlay_function(function)
        assert sentence in told()
