"""Les fichiers à télécharger : l'image, la carte légendée et ses valeurs, en octets."""

import io
import re

import numpy as np

from ..base.messages import muted
from ..base.names import fold
from ..base.numbers import short
from ..base.numbers import short_percent as percent
from ..figures.strips import captioned, method_title
from ..images import colorize, fitted_size, png_bytes, superimpose
from ..images.hot_region import draw_hot_region, find_hot_region
from ..images.resizing import BOX
from .texts import SCORES

__all__ = ["make_files"]


def make_files(session, result):
    """Rend `{nom de fichier: octets}` : une superposition, une carte légendée, des valeurs brutes.

    La superposition de la vue « Une classe » a la taille de la photo ; les autres vues, celle de
    l'écran. Les valeurs (.npy, float32 (h, w)) sont dans l'unité du score, avant normalisation.
    """
    state = result.state
    analysis = session.analysis(state)
    classifier = analysis.classifier
    prediction = analysis.prediction(state.target)
    with muted():
        raw = analysis.heatmap(state.target, state.layer, state.method, state.score, False)
    photo = session.photos[state.photo].title.rsplit(".", 1)[0]
    parts = (photo, classifier.name, prediction.label_fr, state.layer, state.method)
    stem = "_".join(filter(None, map(_slug, parts)))
    values = io.BytesIO()
    np.save(values, raw)
    return {
        f"{stem}_{_KINDS[state.view]}.png": png_bytes(_full_size(result, analysis)),
        f"{stem}_carte.png": png_bytes(_captioned_map(result, analysis, prediction, raw)),
        f"{stem}_valeurs.npy": values.getvalue(),
    }


_KINDS = {
    "overlay": "superposition",
    "compare": "deux_classes",
    "layers": "couches",
    "channels": "canaux",
}


def _full_size(result, analysis):
    state = result.state
    if state.view != "overlay":
        return result.picture
    with muted():  # l'explorateur a déjà dit ce qu'il y avait à dire de cette superposition
        picture = superimpose(
            result.heatmap,
            analysis.image,
            state.alpha,
            colormap=state.colormap,
            blend=state.blend,
        )
    if state.outline:
        region = find_hot_region(result.heatmap, picture.shape[:2], state.threshold)
        picture = draw_hot_region(picture, region)
    return picture


def _captioned_map(result, analysis, prediction, raw):
    state = result.state
    width, height = fitted_size(analysis.image.size, BOX)
    h, w = raw.shape
    lines = [
        f"réseau {analysis.classifier.name}",
        f"classe « {prediction.label_fr} » ({percent(prediction.probability)})",
        f"couche {state.layer} ({h} × {w})",
        f"{method_title(state.method)}, {SCORES[state.score]}",
        f"palette {state.colormap}, de 0 à {short(raw.max())}",
    ]
    return captioned(colorize(result.heatmap, (height, width), colormap=state.colormap), lines, BOX)


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", fold(text.replace("++", "-plus-plus"))).strip("-")[:40]
