"""Le pour et le contre : la carte d'une classe avant ReLU, en rouge et en bleu sur la photo."""

from collections.abc import Iterable

import numpy as np

from ..base.messages import muted
from ..base.numbers import short, short_percent
from ..errors import GradcamLabError, HeatmapError
from ..explain.analysis import Analysis
from ..images import fit, load_image, resize_map
from ..images.overlay import finite_map
from .paper import captioned, grid

__all__ = ["compose_balance", "for_and_against", "signed_maps", "tint"]

# Rouge et bleu que les personnes daltoniennes distinguent : les bouts de la palette « RdBu ».
_FOR, _AGAINST = (178, 24, 43), (33, 102, 172)
_STRONGEST = 0.75  # l'opacité des plus fortes valeurs : la photo se devine encore


def for_and_against(analysis, targets=None, *, layer=None, method="gradcam", score="logit"):
    """Renvoie la photo, rougie par ce qui plaide pour une classe, bleuie par ce qui plaide contre.

    Avec Grad-CAM, c'est la carte **avant** ReLU. Plusieurs classes sont côte à côte et à la même
    échelle, si la méthode le permet.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    targets : une classe ou une liste (indices, identifiants ou noms) ; par défaut la plus probable
    layer, method, score : comme à `analysis.heatmap`

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    GradcamLabError
        `targets` est vide, et les erreurs de `analysis.heatmap`

    Source
    ------
    Selvaraju et al., *Grad-CAM*, arXiv:1610.02391v4, section 3.3, pour le contre

    Exemple
    -------
    gl.for_and_against(analysis, ["chat", "chien"])
    """
    if not isinstance(analysis, Analysis):
        raise GradcamLabError(
            "gl.for_and_against attend le résultat de model.analyze(image), et non un objet de "
            f"type {type(analysis).__name__}."
        )
    if isinstance(targets, str) or not isinstance(targets, Iterable):
        targets = [targets]
    predictions = [analysis.prediction(target) for target in targets]
    if not predictions:
        raise GradcamLabError("Donnez au moins une classe.")
    choices = {"layer": layer, "method": method, "score": score}
    maps = signed_maps(analysis, [p.index for p in predictions], **choices)
    return compose_balance(fit(analysis.image), maps, predictions)


def signed_maps(analysis, targets, **choices):
    """Le pour moins le contre, une carte (h, w) par classe, dans l'unité du score."""
    with muted():
        return [
            analysis.heatmap(target, normalize=False, **choices)
            - analysis.heatmap(target, evidence="against", normalize=False, **choices)
            for target in targets
        ]


def compose_balance(photo, maps, predictions):
    """Une colonne par classe, toutes à la même échelle."""
    scale = max(float(np.abs(signed).max()) for signed in maps)
    pieces = []
    for signed, prediction in zip(maps, predictions):
        high, low = max(0.0, float(signed.max())), max(0.0, -float(signed.min()))
        lines = [
            f"{prediction.label_fr} · {short_percent(prediction.probability)}",
            f"rouge, pour : jusqu'à {short(high)}" if high else "aucun indice pour",
            f"bleu, contre : jusqu'à {short(low)}" if low else "aucun indice contre",
        ]
        pieces.append(captioned(tint(signed, photo, scale), lines))
    return grid(pieces, len(pieces), gap=12)


def tint(signed, image, scale=None):
    """Renvoie la photo en gris, rougie où la carte est positive, bleuie où elle est négative.

    L'opacité est proportionnelle à la valeur : un endroit où la carte vaut zéro reste gris. En
    couleurs, une tasse rouge passerait pour un indice.

    Arguments
    ---------
    signed : tableau (h, w), agrandi à la taille de la photo ; positif : pour, négatif : contre
    image : tout ce que `load_image` accepte
    scale : la valeur, positive, qui reçoit la plus forte opacité (None : la plus grande, en
        valeur absolue)

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    HeatmapError
        la carte n'a pas deux dimensions, contient autre chose que des nombres finis, ou l'échelle
        n'est pas positive
    ImageError
        la photo ne peut pas être lue
    """
    values = finite_map(signed)
    photo = np.asarray(load_image(image).convert("L").convert("RGB"), np.float32)
    scale = float(np.abs(values).max()) if scale is None else float(scale)
    if scale < 0:
        raise HeatmapError("L'échelle d'une carte de signes est un nombre positif.")
    large = resize_map(values, photo.shape[:2])[..., None] / (scale or 1.0)
    opacity = _STRONGEST * np.minimum(np.abs(large), 1)
    color = np.where(large > 0, np.float32(_FOR), np.float32(_AGAINST))
    return np.uint8(opacity * color + (1 - opacity) * photo)
