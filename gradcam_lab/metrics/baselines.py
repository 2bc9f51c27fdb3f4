"""Des cartes témoins, qui n'ont rien demandé au réseau : ce qu'une bonne carte doit battre."""

import numpy as np

from ..base.checks import check_count
from ..base.names import unknown_name
from ..errors import SettingError
from ..images.resizing import check_size, resize_for_network

__all__ = ["BASELINES", "baseline_map"]

BASELINES = {
    "centre": "une tache au milieu de la photo",
    "random": "des points au hasard",
    "edges": "les contours de la photo",
    "uniform": "la même chaleur partout",
}
"""Les cartes témoins : nom -> ce que c'est."""

_SPREAD = 4  # l'écart type de la tache, sur chaque axe : le côté divisé par ce nombre


def baseline_map(kind, shape, *, image=None, seed=0):
    """Renvoie une carte témoin, qui ne doit rien au réseau.

    Un chiffre donné à une carte ne dit rien tant que l'on ne sait pas ce qu'obtiennent celles-ci.

    - « centre » : `exp( -(y² / σy² + x² / σx²) / 2 )`, distances au milieu, σ = un quart du côté ;
    - « random » : chaque point tiré entre 0 et 1, sans lien avec ses voisins ;
    - « edges » : `√(Gx² + Gy²)`, gradients de Sobel 3 × 3 (OpenCV) de la photo en gris, mise
      d'abord à la taille `shape` : prenez celle du réseau, plus petite, elle efface les contours ;
    - « uniform » : 1 partout.

    Arguments
    ---------
    kind : « centre », « random », « edges » ou « uniform »
    shape : (h, w)
    image : la photo, pour « edges » ; tout ce que `gl.load_image` accepte
    seed : la graine de « random » ; la même donne la même carte

    Rend
    ----
    float32 (h, w), dans [0, 1] ; le maximum vaut 1, sauf si une photo unie n'a pas de contours

    Lève
    ----
    SettingError
        la carte témoin n'existe pas, la taille ou la graine ne convient pas, ou la photo manque
    ImageError
        la photo ne se lit pas

    Source
    ------
    Judd et al., *Learning to Predict Where Humans Look*, ICCV 2009, pour la tache au centre ;
    Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018, pour les contours

    Exemple
    -------
    >>> gl.metrics.baseline_map("edges", model.input_size, image=analysis.image)
    """
    if kind not in BASELINES:
        raise SettingError(
            unknown_name(f"La carte témoin « {kind} » n'existe pas", kind, BASELINES)
        )
    height, width = check_size(shape)
    if kind == "uniform":
        return np.ones((height, width), np.float32)
    if kind == "random":
        draw = np.random.default_rng(check_count(seed, "seed", least=0)).random((height, width))
        return _normalized(draw)
    if kind == "centre":
        return _normalized(np.outer(_bump(height), _bump(width)))
    if image is None:
        raise SettingError("La carte témoin « edges » se tire d'une photo : donnez image=.")
    return _normalized(_edges(resize_for_network(image, (height, width))[0]))


def _bump(side):
    distance = (np.arange(side) - (side - 1) / 2) / (side / _SPREAD)
    return np.exp(-(distance**2) / 2)


def _edges(photo):
    import cv2

    gray = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    return np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))


def _normalized(values):
    return np.asarray(values / (values.max() or 1), np.float32)
