"""Ce que l'on donne à `colorize`, `superimpose` et `find_hot_region` : tailles, cartes, fonds."""

import numpy as np
import pytest
from PIL import Image

import gradcam_lab as gl
from gradcam_lab.base import messages
from gradcam_lab.errors import HeatmapError, ImageError, SettingError
from gradcam_lab.images import ALPHA, BLEND, COLORMAP, png_bytes, resize_map

HOT = np.pad(np.ones((3, 3), np.float32), 2)


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(messages, "_said", [])


@pytest.mark.parametrize(
    "size", [5, (0, 0), (4, -1), (4,), (4, 4, 3), (4.5, 4), "ab", (True, 4), (10**5, 10**5), {}]
)
def test_impossible_sizes_get_one_sentence(size):
    for call in (gl.colorize, gl.find_hot_region, resize_map):
        with pytest.raises(SettingError, match=r"La taille est un couple \(hauteur, largeur\)"):
            call(HOT, size)


class Failing:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("CUDA")


@pytest.mark.parametrize(
    ("heatmap", "words"),
    [
        ([[1.0], [0.0, 1.0]], "un objet list : donnez la carte elle-même"),
        ((281, "block5_conv3"), "donnez la carte elle-même"),
        ({("a", 1): HOT}, "un objet dict"),
        (Failing(), "un objet Failing"),
        (None, "un objet NoneType"),
        (HOT[None], "(1, 7, 7)"),
        (HOT * 1j, "NaN ou infini"),
        (np.array([["a"]]), "des nombres"),
    ],
)
def test_what_is_not_a_map_gets_one_sentence(heatmap, words):
    for call in (gl.colorize, gl.find_hot_region):
        with pytest.raises(HeatmapError) as caught:
            call(heatmap, (8, 8))
        assert words in str(caught.value)


def test_a_map_beyond_float32_is_infinite(recwarn):
    for call in (gl.colorize, gl.find_hot_region):
        with pytest.raises(HeatmapError, match="infini"):
            call(np.full((2, 2), 1e300), (8, 8))
    assert not recwarn.list


def test_drawing_takes_a_region_and_a_picture_of_its_size():
    region = gl.find_hot_region(HOT, (20, 30))
    with pytest.raises(SettingError, match="celle que renvoie"):
        gl.draw_hot_region(np.zeros((20, 30, 3), np.uint8), region.mask)
    with pytest.raises(ImageError, match="20 × 30"):
        gl.draw_hot_region(np.zeros((21, 30, 3), np.uint8), region)


def test_the_defaults_are_those_of_the_book():
    assert (ALPHA, COLORMAP, BLEND) == (0.4, "jet", "add")


def drawing(background):
    """Un trait noir sur un fond uni."""
    pixels = np.full((70, 70, 3), background, np.uint8)
    pixels[30:32] = 0
    return Image.fromarray(pixels)


@pytest.mark.parametrize("background", [255, 250, (255, 255, 240)])
def test_heat_lost_on_white_is_said_once(background, capsys):
    for _ in range(3):
        gl.superimpose(HOT, drawing(background))
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert 'blend="mix"' in said


@pytest.mark.parametrize(
    ("heatmap", "background", "options"),
    [
        (HOT, 255, {"blend": "mix"}),
        (HOT, 255, {"alpha": 0.0}),
        (HOT, 255, {"alpha": 0.01}),  # rien ne se verrait sur aucun fond
        (HOT, 200, {}),
        (HOT, 0, {}),
        (np.zeros((7, 7)), 255, {}),
        (np.full((7, 7), 0.4), 255, {}),
    ],
)
def test_nothing_is_said_when_heat_shows(heatmap, background, options, capsys):
    gl.superimpose(heatmap, drawing(background), **options)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("name", ["chelsea", "astronaut", "coffee", "rocket"])
def test_nothing_is_said_of_the_photos_of_the_course(name, capsys):
    gl.superimpose(np.ones((2, 2)), gl.sample(name))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fast", [False, True])
def test_png_bytes_keep_every_pixel(fast):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for picture in (pixels, Image.fromarray(pixels)):
        data = png_bytes(picture, fast=fast)
        assert data.startswith(b"\x89PNG")
        np.testing.assert_array_equal(gl.load_image(data), pixels)
    with pytest.raises(ImageError, match="uint8"):
        png_bytes(pixels / 255, fast=fast)
