"""Les figures des leçons, dessinées avec matplotlib, sans toucher à ses réglages.

Chaque fonction rend une `Figure` qui s'affiche seule en fin de cellule. Aucune ne passe par
`pyplot` : rien ne reste ouvert en mémoire, et le style choisi par l'utilisateur est respecté.
"""

import io
import sys
import textwrap

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from .analysis import Analysis
from .cam import METHODS, find_method
from .errors import GradcamLabError, ImageError
from .images import check_overlay, colorize, load_image, superimpose
from .messages import muted, percent

__all__ = [
    "shrink",
    "show",
    "show_channels",
    "show_images",
    "show_maps",
    "show_probabilities",
    "show_vector",
    "to_png",
]

# Au-delà, une figure ne se lit plus, et son image pèserait des dizaines de mégaoctets.
MAX_ROWS = 40
# Le plus gros PNG affiché tel quel, en octets.
_HEAVY = 100_000
_DPI = 100  # points par pouce : 1 pouce de figure fait 100 pixels
_WIDTH = 9.6  # largeur d'une figure, en pouces : celle d'un carnet ouvert dans JupyterLab
_WARM, _COLD = "#c2410c", "#94a3b8"  # la barre dont on parle, et les autres
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NOTE = {"facecolor": "#fff7ed", "edgecolor": "#c2410c", "boxstyle": "round,pad=0.5"}


class LessonFigure(Figure):
    """Une `Figure` qui s'affiche dans Jupyter même si `pyplot` n'a jamais été importé.

    Un dessin s'affiche en PNG, net ; une figure pleine de photos en JPEG, trois fois plus
    léger : un carnet enregistré reste sous les deux mégaoctets.
    """

    def _repr_png_(self):
        png = to_png(self)
        return png if len(png) <= _HEAVY else None

    def _repr_jpeg_(self):
        return None if self._repr_png_() else _to_jpeg(self)


def _tell_jupyter():
    """Dit à Jupyter de suivre les choix de `LessonFigure`, et non ceux de toutes les figures."""
    interface = sys.modules.get("IPython")
    shell = interface.get_ipython() if interface else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["image/png"].for_type(LessonFigure, LessonFigure._repr_png_)
        formatters["image/jpeg"].for_type(LessonFigure, LessonFigure._repr_jpeg_)


_tell_jupyter()


# --- La figure d'une analyse ------------------------------------------------------------------


def show(
    analysis,
    targets=None,
    layers=None,
    methods=None,
    score="logit",
    alpha=0.4,
    colormap="jet",
    blend="add",
):
    """Dessine photo, carte de chaleur, superposition et probabilités, et rend la `Figure`.

    Une ligne par classe, couche et méthode demandée. `targets` et `layers` se donnent comme à
    `analysis.heatmaps` (une liste, un nom, « all », un nombre de classes) ; `methods` : un nom,
    une liste, ou « all » ; `alpha`, `colormap` et `blend` comme à `gl.superimpose`. Si une carte
    est vide ou douteuse, la raison est écrite sous elle. Lève les erreurs de ces fonctions, et
    `GradcamLabError` si la figure devait avoir plus de 40 lignes.
    """
    if not isinstance(analysis, Analysis):
        raise GradcamLabError(
            "gl.show attend le résultat de model.analyze(image), et non un objet de type "
            f"{type(analysis).__name__}."
        )
    methods = _methods(methods)
    check_overlay(alpha, colormap, blend)
    rows = _rows(analysis, targets, layers, methods, score)
    notes = [_wrapped(analysis.diagnose(*row[:3], score), 118) for row in rows]
    photo = np.asarray(shrink(analysis.image))
    height, width = photo.shape[:2]
    panel = _WIDTH / 4 * min(1.35, max(0.5, height / width))
    heights = [panel + 0.55 + 0.2 * note.count("\n") + 0.45 * bool(note) for note in notes]
    figure = _figure(_WIDTH, sum(heights))
    parts = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (target, layer, method, heatmap), note in zip(parts, rows, notes):
        part.suptitle(_row_title(analysis, target, layer, method, score), fontsize=10)
        axes = part.subplots(1, 4)
        colored = colorize(heatmap, None, colormap)
        h, w = heatmap.shape
        _picture(axes[0], photo, "photo")
        _picture(axes[1], colored, f"carte de chaleur {h} × {w}", (0, width, height, 0))
        _picture(axes[2], superimpose(heatmap, photo, alpha, colormap, blend), "superposition")
        _bars(axes[3], _around(analysis, target), target)
        axes[3].set_title("probabilité", fontsize=9)
        if note:
            part.supxlabel(note, fontsize=8.5, bbox=_NOTE)
    return figure


