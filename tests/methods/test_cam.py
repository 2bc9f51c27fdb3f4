"""Les formules, contre des cartes calculées à la main."""

import numpy as np
import pytest
import tiny_worlds

from gradcam_lab import methods
from gradcam_lab.errors import HeatmapError, UnknownMethodError
from gradcam_lab.methods import cam

OF_GRADIENTS = {
    name: method
    for name, method in methods.METHODS.items()
    if method.needs == ("activations", "gradients")
}


@pytest.fixture
def arrays():
    rng = np.random.default_rng(3)
    activations = np.maximum(rng.normal(0.3, 1, (5, 4, 7)), 0).astype("float32")
    return activations, rng.normal(0, 0.1, (5, 4, 7)).astype("float32")


def test_gradcam_on_two_channels_by_hand():
    activations = np.array([[[1.0, 2.0], [0.0, 4.0]]])
    gradients = np.array([[[1.0, -1.0], [3.0, 0.0]]])
    # alpha = (2, -0.5) ; somme des canaux : 2·1 - 0.5·2 = 1 et 2·0 - 0.5·4 = -2 ; moyenne : /2.
    np.testing.assert_allclose(cam.pooled_gradients(gradients), [2.0, -0.5])
    np.testing.assert_allclose(cam.gradcam(activations, gradients), [[0.5, 0.0]])
    np.testing.assert_allclose(cam.gradcam(activations, gradients, relu=False), [[0.5, -1.0]])


def test_hirescam_and_layercam_by_hand():
    activations = np.array([[[1.0, 2.0], [0.0, 4.0]]])
    gradients = np.array([[[1.0, -1.0], [3.0, 0.5]]])
    np.testing.assert_allclose(cam.hirescam(activations, gradients, relu=False), [[-0.5, 1.0]])
    np.testing.assert_allclose(cam.layercam(activations, gradients), [[0.5, 1.0]])


def test_each_method_against_a_loop(arrays):
    """Les mêmes formules, écrites en boucles, terme à terme comme dans les articles."""
    A, G = (x.astype("float64") for x in arrays)
    h, w, C = A.shape
    loops = {name: np.zeros((h, w)) for name in OF_GRADIENTS}
    for k in range(C):
        total = sum(A[i, j, k] for i in range(h) for j in range(w))
        alpha = sum(G[i, j, k] for i in range(h) for j in range(w)) / (h * w)
        plus = x = 0.0
        for i in range(h):
            for j in range(w):
                g = G[i, j, k]
                a = g**2 / (2 * g**2 + total * g**3)
                plus += a * max(g, 0)
                x += A[i, j, k] * g / total
        for i in range(h):
            for j in range(w):
                loops["gradcam"][i, j] += alpha * A[i, j, k] / C
                loops["gradcam++"][i, j] += plus * A[i, j, k] / C
                loops["xgradcam"][i, j] += x * A[i, j, k] / C
                loops["hirescam"][i, j] += G[i, j, k] * A[i, j, k] / C
                loops["layercam"][i, j] += max(G[i, j, k], 0) * A[i, j, k] / C
    assert sorted(loops) == ["gradcam", "gradcam++", "hirescam", "layercam", "xgradcam"]
    for name, method in OF_GRADIENTS.items():
        expected = np.maximum(loops[name], 0)
        np.testing.assert_allclose(method.function(A, G), expected, rtol=1e-5, atol=1e-9)
        np.testing.assert_allclose(method.function(*arrays), expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", [n for n, m in methods.METHODS.items() if m.class_specific])
def test_homogeneous_methods_only_scale(name):
    """Un score mille fois plus grand donne une carte mille fois plus grande, ou non."""
    method, world = methods.METHODS[name], tiny_worlds.make_world()
    once, more = (w.map(method, relu=False) for w in (world, world.times(1000)))
    assert np.allclose(more, 1000 * once, rtol=1e-5, atol=1e-2 * abs(once).max()) == (
        method.homogeneous
    )


def test_gradcam_plus_plus_survives_a_zero_denominator():
    activations = np.full((1, 2, 1), 1.0)
    gradients = np.full((1, 2, 1), -1.0)  # 2 + somme(A)·g = 0
    assert np.isfinite(cam.gradcam_plus_plus(activations, gradients)).all()


def test_xgradcam_with_a_dead_channel():
    heatmap = cam.xgradcam(np.zeros((2, 2, 1)), np.ones((2, 2, 1)))
    np.testing.assert_array_equal(heatmap, np.zeros((2, 2)))


def test_normalize():
    heatmap = cam.normalize(np.array([[0.0, 2.0], [1.0, 4.0]]))
    assert heatmap.dtype == np.float32
    np.testing.assert_allclose(heatmap, [[0, 0.5], [0.25, 1]])


@pytest.mark.parametrize("bad", [np.zeros((2, 3)), np.full((2, 3), np.nan), -np.ones((2, 3))])
def test_normalize_never_divides_by_nothing(bad):
    np.testing.assert_array_equal(cam.normalize(bad), np.zeros((2, 3), "float32"))


def test_normalize_keeps_the_shape_of_a_tiny_map():
    tiny = np.array([[1e-300, 2e-300]])
    np.testing.assert_allclose(cam.normalize(tiny), [[0.5, 1.0]])


def test_mean_and_sum_of_channels_give_the_same_normalized_map(arrays):
    activations, gradients = arrays
    total = np.maximum((activations * cam.pooled_gradients(gradients)).sum(-1), 0)
    np.testing.assert_allclose(
        cam.normalize(total), cam.normalize(cam.gradcam(activations, gradients)), atol=1e-6
    )


def test_shapes_must_agree():
    with pytest.raises(HeatmapError, match="même forme"):
        cam.gradcam(np.zeros((2, 2, 3)), np.zeros((2, 2, 4)))


def test_unknown_method_names_the_nearest():
    with pytest.raises(UnknownMethodError, match=r"gradcam\+\+"):
        methods.find_method("gradcampp")
