"""Tableaux NumPy vers images PIL, avec une phrase claire quand le tableau ne convient pas."""

import numpy as np
from PIL import Image

from ..errors import ImageError

# Un redimensionnement peut dépasser très légèrement 0 ou 1 : ce n'est pas une erreur d'échelle.
_TOLERANCE = 1e-3
# Les appareils scientifiques comptent sur 8 à 16 bits, et rangent le tout dans 16 ou 32.
_WHITES = (255, 1023, 4095, 16383, 65535)


def from_array(source):
    """Renvoie l'image PIL d'un tableau (H, W), (H, W, 1), (H, W, 3) ou (H, W, 4).

    Le tableau est uint8 (de 0 à 255) ou en nombres à virgule dans [0, 1]. Lève `ImageError`.
    """
    try:
        array = np.asarray(source)
    except Exception:  # `__array__` est du code d'un autre : un tenseur sur carte graphique...
        raise ImageError(
            f"Un objet de type {type(source).__name__} n'a pas pu être converti en tableau NumPy : "
            "convertissez-le, puis donnez le tableau."
        ) from None
    _check_shape(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    return Image.fromarray(np.ascontiguousarray(_to_bytes(array)))


def white_level(values):
    """Renvoie la plus petite échelle (255, 1023, 4095...) qui contient ces entiers, ou None."""
    low, high = int(values.min()), int(values.max())
    return next((white for white in _WHITES if low >= 0 and high <= white), None)


def _check_shape(array):
    shape = array.shape
    if array.size == 0:
        raise ImageError(f"Le tableau est vide (forme {shape}) : il ne contient aucun pixel.")
    if array.ndim == 2 or (array.ndim == 3 and shape[2] in (1, 3, 4)):
        return
    problem = f"Un tableau de forme {shape} n'est pas une image"
    if array.ndim == 4 and shape[0] == 1:
        raise ImageError(f"{problem} mais un lot d'une seule image : passez `image[0]`.")
    if array.ndim == 4:
        raise ImageError(f"{problem} mais un lot de {shape[0]} images : passez-les une par une.")
    if array.ndim == 3 and shape[0] in (1, 3, 4):
        raise ImageError(
            f"{problem} : les canaux sont en premier ; "
            "remettez-les en dernier avec `np.transpose(image, (1, 2, 0))`."
        )
    raise ImageError(f"{problem} : il faut (H, W), (H, W, 1), (H, W, 3) ou (H, W, 4).")


def _to_bytes(array):
    if array.dtype == np.uint8:
        return array
    if np.issubdtype(array.dtype, np.floating):
        return _scale_floats(array)
    problem = f"Un tableau de type {array.dtype} n'est pas accepté comme image"
    if array.dtype == bool:
        raise ImageError(f'{problem} : convertissez-le avec `image.astype("uint8") * 255`.')
    if np.issubdtype(array.dtype, np.integer):
        white = white_level(array)
        if white == 255:
            raise ImageError(f'{problem} : convertissez-le avec `image.astype("uint8")`.')
        if white:
            raise ImageError(f"{problem} : ramenez-le entre 0 et 1 avec `image / {white}`.")
    raise ImageError(
        f"{problem} : donnez des entiers uint8 de 0 à 255, ou des nombres à virgule de 0 à 1."
    )


def _scale_floats(array):
    if not np.isfinite(array).all():
        raise ImageError(
            "Le tableau contient des valeurs qui ne sont pas des nombres (NaN ou infini) : "
            "remplacez-les, par exemple avec `np.nan_to_num(image)`."
        )
    low, high = float(array.min()), float(array.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        remedy = "ramenez-les dans cet intervalle"
        if low >= 0 and high <= 255:
            remedy = "divisez le tableau par 255"
        raise ImageError(
            f"Les valeurs du tableau vont de {low:g} à {high:g}, alors que des nombres "
            f"à virgule doivent rester entre 0 et 1 : {remedy}."
        )
    return np.rint(np.clip(array, 0, 1).astype(np.float32) * 255).astype(np.uint8)