def _methods(methods):
    if methods is None:
        return ["gradcam"]
    if isinstance(methods, str):
        methods = list(METHODS) if methods == "all" else [methods]
    names = list(dict.fromkeys(find_method(method).name for method in methods))
    if not names:
        raise GradcamLabError("methods ne contient aucune méthode : donnez-en au moins une.")
    return names


def _rows(analysis, targets, layers, methods, score):
    """Les lignes de la figure : (classe, couche, méthode, carte)."""
    with muted():  # la raison d'une carte vide sera écrite sur la figure
        found = {m: analysis.heatmaps(targets, layers, m, score) for m in methods}
    keys = list(found[methods[0]])
    if not keys:
        raise GradcamLabError(
            "Il n'y a rien à montrer : donnez au moins une classe et une couche, ou ne précisez "
            "ni targets ni layers."
        )
    if len(keys) * len(methods) > MAX_ROWS:
        raise GradcamLabError(
            f"Cette figure aurait {len(keys) * len(methods)} lignes, et la limite est de "
            f"{MAX_ROWS} : demandez moins de classes, de couches ou de méthodes à la fois."
        )
    return [(*key, method, found[method][key]) for key in keys for method in methods]


def _row_title(analysis, target, layer, method, score):
    title = f"« {analysis.prediction(target).label_fr} », couche {layer}, {METHODS[method].title}"
    return title if score == "logit" else f"{title}, gradient de la probabilité"


def _around(analysis, target):
    """Les trois classes les plus probables, et la classe expliquée si elle n'en est pas."""
    predictions = analysis.top(3)
    if target not in [prediction.index for prediction in predictions]:
        predictions.append(analysis.prediction(target))
    return predictions


# --- Les figures que les leçons partagent -----------------------------------------------------


def show_images(images, columns=4):
    """Montre des images côte à côte et rend la `Figure`.

    `images` : une image, une liste, ou un dictionnaire `{titre: image}` ; chacune est tout ce que
    `gl.load_image` accepte. `columns` : le nombre d'images par ligne. Lève `ImageError`.
    """
    pictures = {t: shrink(load_image(image)) for t, image in _titled(images).items()}
    ratio = max(picture.height / picture.width for picture in pictures.values())
    figure, axes = _grid(len(pictures), columns, ratio)
    for axis, (title, picture) in zip(axes, pictures.items()):
        _picture(axis, np.asarray(picture), title, columns=min(columns, len(pictures)))
    return figure


def show_maps(maps, columns=4, signed=False):
    """Montre des cartes (h, w), case par case, avec leur échelle, et rend la `Figure`.

    `maps` : une carte, une liste, ou un dictionnaire `{titre: carte}`. Avec `signed`, zéro est
    blanc, le positif est rouge et le négatif bleu. Lève `ImageError`.
    """
    maps = {title: _check_map(values) for title, values in _titled(maps).items()}
    figure, axes = _grid(len(maps), columns, max(m.shape[0] / m.shape[1] for m in maps.values()))
    for axis, (title, values) in zip(axes, maps.items()):
        limit = float(np.abs(values).max()) or 1.0
        low, colors = (-limit, "RdBu_r") if signed else (min(0.0, float(values.min())), "viridis")
        shown = axis.imshow(values, cmap=colors, vmin=low, vmax=limit, interpolation="nearest")
        axis.set_title(_short(title), fontsize=9)
        bar = figure.colorbar(shown, ax=axis, shrink=0.8)
        bar.ax.tick_params(labelsize=7)
        bar.ax.yaxis.set_major_formatter(_decimal_tick)
        axis.tick_params(labelsize=7)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    return figure


