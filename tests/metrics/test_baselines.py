"""Les cartes témoins, contre leur formule."""

import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab.errors import ImageError, SettingError

M = gl.metrics


def photo(values):
    return np.repeat(np.uint8(values)[..., None], 3, axis=-1)


def test_every_baseline_is_a_map():
    picture = np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)
    for kind in M.BASELINES:
        made = M.baseline_map(kind, (9, 11), image=picture)
        assert made.shape == (9, 11)
        assert made.dtype == np.float32
        assert made.min() >= 0
        assert made.max() == 1


def test_the_blob_is_a_gaussian_in_the_middle():
    made = M.baseline_map("centre", (9, 17))
    for i, j in [(4, 8), (0, 0), (2, 13)]:
        y, x = (i - 4) / (9 / 4), (j - 8) / (17 / 4)
        assert made[i, j] == pytest.approx(np.exp(-(x * x + y * y) / 2))
    np.testing.assert_array_equal(made, made[::-1, ::-1])


def test_chance_follows_its_seed_and_leaves_numpy_alone():
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one = M.baseline_map("random", (5, 6), seed=3)
    np.testing.assert_array_equal(one, M.baseline_map("random", (5, 6), seed=3))
    assert not np.array_equal(one, M.baseline_map("random", (5, 6), seed=4))
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002


def test_edges_are_where_the_picture_changes():
    step = np.zeros((16, 16))
    step[:, 8:] = 200
    edges = M.baseline_map("edges", (16, 16), image=photo(step))
    expected = np.zeros((16, 16))
    expected[:, 7:9] = 1  # Sobel voit un bord franc des deux côtés
    np.testing.assert_allclose(edges, expected, atol=1e-6)
    flat = M.baseline_map("edges", (16, 16), image=photo(np.full((16, 16), 90)))
    assert not flat.any()


def test_uniform_is_one_everywhere():
    assert (M.baseline_map("uniform", (2, 3)) == 1).all()


def test_settings_are_checked():
    with pytest.raises(SettingError, match="vouliez-vous dire « centre »"):
        M.baseline_map("center", (3, 3))
    for wrong in ((0, 3), (3,), 3, "ab", None, (2.5, 3), (10**6, 10**6)):
        with pytest.raises(SettingError, match="couple"):
            M.baseline_map("uniform", wrong)
    with pytest.raises(SettingError, match="image="):
        M.baseline_map("edges", (3, 3))
    with pytest.raises(ImageError):
        M.baseline_map("edges", (3, 3), image=np.zeros(4))
    for wrong in (-1, 0.5, "a"):
        with pytest.raises(SettingError, match="seed"):
            M.baseline_map("random", (3, 3), seed=wrong)
