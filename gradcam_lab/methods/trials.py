"""Les méthodes par essais : on change la carte ou l'image, on regarde le score bouger.

Elles n'ont besoin d'aucun gradient, et font tourner le réseau autant de fois qu'il y a d'essais.
Les essais vont par paquets, de taille bornée : la mémoire aussi, et l'on peut s'arrêter entre deux.
"""

import numpy as np

from ..base.messages import track
from ..images.resizing import resize_map
from .cam import rectify

__all__ = ["ablationcam", "occlusion", "scorecam", "windows"]

_CHUNK_BYTES, _MOST = 8 * 2**20, 32


def scorecam(activations, image, image_scores, *, relu=True, progress=False):
    """Renvoie la carte de Score-CAM : chaque canal pèse ce que vaut l'image vue à travers lui.

    `w_k = softmax_k( score(image · M_k) )`, où le masque `M_k` est la carte du canal, agrandie à la
    taille de l'image puis ramenée entre 0 et 1 ; la carte est `ReLU( somme_k( w_k · A_k ) )`.
    Retrancher le score d'une image de référence, comme l'écrit l'équation (4), ne change rien :
    softmax l'efface. Ce que le masque efface vaut 0 dans l'image **préparée** pour le réseau. Les
    canaux nuls partout, qui n'ajouteraient rien, ne sont pas essayés.

    Arguments
    ---------
    activations : tableau (h, w, C)
    image : float32 (H, W, c), préparée pour le réseau
    image_scores : la fonction : images (n, H, W, c) -> scores (n,)
    relu : sinon, laisse voir les valeurs négatives
    progress : montrer une barre de progression

    Rend
    ----
    (h, w), dans l'unité des activations

    Source
    ------
    Wang et al., *Score-CAM*, CVPR Workshops 2020, équations (4) et (6), algorithme 1.
    """
    activations, image = np.asarray(activations), np.asarray(image)
    alive = np.flatnonzero(activations.any(axis=(0, 1)))

    def through(channels):
        masks = [_mask(activations[..., k], image.shape[:2]) for k in channels]
        return image_scores(np.stack(masks)[..., None] * image)

    scores = _by_chunks(through, alive, image.nbytes, "Score-CAM", progress)
    weights = np.exp(scores - scores.max(initial=-np.inf))
    weights /= weights.sum() or 1
    return rectify(activations[..., alive] @ weights, relu)


def ablationcam(activations, map_scores, *, relu=True, progress=False):
    """Renvoie la carte d'Ablation-CAM : chaque canal pèse la perte de score quand on l'éteint.

    `w_k = score - score sans A_k` ; la carte est `ReLU( moyenne_k( w_k · A_k ) )`. L'article divise
    `w_k` par le score, le même pour tous : la carte normalisée n'en dépend pas, et un score négatif
    la retournerait. Les canaux nuls partout, qui ne font rien perdre, ne sont pas essayés.

    Arguments
    ---------
    activations : tableau (h, w, C)
    map_scores : la fonction : cartes (n, h, w, C) à la place de celle-ci -> scores (n,)
    relu : sinon, laisse voir les indices défavorables, négatifs
    progress : montrer une barre de progression

    Rend
    ----
    (h, w), en score × activation

    Source
    ------
    Desai et Ramaswamy, *Ablation-CAM*, WACV 2020, équations (4) et (5).
    """
    activations = np.asarray(activations)
    alive = np.flatnonzero(activations.any(axis=(0, 1)))
    score = np.float64(map_scores(activations[None])[0])

    def without(channels):
        maps = np.repeat(activations[None], len(channels), axis=0)
        maps[np.arange(len(channels)), ..., channels] = 0
        return map_scores(maps)

    weights = np.zeros(activations.shape[-1])
    found = _by_chunks(without, alive, activations.nbytes, "Ablation-CAM", progress)
    weights[alive] = score - found
    return rectify(activations @ weights / len(weights), relu)


def occlusion(image, image_scores, *, relu=True, progress=False):
    """Renvoie la carte d'occlusion : ce que le score perd quand un carré cache chaque endroit.

    Le carré (voir `windows`) a la couleur moyenne de l'image préparée. Un point de la carte vaut la
    perte moyenne des carrés qui le couvrent.

    Arguments
    ---------
    image : float32 (H, W, c), préparée pour le réseau
    image_scores : la fonction : images (n, H, W, c) -> scores (n,)
    relu : sinon, laisse voir où cacher l'image fait monter le score
    progress : montrer une barre de progression

    Rend
    ----
    (H, W), dans l'unité du score

    Source
    ------
    Zeiler et Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, section
    4.2. La taille du carré et son pas changent la carte : ce sont ici les nôtres.
    """
    image = np.asarray(image)
    places = np.array(windows(image.shape))
    color = image.mean(axis=(0, 1))
    score = np.float64(image_scores(image[None])[0])

    def hidden(some):
        images = np.repeat(image[None], len(some), axis=0)
        for one, (top, left, side) in zip(images, some):
            one[top : top + side, left : left + side] = color
        return image_scores(images)

    drops = score - _by_chunks(hidden, places, image.nbytes, "occlusion", progress)
    total, count = np.zeros(image.shape[:2]), np.zeros(image.shape[:2])
    for (top, left, side), drop in zip(places, drops):
        total[top : top + side, left : left + side] += drop
        count[top : top + side, left : left + side] += 1
    return rectify(total / count, relu)


def windows(shape):
    """Renvoie les carrés `(haut, gauche, côté)` qui cachent une image (H, W, ...).

    Côté : un septième du plus petit côté de l'image, au moins 1 pixel ; d'un carré au suivant, la
    moitié de ce côté. Ensemble, ils couvrent tout.
    """
    height, width = shape[:2]
    side = max(1, round(min(height, width) / 7))
    tops, lefts = (_starts(length, side) for length in (height, width))
    return [(top, left, side) for top in tops for left in lefts]


def _starts(length, side):
    starts = list(range(0, length - side, max(1, side // 2)))
    return [*starts, length - side]


def _mask(channel, size):
    """Un canal agrandi à la taille de l'image, entre 0 et 1 ; un canal constant donne 0."""
    if channel.min() == channel.max():  # agrandi, il n'aurait d'écarts que ceux des arrondis
        return np.zeros(size, np.float32)
    mask = resize_map(np.asarray(channel, np.float32), size)
    low, high = mask.min(), mask.max()
    return (mask - low) / (high - low)


def _by_chunks(function, trials, size, title, progress):
    """Les résultats float64 de `function` sur tous les essais, de `size` octets chacun."""
    step = min(_MOST, max(1, _CHUNK_BYTES // max(1, size)))
    parts = [np.zeros(0)]
    with track(len(trials), title, progress) as advance:
        for start in range(0, len(trials), step):
            some = trials[start : start + step]
            parts.append(np.asarray(function(some), np.float64))
            advance(len(some))
    return np.concatenate(parts)
