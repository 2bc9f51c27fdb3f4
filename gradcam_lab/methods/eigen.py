"""Eigen-CAM : la carte d'une couche, sans aucune classe."""

import numpy as np

from ..errors import HeatmapError
from .cam import rectify

__all__ = ["eigencam"]


def eigencam(activations, *, relu=True):
    """Renvoie la carte d'Eigen-CAM : les activations projetées sur leur axe principal.

    `A = U · S · Vᵗ`, où A a une ligne par position et une colonne par canal ; la carte est
    `A · v_1`. **Aucune classe n'y entre** : elle montre ce qui domine dans la couche. L'article ne
    centre pas les activations, contrairement à certains programmes ; le signe de `v_1`, que la
    décomposition laisse libre, est celui qui rend la somme de la carte positive.

    Arguments
    ---------
    activations : tableau (h, w, C)
    relu : sinon, laisse voir les valeurs négatives

    Rend
    ----
    (h, w), dans l'unité des activations

    Lève
    ----
    HeatmapError
        le tableau n'a pas la forme (h, w, C)

    Source
    ------
    Muhammad et Yeasin, *Eigen-CAM*, IJCNN 2020, équations (2) et (3).
    """
    activations = np.asarray(activations, np.float64)
    if activations.ndim != 3 or not activations.size:
        raise HeatmapError(
            f"Il faut des activations de forme (h, w, C), or elles ont la forme "
            f"{activations.shape}."
        )
    flat = activations.reshape(-1, activations.shape[-1])
    if not np.isfinite(flat).all():
        return np.full(activations.shape[:2], np.nan)
    left, sizes, _ = np.linalg.svd(flat, full_matrices=False)
    heatmap = left[:, 0] * sizes[0]  # A · v_1 = s_1 · u_1
    return rectify(heatmap.reshape(activations.shape[:2]) * (1 if heatmap.sum() >= 0 else -1), relu)
