"""Les formules des cartes de chaleur, en NumPy, telles que les articles les écrivent.

Chaque méthode reçoit les activations d'une couche et le gradient d'un score par rapport à
ces activations, deux tableaux (h, w, C), et renvoie une carte (h, w). Aucun réseau n'entre
ici : on peut relire ces lignes à côté des articles, ou les essayer à la main.
"""

import numpy as np

from ..errors import HeatmapError

__all__ = [
    "gradcam",
    "gradcam_plus_plus",
    "hirescam",
    "layercam",
    "normalize",
    "pooled_gradients",
    "rectify",
    "xgradcam",
]


def pooled_gradients(gradients):
    """Renvoie la moyenne des gradients sur toutes les positions, canal par canal.

    Arguments
    ---------
    gradients : tableau (h, w, C)

    Rend
    ----
    float32 (C,), les poids `alpha_k`

    Lève
    ----
    HeatmapError
        le tableau n'a pas la forme (h, w, C)

    Source
    ------
    Selvaraju et al., *Grad-CAM*, ICCV 2017, équation (1) ; `pooled_grads` dans F. Chollet, *Deep
    Learning with Python*, 2017, section 5.4.3.
    """
    _, gradients = _pair(gradients, gradients)
    flat = gradients.reshape(-1, gradients.shape[-1])
    # L'accumulation en float64 garde la moyenne exacte même sur 224 × 224 positions.
    return flat.mean(axis=0, dtype=np.float64).astype(np.float32)


def gradcam(activations, gradients, *, relu=True):
    """Renvoie la carte de Grad-CAM : `ReLU( moyenne_k( alpha_k · A_k ) )`.

    `alpha_k = moyenne_ij( dY/dA_k[i, j] )`. La moyenne sur les canaux (le livre) et la somme
    (l'article) donnent la même carte une fois normalisée.

    Arguments
    ---------
    activations, gradients : tableaux (h, w, C)
    relu : sinon, laisse voir les indices défavorables, négatifs

    Rend
    ----
    (h, w), dans l'unité du score

    Lève
    ----
    HeatmapError
        les deux tableaux n'ont pas la même forme (h, w, C)

    Source
    ------
    Selvaraju et al., *Grad-CAM*, ICCV 2017, équations (1) et (2).
    """
    activations, gradients = _pair(activations, gradients)
    alpha = pooled_gradients(gradients)  # alpha_k^c, éq. (1)
    return rectify(activations @ alpha / len(alpha), relu)  # éq. (2)


def gradcam_plus_plus(activations, gradients, *, relu=True):
    """Renvoie la carte de Grad-CAM++, dont les poids comptent chaque apparition de l'objet.

    `w_k = somme_ij( a_k[i, j] · ReLU(g_k[i, j]) )` avec
    `a_k[i, j] = g² / (2 g² + somme_ab(A_k[a, b]) · g³)`, soit `1 / (2 + somme(A_k) · g)` partout où
    le gradient `g` n'est pas nul. Le facteur `exp(score)` de l'article, le même pour toute la
    carte, est laissé de côté : il disparaît à la normalisation.

    Arguments
    ---------
    activations, gradients, relu : comme `gradcam`

    Rend
    ----
    (h, w), sans unité commune d'une classe à l'autre

    Lève
    ----
    HeatmapError
        comme `gradcam`

    Source
    ------
    Chattopadhyay et al., *Grad-CAM++*, WACV 2018, équations (10) et (19).
    """
    activations, gradients = _pair(activations, gradients, np.float64)
    total = activations.sum(axis=(0, 1))
    denominator = 2.0 + total * gradients
    usable = (gradients != 0) & (denominator != 0)
    a = np.divide(1.0, denominator, out=np.zeros_like(gradients), where=usable)
    weights = (a * np.maximum(gradients, 0)).sum(axis=(0, 1))
    return rectify(activations @ weights / len(weights), relu)


