"""Les fichiers à télécharger : l'image, la carte légendée et ses valeurs, en octets."""

import io
import re

import numpy as np

from ..base.messages import muted
from ..base.names import fold
from ..base.numbers import short
from ..figures.paper import captioned
from ..images import colorize, fitted_size, png_bytes
from ..images.resizing import BOX
from ..methods.registry import METHODS
from .code import place
from .texts import SCORE_TITLES
from .views import find_view

__all__ = ["make_files"]


def make_files(session, result):
    """Renvoie `{nom de fichier: octets}` : l'image de la vue, une carte légendée, ses valeurs.

    Les valeurs (.npy, float32 (h, w)) sont dans l'unité du score, avant normalisation.
    """
    state = result.state
    view = find_view(state.view)
    analysis = session.analysis(state)
    classifier = analysis.classifier
    prediction = analysis.prediction(state.target)
    with muted():  # l'explorateur a déjà montré ce qu'il y avait à dire
        raw = analysis.heatmap(state.target, normalize=False, **view.choices(state))
        full = view.full_size(result, analysis)
    photo = session.photos[state.photo].title.rsplit(".", 1)[0]
    layer = state.layer if METHODS[state.method].takes_layer else ""
    parts = (photo, classifier.name, prediction.label_fr, layer, state.method)
    stem = "_".join(filter(None, map(_slug, parts)))
    values = io.BytesIO()
    np.save(values, raw)
    return {
        f"{stem}_{view.file}.png": png_bytes(full),
        f"{stem}_carte.png": png_bytes(_captioned_map(result, analysis, raw)),
        f"{stem}_valeurs.npy": values.getvalue(),
    }


def _captioned_map(result, analysis, raw):
    state = result.state
    width, height = fitted_size(analysis.image.size)
    h, w = raw.shape
    lines = [
        f"réseau {analysis.classifier.name}",
        find_view(state.view).subject(result.shown),
        f"{place(state)} ({h} × {w})",
        f"{METHODS[state.method].caption}, {SCORE_TITLES[state.score]}",
        f"palette {state.colormap}, de 0 à {short(raw.max())}",
    ]
    colored = colorize(result.heatmap, (height, width), colormap=state.colormap)
    return captioned(colored, lines, width=BOX)


def _slug(text):
    return re.sub(r"[^a-z0-9]+", "-", fold(text.replace("++", "-plus-plus"))).strip("-")[:40]
