"""La région chaude d'une carte : un seuil, un contour, et le rectangle qui localise l'objet."""

from dataclasses import dataclass

import numpy as np

from ..base.checks import check_share
from ..errors import HeatmapError, ImageError
from . import load_image, resize_map

__all__ = ["HotRegion", "draw_hot_region", "find_hot_region"]


@dataclass(frozen=True)
class HotRegion:
    """Les points d'une carte au-dessus d'un seuil, à la taille de la photo.

    `threshold` : le seuil, en part du maximum de la carte ; `mask` : booléen (H, W) ; `box` :
    (x, y, largeur, hauteur) en pixels du rectangle autour du plus grand morceau, ou None si la
    carte est vide ; `pieces` : le nombre de morceaux ; `share` : la part de la photo, de 0 à 1.
    """

    threshold: float
    mask: np.ndarray
    box: tuple | None
    pieces: int
    share: float


def find_hot_region(heatmap, size, threshold=0.5):
    """Rend la région où la carte dépasse `threshold` fois son maximum (`HotRegion`).

    `heatmap` : (h, w), valeurs positives ou nulles ; `size` : (H, W) de la photo, à laquelle la
    carte est d'abord agrandie ; `threshold` : de 0 à 1. Lève `ImageError`.
    Source : Selvaraju et al., *Grad-CAM*, ICCV 2017, section 4.1, où le seuil vaut 0,15.
    """
    import cv2

    values = np.asarray(heatmap, np.float32)
    if values.ndim != 2 or not values.size or not np.isfinite(values).all():
        raise HeatmapError(
            "La région chaude se cherche dans une carte (h, w) de nombres finis, et non dans un "
            f"tableau de forme {values.shape}."
        )
    threshold = check_share(threshold, "Le seuil")
    values = resize_map(values, size)
    peak = float(values.max())
    # Au seuil 0, seuls les points réellement chauds comptent, et non toute la photo.
    mask = (values >= threshold * peak) & (values > 0)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    box = None
    if count > 1:
        largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
        box = tuple(int(n) for n in stats[largest, :4])
    return HotRegion(threshold, mask, box, count - 1, float(mask.mean()))


def draw_hot_region(picture, region):
    """Rend une copie de l'image avec le contour et le rectangle de la région, uint8 (H, W, 3).

    `picture` : tout ce que `gl.load_image` accepte, de la taille de `region.mask`. Lève
    `ImageError`.
    """
    import cv2

    drawn = np.array(load_image(picture))
    if drawn.shape[:2] != region.mask.shape:
        raise ImageError(
            f"L'image fait {drawn.shape[0]} × {drawn.shape[1]} pixels et la région "
            f"{region.mask.shape[0]} × {region.mask.shape[1]} : donnez la taille de l'image à "
            "find_hot_region."
        )
    width = max(1, round(max(drawn.shape[:2]) / 250))
    contours, _ = cv2.findContours(
        region.mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
    )
    # Du blanc bordé de noir se voit sur toutes les palettes et toutes les photos.
    for color, extra in ((0, 2), (255, 0)):
        cv2.drawContours(drawn, contours, -1, (color,) * 3, width + extra)
        if region.box is not None:
            x, y, w, h = region.box
            cv2.rectangle(drawn, (x, y), (x + w - 1, y + h - 1), (color,) * 3, 2 * width + extra)
    return drawn
