"""Les méthodes qui remontent jusqu'à l'image, calculées à la main."""

import cv2
import numpy as np
import pytest
import tiny_worlds

from gradcam_lab.methods import guided_backprop, guided_gradcam, integrated_gradients


@pytest.fixture
def world():
    return tiny_worlds.make_world(seed=8)


def test_guided_backprop_keeps_the_strongest_color():
    gradients = np.array([[[1.0, -3.0, 2.0], [0.0, 0.0, -0.5]]])
    for relu in (True, False):
        np.testing.assert_array_equal(guided_backprop(gradients, relu=relu), [[3.0, 0.5]])


def test_guided_gradcam_enlarges_the_map_after_relu(world):
    """Le produit de l'article, couleur par couleur : ReLU, agrandissement, gradient guidé."""
    alpha = world.gradients.mean(axis=(0, 1))
    coarse = np.maximum((world.activations * alpha).mean(axis=-1), 0)
    height, width = world.image.shape[:2]
    large = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    expected = np.abs(large[..., None] * world.guided).max(axis=-1)
    given = world.activations, world.gradients, world.guided
    np.testing.assert_allclose(guided_gradcam(*given), expected, rtol=1e-5, atol=1e-9)
    signed = guided_gradcam(*given, relu=False)
    assert signed.min() < 0
    np.testing.assert_allclose(np.maximum(signed, 0), expected, rtol=1e-5, atol=1e-9)


def test_enlarging_before_relu_would_be_another_map(world):
    """Ce que ce module faisait : l'écart se voit au bord de chaque tache."""
    alpha = world.gradients.mean(axis=(0, 1))
    signed = (world.activations * alpha).mean(axis=-1)
    height, width = world.image.shape[:2]
    large = cv2.resize(signed, (width, height), interpolation=cv2.INTER_LINEAR)
    other = np.maximum(large, 0) * np.abs(world.guided).max(axis=-1)
    found = guided_gradcam(world.activations, world.gradients, world.guided)
    assert np.abs(found - other).max() > 0.05 * found.max()


class TestIntegratedGradients:
    def test_linear_score_is_exact(self, world):
        image, black = world.image, world.supply("black")
        found = integrated_gradients(image, black, world.supply("image_slopes"), relu=False)
        np.testing.assert_allclose(found, ((image - black) * world.slopes).sum(-1), rtol=1e-6)
        drop = (image * world.slopes).sum() - (black * world.slopes).sum()
        assert found.sum() == pytest.approx(drop, rel=1e-9)

    def test_quadratic_score_is_exact_too(self, world):
        """La règle du point milieu intègre sans erreur une pente qui varie en ligne droite."""
        image, black = world.image, world.supply("black")
        found = integrated_gradients(image, black, lambda x: 2 * x, relu=False, steps=3)
        np.testing.assert_allclose(found, (image**2 - black**2).sum(-1), rtol=1e-5, atol=1e-6)

    @pytest.mark.parametrize("steps", [1, 8, 13, 64])
    def test_loop_over_the_path(self, world, steps):
        image, black = world.image, world.supply("black")

        def slopes(images):
            return np.cos(images) * world.slopes

        total = np.zeros(image.shape)
        for k in range(steps):
            total += np.cos(black + (k + 0.5) / steps * (image - black)) * world.slopes
        expected = ((image - black) * total / steps).sum(axis=-1)
        found = integrated_gradients(image, black, slopes, relu=False, steps=steps)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)

    def test_few_images_at_a_time(self, world):
        seen = []

        def slopes(images):
            seen.append(len(images))
            return np.zeros_like(images)

        integrated_gradients(world.image, world.supply("black"), slopes)
        assert (sum(seen), max(seen)) == (64, 8)
