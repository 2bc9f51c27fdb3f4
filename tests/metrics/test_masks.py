"""Les mesures contre un masque, sur des cas que l'on compte à la main."""

import math

import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab.errors import HeatmapError, SettingError

M = gl.metrics


def mask(size=(4, 6), rows=slice(0, 2), columns=slice(0, 3)):
    made = np.zeros(size, bool)
    made[rows, columns] = True
    return made


# --- Le recouvrement --------------------------------------------------------------------------


def test_iou_by_hand():
    one, other = mask(), mask(rows=slice(1, 3), columns=slice(1, 4))  # 6 points chacun, 2 communs
    assert M.iou(one, other) == M.iou(other, one) == 2 / 10
    assert M.iou(one, one) == 1
    assert M.iou(one, ~one) == 0
    assert M.iou(one.astype(int), other) == 2 / 10  # des 0 et des 1


def test_iou_of_nothing_is_not_a_number():
    nothing = np.zeros((3, 3), bool)
    assert math.isnan(M.iou(nothing, nothing))
    assert M.iou(nothing, ~nothing) == 0


def test_masks_are_checked():
    with pytest.raises(HeatmapError, match="4 × 6 et 6 × 4"):
        M.iou(mask(), mask().T)
    for wrong in (np.full((3, 3), 0.5), np.zeros(3), np.zeros((3, 3, 3)), "masque", None):
        with pytest.raises(HeatmapError):
            M.iou(wrong, mask((3, 3)))
        with pytest.raises(HeatmapError):
            M.energy_inside(np.ones((3, 3)), wrong)
        with pytest.raises(HeatmapError):
            M.pointing_hit(np.eye(3), wrong)


# --- L'énergie --------------------------------------------------------------------------------


def test_a_uniform_map_gets_the_share_of_the_mask():
    for value in (0.2, 1, 7):
        assert M.energy_inside(np.full((2, 2), value), mask()) == pytest.approx(6 / 24)


def test_energy_at_the_mask_size_is_a_ratio_of_sums():
    heat = np.arange(24.0).reshape(4, 6)
    assert M.energy_inside(heat, mask()) == pytest.approx((0 + 1 + 2 + 6 + 7 + 8) / 276)
    inside, outside = M.energy_inside(heat, mask()), M.energy_inside(heat, ~mask())
    assert inside + outside == pytest.approx(1)


def test_the_map_is_enlarged_to_the_mask():
    """De 1 × 2 à 1 × 4, bilinéaire : 0, 1/4, 3/4, 1."""
    right = mask((1, 4), slice(0, 1), slice(2, 4))
    assert M.energy_inside(np.array([[0.0, 1.0]]), right) == pytest.approx(1.75 / 2)


def test_no_heat_has_no_share_and_negative_heat_is_refused():
    assert math.isnan(M.energy_inside(np.zeros((2, 2)), mask()))
    with pytest.raises(HeatmapError, match="-1"):
        M.energy_inside(np.array([[1.0, -1.0]]), mask())
    with pytest.raises(HeatmapError):
        M.energy_inside(np.full((2, 2), np.nan), mask())


# --- Le point le plus chaud -------------------------------------------------------------------


def test_the_tolerance_is_a_distance():
    target = mask((40, 40), slice(0, 1), slice(0, 1))
    heat = np.zeros((40, 40))
    heat[9, 12] = 1  # à 15 pixels du coin
    assert M.pointing_hit(heat, target) is True
    assert M.pointing_hit(heat, target, tolerance=14.9) is False
    assert M.pointing_hit(heat, heat > 0, tolerance=0) is True


def test_the_first_of_equal_points_counts():
    heat = np.zeros((4, 6))
    heat[1, 1] = heat[3, 5] = 1
    assert M.pointing_hit(heat, mask(), tolerance=0)
    assert not M.pointing_hit(heat, ~mask(), tolerance=0)


def test_a_map_that_points_nowhere_never_hits():
    assert M.pointing_hit(np.ones((2, 2)), ~np.zeros((4, 4), bool)) is False
    assert M.pointing_hit(np.eye(4), np.zeros((4, 4), bool)) is False


def test_the_tolerance_is_checked():
    for wrong in (-1, np.nan, np.inf, "a", None, True):
        with pytest.raises(SettingError, match="tolerance"):
            M.pointing_hit(np.eye(4), mask(), wrong)
