"""Ramener tous les modes de couleur d'une image PIL à du RVB sur 8 bits."""

import numpy as np
from PIL import Image

from ..base.messages import say
from ..errors import ImageError
from .arrays import from_array, white_level

_TRANSPARENT_MODES = ("RGBA", "RGBa", "LA", "La", "PA")


def to_rgb(image):
    """Renvoie une copie de `image` en RVB 8 bits, sans métadonnées ; la transparence sur du blanc.

    Le profil de couleurs (ICC) est ignoré, comme le font Keras et la recette du livre : les nombres
    restent ceux du fichier. Lève `ImageError` si une image à 32 bits n'a pas d'échelle connue.

    Une image grise à 16 ou 32 bits dont les nombres tiennent sur 8, 10, 12 ou 14 bits est lue à
    cette échelle : à celle de 16 bits, elle serait noire.
    """
    if image.mode.startswith("I"):
        image = _reduce_integers(image)
    elif image.mode == "F":
        image = from_array(np.asarray(image))
    elif image.mode in _TRANSPARENT_MODES or "transparency" in image.info:
        image = _on_white(image)
    # `convert` renvoie toujours une nouvelle image : celle de l'appelant reste intacte.
    rgb = image.convert("RGB")
    # Une orientation gardée ici serait appliquée une deuxième fois ; un profil, pour la première.
    rgb.info = {}
    return rgb


def _reduce_integers(image):
    values = np.asarray(image)
    white = white_level(values)
    if white is None:
        raise ImageError(
            "Les pixels de cette image sont des entiers à 32 bits, d'échelle inconnue : "
            "enregistrez-la en JPEG ou en PNG à 8 bits."
        )
    if 255 < white < 65535:
        say(
            f"Les nombres de cette image vont jusqu'à {values.max()}, et non 65535 : elle est lue "
            f"comme une image à {white.bit_length()} bits.",
            once=True,
        )
    scaled = np.true_divide(values, white / 255, dtype=np.float32)
    return Image.fromarray(np.rint(scaled).astype(np.uint8))


def _on_white(image):
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")
