"""Une classe, une couche : ce qui plaide pour elle en rouge, ce qui plaide contre en bleu."""

from dataclasses import replace

from ...figures.balance import compose_balance, signed_maps
from ..code import call, map_arguments, map_choices, place
from .base import Drawing, View

__all__ = ["Balance"]


class Balance(View):
    """La vue « Pour et contre »."""

    name, title, file = "balance", "Pour et contre", "pour_contre"
    heading = "En rouge ce qui plaide pour la classe, en bleu ce qui plaide contre"
    beside = True

    def idle(self, state):
        own = "cette vue a ses propres couleurs"
        return {"alpha": own, "blend": own, "colormap": own}

    def refuses(self, method):
        if method.class_specific and method.name != "guided_backprop":
            return ""
        return f"{method.title} ne distingue pas le pour du contre"

    def compute(self, analysis, state, layers):
        parts = signed_maps(analysis, self.targets(state), **map_choices(state))
        return replace(super().compute(analysis, state, layers), parts=parts)

    def draw(self, content, state, scene, shown):
        picture = compose_balance(scene.photo, content.parts, shown)
        alt = (
            f"Ce qui plaide pour la classe {shown[0].label_fr}, en rouge, et contre elle, en bleu, "
            f"{place(state)}, sur la photo : {scene.title}"
        )
        return Drawing(picture, alt)

    def code(self, state, names, layers, size):
        return call("picture = gl.for_and_against", ["analysis", names[0], *map_arguments(state)])
