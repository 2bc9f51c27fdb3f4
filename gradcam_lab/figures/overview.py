"""La figure d'une analyse : photo, carte de chaleur, superposition, probabilités."""

from collections.abc import Iterable

import numpy as np

from ..base.messages import overheard
from ..errors import GradcamLabError, SettingError
from ..explain.analysis import Analysis
from ..images import ALPHA, BLEND, COLORMAP, check_overlay, colorize, shrink, superimpose
from ..methods.registry import METHODS, find_method
from .canvas import NOTE, PLAIN, WIDTH, draw_bars, draw_picture, new_figure, wrapped

__all__ = ["show"]

# Au-delà, une figure ne se lit plus, et son image pèserait des dizaines de mégaoctets.
MAX_ROWS = 40


def show(
    analysis,
    targets=None,
    layers=None,
    methods=None,
    *,
    score="logit",
    alpha=ALPHA,
    colormap=COLORMAP,
    blend=BLEND,
    progress=False,
):
    """Dessine la photo, la carte de chaleur, la superposition et les probabilités.

    Une ligne par classe, couche et méthode demandée. Si une carte est vide ou douteuse, ou si la
    photo cache sa chaleur, la raison est écrite sous elle.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    targets, layers : comme à `analysis.heatmaps` : un nom, une liste, un nombre de classes, ou
        « all » pour toutes les couches
    methods : un nom de `gl.METHODS`, une liste, ou « all » pour toutes celles qui répondent
        aussitôt ; par défaut Grad-CAM. `model.runs(method)` dit ce que coûtent les autres
    score : « logit » (avant softmax) ou « probability » (après)
    progress : montrer une barre de progression, pour les méthodes longues
    alpha, colormap, blend : comme à `gl.superimpose`

    Rend
    ----
    Figure de matplotlib ; elle s'affiche seule à la fin d'une cellule

    Lève
    ----
    UnknownClassError, UnknownLayerError, UnknownMethodError
        une classe, une couche ou une méthode n'existe pas
    SettingError
        un réglage ne convient pas, ou la figure aurait plus de 40 lignes
    GradcamLabError
        `analysis` n'est pas une analyse

    Exemple
    -------
    >>> gl.show(analysis, targets=["dalmatien", "chat"], methods=["gradcam", "layercam"])
    """
    if not isinstance(analysis, Analysis):
        raise GradcamLabError(
            "gl.show attend le résultat de model.analyze(image), et non un objet de type "
            f"{type(analysis).__name__}."
        )
    methods = _methods(methods)
    alpha = check_overlay(alpha, colormap=colormap, blend=blend)
    rows = _rows(analysis, targets, layers, methods, score, progress)
    photo = np.asarray(shrink(analysis.image))
    overlays, notes = [], []
    for target, layer, method, heatmap in rows:
        reasons = analysis.diagnose(target, layer=layer, method=method, score=score)
        with overheard() as heard:  # ce que dit la superposition sera écrit sur la figure
            overlays.append(superimpose(heatmap, photo, alpha, colormap=colormap, blend=blend))
        notes.append(wrapped([*reasons, *heard], 118))
    height, width = photo.shape[:2]
    panel = WIDTH / 4 * min(1.35, max(0.5, height / width))
    heights = [panel + 0.55 + 0.2 * note.count("\n") + 0.45 * bool(note) for note in notes]
    drawn = new_figure(WIDTH, sum(heights))
    parts = drawn.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (target, layer, method, heatmap), overlay, note in zip(parts, rows, overlays, notes):
        part.suptitle(_row_title(analysis, target, layer, method, score), fontsize=10, **PLAIN)
        axes = part.subplots(1, 4)
        colored = colorize(heatmap, colormap=colormap)
        h, w = heatmap.shape
        draw_picture(axes[0], photo, "photo")
        draw_picture(axes[1], colored, f"carte de chaleur {h} × {w}", (0, width, height, 0))
        draw_picture(axes[2], overlay, "superposition")
        draw_bars(axes[3], _around(analysis, target), target)
        axes[3].set_title("probabilité", fontsize=9)
        if note:
            part.supxlabel(note, fontsize=8.5, bbox=NOTE, **PLAIN)
    return drawn


def _methods(methods):
    if methods is None:
        return ["gradcam"]
    if isinstance(methods, str):
        instant = [name for name, method in METHODS.items() if method.runs is None]
        methods = instant if methods == "all" else [methods]
    elif not isinstance(methods, Iterable):
        methods = [methods]
    names = list(dict.fromkeys(find_method(method).name for method in methods))
    if not names:
        raise SettingError("methods ne contient aucune méthode : donnez-en au moins une.")
    return names


def _rows(analysis, targets, layers, methods, score, progress):
    """Les lignes de la figure : (classe, couche ou None, méthode, carte)."""
    found, shown = {}, {"score": score, "progress": progress}
    with overheard():  # la raison d'une carte vide sera écrite sur la figure
        for name in methods:
            where = layers if METHODS[name].takes_layer else None
            maps = analysis.heatmaps(targets, where, method=name, **shown)
            found.update({(*key, name): heatmap for key, heatmap in maps.items()})
    if len(found) > MAX_ROWS:
        raise SettingError(
            f"Cette figure aurait {len(found)} lignes, et la limite est de "
            f"{MAX_ROWS} : demandez moins de classes, de couches ou de méthodes à la fois."
        )
    # Classe par classe, couche par couche ; les méthodes qui n'en prennent pas, à la fin.
    order = [(target, layer) for target, layer, _ in found]
    places = {key: place for place, key in enumerate(dict.fromkeys(order))}
    classes = {target: place for place, target in enumerate(dict.fromkeys(t for t, _ in order))}
    keys = sorted(found, key=lambda key: (classes[key[0]], key[1] is None, places[key[0], key[1]]))
    return [(*key, found[key]) for key in keys]


def _row_title(analysis, target, layer, method, score):
    where = f", couche {layer}" if layer else ""
    title = f"« {analysis.prediction(target).label_fr} »{where}, {METHODS[method].caption}"
    return title if score == "logit" else f"{title}, gradient de la probabilité"


def _around(analysis, target):
    """Les trois classes les plus probables, et la classe expliquée si elle n'en est pas."""
    predictions = analysis.top(3)
    if target not in [prediction.index for prediction in predictions]:
        predictions.append(analysis.prediction(target))
    return predictions
