"""Deux cartes se ressemblent-elles ? L'ordre de leurs points, et leur structure."""

import warnings
from dataclasses import dataclass

import numpy as np

from ..images.overlay import finite_map
from ..images.resizing import resize_map

__all__ = ["Similarity", "similarity"]

_WINDOW = 7  # points, le côté de la fenêtre de SSIM


@dataclass(frozen=True)
class Similarity:
    """La ressemblance de deux cartes : 1 pour deux cartes égales.

    Arguments
    ---------
    spearman : la corrélation des rangs, de -1 à 1 ; nan si une carte est uniforme
    ssim : la ressemblance de structure, de -1 à 1 ; nan si les cartes ont moins de 3 points de côté
    """

    spearman: float
    ssim: float


def similarity(a, b):
    """Renvoie la ressemblance de deux cartes : leurs rangs (Spearman) et leur structure (SSIM).

    `spearman = cov(rang a, rang b) / (σ(rang a) · σ(rang b))`, sur les points des deux cartes, les
    points égaux se partageant leur rang moyen. `ssim` est la moyenne, sur toutes les fenêtres, de
    `(2 μa μb + c1)(2 σab + c2) / ((μa² + μb² + c1)(σa² + σb² + c2))`, `c1 = 0,01²`, `c2 = 0,03²`.

    Ce qui change le chiffre : si les tailles diffèrent, les deux cartes sont agrandies au plus
    grand de leurs côtés (bilinéaire) ; pour SSIM, chacune est divisée par son plus grand écart à
    zéro, la fenêtre est uniforme, de 7 × 7 points (le plus grand nombre impair qui tient dans une
    carte plus petite), et l'étendue vaut 1. Le signe des valeurs compte. Deux cartes presque vides
    se ressemblent pour SSIM sans montrer la même chose : lisez les deux nombres.

    Arguments
    ---------
    a, b : tableaux (h, w) de nombres finis

    Rend
    ----
    Similarity

    Lève
    ----
    HeatmapError
        l'une n'est pas une carte de nombres finis

    Source
    ------
    Spearman, *The Proof and Measurement of Association between Two Things*, 1904 ; Wang et al.,
    *Image Quality Assessment*, IEEE TIP 2004, équation (13) ; tous deux choisis par Adebayo et al.,
    *Sanity Checks for Saliency Maps*, NeurIPS 2018. Les calculs sont ceux de SciPy et de
    scikit-image.
    """
    a, b = finite_map(a), finite_map(b)
    size = np.maximum(a.shape, b.shape)
    a, b = (resize_map(one, size) if one.shape != tuple(size) else one for one in (a, b))
    return Similarity(_spearman(a, b), _ssim(a, b))


def _spearman(a, b):
    if a.min() == a.max() or b.min() == b.max():
        return float("nan")  # des rangs tous égaux n'ont pas d'ordre
    from scipy.stats import spearmanr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(spearmanr(a.ravel(), b.ravel()).statistic)


def _ssim(a, b):
    from skimage.metrics import structural_similarity

    side = min(_WINDOW, *a.shape)
    side -= 1 - side % 2
    if side < 3:
        return float("nan")
    a, b = (one.astype(np.float64) / (np.abs(one).max() or 1) for one in (a, b))
    return float(structural_similarity(a, b, data_range=1.0, win_size=side))
