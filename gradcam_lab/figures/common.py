"""Les figures que les leçons partagent : images, cartes, canaux, probabilités, vecteurs."""

import numpy as np
from matplotlib.ticker import MaxNLocator

from ..base.numbers import tick
from ..errors import GradcamLabError, ImageError
from ..images import load_image
from .canvas import (
    COLD,
    WARM,
    WIDTH,
    draw_bars,
    draw_picture,
    folded,
    grid,
    new_figure,
    shrink,
)

__all__ = ["show_channels", "show_images", "show_maps", "show_probabilities", "show_vector"]


def show_images(images, columns=4):
    """Montre des images côte à côte et rend la `Figure`.

    `images` : une image, une liste, ou un dictionnaire `{titre: image}` ; chacune est tout ce que
    `gl.load_image` accepte. `columns` : le nombre d'images par ligne. Lève `ImageError`.
    """
    pictures = {t: shrink(load_image(image)) for t, image in _titled(images).items()}
    ratio = max(p.height / p.width for p in pictures.values())
    drawn, axes = grid(len(pictures), columns, ratio)
    for axis, (title, shown) in zip(axes, pictures.items()):
        draw_picture(axis, np.asarray(shown), title, columns=min(columns, len(pictures)))
    return drawn


def show_maps(maps, columns=4, signed=False):
    """Montre des cartes (h, w), case par case, avec leur échelle, et rend la `Figure`.

    `maps` : une carte, une liste, ou un dictionnaire `{titre: carte}`. Avec `signed`, zéro est
    blanc, le positif est rouge et le négatif bleu. Lève `ImageError`.
    """
    maps = {title: _check_map(values) for title, values in _titled(maps).items()}
    drawn, axes = grid(len(maps), columns, max(m.shape[0] / m.shape[1] for m in maps.values()))
    for axis, (title, values) in zip(axes, maps.items()):
        limit = float(np.abs(values).max()) or 1.0
        low, colors = (-limit, "RdBu_r") if signed else (min(0.0, float(values.min())), "viridis")
        shown = axis.imshow(values, cmap=colors, vmin=low, vmax=limit, interpolation="nearest")
        axis.set_title(folded(title), fontsize=9)
        bar = drawn.colorbar(shown, ax=axis, shrink=0.8)
        bar.ax.tick_params(labelsize=7)
        bar.ax.yaxis.set_major_formatter(tick)
        axis.tick_params(labelsize=7)
        axis.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axis.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    return drawn


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
    drawn, axes = grid(len(channels), columns, values.shape[0] / values.shape[1])
    top = float(values[:, :, channels].max()) or 1.0
    for axis, channel in zip(axes, channels):
        axis.imshow(values[:, :, channel], cmap="viridis", vmin=0, vmax=top)
        axis.set_title(f"canal {channel}", fontsize=9)
        axis.set_axis_off()
    return drawn


def show_probabilities(predictions, target=None):
    """Dessine les probabilités d'une liste de `Prediction` et rend la `Figure`.

    `target` : l'indice de la classe à mettre en couleur ; par défaut la première de la liste.
    """
    predictions = list(predictions)
    if not predictions or not all(hasattr(p, "probability") for p in predictions):
        raise GradcamLabError(
            "show_probabilities attend une liste de prédictions, comme celle de analysis.top(5)."
        )
    drawn = new_figure(6.0, 0.5 + 0.4 * len(predictions))
    draw_bars(drawn.subplots(), predictions, predictions[0].index if target is None else target)
    return drawn


def show_vector(values, xlabel="indice", ylabel="valeur", marked=()):
    """Dessine un vecteur (n,), une barre par nombre, et rend la `Figure`.

    `marked` : les indices à mettre en couleur et à nommer. Lève `ImageError`.
    """
    values = np.asarray(values)
    if values.ndim != 1 or not values.size:
        raise ImageError(f"Un vecteur a une seule dimension (n,), et non la forme {values.shape}.")
    marked = [int(index) for index in marked]
    drawn = new_figure(WIDTH, 2.4)
    axis = drawn.subplots()
    axis.vlines(np.arange(len(values)), 0, values, color=COLD, linewidth=0.9)
    for index in marked:
        axis.vlines([index], 0, values[index], color=WARM, linewidth=2)
        axis.annotate(
            str(index), (index, values[index]), ha="center", va="bottom", fontsize=8, color=WARM
        )
    axis.axhline(0, color="black", linewidth=0.6)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.margins(y=0.15)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.yaxis.set_major_formatter(tick)
    axis.spines[["top", "right"]].set_visible(False)
    return drawn


# --- Les rouages ------------------------------------------------------------------------------


def _titled(pictures):
    """Rend un dictionnaire `{titre: image}`, quelle que soit la façon de donner les images."""
    if not isinstance(pictures, (dict, list, tuple)):
        pictures = [pictures]
    if not isinstance(pictures, dict):
        pictures = {_Untitled(): one for one in pictures}
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
