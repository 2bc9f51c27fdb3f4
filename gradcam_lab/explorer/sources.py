"""D'où viennent les photos et les réseaux, et comment le redire en une ligne de code."""

import os
import re
import zlib
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..errors import ImageError
from ..images import load_image, photos, shrink

__all__ = ["MAX_SIDE", "OWN", "Photo", "given_photo", "sample_photos"]

# Une photo venue de l'utilisateur est gardée en mémoire : on borne sa taille.
_MAX_PIXELS = 16_000_000
MAX_SIDE = 2400  # pixels, après réduction

OWN = "{explorer}"
"""Dans une ligne de code, ce que l'explorateur remplace par lui-même."""


@dataclass(frozen=True)
class Photo:
    """Une photo que l'on peut choisir : sa clé, son titre, et la ligne qui la charge.

    `image` vaut None pour les photos d'exemple, relues à la demande ; `note` accompagne le code.
    """

    key: str
    title: str
    code: str
    image: object = None
    note: str = ""

    def load(self):
        """Renvoie l'image PIL, en RVB. Lève `ImageError`."""
        if self.image is not None:
            return self.image
        return photos.sample(self.key, fallback=False)


def sample_photos():
    """Les photos d'exemple du cours, par leur clé."""
    return {
        info.name: Photo(info.name, info.title, f'gl.sample("{info.name}")')
        for info in photos.samples()
    }


def given_photo(source, name=None):
    """Renvoie la `Photo` de ce que l'utilisateur a donné : fichier importé, adresse, image...

    `source` : tout ce que `gl.load_image` accepte, ou une `Photo` ; `name` : le nom du fichier.
    Lève `ImageError`.
    """
    try:
        image = load_image(source)
    except ImageError as error:
        if name is None:
            raise
        # Les octets d'un fichier importé n'ont pas de nom, mais l'utilisateur, lui, le connaît.
        named = str(error).replace("Le contenu donné", f"Le fichier « {name} »")
        raise ImageError(named) from None
    original = image.size
    if image.width * image.height > _MAX_PIXELS:
        image = shrink(image, MAX_SIDE)
    reduced = image.size != original
    if isinstance(source, (str, os.PathLike)) and not reduced:
        text = str(source).strip()
        title = name or re.split(r"[/\\]", text.rstrip("/"))[-1].split("?")[0] or text
        return Photo(f"donnée:{text}", title, f"gl.load_image({text!r})", image)
    if isinstance(source, Image.Image) and not reduced:
        known = _known_sample(image)
        if known is not None:
            return known
    title = name or "Photo donnée"
    note = "la photo choisie dans l'explorateur, tant qu'il est ouvert"
    key = f"donnée:{title}:{zlib.crc32(image.tobytes()):08x}"
    return Photo(key, title, f"{OWN}.image", image, note)


def _known_sample(image):
    """La photo d'exemple identique à `image`, s'il y en a une sur cet ordinateur."""
    for info in photos.samples():
        known = photos.local_image(info, image.size)
        if known is not None and np.array_equal(np.asarray(known), np.asarray(image)):
            return sample_photos()[info.name]
    return None
