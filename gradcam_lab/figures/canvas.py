"""La toile des figures : une `Figure` qui s'affiche seule, et ce que l'on y pose.

Rien ne passe par `pyplot` : rien ne reste ouvert en mémoire, et le style choisi par
l'utilisateur est respecté.
"""

import io
import sys
import textwrap

import numpy as np
from matplotlib.figure import Figure

from ..base.numbers import percent
from ..base.palette import ACCENT, QUIET
from ..images import jpeg_bytes, load_image, png_bytes

__all__ = ["LessonFigure", "to_png"]

# Le plus gros PNG affiché tel quel, en octets.
_HEAVY = 100_000
_DPI = 100  # points par pouce : 1 pouce de figure fait 100 pixels
WIDTH = 9.6  # largeur d'une figure, en pouces : celle d'un carnet ouvert dans JupyterLab
NOTE = {"facecolor": "#fff7ed", "edgecolor": ACCENT, "boxstyle": "round,pad=0.5"}
# Un nom de classe ou un titre qui contient des « $ » n'est pas une formule.
PLAIN = {"parse_math": False}


class LessonFigure(Figure):
    """Une `Figure` qui s'affiche dans Jupyter même si `pyplot` n'a jamais été importé.

    Un dessin s'affiche en PNG, net ; une figure pleine de photos en JPEG, trois fois plus
    léger : un carnet enregistré reste sous les deux mégaoctets.
    """

    def _repr_png_(self):
        png = to_png(self)
        return png if len(png) <= _HEAVY else None

    def _repr_jpeg_(self):
        png = to_png(self)
        return jpeg_bytes(load_image(png), quality=88) if len(png) > _HEAVY else None


def _tell_jupyter():
    """Dit à Jupyter de suivre les choix de `LessonFigure`, et non ceux de toutes les figures."""
    interface = sys.modules.get("IPython")
    shell = interface.get_ipython() if interface else None
    if shell is not None:
        formatters = shell.display_formatter.formatters
        formatters["image/png"].for_type(LessonFigure, LessonFigure._repr_png_)
        formatters["image/jpeg"].for_type(LessonFigure, LessonFigure._repr_jpeg_)


_tell_jupyter()


def new_figure(width, height):
    """Une figure vide de `width` × `height` pouces, au fond blanc."""
    drawn = LessonFigure(figsize=(width, height), dpi=_DPI, layout="constrained")
    drawn.set_facecolor("white")
    # De quoi loger le cadre d'une remarque, que la mise en page ne compte pas.
    drawn.get_layout_engine().set(h_pad=0.08)
    return drawn


def grid(count, columns, ratio):
    """Une figure de `count` cases, `columns` par ligne, de proportion hauteur/largeur `ratio`."""
    columns = min(columns, count)
    lines = -(-count // columns)
    width = min(3.2, WIDTH / columns)
    drawn = new_figure(width * columns, lines * (0.35 + width * min(ratio, 1.6)))
    axes = drawn.subplots(lines, columns, squeeze=False).ravel()
    for axis in axes[count:]:
        axis.remove()
    return drawn, axes[:count]


def to_png(picture):
    """Renvoie les octets PNG d'une figure ou d'une image, pour un widget `Image` par exemple.

    Arguments
    ---------
    picture : une `Figure` de matplotlib, ou tout ce que `gl.load_image` accepte

    Rend
    ----
    bytes ; le même dessin donne toujours les mêmes octets

    Lève
    ----
    ImageError
        `picture` n'est ni une figure, ni une image lisible
    """
    if not isinstance(picture, Figure):
        return png_bytes(load_image(picture))
    buffer = io.BytesIO()
    # Sans date ni version : le même dessin donne les mêmes octets.
    picture.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def draw_picture(axis, picture, title, extent=None, columns=4):
    """Pose une image et son titre dans une case, sans axes."""
    axis.imshow(picture, extent=extent, interpolation="nearest" if extent else None)
    axis.set_title(folded(title, title_width(columns)), fontsize=9, **PLAIN)
    axis.set_axis_off()


def draw_bars(axis, predictions, target, width=20):
    """Une barre par `Prediction`, celle de la classe `target` en couleur ; noms repliés."""
    names = [folded(f"{p.label_fr} : {percent(p.probability)}", width) for p in predictions]
    values = [prediction.probability for prediction in predictions]
    colors = [ACCENT if prediction.index == target else QUIET for prediction in predictions]
    # Un nom de deux lignes repousse sa barre, au lieu de couvrir celle du dessus.
    positions = np.cumsum([1 + 0.5 * name.count("\n") for name in names]) - 1
    axis.barh(positions, values, color=colors, height=0.45)
    for position, name, color in zip(positions, names, colors):
        weight = "bold" if color == ACCENT else "normal"
        axis.text(0, position - 0.3, name, fontsize=8, weight=weight, va="bottom", **PLAIN)
    axis.set(xlim=(0, 1), ylim=(max(positions[-1], 2) + 0.5, -0.9))
    axis.set_axis_off()


def title_width(columns):
    """Le nombre de lettres d'un titre qui tiennent sur la largeur d'une case."""
    return int(14 * min(3.2, WIDTH / max(1, columns)))


def folded(text, width=33):
    """Le texte replié à `width` lettres par ligne."""
    # Une espace insécable, pour que « % » ne passe pas seul à la ligne.
    return textwrap.fill(str(text).replace(" %", "\N{NO-BREAK SPACE}%"), width)


def wrapped(notes, width):
    """Des phrases, une par ligne, repliées à `width` lettres."""
    return "\n".join(textwrap.fill(note, width) for note in notes)
