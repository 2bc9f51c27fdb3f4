"""Ce que montre une vue : les cartes d'abord (avec le réseau), puis l'image (sans lui)."""

from dataclasses import dataclass, field, replace

import numpy as np

from ..base.numbers import short_percent
from ..figures import strips as views
from ..images import fitted_size, superimpose
from ..images.hot_region import draw_hot_region, find_hot_region
from ..methods.cam import normalize, pooled_gradients
from . import texts

__all__ = ["Content", "compute", "draw", "key", "with_region"]


@dataclass(frozen=True)
class Content:
    """Les cartes d'une vue ; `heatmap` est celle de la classe et de la couche choisies."""

    heatmap: np.ndarray
    maps: object = None
    activations: np.ndarray | None = None
    weights: np.ndarray | None = None
    region: object = field(default=None)


def key(state, layers):
    """Ce dont les cartes dépendent : tout, sauf les couleurs, l'opacité et le contour."""
    rival = state.rival if state.view == "compare" else None
    shown = tuple(layers) if state.view == "layers" else ()
    choices = (state.photo, state.network, state.view, state.target, rival, state.layer)
    return (*choices, state.method, state.score, shown)


def compute(state, analysis, layers):
    """Rend `(Content, phrases)` : les cartes de l'état, et ce qui doit faire douter d'elles."""
    arguments = (state.layer, state.method, state.score)
    notes = analysis.diagnose(state.target, *arguments)
    if state.view == "compare":
        targets = [state.target, state.rival]
        maps = views.raw_maps(analysis, targets, *arguments)
        for note in analysis.diagnose(state.rival, *arguments):
            notes += [note] if note not in notes else []
        return Content(normalize(maps[0]), maps), notes
    heatmap = analysis.heatmap(state.target, *arguments)
    if state.view == "layers":
        found = analysis.heatmaps([state.target], layers, state.method, state.score)
        maps = {layer: found[state.target, layer] for layer in layers}
        return Content(heatmap, maps), notes + texts.blank_layers(maps)
    if state.view == "channels":
        activations = analysis.activations(state.layer)
        gradients = analysis.gradients(state.target, state.layer, state.score)
        weights = pooled_gradients(gradients)
        return Content(heatmap, activations=activations, weights=weights), notes
    return Content(heatmap), notes


def with_region(made, state, size):
    """Ajoute la région chaude, à la taille de la photo affichée, si elle est demandée."""
    if state.view != "overlay" or not state.outline:
        return made
    width, height = fitted_size(size)
    return replace(made, region=find_hot_region(made.heatmap, (height, width), state.threshold))


def draw(made, state, seen, shown):
    """Rend `(image, carte)` : uint8 (H, W, 3) et (h, w)."""
    colors = (state.alpha, state.colormap, state.blend)
    if state.view == "compare":
        names = [f"{p.label_fr} · {short_percent(p.probability)}" for p in shown]
        picture = views.compose_classes(seen.photo, made.maps, names, *colors, state.common_scale)
    elif state.view == "layers":
        picture = views.compose_layers(seen.tile, made.maps, *colors, state.layer)
    elif state.view == "channels":
        picture = views.compose_channels(
            seen.tile, made.activations, made.weights, 12, state.colormap
        )
    else:
        picture = superimpose(
            made.heatmap, seen.photo, state.alpha, colormap=state.colormap, blend=state.blend
        )
        if made.region is not None:
            picture = draw_hot_region(picture, made.region)
    return picture, made.heatmap
