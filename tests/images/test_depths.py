"""Les images à plus de huit bits par couleur : jamais une image noire sans un mot."""

import io

import numpy as np
import pytest
from PIL import Image
from tiny_pictures import sixteen_bit_png

from gradcam_lab import images
from gradcam_lab.base import messages
from gradcam_lab.errors import ImageError

RAMP = np.linspace(0, 1, 256).reshape(16, 16)


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    monkeypatch.setattr(messages, "_said", [])


def encoded(image, kind):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize(
    ("stored", "kind"),
    [(np.uint16, "PNG"), (np.uint16, "TIFF"), (np.int32, "TIFF"), (np.uint16, ""), (np.int32, "")],
)
def test_grey_integers_are_read_at_their_own_scale(bits, stored, kind, capsys):
    image = Image.fromarray(np.rint(RAMP * (2**bits - 1)).astype(stored))
    assert image.mode.startswith("I")
    if kind:
        image = encoded(image, kind)
    found = np.asarray(images.load_image(image))
    assert np.abs(found[..., 0] - RAMP * 255).max() <= 1
    images.load_image(image)
    said = capsys.readouterr().out
    assert said.count("\n") == (8 < bits < 16)  # dit une fois, et seulement s'il a fallu deviner
    if said:
        assert f"une image à {bits} bits" in said


def test_integers_of_unknown_scale_are_refused():
    for values in (RAMP * 70_000, RAMP - 5):
        with pytest.raises(ImageError, match="entiers à 32 bits, d'échelle inconnue"):
            images.load_image(Image.fromarray(values.astype(np.int32)))


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_colors_cut_to_their_high_bits_are_never_black(bits):
    data = sixteen_bit_png(np.rint(RAMP[..., None] * (2**bits - 1) * [1, 0.5, 0.2]).astype(int))
    if bits < 16:
        with pytest.raises(ImageError, match="presque noire : enregistrez-la"):
            images.load_image(data)
    else:
        assert images.load_image(data).getextrema()[0] == (0, 255)


def test_a_dark_picture_of_eight_bits_is_not_suspected():
    # 160 pixels de large : la description interne d'un BMP contient alors le nombre 160.
    for kind in ("BMP", "PNG"):
        image = images.load_image(encoded(Image.new("RGB", (160, 4), (9, 9, 9)), kind))
        assert image.getpixel((0, 0)) == (9, 9, 9)


@pytest.mark.parametrize(
    ("highest", "remedy"),
    [(255, 'image.astype("uint8")'), (4095, "image / 4095"), (60_000, "image / 65535")],
)
def test_the_remedy_for_an_array_keeps_its_scale(highest, remedy):
    with pytest.raises(ImageError) as caught:
        images.load_image(np.full((4, 4, 3), highest, np.uint16))
    assert remedy in str(caught.value)
