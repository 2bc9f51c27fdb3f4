"""Les méthodes qui remontent jusqu'à l'image : une carte à la résolution de ses pixels."""

import numpy as np

from ..base.messages import track
from ..images.resizing import resize_map
from .cam import gradcam, rectify

__all__ = ["STEPS", "guided_backprop", "guided_gradcam", "integrated_gradients"]

STEPS = 64
"""Le nombre de points du chemin des gradients intégrés."""

_TOGETHER = 8


def guided_backprop(guided_gradients, *, relu=True):
    """Renvoie la carte de la rétropropagation guidée (*guided backpropagation*).

    `max_c( |g_c| )`, où `g` est le gradient du score par rapport à l'image, remonté en ne laissant
    passer, à chaque ReLU, que ce qui est positif des deux côtés. Très nette, elle dépend peu de la
    classe, et ressemble à un détecteur de contours (Adebayo et al., 2018).

    Arguments
    ---------
    guided_gradients : tableau (H, W, c)
    relu : sans effet, la carte est positive

    Rend
    ----
    (H, W), en score par unité d'entrée

    Source
    ------
    Springenberg et al., *Striving for Simplicity*, ICLR Workshop 2015, section 3.4 ; le maximum sur
    les couleurs vient de Simonyan et al., 2014, section 3.1.
    """
    return np.abs(np.asarray(guided_gradients)).max(axis=-1)


def guided_gradcam(activations, gradients, guided_gradients, *, relu=True):
    """Renvoie la carte de Grad-CAM guidé : le détail de l'une, l'endroit de l'autre.

    La carte de Grad-CAM, après ReLU, agrandie à la taille de l'image, fois celle de
    `guided_backprop`.

    Arguments
    ---------
    activations, gradients : comme `gradcam`
    guided_gradients : comme `guided_backprop`
    relu : sinon, laisse voir les indices défavorables, négatifs, là où il n'y a qu'eux

    Rend
    ----
    (H, W), sans unité commune d'une classe à l'autre

    Source
    ------
    Selvaraju et al., *Grad-CAM*, ICCV 2017, section 3.2.
    """
    fine = guided_backprop(guided_gradients)
    coarse = np.asarray(gradcam(activations, gradients, relu=False), np.float64)
    # ReLU d'abord, comme l'article : agrandir la carte signée mêlerait le pour et le contre.
    favor, contrary = (resize_map(np.maximum(side, 0), fine.shape) for side in (coarse, -coarse))
    return rectify(fine * np.where(favor > 0, favor, -contrary), relu)


def integrated_gradients(image, black, image_slopes, *, relu=True, progress=False, steps=STEPS):
    """Renvoie la carte des gradients intégrés : la part de chaque pixel dans l'écart de score.

    `(x - x') · moyenne_t( dscore/dx en x' + t · (x - x') )`, pour t de 0 à 1, sommée sur les
    couleurs ; `x'` est la photo noire. La somme de la carte est l'écart de score entre la photo et
    la photo noire, aux erreurs de la moyenne près (milieux de `steps` intervalles).

    Arguments
    ---------
    image, black : float32 (H, W, c), préparées pour le réseau
    image_slopes : la fonction : images (n, H, W, c) -> gradients du score (n, H, W, c)
    relu : sinon, laisse voir les parts négatives
    progress : montrer une barre de progression
    steps : nombre de points du chemin

    Rend
    ----
    (H, W), dans l'unité du score

    Source
    ------
    Sundararajan et al., *Axiomatic Attribution for Deep Networks*, ICML 2017, équations (1) et (3),
    section 5 pour la photo noire.
    """
    image, black = np.asarray(image, np.float64), np.asarray(black, np.float64)
    times, total = (np.arange(steps) + 0.5) / steps, np.zeros(image.shape)
    with track(steps, "gradients intégrés", progress) as advance:
        for start in range(0, steps, _TOGETHER):
            some = times[start : start + _TOGETHER]
            path = black + some[:, None, None, None] * (image - black)
            total += image_slopes(path.astype(np.float32)).sum(axis=0, dtype=np.float64)
            advance(len(some))
    return rectify(((image - black) * total / steps).sum(axis=-1), relu)
