"""Des bandes d'images : plusieurs classes, toutes les couches, les canaux qui pèsent le plus.

Chaque bande a deux fonctions : l'une, publique, part d'une analyse ; l'autre assemble des cartes
déjà calculées.
"""

from collections.abc import Iterable

import numpy as np

from ..base.checks import check_count
from ..base.messages import muted
from ..base.numbers import short, short_percent
from ..errors import GradcamLabError
from ..explain.analysis import Analysis
from ..images import ALPHA, BLEND, COLORMAP, check_overlay, colorize, fit, superimpose
from ..methods.cam import pooled_gradients
from ..methods.registry import check_score, find_method
from .paper import captioned, grid

__all__ = ["TILE", "channel_strip", "compare_classes", "layer_strip"]

TILE = 132  # pixels : le plus grand côté d'une vignette
_LAYER_COLUMNS, _CHANNEL_COLUMNS = 5, 6


def compare_classes(
    analysis,
    targets,
    *,
    layer=None,
    method="gradcam",
    score="logit",
    alpha=ALPHA,
    colormap=COLORMAP,
    blend=BLEND,
    common_scale=True,
):
    """Renvoie plusieurs classes côte à côte sur la même photo.

    Sous chaque image sont écrites la probabilité de la classe et l'échelle des couleurs.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    targets : liste de classes (indices, identifiants ou noms)
    layer, method, score : comme à `analysis.heatmap`
    alpha, colormap, blend : comme à `gl.superimpose`
    common_scale : vrai, une même couleur vaut le même nombre pour toutes les classes (sauf avec
        une méthode dont les cartes n'ont pas la même unité d'une classe à l'autre) ; faux, chaque
        classe a sa propre échelle

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    GradcamLabError
        `targets` est vide, et les erreurs de `analysis.heatmap` et de `gl.superimpose`

    Exemple
    -------
    gl.compare_classes(analysis, ["chat", "chien"])
    """
    _check_analysis(analysis, "gl.compare_classes")
    alpha = check_overlay(alpha, colormap=colormap, blend=blend)
    if isinstance(targets, str) or not isinstance(targets, Iterable):
        targets = [targets]
    predictions = [analysis.prediction(target) for target in targets]
    if not predictions:
        raise GradcamLabError("Donnez au moins une classe à comparer.")
    maps = raw_maps(
        analysis, [p.index for p in predictions], layer=layer, method=method, score=score
    )
    return compose_classes(
        fit(analysis.image),
        maps,
        predictions,
        common=common_scale and find_method(method).homogeneous,
        colors={"alpha": alpha, "colormap": colormap, "blend": blend},
    )


def layer_strip(
    analysis,
    target=None,
    *,
    layers="all",
    method="gradcam",
    score="logit",
    alpha=ALPHA,
    colormap=COLORMAP,
    blend=BLEND,
    marked=None,
):
    """Renvoie une vignette par couche, de la première à la dernière, chacune à son échelle.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    target, method, score : comme à `analysis.heatmap`
    layers : liste de noms, ou « all » pour toutes les couches
    alpha, colormap, blend : comme à `gl.superimpose`
    marked : le nom de la couche à encadrer, ou None

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    GradcamLabError
        les erreurs de `analysis.heatmaps` et de `gl.superimpose`

    Exemple
    -------
    gl.layer_strip(analysis, "chat", layers=["block1_conv1", "block4_conv5"])
    """
    _check_analysis(analysis, "gl.layer_strip")
    alpha = check_overlay(alpha, colormap=colormap, blend=blend)
    target = analysis.prediction(target).index
    with muted():
        found = analysis.heatmaps([target], layers, method=method, score=score)
    maps = {layer: heatmap for (_, layer), heatmap in found.items()}
    colors = {"alpha": alpha, "colormap": colormap, "blend": blend}
    return compose_layers(fit(analysis.image, TILE), maps, marked=marked, colors=colors)