def show_channels(activations, channels=None, count=8, columns=4):
    """Montre quelques canaux d'une carte d'activation (h, w, C) et rend la `Figure`.

    `channels` : les numéros des canaux ; par défaut les `count` plus actifs en moyenne. L'échelle
    est la même pour tous. Lève `ImageError`.
    """
    values = np.asarray(activations)
    if values.ndim != 3 or not values.size:
        raise ImageError(
            f"Une carte d'activation a trois dimensions (h, w, C), et non la forme {values.shape}."
        )
    if channels is None:
        channels = np.argsort(-values.mean(axis=(0, 1)), kind="stable")[:count]
    channels = [int(channel) for channel in channels]
    wrong = [channel for channel in channels if not 0 <= channel < values.shape[2]]
    if wrong or not channels:
        raise ImageError(
            f"Cette carte d'activation a {values.shape[2]} canaux, numérotés de 0 à "
            f"{values.shape[2] - 1} : {channels} n'en désigne pas."
        )
    figure, axes = _grid(len(channels), columns, values.shape[0] / values.shape[1])
    top = float(values[:, :, channels].max()) or 1.0
    for axis, channel in zip(axes, channels):
        axis.imshow(values[:, :, channel], cmap="viridis", vmin=0, vmax=top)
        axis.set_title(f"canal {channel}", fontsize=9)
        axis.set_axis_off()
    return figure


def show_probabilities(predictions, target=None):
    """Dessine les probabilités d'une liste de `Prediction` et rend la `Figure`.

    `target` : l'indice de la classe à mettre en couleur ; par défaut la première de la liste.
    """
    predictions = list(predictions)
    if not predictions or not all(hasattr(p, "probability") for p in predictions):
        raise GradcamLabError(
            "show_probabilities attend une liste de prédictions, comme celle de analysis.top(5)."
        )
    figure = _figure(6.0, 0.5 + 0.4 * len(predictions))
    _bars(figure.subplots(), predictions, predictions[0].index if target is None else target)
    return figure


