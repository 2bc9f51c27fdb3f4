"""Une classe, une couche : la carte superposée à la photo, et le contour de sa région chaude."""

from ...base.numbers import percent, short_percent
from ...images import fitted_size, superimpose
from ...images.hot_region import draw_hot_region, find_hot_region
from ..code import call, color_arguments, colors, map_arguments, place
from .base import Drawing, View

__all__ = ["Overlay"]

_BLANK = "La vue « Pour et contre » montre ce qu'une carte vide ne montre pas."


class Overlay(View):
    """La vue « Une classe »."""

    name, title, file = "overlay", "Une classe", "superposition"
    heading = "La carte superposée à la photo"
    own = ("outline", "threshold")
    beside = True

    def idle(self, state):
        return {} if state.outline else {"threshold": "cochez d'abord « Contour »"}

    def draw(self, content, state, scene, shown):
        picture, region = _painted(content.heatmap, scene.photo, state)
        alt = (
            f"Carte de chaleur, {self.subject(shown)}, {place(state)}, sur la "
            f"photo : {scene.title}{_place(region)}"
        )
        notes = _region_notes(region) if content.heatmap.any() else [_BLANK]
        return Drawing(picture, alt, notes)

    def code(self, state, names, layers, size):
        width, height = fitted_size(size)
        lines = [
            *call("heatmap = analysis.heatmap", self.arguments(state, names)),
            f"photo = image.resize(({width}, {height}))  # la taille affichée",
            *call("picture = gl.superimpose", ["heatmap", "photo", *color_arguments(state)]),
        ]
        if state.outline:
            lines += [
                f"size, threshold = ({height}, {width}), {state.threshold}",
                "region = gl.find_hot_region(heatmap, size, threshold=threshold)",
                "picture = gl.draw_hot_region(picture, region)",
            ]
        return lines

    def arguments(self, state, names):
        """Les arguments d'`analysis.heatmap`, écrits en Python ; `names` : le code des classes."""
        return [names[0], *map_arguments(state)]

    def full_size(self, result, analysis):
        """La superposition à la taille de la photo."""
        return _painted(result.heatmap, analysis.image, result.state)[0]


def _painted(heatmap, photo, state):
    """La photo sous sa carte, avec le contour s'il est demandé, et sa région (ou None)."""
    picture = superimpose(heatmap, photo, **colors(state))
    if not state.outline:
        return picture, None
    region = find_hot_region(heatmap, picture.shape[:2], threshold=state.threshold)
    return draw_hot_region(picture, region), region


def _place(region):
    """Où est la région, pour qui ne voit pas l'image."""
    if region is None or region.box is None:
        return ""
    x, y, width, height = region.box
    rows, columns = region.mask.shape
    across = _third((x + width / 2) / columns, "à gauche", "au centre", "à droite")
    down = _third((y + height / 2) / rows, "en haut", "à mi-hauteur", "en bas")
    return f". La région la plus chaude est {across}, {down}"


def _third(position, *words):
    return words[min(2, int(3 * position))]


def _region_notes(region):
    """Ce que dit le contour : sa part de la photo, et le nombre de morceaux."""
    if region is None or region.box is None:
        return []
    pieces = "d'un seul morceau" if region.pieces == 1 else f"en {region.pieces} morceaux"
    x, y, width, height = region.box
    box = "Le rectangle entoure" if region.pieces == 1 else "Le rectangle entoure le plus grand :"
    return [
        f"Au-dessus de {percent(region.threshold, digits=0)} du maximum, la région chaude couvre "
        f"{short_percent(region.share)} de la photo, {pieces}. {box} {width} × {height} pixels, à "
        f"partir de x = {x}, y = {y} (image affichée)."
    ]
