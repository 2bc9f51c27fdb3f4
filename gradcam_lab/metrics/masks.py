"""Une carte contre la place connue d'un objet : recouvrement, énergie, point le plus chaud."""

import numpy as np

from ..errors import HeatmapError, SettingError
from ..images.overlay import finite_map
from ..images.resizing import resize_map

__all__ = ["energy_inside", "iou", "pointing_hit"]


def iou(mask, other):
    """Renvoie le recouvrement de deux masques, `|A ∩ B| / |A ∪ B|` (*intersection over union*).

    Le chiffre dépend du seuil qui a fait un masque de la carte : donnez-le avec lui.

    Arguments
    ---------
    mask, other : booléens (H, W), de même taille

    Rend
    ----
    float, de 0 (aucun point commun) à 1 (le même masque) ; nan si les deux sont vides

    Lève
    ----
    HeatmapError
        ce ne sont pas deux masques, ou leurs tailles diffèrent

    Source
    ------
    Jaccard, *Étude comparative de la distribution florale*, 1901 ; Everingham et al., *The PASCAL
    Visual Object Classes Challenge*, IJCV 2010, section 4.2, où l'on exige plus de 0,5

    Exemple
    -------
    >>> gl.metrics.iou(gl.find_hot_region(heatmap, mask.shape).mask, mask)
    """
    mask, other = check_mask(mask), check_mask(other)
    if mask.shape != other.shape:
        raise HeatmapError(
            f"Les deux masques n'ont pas la même taille, {_size(mask)} et {_size(other)} : "
            "faites-les à la même."
        )
    union = np.count_nonzero(mask | other)
    return np.count_nonzero(mask & other) / union if union else float("nan")


def energy_inside(heatmap, mask):
    """Renvoie la part de la chaleur qui tombe dans le masque.

    `Σ_dans le masque L / Σ L`, la carte étant d'abord agrandie à la taille du masque (bilinéaire).
    Une carte uniforme obtient la part que le masque occupe : comparez toujours à elle.

    Arguments
    ---------
    heatmap : tableau (h, w), valeurs positives ou nulles
    mask : booléen (H, W)

    Rend
    ----
    float, de 0 à 1 ; nan si la carte est nulle partout

    Lève
    ----
    HeatmapError
        ce n'est pas une carte, elle a des valeurs négatives, ou ce n'est pas un masque

    Source
    ------
    Wang et al., *Score-CAM*, CVPR Workshops 2020, section 4.3 (*energy-based pointing game*)
    """
    mask = check_mask(mask)
    heat = resize_map(positive_map(heatmap), mask.shape).astype(np.float64)
    total = heat.sum()
    return float(heat[mask].sum() / total) if total else float("nan")


def pointing_hit(heatmap, mask, tolerance=15):
    """Dit si le point le plus chaud tombe sur l'objet, à `tolerance` pixels près.

    La carte est agrandie à la taille du masque (bilinéaire) ; à égalité, le premier point dans
    l'ordre de lecture. La tolérance est une distance euclidienne, en pixels du masque : 15, celle
    de l'article, convient à des photos de quelques centaines de pixels.

    Arguments
    ---------
    heatmap : tableau (h, w)
    mask : booléen (H, W)
    tolerance : en pixels, au moins 0

    Rend
    ----
    bool ; faux pour une carte uniforme, qui ne désigne aucun point, et pour un masque vide

    Lève
    ----
    HeatmapError
        ce n'est pas une carte, ou ce n'est pas un masque
    SettingError
        la tolérance n'est pas un nombre positif ou nul

    Source
    ------
    Zhang et al., *Top-down Neural Attention by Excitation Backprop*, ECCV 2016, section 4.1
    (*pointing game*)
    """
    mask, values = check_mask(mask), finite_map(heatmap)
    try:
        reach = float(tolerance)
    except (TypeError, ValueError):
        reach = -1.0
    if isinstance(tolerance, bool) or not 0 <= reach < np.inf:
        raise SettingError(
            f"tolerance est un nombre de pixels, positif ou nul, et non {tolerance!r:.40}."
        )
    heat = resize_map(values, mask.shape)
    if heat.max() == heat.min():
        return False
    peak = np.unravel_index(np.argmax(heat), heat.shape)
    rows, columns = np.nonzero(mask)
    near = np.hypot(rows - peak[0], columns - peak[1]) <= reach
    return bool(near.any())


def check_mask(mask):
    """Renvoie le masque en booléens (H, W), ou lève `HeatmapError`."""
    values = finite_map(mask)
    if not np.isin(values, (0, 1)).all():
        raise HeatmapError(
            "Un masque ne contient que vrai et faux, comme « carte > 0.5 » ou le `.mask` de "
            "gl.find_hot_region."
        )
    return values.astype(bool)


def positive_map(heatmap):
    """Renvoie la carte en float32 (h, w), positive ou nulle, ou lève `HeatmapError`."""
    values = finite_map(heatmap)
    if values.min() < 0:
        raise HeatmapError(
            f"La carte descend à {float(values.min()):.3g} : cette mesure demande une carte "
            "positive ou nulle, comme celle de analysis.heatmap()."
        )
    return values


def _size(mask):
    return " × ".join(map(str, mask.shape))
