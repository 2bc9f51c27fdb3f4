"""Les figures que les leçons partagent : images, cartes, canaux, probabilités, vecteurs."""

import operator
from collections.abc import Iterable

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..base.checks import check_count
from ..base.numbers import tick
from ..base.palette import ACCENT, QUIET
from ..errors import GradcamLabError, HeatmapError, ImageError, SettingError, UnknownClassError
from ..images import load_image, shrink
from .canvas import PLAIN, WIDTH, draw_bars, draw_picture, folded, grid, new_figure

__all__ = ["show_channels", "show_images", "show_maps", "show_probabilities", "show_vector"]


def show_images(images, *, columns=4):
    """Montre des images côte à côte.

    Arguments
    ---------
    images : une image, une liste, ou un dictionnaire `{titre: image}` ; chacune est tout ce que
        `gl.load_image` accepte
    columns : nombre d'images par ligne, au moins 1

    Rend
    ----
    Figure de matplotlib

    Lève
    ----
    ImageError
        une image ne se lit pas, ou il n'y en a aucune
    SettingError
        `columns` n'est pas un nombre entier d'au moins 1

    Exemple
    -------
    >>> gl.show_images({"la photo": image, "en gris": image.convert("L")})
    """
    columns = check_count(columns, "columns")
    pictures = {t: shrink(load_image(image)) for t, image in _titled(images, ImageError).items()}
    ratio = max(p.height / p.width for p in pictures.values())
    drawn, axes = grid(len(pictures), columns, ratio)
    for axis, (title, shown) in zip(axes, pictures.items()):
        draw_picture(axis, np.asarray(shown), title, columns=min(columns, len(pictures)))
    return drawn


def show_maps(maps, *, columns=4, signed=False):
    """Montre des cartes, case par case, chacune avec son échelle.

    Arguments
    ---------
    maps : une carte (h, w), une liste, ou un dictionnaire `{titre: carte}`
    columns : nombre de cartes par ligne, au moins 1
    signed : zéro est blanc, le positif rouge et le négatif bleu

    Rend
    ----
    Figure de matplotlib

    Lève
    ----
    HeatmapError
        une carte n'a pas deux dimensions, contient autre chose que des nombres finis, ou il n'y
        en a aucune
    SettingError
        `columns` n'est pas un nombre entier d'au moins 1

    Exemple
    -------
    >>> gl.show_maps({"avant ReLU": signed, "après ReLU": heatmap}, signed=True)
    """
    columns = check_count(columns, "columns")
    maps = {
        title: _numbers(values, "Une carte", "(h, w)")
        for title, values in _titled(maps, HeatmapError).items()
    }
    drawn, axes = grid(len(maps), columns, max(m.shape[0] / m.shape[1] for m in maps.values()))
    for axis, (title, values) in zip(axes, maps.items()):
        limit = float(np.abs(values).max()) or 1.0
        low, colors = (-limit, "RdBu_r") if signed else (min(0.0, float(values.min())), "viridis")
        shown = axis.imshow(values, cmap=colors, vmin=low, vmax=limit, interpolation="nearest")
        axis.set_title(folded(title), fontsize=9, **PLAIN)
        bar = drawn.colorbar(shown, ax=axis, shrink=0.8)
        bar.ax.tick_params(labelsize=7)
        bar.ax.yaxis.set_major_formatter(tick)
        axis.tick_params(labelsize=7)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    return drawn


def show_channels(activations, channels=None, *, count=8, columns=4):
    """Montre quelques canaux d'une carte d'activation, tous à la même échelle.

    Arguments
    ---------
    activations : carte d'activation (h, w, C)
    channels : numéros des canaux ; par défaut les `count` plus actifs en moyenne
    count : nombre de canaux, au moins 1
    columns : nombre de canaux par ligne, au moins 1

    Rend
    ----
    Figure de matplotlib

    Lève
    ----
    HeatmapError
        `activations` n'a pas trois dimensions, ou contient autre chose que des nombres finis
    SettingError
        un numéro de canal, `count` ou `columns` ne convient pas

    Exemple
    -------
    >>> gl.show_channels(analysis.activations(), channels=[12, 45])
    """
    count, columns = check_count(count, "count"), check_count(columns, "columns")
    values = _numbers(activations, "Une carte d'activation", "(h, w, C)")
    if channels is None:
        channels = np.argsort(-values.mean(axis=(0, 1)), kind="stable")[:count]
    channels = _places(channels, values.shape[2], "channels", "canaux")
    if not channels:
        raise SettingError("channels est vide : donnez au moins un numéro de canal.")
    drawn, axes = grid(len(channels), columns, values.shape[0] / values.shape[1])
    top = float(values[:, :, channels].max()) or 1.0
    for axis, channel in zip(axes, channels):
        axis.imshow(values[:, :, channel], cmap="viridis", vmin=0, vmax=top)
        axis.set_title(f"canal {channel}", fontsize=9)
        axis.set_axis_off()
    return drawn


