"""La région chaude d'une carte : un seuil, un contour, et le rectangle qui localise l'objet."""

from dataclasses import dataclass

import numpy as np

from ..base.checks import check_share
from ..errors import ImageError, SettingError
from .overlay import finite_map
from .reading import load_image
from .resizing import resize_map

__all__ = ["HotRegion", "draw_hot_region", "find_hot_region"]


@dataclass(frozen=True)
class HotRegion:
    """Décrit les points d'une carte au-dessus d'un seuil, à la taille de la photo.

    Arguments
    ---------
    threshold : le seuil, en part du maximum de la carte, de 0 à 1
    mask : booléen (H, W), vrai aux points chauds
    box : (x, y, largeur, hauteur), en pixels, du rectangle autour du plus grand morceau, ou None
        si la carte est vide
    pieces : le nombre de morceaux
    share : la part de la photo, de 0 à 1
    """

    threshold: float
    mask: np.ndarray
    box: tuple | None
    pieces: int
    share: float


def find_hot_region(heatmap, size, threshold=0.5):
    """Renvoie la région où la carte, agrandie à la photo, atteint `threshold` fois son maximum.

    Arguments
    ---------
    heatmap : tableau (h, w), valeurs positives ou nulles
    size : (H, W) de la photo, en pixels
    threshold : de 0 à 1

    Rend
    ----
    HotRegion

    Lève
    ----
    HeatmapError
        ce n'est pas une carte (h, w) de nombres finis
    SettingError
        le seuil n'est pas entre 0 et 1, ou `size` n'est pas un couple d'entiers

    Source
    ------
    Selvaraju et al., *Grad-CAM*, ICCV 2017, section 4.1, où le seuil vaut 0,15
    """
    import cv2

    values = finite_map(heatmap)
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
    """Renvoie une copie de l'image avec le contour et le rectangle de la région.

    Arguments
    ---------
    picture : tout ce que `gl.load_image` accepte, de la taille de `region.mask`
    region : ce que renvoie `gl.find_hot_region`

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    ImageError
        l'image ne peut pas être lue, ou n'a pas la taille de la région
    SettingError
        `region` n'est pas une région
    """
    import cv2

    if not isinstance(region, HotRegion):
        raise SettingError(
            "La région à dessiner est celle que renvoie `gl.find_hot_region`, et non un objet de "
            f"type {type(region).__name__}."
        )
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
