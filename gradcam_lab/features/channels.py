"""Les canaux d'une couche pour une photo : lesquels s'allument, pèsent, ou restent éteints."""

import numpy as np

from ..base.checks import check_count
from ..errors import GradcamLabError
from ..explain.analysis import Analysis
from ..methods.cam import pooled_gradients

__all__ = ["sparsity", "strongest_channels"]


def strongest_channels(analysis, layer=None, *, target=None, k=8):
    """Renvoie les numéros des canaux les plus forts d'une couche, du plus fort au moins fort.

    Sans `target`, ce sont les plus **actifs**, par leur activation moyenne ; avec une classe, ceux
    qui **pèsent** le plus pour elle, par leur poids `alpha_k` de Grad-CAM.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    layer : nom de couche, par défaut la dernière
    target : indice, identifiant ou nom d'une classe, ou None
    k : le nombre de canaux, au moins 1 ; au-delà, tous

    Rend
    ----
    liste d'entiers ; à égalité, le plus petit numéro d'abord

    Lève
    ----
    UnknownLayerError, UnknownClassError, SettingError
        la couche ou la classe n'existe pas, ou `k` n'est pas un nombre de canaux
    GradcamLabError
        `analysis` n'est pas une analyse

    Source
    ------
    F. Chollet, *Deep Learning with Python*, 2017, section 5.4.1 ; Selvaraju et al., *Grad-CAM*,
    ICCV 2017, équation (1), pour les poids

    Exemple
    -------
    >>> gl.features.strongest_channels(analysis, target="chat", k=4)
    """
    _check(analysis, "strongest_channels")
    k = check_count(k, "k")
    if target is None:
        strength = analysis.activations(layer).mean(axis=(0, 1), dtype=np.float64)
    else:
        strength = pooled_gradients(analysis.gradients(target, layer=layer))
    return [int(channel) for channel in np.argsort(-strength, kind="stable")[:k]]


def sparsity(analysis, layer=None):
    """Renvoie la part des canaux d'une couche qui restent éteints, nuls partout sur cette photo.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    layer : nom de couche, par défaut la dernière

    Rend
    ----
    float, de 0 (tous s'allument quelque part) à 1 (tous sont éteints)

    Lève
    ----
    UnknownLayerError
        la couche n'existe pas
    GradcamLabError
        `analysis` n'est pas une analyse

    Source
    ------
    F. Chollet, *Deep Learning with Python*, 2017, section 5.4.1
    """
    _check(analysis, "sparsity")
    return float(np.mean(~analysis.activations(layer).any(axis=(0, 1))))


def _check(analysis, name):
    if not isinstance(analysis, Analysis):
        raise GradcamLabError(
            f"gl.features.{name} attend le résultat de model.analyze(image), et non un objet de "
            f"type {type(analysis).__name__}."
        )