def channel_strip(
    analysis, target=None, *, layer=None, score="logit", count=12, colormap="viridis"
):
    """Renvoie les canaux qui pèsent le plus dans Grad-CAM, avec leurs poids.

    Le poids d'un canal est `alpha_k`, la moyenne de son gradient ; les `count` plus grands en
    valeur absolue sont montrés. Les couleurs ont la même échelle pour tous.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    target, layer, score : comme à `analysis.heatmap`
    count : le nombre de canaux, au moins 1
    colormap : un nom de `gl.colormaps()`

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    SettingError
        `count` n'est pas un nombre de canaux, et les erreurs de `analysis.heatmap`

    Source
    ------
    Selvaraju et al., *Grad-CAM*, ICCV 2017, équation 1

    Exemple
    -------
    gl.channel_strip(analysis, "chat", count=6)
    """
    _check_analysis(analysis, "gl.channel_strip")
    check_overlay(colormap=colormap)
    count = check_count(count, "Le nombre de canaux (count)")
    activations = analysis.activations(layer)
    gradients = analysis.gradients(target, layer=layer, score=check_score(score))
    photo = fit(analysis.image, TILE)
    return compose_channels(
        photo, activations, pooled_gradients(gradients), count=count, colormap=colormap
    )


def _check_analysis(analysis, name):
    if not isinstance(analysis, Analysis):
        raise GradcamLabError(
            f"{name} attend le résultat de model.analyze(image), et non un objet de type "
            f"{type(analysis).__name__}."
        )


# --- Les cartes et leur assemblage ------------------------------------------------------------


def raw_maps(analysis, targets, **choices):
    """Les cartes avant normalisation, une par classe ; une carte vide n'affiche rien."""
    with muted():
        return [analysis.heatmap(target, normalize=False, **choices) for target in targets]


def compose_classes(photo, maps, predictions, *, common, colors):
    """Une colonne par classe ; `common` : toutes à la même échelle."""
    peaks = [float(heatmap.max(initial=0)) for heatmap in maps]
    pieces = []
    for heatmap, peak, prediction in zip(maps, peaks, predictions):
        scale = max(peaks) if common else peak
        values = np.clip(heatmap / scale, 0, 1) if scale > 0 else np.zeros_like(heatmap)
        kind = "échelle commune" if common else "échelle propre"
        ends = f"{kind} : de 0 à {short(scale)}" if scale > 0 else f"{kind} : carte vide"
        name = f"{prediction.label_fr} · {short_percent(prediction.probability)}"
        lines = [name, ends, f"maximum de cette carte : {short(peak)}"]
        pieces.append(captioned(superimpose(values, photo, **colors), lines))
    return grid(pieces, len(pieces), gap=12)


def compose_layers(photo, maps, *, marked, colors):
    """Une vignette par couche de `maps` ({nom: carte dans [0, 1]}), `marked` encadrée."""
    pieces = []
    for layer, heatmap in maps.items():
        lines = [layer, f"{heatmap.shape[0]} × {heatmap.shape[1]}"]
        if not heatmap.any():
            lines[1] += ", vide"
        overlay = superimpose(heatmap, photo, **colors)
        pieces.append(captioned(overlay, lines, width=TILE, size=11, marked=layer == marked))
    return grid(pieces, _LAYER_COLUMNS)


def compose_channels(photo, activations, weights, *, count, colormap):
    """Une vignette par canal, des plus grands poids aux plus petits, en valeur absolue."""
    magnitude = np.nan_to_num(np.abs(weights))
    order = np.argsort(-magnitude, kind="stable")[:count]
    peak = float(activations[:, :, order].max(initial=0)) or 1.0
    size = (photo.height, photo.width)
    pieces = []
    for channel in order:
        values = np.nan_to_num(np.clip(activations[:, :, channel] / peak, 0, 1))
        lines = [f"canal {channel}", f"poids {short(weights[channel], sign=True)}"]
        if not values.any():
            lines[0] += " (éteint)"
        colored = colorize(values, size, colormap=colormap)
        pieces.append(captioned(colored, lines, width=TILE, size=11))
    return grid(pieces, _CHANNEL_COLUMNS)
