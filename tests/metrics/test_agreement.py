"""La ressemblance de deux cartes, contre des rangs comptés à la main et la formule de SSIM."""

import math

import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab.errors import HeatmapError

M = gl.metrics


def ranks(values):
    """Le rang moyen de chaque valeur, à partir de 1, en les comptant."""
    values = list(np.ravel(values))
    return np.array(
        [sum(v < w for v in values) + (sum(v == w for v in values) + 1) / 2 for w in values]
    )


def test_spearman_by_hand():
    """Sans ex æquo : 1 - 6 Σd² / (n (n² - 1))."""
    a = np.array([[1, 2, 3], [4, 5, 6], [7, 8, 9]]) / 9
    b = np.array([[2, 1, 3], [4, 5, 6], [7, 9, 8]]) / 9
    assert M.similarity(a, b).spearman == pytest.approx(1 - 6 * 4 / (9 * 80))


def test_spearman_shares_the_rank_of_equal_points():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 4, (2, 5, 6)) / 4
    assert M.similarity(a, b).spearman == pytest.approx(np.corrcoef(ranks(a), ranks(b))[0, 1])


def test_only_the_order_counts_for_spearman():
    a = np.random.default_rng(1).random((8, 8))
    assert M.similarity(a, a**3).spearman == pytest.approx(1)
    assert M.similarity(a, -a).spearman == pytest.approx(-1)


def test_ssim_by_the_formula():
    """Une carte d'une seule fenêtre, 7 × 7 : la formule, une fois."""
    rng = np.random.default_rng(2)
    a, b = rng.random((2, 7, 7))
    a, b = a / a.max(), b / b.max()
    covariance = np.cov(a.ravel(), b.ravel())
    up = (2 * a.mean() * b.mean() + 0.01**2) * (2 * covariance[0, 1] + 0.03**2)
    down = (a.mean() ** 2 + b.mean() ** 2 + 0.01**2) * (np.trace(covariance) + 0.03**2)
    assert M.similarity(a, b).ssim == pytest.approx(up / down, abs=1e-5)


@pytest.mark.parametrize("size", [(3, 3), (4, 9), (6, 6), (14, 14)])
def test_a_map_is_like_itself_at_any_size_and_scale(size):
    a = np.random.default_rng(3).random(size)
    same = M.similarity(a, 5 * a)
    assert same.spearman == pytest.approx(1)
    assert same.ssim == pytest.approx(1)


def test_maps_of_two_sizes_are_compared_at_the_larger():
    small, large = np.array([[0.0, 1.0], [0.5, 0.25]]), np.random.default_rng(4).random((8, 8))
    import cv2

    enlarged = cv2.resize(small.astype(np.float32), (8, 8), interpolation=cv2.INTER_LINEAR)
    assert M.similarity(small, large) == M.similarity(enlarged, large)
    assert M.similarity(np.ones((3, 9)), np.eye(5)).ssim < 1  # 5 × 9


def test_what_has_no_answer_is_not_a_number(recwarn):
    assert math.isnan(M.similarity(np.ones((8, 8)), np.eye(8)).spearman)
    assert math.isnan(M.similarity(np.eye(2), np.eye(2)).ssim)
    assert not recwarn.list


def test_maps_are_checked():
    for wrong in (np.zeros(4), np.full((3, 3), np.inf), "carte", None):
        with pytest.raises(HeatmapError):
            M.similarity(wrong, np.eye(3))
        with pytest.raises(HeatmapError):
            M.similarity(np.eye(3), wrong)
