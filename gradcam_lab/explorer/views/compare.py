"""Deux classes côte à côte sur la même photo, avec la même échelle ou chacune la sienne."""

from dataclasses import replace

from ...figures.strips import compose_classes, raw_maps
from ...methods.cam import normalize
from ...methods.registry import find_method
from ..code import call, color_arguments, colors, map_arguments, map_choices
from .base import Content, Drawing, View

__all__ = ["Compare"]


class Compare(View):
    """La vue « Deux classes côte à côte »."""

    name, title, file = "compare", "Deux classes côte à côte", "deux_classes"
    own = ("rival", "common_scale")

    def idle(self, state):
        if _can_share(state):
            return {}
        reason = "les cartes de cette méthode n'ont pas la même unité d'une classe à l'autre"
        return {"common_scale": reason}

    def settle(self, state):
        return state if _can_share(state) else replace(state, common_scale=False)

    def targets(self, state):
        return [state.target, state.rival]

    def depends_on(self, state, layers):
        return (state.rival,)

    def compute(self, analysis, state, layers):
        targets, choices = self.targets(state), map_choices(state)
        maps = raw_maps(analysis, targets, **choices)
        notes = [note for target in targets for note in analysis.diagnose(target, **choices)]
        return Content(normalize(maps[0]), list(dict.fromkeys(notes)), maps)

    def draw(self, content, state, scene, shown):
        picture = compose_classes(
            scene.photo, content.parts, shown, common=state.common_scale, colors=colors(state)
        )
        names = " et ".join(p.label_fr for p in shown)
        alt = f"Cartes de chaleur des classes {names} sur la photo : {scene.title}"
        return Drawing(picture, alt)

    def code(self, state, names, layers, size):
        arguments = [f"[{', '.join(names)}]", *map_arguments(state), *color_arguments(state)]
        if not state.common_scale:
            arguments.append("common_scale=False")
        return call("picture = gl.compare_classes", ["analysis", *arguments])


def _can_share(state):
    return find_method(state.method).homogeneous
