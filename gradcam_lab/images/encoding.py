"""Les octets d'une image : le seul endroit qui écrit du PNG, du JPEG ou du WebP."""

import io

import numpy as np
from PIL import Image

from ..errors import ImageError
from .arrays import from_array
from .colors import to_rgb

__all__ = ["MAX_SIDE", "jpeg_bytes", "png_bytes", "webp_bytes"]

# Le plus grand côté qu'un format sait écrire, en pixels.
MAX_SIDE = {"JPEG": 65_500, "WEBP": 16_383}


def png_bytes(picture, fast=False):
    """Renvoie les octets PNG de `picture` (PIL, ou uint8) ; `fast` : plus vite, un peu plus gros.

    Le PNG garde exactement les pixels ; seul l'effort de compression change.
    """
    return _encoded(picture, "PNG", compress_level=1 if fast else 6)


def jpeg_bytes(picture, quality=95):
    """Renvoie les octets JPEG de `picture` (PIL, ou uint8), `quality` de 1 à 100."""
    # subsampling=0 : garder toute la couleur, dont les frontières portent le sens de la carte.
    return _encoded(picture, "JPEG", quality=quality, subsampling=0)


def webp_bytes(picture, quality=95):
    """Renvoie les octets WebP de `picture` (PIL, ou uint8), `quality` de 1 à 100."""
    return _encoded(picture, "WEBP", quality=quality)


def _encoded(picture, kind, **options):
    if not isinstance(picture, Image.Image):
        array = np.asarray(picture)
        if array.dtype != np.uint8:
            raise ImageError(f"L'image à écrire doit être en uint8, et non en {array.dtype}.")
        picture = from_array(array)
    buffer = io.BytesIO()
    to_rgb(picture).save(buffer, kind, **options)
    return buffer.getvalue()
