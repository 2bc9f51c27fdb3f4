"""Une classe, toutes les couches du curseur : une vignette par couche."""

from ...figures.strips import compose_layers
from ..code import call, color_arguments, colors, map_arguments, quoted
from .base import Content, Drawing, View

__all__ = ["Layers"]


class Layers(View):
    """La vue « Toutes les couches »."""

    name, title, file = "layers", "Toutes les couches", "couches"
    scrolls = True

    def refuses(self, method):
        if not method.takes_layer or method.family == "image":
            return f"{method.title} part de l'image, et non d'une couche"
        return f"{method.title} serait trop long sur toutes les couches" if method.runs else ""

    def depends_on(self, state, layers):
        return tuple(layers)

    def compute(self, analysis, state, layers):
        choices = {"method": state.method, "score": state.score}
        found = analysis.heatmaps([state.target], layers, **choices)
        maps = {layer: found[state.target, layer] for layer in layers}
        notes = analysis.diagnose(state.target, layer=state.layer, **choices)
        return Content(maps[state.layer], notes + _blank_layers(maps), maps)

    def draw(self, content, state, scene, shown):
        picture = compose_layers(
            scene.tile, content.parts, marked=state.layer, colors=colors(state)
        )
        name = shown[0].label_fr
        alt = f"Cartes de chaleur de la classe {name}, couche par couche, sur la photo : "
        return Drawing(picture, alt + scene.title)

    def code(self, state, names, layers, size):
        shown = [] if layers is None else [f"layers=[{', '.join(map(quoted, layers))}]"]
        arguments = [*shown, *map_arguments(state)[1:], *color_arguments(state)]
        arguments.append(f"marked={quoted(state.layer)}")
        return call("picture = gl.layer_strip", ["analysis", names[0], *arguments])

    def where(self, layer):
        return "toutes les couches du curseur"


def _blank_layers(maps):
    """La phrase qui compte les couches dont la carte est vide."""
    blank = [layer for layer, heatmap in maps.items() if not heatmap.any()]
    if not blank:
        return []
    if len(blank) == 1:
        return [f"La couche « {blank[0]} » donne une carte vide."]
    return [f"{len(blank)} couches donnent une carte vide, dont « {blank[0]} »."]