def show_probabilities(predictions, target=None):
    """Dessine une barre par prédiction, de 0 à 1.

    Arguments
    ---------
    predictions : liste de `Prediction`, comme celle de `analysis.top(5)`
    target : la classe à mettre en couleur, par son indice ou son nom ; par défaut la première

    Rend
    ----
    Figure de matplotlib

    Lève
    ----
    GradcamLabError
        `predictions` n'est pas une liste de prédictions
    UnknownClassError
        `target` n'est pas dans la liste

    Exemple
    -------
    >>> gl.show_probabilities(analysis.top(5))
    """
    predictions = list(predictions) if isinstance(predictions, Iterable) else [predictions]
    if not predictions or not all(hasattr(p, "probability") for p in predictions):
        raise GradcamLabError(
            "show_probabilities attend une liste de prédictions, comme celle de analysis.top(5)."
        )
    named = [p.index for p in predictions if target in (None, p.index, p.label_fr, p.label)]
    if not named:
        raise UnknownClassError(
            f"La classe {target!r} n'est pas dans cette liste : choisissez parmi "
            f"{', '.join(f'{p.label_fr} ({p.index})' for p in predictions)}."
        )
    drawn = new_figure(6.0, 0.5 + 0.4 * len(predictions))
    draw_bars(drawn.subplots(), predictions, named[0], width=70)
    return drawn


def show_vector(values, *, xlabel="indice", ylabel="valeur", marked=()):
    """Dessine un vecteur, une barre par nombre.

    Arguments
    ---------
    values : vecteur (n,)
    xlabel, ylabel : noms des axes
    marked : indices à mettre en couleur et à nommer

    Rend
    ----
    Figure de matplotlib

    Lève
    ----
    HeatmapError
        `values` n'a pas une seule dimension, ou contient autre chose que des nombres finis
    SettingError
        un indice de `marked` n'existe pas

    Exemple
    -------
    >>> gl.show_vector(analysis.probabilities, ylabel="probabilité", marked=[251])
    """
    values = _numbers(values, "Un vecteur", "(n,)")
    marked = _places(marked, len(values), "marked", "nombres")
    drawn = new_figure(WIDTH, 2.4)
    axis = drawn.subplots()
    axis.vlines(np.arange(len(values)), 0, values, color=QUIET, linewidth=0.9)
    for index in marked:
        axis.vlines([index], 0, values[index], color=ACCENT, linewidth=2)
        axis.annotate(
            str(index), (index, values[index]), ha="center", va="bottom", fontsize=8, color=ACCENT
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set_xlabel(xlabel, **PLAIN)
    axis.set_ylabel(ylabel, **PLAIN)
    axis.margins(y=0.15)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(tick)
    axis.spines[["top", "right"]].set_visible(False)
    return drawn


# --- Les rouages ------------------------------------------------------------------------------


def _titled(pictures, error):
    """Un dictionnaire `{titre: image}`, quelle que soit la façon de donner les images."""
    if not isinstance(pictures, (dict, list, tuple)):
        pictures = [pictures]
    if not isinstance(pictures, dict):
        pictures = {_Untitled(): one for one in pictures}
    if not pictures:
        raise error("Il n'y a rien à montrer : la liste est vide.")
    return pictures


class _Untitled:
    """Une clé de dictionnaire qui ne s'écrit pas."""

    def __str__(self):
        return ""


def _numbers(values, what, shape):
    """Un tableau de nombres finis, qui a les dimensions de `shape`, ou `HeatmapError`."""
    try:
        array = np.asarray(values, np.float64)
    except (TypeError, ValueError):
        raise HeatmapError(f"{what} est un tableau de nombres de forme {shape}.") from None
    if array.ndim != len(shape.strip("(,)").split(",")) or not array.size:
        raise HeatmapError(f"{what} est un tableau de forme {shape}, et non {array.shape}.")
    if not np.isfinite(array).all():
        raise HeatmapError(
            f"{what} ne contient que des nombres finis, et ce tableau contient NaN ou l'infini : "
            "demandez à analysis.diagnose() d'où ils viennent."
        )
    return array


def _places(places, count, name, what):
    """Des numéros entiers de 0 à `count - 1`, ou `SettingError`."""
    try:
        places = [operator.index(place) for place in np.ravel(places)]
    except (TypeError, ValueError):
        raise SettingError(f"{name} attend une liste de nombres entiers.") from None
    wrong = [place for place in places if not 0 <= place < count]
    if wrong:
        raise SettingError(
            f"{name} : il y a {count} {what}, numérotés de 0 à {count - 1}, et {wrong[0]} n'en "
            "désigne aucun."
        )
    return places
