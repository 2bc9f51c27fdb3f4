"""Lire, redimensionner, colorer, superposer et écrire des images, sans réseau de neurones."""

from .encoding import jpeg_bytes, png_bytes, webp_bytes
from .overlay import (
    ALPHA,
    BLEND,
    COLORBLIND_SAFE,
    COLORMAP,
    check_overlay,
    colorize,
    colormaps,
    superimpose,
)
from .reading import MAX_PIXELS, MIN_SIDE, load_image
from .resizing import fit, fitted_size, resize_for_network, resize_map, shrink
from .writing import check_writable, write_image, write_images

__all__ = [
    "ALPHA",
    "BLEND",
    "COLORBLIND_SAFE",
    "COLORMAP",
    "MAX_PIXELS",
    "MIN_SIDE",
    "check_overlay",
    "check_writable",
    "colorize",
    "colormaps",
    "fit",
    "fitted_size",
    "jpeg_bytes",
    "load_image",
    "png_bytes",
    "resize_for_network",
    "resize_map",
    "shrink",
    "superimpose",
    "webp_bytes",
    "write_image",
    "write_images",
]
