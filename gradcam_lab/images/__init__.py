"""Lire, redimensionner, colorer, superposer et écrire des images, sans réseau de neurones."""

from .overlay import COLORBLIND_SAFE, check_overlay, colorize, colormaps, superimpose
from .reading import MAX_PIXELS, MIN_SIDE, load_image, resize_for_network
from .writing import check_writable, write_image, write_images

__all__ = [
    "COLORBLIND_SAFE",
    "MAX_PIXELS",
    "MIN_SIDE",
    "check_overlay",
    "check_writable",
    "colorize",
    "colormaps",
    "load_image",
    "resize_for_network",
    "superimpose",
    "write_image",
    "write_images",
]