def show_vector(values, xlabel="indice", ylabel="valeur", marked=()):
    """Dessine un vecteur (n,), une barre par nombre, et rend la `Figure`.

    `marked` : les indices à mettre en couleur et à nommer. Lève `ImageError`.
    """
    values = np.asarray(values)
    if values.ndim != 1 or not values.size:
        raise ImageError(f"Un vecteur a une seule dimension (n,), et non la forme {values.shape}.")
    marked = [int(index) for index in marked]
    figure = _figure(_WIDTH, 2.4)
    axis = figure.subplots()
    axis.vlines(np.arange(len(values)), 0, values, color=_COLD, linewidth=0.9)
    for index in marked:
        axis.vlines([index], 0, values[index], color=_WARM, linewidth=2)
        axis.annotate(
            str(index), (index, values[index]), ha="center", va="bottom", fontsize=8, color=_WARM
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.margins(y=0.15)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(_decimal_tick)
    axis.spines[["top", "right"]].set_visible(False)
    return figure


def to_png(picture):
    """Rend les octets PNG d'une `Figure` ou d'une image, pour un widget `Image` par exemple."""
    buffer = io.BytesIO()
    if isinstance(picture, Figure):
        # Sans date ni version : le même dessin donne les mêmes octets.
        picture.savefig(buffer, format="png", metadata={"Software": None})
    else:
        load_image(picture).save(buffer, "PNG")
    return buffer.getvalue()


def _to_jpeg(figure):
    buffer = io.BytesIO()
    # subsampling=0 garde nettes les couleurs des cases et des lettres.
    load_image(to_png(figure)).save(buffer, "JPEG", quality=88, subsampling=0)
    return buffer.getvalue()


# --- Les nombres à la française ---------------------------------------------------------------


def _decimal_tick(value, _position=None):
    # Quatre chiffres au plus : 0,30000000000000004 n'apprend rien à personne.
    number, _, exponent = f"{value:.4g}".replace(".", ",").partition("e")
    number = number.replace("-", "\N{MINUS SIGN}")
    if exponent:
        number += f"·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return number


# --- Les rouages ------------------------------------------------------------------------------


def _figure(width, height):
    figure = LessonFigure(figsize=(width, height), dpi=_DPI, layout="constrained")
    figure.set_facecolor("white")
    # De quoi loger le cadre d'une remarque, que la mise en page ne compte pas.
    figure.get_layout_engine().set(h_pad=0.08)
    return figure


def _grid(count, columns, ratio):
    """Une figure de `count` cases, `columns` par ligne, de proportion hauteur/largeur `ratio`."""
    columns = max(1, min(int(columns), count))
    lines = -(-count // columns)
    width = min(3.2, _WIDTH / columns)
    figure = _figure(width * columns, lines * (0.35 + width * min(ratio, 1.6)))
    axes = figure.subplots(lines, columns, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.remove()
    return figure, axes[:count]


def _titled(pictures):
    """Rend un dictionnaire `{titre: image}`, quelle que soit la façon de donner les images."""
    if not isinstance(pictures, (dict, list, tuple)):
        pictures = [pictures]
    if not isinstance(pictures, dict):
        pictures = {_Untitled(): picture for picture in pictures}
    if not pictures:
        raise ImageError("Il n'y a rien à montrer : la liste est vide.")
    return pictures


class _Untitled:
    """Une clé de dictionnaire qui ne s'écrit pas."""

    def __str__(self):
        return ""


def _check_map(values):
    values = np.asarray(values, dtype=np.float32)
    if values.ndim != 2 or not values.size:
        raise ImageError(f"Une carte a deux dimensions (h, w), et non la forme {values.shape}.")
    if not np.isfinite(values).all():
        raise ImageError("La carte contient des valeurs non finies (NaN ou infini).")
    return values


def shrink(image, side=640):
    """Rend une image PIL dont le plus grand côté a au plus `side` pixels : assez pour un écran."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    return image.resize([max(1, round(length * scale)) for length in image.size])


def _picture(axis, picture, title, extent=None, columns=4):
    axis.imshow(picture, extent=extent, interpolation="nearest" if extent else None)
    axis.set_title(_short(title, _title_width(columns)), fontsize=9)
    axis.set_axis_off()


def _bars(axis, predictions, target):
    names = [_short(prediction.label_fr, 20) for prediction in predictions]
    values = [prediction.probability for prediction in predictions]
    colors = [_WARM if prediction.index == target else _COLD for prediction in predictions]
    positions = np.arange(len(values))
    axis.barh(positions, values, color=colors, height=0.45)
    for position, name, value, color in zip(positions, names, values, colors):
        weight = "bold" if color == _WARM else "normal"
        text = f"{name} : {percent(value)}"
        axis.text(0, position - 0.3, text, fontsize=8, weight=weight, va="bottom", ha="left")
    axis.set(xlim=(0, 1), ylim=(max(len(values), 3) - 0.5, -0.9))
    axis.set_axis_off()


def _title_width(columns):
    """Le nombre de lettres d'un titre qui tiennent sur la largeur d'une case."""
    return int(14 * min(3.2, _WIDTH / max(1, columns)))


def _short(text, width=33):
    # Une espace insécable, pour que « % » ne passe pas seul à la ligne.
    return textwrap.fill(str(text).replace(" %", "\N{NO-BREAK SPACE}%"), width)


def _wrapped(notes, width):
    return "\n".join(textwrap.fill(note, width) for note in notes)
