"""Ce qui reste vrai des formules quels que soient les nombres, sur des centaines de tirages."""

import numpy as np
import pytest
import tiny_worlds
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcam_lab import methods


@st.composite
def worlds(draw):
    """Une couche d'activations positives, une image et leurs scores (voir `tiny_worlds`)."""
    shape = tuple(draw(st.integers(1, 6)) for _ in range(3))
    size = tuple(draw(st.integers(6, 14)) for _ in range(2))
    seed = draw(st.integers(0, 2**32 - 1))
    return tiny_worlds.make_world(seed, shape, size, draw(st.floats(1e-3, 1e3)))


METHODS = methods.METHODS
NAMES = sorted(METHODS)


def close(found, expected):
    # Quelques calculs passent par float32 : l'écart permis est le sien.
    peak = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-5 * peak)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(world=worlds(), seed=st.integers(0, 1000))
def test_the_order_of_the_channels_does_not_matter(name, world, seed):
    order = np.random.default_rng(seed).permutation(world.activations.shape[-1])
    method = METHODS[name]
    close(world.shuffled(order).map(method, relu=False), world.map(method, relu=False))


@pytest.mark.parametrize("name", [n for n in NAMES if METHODS[n].homogeneous])
@settings(max_examples=40)
@given(world=worlds(), factor=st.sampled_from([2.0**-10, 0.5, 4.0, 2.0**10]))
def test_doubling_the_score_doubles_the_map(name, world, factor):
    method = METHODS[name]
    expected = world.map(method, relu=False) * (factor if method.class_specific else 1)
    close(world.times(factor).map(method, relu=False), expected)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(world=worlds())
def test_turning_the_photo_turns_the_map(name, world):
    """Aucune méthode ne privilégie un endroit : la carte d'un miroir est le miroir de la carte.

    Sur ces petites images, les carrés de l'occlusion avancent d'un pixel ; sur une grande, le
    dernier, serré contre le bord, les décale.
    """
    method = METHODS[name]
    close(world.mirrored().map(method), world.map(method)[::-1, ::-1])


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(world=worlds())
def test_relu_is_the_last_step_and_the_family_says_the_size(name, world):
    """L'analyse garde la carte signée, et applique ReLU elle-même."""
    method = METHODS[name]
    signed, shown = world.map(method, relu=False), world.map(method)
    close(np.maximum(signed, 0), shown)
    assert shown.min() >= 0
    whole = world.activations if method.family == "layer" else world.image
    assert shown.shape == signed.shape == whole.shape[:2]


@settings(max_examples=100)
@given(world=worlds())
def test_a_normalised_map_peaks_at_one_or_is_blank(world):
    heatmap = methods.normalize(methods.gradcam(world.activations, world.gradients))
    assert heatmap.dtype == np.float32
    assert heatmap.min() >= 0
    assert heatmap.max() in (0, 1)
    np.testing.assert_array_equal(methods.normalize(heatmap), heatmap)


@settings(max_examples=100)
@given(world=worlds())
def test_one_position_makes_gradcam_and_hirescam_the_same(world):
    activations, gradients = world.activations[:1, :1], world.gradients[:1, :1]
    np.testing.assert_allclose(
        methods.gradcam(activations, gradients),
        methods.hirescam(activations, gradients),
        rtol=1e-5,
        atol=1e-6 * np.abs(gradients).max(),
    )
