"""Ramener tous les modes de couleur d'une image PIL à du RVB sur 8 bits."""

import io

import numpy as np
from PIL import Image

from ..errors import ImageError
from .arrays import from_array

_TRANSPARENT_MODES = ("RGBA", "RGBa", "LA", "La", "PA")


def to_rgb(image):
    """Renvoie une copie de `image` en RVB 8 bits, sans métadonnées ; la transparence sur du blanc.

    Lève `ImageError` si les valeurs d'une image à 32 bits n'ont pas d'échelle connue.
    """
    profile = image.info.get("icc_profile")
    if image.mode.startswith("I"):
        image = _reduce_integers(image)
    elif image.mode == "F":
        image = from_array(np.asarray(image))
    elif image.mode in _TRANSPARENT_MODES or "transparency" in image.info:
        image = _on_white(image)
    if profile:
        image = _to_srgb(image, profile)
    # `convert` rend toujours une nouvelle image : celle de l'appelant reste intacte.
    rgb = image.convert("RGB")
    # Un profil ou une orientation gardés ici seraient appliqués une deuxième fois à l'écriture.
    rgb.info = {}
    return rgb


def _reduce_integers(image):
    values = np.asarray(image)
    if values.min() < 0 or values.max() > 65535:
        raise ImageError(
            "Les pixels de cette image sont des entiers à 32 bits, d'échelle inconnue : "
            "enregistrez-la en JPEG ou en PNG à 8 bits."
        )
    # 65535 / 255 = 257 exactement : le blanc reste blanc, rien n'est tronqué.
    return Image.fromarray(np.rint(values / 257).astype(np.uint8))


def _on_white(image):
    rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, rgba).convert("RGB")


def _to_srgb(image, profile):
    """Convertit `image` de son profil ICC vers sRGB ; la rend telle quelle si c'est inutile."""
    if image.mode not in ("RGB", "CMYK"):
        return image
    try:
        from PIL import ImageCms

        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        target = ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(source, target, image.mode, "RGB")
        if image.mode == "RGB" and _changes_little(transform):
            # Beaucoup de profils « sRGB » diffèrent d'un niveau : garder les pixels du fichier
            # rend les mêmes nombres que Keras, qui ignore les profils.
            return image
        return ImageCms.applyTransform(image, transform)
    except Exception:  # profil abîmé ou module absent : les couleurs du fichier restent lisibles
        return image


def _changes_little(transform, tolerance=3):
    from PIL import ImageCms

    levels = np.linspace(0, 255, 6).astype(np.uint8)
    colors = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(6, -1, 3)
    after = np.asarray(ImageCms.applyTransform(Image.fromarray(colors), transform))
    return int(np.abs(after.astype(int) - colors).max()) <= tolerance
