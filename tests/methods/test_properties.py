"""Ce qui reste vrai des formules quels que soient les nombres, sur des centaines de tirages."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcam_lab import methods


@st.composite
def layers(draw):
    """Des activations positives et des gradients, (h, w, C)."""
    shape = tuple(draw(st.integers(1, 6)) for _ in range(3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return np.maximum(rng.normal(0.5, 1, shape), 0), rng.normal(
        0, draw(st.floats(1e-3, 1e3)), shape
    )


NAMES = sorted(methods.METHODS)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50)
@given(layer=layers(), seed=st.integers(0, 1000))
def test_the_order_of_the_channels_does_not_matter(name, layer, seed):
    activations, gradients = layer
    order = np.random.default_rng(seed).permutation(activations.shape[-1])
    function = methods.METHODS[name].function
    np.testing.assert_allclose(
        function(activations[..., order], gradients[..., order]),
        function(activations, gradients),
        rtol=1e-6,
        atol=1e-9 * np.abs(gradients).max(),
    )


@pytest.mark.parametrize("name", [n for n in NAMES if methods.METHODS[n].homogeneous])
@settings(max_examples=50)
@given(layer=layers(), factor=st.sampled_from([2.0**-10, 0.5, 4.0, 2.0**10]))
def test_doubling_the_gradients_keeps_the_shape(name, layer, factor):
    activations, gradients = layer
    function = methods.METHODS[name].function
    raw = function(activations, gradients)
    scaled = function(activations, factor * gradients)
    # pooled_gradients renvoie du float32 : l'écart permis est le sien.
    np.testing.assert_allclose(scaled, factor * raw, rtol=1e-5, atol=1e-6 * factor * raw.max())


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50)
@given(layer=layers())
def test_turning_the_photo_turns_the_map(name, layer):
    """Aucune méthode ne privilégie un endroit : la carte d'un miroir est le miroir de la carte."""
    activations, gradients = layer
    function = methods.METHODS[name].function
    np.testing.assert_allclose(
        function(activations[::-1, ::-1], gradients[::-1, ::-1]),
        function(activations, gradients)[::-1, ::-1],
        rtol=1e-5,
        atol=1e-6 * np.abs(gradients).max(),
    )


@settings(max_examples=100)
@given(layer=layers())
def test_a_normalised_map_peaks_at_one_or_is_blank(layer):
    heatmap = methods.normalize(methods.gradcam(*layer))
    assert heatmap.dtype == np.float32
    assert heatmap.min() >= 0
    assert heatmap.max() in (0, 1)
    np.testing.assert_array_equal(methods.normalize(heatmap), heatmap)


@settings(max_examples=100)
@given(layer=layers())
def test_one_position_makes_gradcam_and_hirescam_the_same(layer):
    activations, gradients = (array[:1, :1] for array in layer)
    np.testing.assert_allclose(
        methods.gradcam(activations, gradients),
        methods.hirescam(activations, gradients),
        rtol=1e-5,
        atol=1e-6 * np.abs(gradients).max(),
    )