def hirescam(activations, gradients, *, relu=True):
    """Renvoie la carte de HiResCAM : `ReLU( moyenne_k( g_k · A_k ) )`, chaque position à part.

    Arguments
    ---------
    activations, gradients, relu : comme `gradcam`

    Rend
    ----
    (h, w), dans l'unité du score

    Lève
    ----
    HeatmapError
        comme `gradcam`

    Source
    ------
    Draelos et Carin, *Use HiResCAM instead of Grad-CAM*, 2020.
    """
    activations, gradients = _pair(activations, gradients)
    return rectify(_channel_mean(activations, gradients), relu)


def layercam(activations, gradients, *, relu=True):
    """Renvoie la carte de LayerCAM : `ReLU( moyenne_k( ReLU(g_k) · A_k ) )`.

    Elle est faite pour les couches précoces.

    Arguments
    ---------
    activations, gradients, relu : comme `gradcam`

    Rend
    ----
    (h, w), dans l'unité du score

    Lève
    ----
    HeatmapError
        comme `gradcam`

    Source
    ------
    Jiang et al., *LayerCAM*, IEEE TIP 2021.
    """
    activations, gradients = _pair(activations, gradients)
    return rectify(_channel_mean(activations, np.maximum(gradients, 0)), relu)


def xgradcam(activations, gradients, *, relu=True):
    """Renvoie la carte de XGrad-CAM, dont les poids sont pondérés par les activations.

    `w_k = somme_ij( A_k[i, j] · g_k[i, j] ) / somme_ij( A_k[i, j] )`.

    Arguments
    ---------
    activations, gradients, relu : comme `gradcam`

    Rend
    ----
    (h, w), dans l'unité du score

    Lève
    ----
    HeatmapError
        comme `gradcam`

    Source
    ------
    Fu et al., *Axiom-based Grad-CAM*, BMVC 2020, équation (8).
    """
    activations, gradients = _pair(activations, gradients)
    total = activations.sum(axis=(0, 1), dtype=np.float64)
    weighted = np.einsum("ijk,ijk->k", activations, gradients, dtype=np.float64)
    weights = np.divide(weighted, total, out=np.zeros_like(total), where=total != 0)
    return rectify(activations @ weights.astype(activations.dtype) / len(weights), relu)


def normalize(heatmap):
    """Divise la carte par son maximum : le point le plus chaud vaut 1.

    Arguments
    ---------
    heatmap : tableau (h, w), valeurs positives ou nulles

    Rend
    ----
    float32 (h, w), dans [0, 1] ; une carte nulle, ou qui contient une valeur non finie, donne la
    carte nulle

    Source
    ------
    F. Chollet, *Deep Learning with Python*, 2017, section 5.4.3.
    """
    heatmap = np.asarray(heatmap, dtype=np.float64)
    peak = heatmap.max(initial=0.0)
    if not np.isfinite(heatmap).all() or peak <= 0:
        return np.zeros(heatmap.shape, np.float32)
    return (np.maximum(heatmap, 0) / peak).astype(np.float32)


def _pair(activations, gradients, dtype=None):
    """Vérifie que les deux tableaux ont la même forme (h, w, C) et les renvoie en nombres réels."""
    activations, gradients = np.asarray(activations), np.asarray(gradients)
    if activations.ndim != 3 or activations.shape != gradients.shape or not activations.size:
        raise HeatmapError(
            "Il faut des activations et des gradients de même forme (h, w, C), or ils ont les "
            f"formes {activations.shape} et {gradients.shape}."
        )
    dtype = dtype or np.result_type(activations, gradients, np.float32)
    return activations.astype(dtype, copy=False), gradients.astype(dtype, copy=False)


def _channel_mean(activations, weights):
    """Moyenne sur les canaux du produit de deux tableaux (h, w, C), sans tableau intermédiaire."""
    return np.einsum("ijk,ijk->ij", activations, weights) / activations.shape[-1]


def rectify(heatmap, relu):
    """La carte après ReLU, ou telle quelle."""
    return np.maximum(heatmap, 0) if relu else heatmap
