"""Des propriétés vraies pour toute carte et toute photo, essayées sur des cas tirés au hasard."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gradcam_lab.base.messages import muted
from gradcam_lab.images import (
    colorize,
    colormaps,
    fit,
    fitted_size,
    load_image,
    png_bytes,
    shrink,
    superimpose,
)
from gradcam_lab.images.hot_region import find_hot_region

SIDE = st.integers(2, 9)
SHARE = st.floats(0, 1, width=32)
MAPS = arrays(np.float32, st.tuples(SIDE, SIDE), elements=SHARE)
PHOTOS = arrays(np.uint8, st.tuples(SIDE, SIDE, st.just(3)))
few = settings(max_examples=25)


@few
@given(MAPS, SHARE, SHARE, st.tuples(SIDE, SIDE))
def test_a_region_shrinks_as_its_threshold_rises(heatmap, first, second, size):
    low, high = (find_hot_region(heatmap, size, t) for t in sorted((first, second)))
    assert not (high.mask & ~low.mask).any()
    assert high.share <= low.share <= 1
    assert low.share == low.mask.mean()


@few
@given(MAPS, st.tuples(SIDE, SIDE), SHARE)
def test_a_region_has_a_box_when_it_is_not_empty(heatmap, size, threshold):
    region = find_hot_region(heatmap, size, threshold)
    assert (region.box is not None) == (region.pieces > 0) == bool(region.mask.any())
    if region.box:
        x, y, width, height = region.box
        assert region.mask[y : y + height, x : x + width].any()
        assert x + width <= size[1]
        assert y + height <= size[0]


@few
@given(MAPS, PHOTOS, st.sampled_from(colormaps()))
def test_without_opacity_the_mix_is_the_photo(heatmap, photo, colormap):
    for blend in ("mix", "add"):
        same = superimpose(heatmap, photo, 0, colormap=colormap, blend=blend)
        np.testing.assert_array_equal(same, photo)
    full = superimpose(heatmap, photo, 1, colormap=colormap, blend="mix")
    np.testing.assert_array_equal(full, colorize(heatmap, photo.shape[:2], colormap=colormap))


@few
@given(MAPS, PHOTOS, SHARE)
def test_adding_never_darkens_and_mixing_stays_between(heatmap, photo, alpha):
    with muted():
        added = superimpose(heatmap, photo, alpha)
    assert (added >= photo).all()
    color = colorize(heatmap, photo.shape[:2])
    mixed = superimpose(heatmap, photo, alpha, blend="mix").astype(int)
    assert (mixed >= np.minimum(color, photo).astype(int) - 1).all()  # les fractions sont tronquées
    assert (mixed <= np.maximum(color, photo)).all()


@few
@given(PHOTOS)
def test_a_picture_written_and_read_again_is_the_same(photo):
    np.testing.assert_array_equal(load_image(png_bytes(photo, fast=True)), photo)


@few
@given(st.tuples(st.integers(2, 5000), st.integers(2, 5000)), st.integers(2, 900))
def test_fitted_sizes(size, side):
    fitted = fitted_size(size, side)
    assert max(fitted) == side
    assert min(fitted) >= 2  # une image que l'on sait encore lire


@few
@given(PHOTOS, st.integers(2, 12))
def test_shrinking_never_enlarges(photo, side):
    image = load_image(photo)
    assert max(fit(image, side).size) == side
    assert max(shrink(image, side).size) == min(side, max(image.size))
