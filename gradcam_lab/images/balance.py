"""Teinter une photo en rouge et en bleu : ce qui plaide pour une classe, ce qui plaide contre."""

import numpy as np

from ..errors import HeatmapError
from .overlay import finite_map
from .reading import load_image
from .resizing import resize_map

__all__ = ["tint"]

# Rouge et bleu que les personnes daltoniennes distinguent : les bouts de la palette « RdBu ».
_FOR, _AGAINST = (178, 24, 43), (33, 102, 172)
_STRONGEST = 0.75  # l'opacité des plus fortes valeurs : la photo se devine encore


def tint(signed, image, scale=None):
    """Renvoie la photo en gris, rougie où la carte est positive, bleuie où elle est négative.

    L'opacité est proportionnelle à la valeur : un endroit où la carte vaut zéro reste gris. En
    couleurs, une tasse rouge passerait pour un indice.

    Arguments
    ---------
    signed : tableau (h, w), agrandi à la taille de la photo ; positif : pour, négatif : contre
    image : tout ce que `load_image` accepte
    scale : la valeur, positive, qui reçoit la plus forte opacité (None : la plus grande, en
        valeur absolue)

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    HeatmapError
        la carte n'a pas deux dimensions, contient autre chose que des nombres finis, ou l'échelle
        n'est pas positive
    ImageError
        la photo ne peut pas être lue
    """
    values = finite_map(signed)
    photo = np.asarray(load_image(image).convert("L").convert("RGB"), np.float32)
    scale = float(np.abs(values).max()) if scale is None else float(scale)
    if scale < 0:
        raise HeatmapError("L'échelle d'une carte de signes est un nombre positif.")
    large = resize_map(values, photo.shape[:2])[..., None] / (scale or 1.0)
    opacity = _STRONGEST * np.minimum(np.abs(large), 1)
    color = np.where(large > 0, np.float32(_FOR), np.float32(_AGAINST))
    return np.uint8(opacity * color + (1 - opacity) * photo)
