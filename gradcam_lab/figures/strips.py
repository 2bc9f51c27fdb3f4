"""Les vues de l'explorateur, dessinées avec NumPy et Pillow : des images, sans aucun widget.

Chaque vue a deux fonctions : l'une, publique, part d'une analyse (c'est elle que cite le code
équivalent) ; l'autre assemble des cartes déjà calculées, et sert aussi à l'explorateur.
"""

import functools
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..base.messages import muted
from ..base.numbers import short, short_percent
from ..errors import GradcamLabError
from ..images import check_overlay, colorize, fit, superimpose
from ..methods.cam import pooled_gradients
from ..methods.registry import METHODS, check_score, find_method

__all__ = ["channel_strip", "compare_classes", "layer_strip"]

_TILE = 132  # pixels : le plus grand côté d'une vignette
_LAYER_COLUMNS, _CHANNEL_COLUMNS = 5, 6
_PAPER, _INK, _MARK = (255, 255, 255), (20, 20, 20), (194, 65, 12)


def compare_classes(
    analysis,
    targets,
    layer=None,
    method="gradcam",
    score="logit",
    alpha=0.4,
    colormap="jet",
    blend="add",
    common_scale=True,
):
    """Rend plusieurs classes côte à côte sur la même photo, uint8 (H, W, 3), RVB.

    `targets` : une liste de classes ; `common_scale` : avec une échelle commune, une même couleur
    vaut le même nombre pour toutes les classes ; sinon chacune a la sienne. L'échelle est écrite
    sous chaque image. Les autres arguments et les erreurs sont ceux de `analysis.heatmap` et de
    `gl.superimpose`.
    """
    check_overlay(alpha, colormap, blend)
    if isinstance(targets, (str, int, np.integer)):
        targets = [targets]
    predictions = [analysis.prediction(target) for target in targets]
    if not predictions:
        raise GradcamLabError("Donnez au moins une classe à comparer.")
    maps = raw_maps(analysis, [p.index for p in predictions], layer, method, score)
    names = [f"{p.label_fr} · {short_percent(p.probability)}" for p in predictions]
    photo = fit(analysis.image)
    common = common_scale and can_share_scale(method)
    return compose_classes(photo, maps, names, alpha, colormap, blend, common)


def layer_strip(
    analysis,
    target=None,
    layers="all",
    method="gradcam",
    score="logit",
    alpha=0.4,
    colormap="jet",
    blend="add",
    marked=None,
):
    """Rend une vignette par couche, de la première à la dernière, uint8 (H, W, 3), RVB.

    `layers` : une liste de noms, ou « all » ; `marked` : la couche à encadrer ; le reste est comme
    à `analysis.heatmap` et à `gl.superimpose`. Chaque carte a sa propre échelle.
    """
    check_overlay(alpha, colormap, blend)
    with muted():
        found = analysis.heatmaps([analysis.prediction(target).index], layers, method, score)
    maps = {layer: heatmap for (_, layer), heatmap in found.items()}
    photo = fit(analysis.image, _TILE)
    return compose_layers(photo, maps, alpha, colormap, blend, marked)


def channel_strip(analysis, target=None, layer=None, score="logit", count=12, colormap="viridis"):
    """Rend les canaux qui pèsent le plus dans Grad-CAM, avec leurs poids, uint8 (H, W, 3), RVB.

    Le poids d'un canal est `alpha_k`, la moyenne de son gradient (Selvaraju et al., 2017,
    équation 1) ; les `count` plus grands en valeur absolue sont montrés. Les couleurs ont la même
    échelle pour tous. Arguments et erreurs : comme `analysis.heatmap`.
    """
    check_overlay(colormap=colormap)
    activations = analysis.activations(layer)
    weights = pooled_gradients(analysis.gradients(target, layer, check_score(score)))
    return compose_channels(fit(analysis.image, _TILE), activations, weights, count, colormap)


# --- Les cartes -------------------------------------------------------------------------------


def can_share_scale(method):
    """Vrai si les cartes de deux classes sont dans la même unité : pas celles de Grad-CAM++."""
    return find_method(method).homogeneous


def raw_maps(analysis, targets, layer, method, score):
    """Les cartes avant normalisation, une par classe ; une carte vide n'affiche rien."""
    with muted():
        return [analysis.heatmap(target, layer, method, score, False) for target in targets]


