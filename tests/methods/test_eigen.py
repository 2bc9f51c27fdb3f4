"""Eigen-CAM, contre d'autres façons de trouver l'axe principal."""

import numpy as np
import pytest

from gradcam_lab.errors import HeatmapError
from gradcam_lab.methods import eigencam


@pytest.fixture
def activations():
    return np.maximum(np.random.default_rng(3).normal(0.3, 1, (5, 4, 7)), 0)


def test_the_map_is_the_projection_on_the_first_axis_of_ata(activations):
    flat = activations.reshape(-1, 7)
    _, axes = np.linalg.eigh(flat.T @ flat)  # valeurs propres croissantes
    expected = (flat @ axes[:, -1]).reshape(5, 4)
    np.testing.assert_allclose(eigencam(activations), np.abs(expected), rtol=1e-10)


def test_power_iteration_finds_the_same_map(activations):
    flat = activations.reshape(-1, 7)
    axis = np.ones(7)
    for _ in range(500):
        axis = flat.T @ (flat @ axis)
        axis /= np.sqrt((axis**2).sum())
    np.testing.assert_allclose(eigencam(activations).ravel(), flat @ axis, rtol=1e-8)


def test_one_channel_is_its_own_map():
    channel = np.array([[0.0, 1.0], [4.0, 2.0]])
    np.testing.assert_allclose(eigencam(channel[..., None]), channel, atol=1e-12)


def test_activations_are_not_centred():
    """Centrer, comme le fait pytorch-grad-cam, donnerait une autre carte."""
    activations = np.array([[[3.0, 0.1], [3.2, 0.9]]])
    flat = activations.reshape(-1, 2)
    centred = flat - flat.mean(axis=0)
    other = np.abs(centred @ np.linalg.svd(centred)[2][0])
    assert other.max() < 1 < eigencam(activations).min()


def test_the_sign_makes_the_sum_positive():
    activations = np.random.default_rng(0).normal(0, 1, (6, 5, 3))
    for side in (activations, -activations):
        signed = eigencam(side, relu=False)
        assert signed.sum() > 0
        assert signed.min() < 0
        np.testing.assert_array_equal(eigencam(side), np.maximum(signed, 0))


def test_what_has_no_axis():
    assert not eigencam(np.zeros((2, 3, 4))).any()
    assert np.isnan(eigencam(np.full((2, 3, 4), np.inf))).all()
    for wrong in (np.zeros((2, 3)), np.zeros((0, 2, 3))):
        with pytest.raises(HeatmapError, match=r"\(h, w, C\)"):
            eigencam(wrong)
