"""Les canaux de la couche qui pèsent le plus dans Grad-CAM, avec leurs poids."""

from dataclasses import replace

from ...figures.strips import compose_channels
from ...methods.cam import pooled_gradients
from ..code import call, quoted
from .base import Drawing, View

__all__ = ["Channels"]

_COUNT = 12
_OWN = "les poids affichés sont ceux de Grad-CAM"


class Channels(View):
    """La vue « Les canaux qui pèsent le plus »."""

    name, title, file = "channels", "Les canaux qui pèsent le plus", "canaux"
    scrolls = True

    def idle(self, state):
        alone = "cette vue montre les canaux eux-mêmes, sans la photo"
        return {"method": _OWN, "alpha": alone, "blend": alone}

    def refuses(self, method):
        return "" if method.name == "gradcam" else _OWN

    def compute(self, analysis, state, layers):
        gradients = analysis.gradients(state.target, layer=state.layer, score=state.score)
        parts = analysis.activations(state.layer), pooled_gradients(gradients)
        return replace(super().compute(analysis, state, layers), parts=parts)

    def draw(self, content, state, scene, shown):
        picture = compose_channels(
            scene.tile, *content.parts, count=_COUNT, colormap=state.colormap
        )
        name = shown[0].label_fr
        alt = f"Canaux de la couche {state.layer} qui pèsent le plus pour {name}, photo : "
        return Drawing(picture, alt + scene.title)

    def code(self, state, names, layers, size):
        choices = {"layer": state.layer, "score": state.score, "colormap": state.colormap}
        arguments = [f"{name}={quoted(value)}" for name, value in choices.items()]
        return call("picture = gl.channel_strip", ["analysis", names[0], *arguments])