# --- L'assemblage -----------------------------------------------------------------------------


def compose_classes(photo, maps, names, alpha, colormap, blend, common):
    peaks = [float(heatmap.max(initial=0)) for heatmap in maps]
    pieces = []
    for heatmap, peak, name in zip(maps, peaks, names):
        scale = max(peaks) if common else peak
        values = np.clip(heatmap / scale, 0, 1) if scale > 0 else np.zeros_like(heatmap)
        overlay = superimpose(values, photo, alpha, colormap=colormap, blend=blend)
        kind = "échelle commune" if common else "échelle propre"
        ends = f"{kind} : de 0 à {short(scale)}" if scale > 0 else f"{kind} : carte vide"
        lines = [name, ends, f"maximum de cette carte : {short(peak)}"]
        pieces.append(captioned(overlay, lines))
    return grid(pieces, len(pieces), gap=12)


def compose_layers(photo, maps, alpha, colormap, blend, marked=None):
    pieces = []
    for layer, heatmap in maps.items():
        overlay = superimpose(heatmap, photo, alpha, colormap=colormap, blend=blend)
        lines = [layer, f"{heatmap.shape[0]} × {heatmap.shape[1]}"]
        if not heatmap.any():
            lines[1] += ", vide"
        pieces.append(captioned(overlay, lines, width=_TILE, size=11, marked=layer == marked))
    return grid(pieces, _LAYER_COLUMNS)


def compose_channels(photo, activations, weights, count, colormap):
    order = top_channels(weights, count)
    peak = float(activations[:, :, order].max(initial=0)) or 1.0
    size = (photo.height, photo.width)
    pieces = []
    for channel in order:
        values = np.clip(activations[:, :, channel] / peak, 0, 1)
        values = np.nan_to_num(values)
        lines = [f"canal {channel}", f"poids {short(weights[channel], sign=True)}"]
        if not values.any():
            lines[0] += " (éteint)"
        pieces.append(
            captioned(colorize(values, size, colormap=colormap), lines, width=_TILE, size=11)
        )
    return grid(pieces, _CHANNEL_COLUMNS)


def top_channels(weights, count=12):
    """Les numéros des canaux de plus grand poids, en valeur absolue, par ordre."""
    magnitude = np.nan_to_num(np.abs(weights))
    return [int(k) for k in np.argsort(-magnitude, kind="stable")[: max(1, int(count))]]


def captioned(picture, lines, width=0, size=14, marked=False):
    """L'image sur du papier blanc, avec des lignes de texte dessous ; encadrée si `marked`."""
    font = _font(size)
    height, own = picture.shape[:2]
    width = max(width, own)
    step = size + 5
    paper = Image.new("RGB", (width + 8, height + 10 + step * len(lines)), _PAPER)
    paper.paste(Image.fromarray(picture), (4 + (width - own) // 2, 4))
    draw = ImageDraw.Draw(paper)
    for i, line in enumerate(lines):
        draw.text((5, height + 6 + i * step), _cut(line, font, width), fill=_INK, font=font)
    if marked:
        draw.rectangle((0, 0, paper.width - 1, paper.height - 1), outline=_MARK, width=3)
    return np.asarray(paper)


def grid(pieces, columns, gap=4):
    """Range des images en lignes de `columns`, sur du blanc ; une image seule reste elle-même."""
    height = max(len(piece) for piece in pieces)
    width = max(piece.shape[1] for piece in pieces)
    columns = max(1, min(columns, len(pieces)))
    rows = -(-len(pieces) // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(shape, 255, np.uint8)
    for i, piece in enumerate(pieces):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return sheet


# --- Les mots et la police ------------------------------------------------------------------


def method_title(name):
    """Le titre d'une méthode : « Grad-CAM »."""
    return METHODS[name].title


@functools.cache
def _font(size):
    # La police livrée avec matplotlib a toutes les lettres du français, sur tous les systèmes.
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size)


def _cut(text, font, width):
    """`text`, raccourci au milieu s'il dépasse `width` pixels : la fin d'un nom le distingue."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shortened = text[: kept // 2] + "…" + text[-(kept - kept // 2) :]
        if font.getlength(shortened) <= width:
            return shortened
    return "…"
