"""Leçon 3 : mélanger la carte et la photo."""

import numpy as np

from ..images import ALPHA, COLORMAP, superimpose
from .correction import RIGHT, correct

__all__ = ["check_mix"]


def check_mix(answer, heatmap, image, *, alpha=ALPHA, colormap=COLORMAP):
    """Corrige l'exercice de la leçon 3 et affiche une phrase.

    Arguments
    ---------
    answer : le mélange proposé, `alpha * couleur + (1 - alpha) * photo`, uint8 (H, W, 3), RVB
    heatmap : la carte de chaleur, (h, w), valeurs dans [0, 1]
    image : la photo (H, W), tout ce que `gl.load_image` accepte
    alpha, colormap : comme à `gl.superimpose`

    Lève
    ----
    HeatmapError, ImageError, SettingError
        ce que l'on superpose ne convient pas, comme à `gl.superimpose`
    """
    correct(_mix, answer, heatmap, image, alpha, colormap)


def _mix(answer, heatmap, image, alpha, colormap):
    def overlay(opacity, blend="mix"):
        return superimpose(heatmap, image, opacity, colormap=colormap, blend=blend)

    found, expected = np.asarray(answer), overlay(alpha)
    if found.shape != expected.shape:
        return (
            f"Pas encore : votre image a la forme {found.shape} au lieu de {expected.shape}, celle "
            "de la photo."
        )
    if found.dtype != np.uint8:
        if np.issubdtype(found.dtype, np.number) and _near(found, expected):
            return 'Presque : il reste à convertir en octets, avec .astype("uint8").'
        return f"Pas encore : une image est en uint8, et la vôtre est en {found.dtype}."
    if _near(found, expected):
        return f"{RIGHT}Rien ne dépasse 255 : une moyenne de deux octets reste entre 0 et 255."
    if _near(found, overlay(alpha, "add")):
        return "Presque : c'est la formule du livre ; multipliez aussi la photo, par 1 - alpha."
    if _near(found, overlay(1 - alpha)):
        return "Presque : les deux poids sont échangés ; alpha va à la couleur."
    # L'erreur la plus courante : la couleur laissée en BVR, sur une photo en RVB.
    photo = (1 - alpha) * overlay(0.0).astype(np.float32)
    swapped = np.clip(photo + (expected - photo)[..., ::-1], 0, 255)
    if _near(found[..., ::-1], expected) or _near(found, swapped):
        return "Presque : le rouge et le bleu sont échangés ; OpenCV colore en BVR."
    return "Pas encore : alpha fois la couleur, plus (1 - alpha) fois la photo, puis uint8."


def _near(found, expected):
    difference = np.abs(found.astype(np.float32) - np.asarray(expected, np.float32))
    return bool((difference <= 2).mean() > 0.99)
