"""Les figures d'aujourd'hui ressemblent à celles de `reference/` (voir `make_reference.py`)."""

import numpy as np
import pytest
from figures import make_reference
from PIL import Image

FOLDER = make_reference.FOLDER
NAMES = sorted(path.stem for path in FOLDER.glob("*.png"))
DRAWN_WITH = (FOLDER / "versions.txt").read_text(encoding="utf-8").strip()
# L'écart moyen permis, sur 255. Avec les mêmes versions, rien ne bouge : un titre qui manque fait
# 0,05. Avec d'autres, tout se décale de quelques pixels ; une autre palette fait près de 10.
TOLERANCE = 0.03 if make_reference.versions() == DRAWN_WITH else 7


@pytest.fixture(scope="module")
def today(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    make_reference.write(folder)
    return folder


def blurred(path, size):
    """L'image réduite huit fois : un décalage d'un pixel n'y compte presque plus."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").resize(size, Image.Resampling.BOX)
    return np.asarray(small, np.float32)


def test_every_figure_has_a_small_reference(today):
    assert sorted(path.stem for path in today.glob("*.png")) == NAMES
    for name in NAMES:
        assert (FOLDER / f"{name}.png").stat().st_size < 60_000


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_is_drawn_as_before(name, today):
    before, after = FOLDER / f"{name}.png", today / f"{name}.png"
    with Image.open(before) as one, Image.open(after) as other:
        shape, difference = np.array(one.size), np.abs(np.subtract(one.size, other.size))
    assert difference.max() <= 2
    size = tuple(shape // 8)
    assert np.abs(blurred(before, size) - blurred(after, size)).mean() <= TOLERANCE
