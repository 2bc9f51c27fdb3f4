"""Changer de taille : une photo pour le réseau ou pour l'écran, une carte pour la photo."""

import numpy as np
from PIL import Image

from ..base.checks import check_count
from ..errors import SettingError
from .reading import MAX_PIXELS, MIN_SIDE, load_image

__all__ = ["BOX", "check_size", "fit", "fitted_size", "resize_for_network", "resize_map", "shrink"]

BOX = 400  # pixels : le plus grand côté de la photo affichée dans l'explorateur


def resize_for_network(image, size):
    """Renvoie `image` écrasée à `size` = (H, W), en tableau float32 (1, H, W, 3), RVB, 0 à 255.

    Les proportions ne sont pas gardées : toute la photo est vue par le réseau, comme avec
    `target_size=(224, 224)` dans le livre de F. Chollet. Le filtre est LANCZOS, celui du résultat
    publié pour le dalmatien : il tient compte de tous les pixels, sans crénelage.

    Lève
    ----
    ImageError
        comme `load_image`
    """
    height, width = size
    resized = load_image(image).resize((int(width), int(height)), Image.Resampling.LANCZOS)
    return np.asarray(resized, dtype=np.float32)[None]


def resize_map(values, size):
    """Renvoie la carte (h, w) à la taille `size` = (H, W), par interpolation bilinéaire.

    Lève `SettingError` si `size` n'est pas un couple de nombres entiers d'au moins 1.
    """
    import cv2

    height, width = check_size(size)
    return cv2.resize(values, (width, height), interpolation=cv2.INTER_LINEAR)


def check_size(size):
    """Renvoie `size` = (H, W) en entiers ; lève `SettingError` si ce n'est pas une taille."""
    try:
        height, width = (check_count(side, "Un côté") for side in size)
    except (TypeError, ValueError):  # `SettingError` en est une
        height = width = 0
    if not 0 < height * width <= MAX_PIXELS:
        raise SettingError(
            "La taille est un couple (hauteur, largeur) de nombres entiers d'au moins 1, de "
            f"{MAX_PIXELS // 1_000_000} mégapixels au plus, et non {size!r:.60}."
        )
    return height, width


def fit(image, side=BOX):
    """Renvoie la photo agrandie ou réduite pour que son plus grand côté fasse `side` pixels."""
    return image.resize(fitted_size(image.size, side))


def fitted_size(size, side=BOX):
    """Renvoie la taille (largeur, hauteur) que `fit` donne à une image de taille `size`."""
    scale = side / max(size)
    # Une photo très étroite reste une image : `load_image` refuserait un seul pixel.
    return tuple(max(MIN_SIDE, round(length * scale)) for length in size)


def shrink(image, side=640):
    """Renvoie la photo, réduite si son plus grand côté dépasse `side` : assez pour un écran."""
    return fit(image, side) if max(image.size) > side else image
