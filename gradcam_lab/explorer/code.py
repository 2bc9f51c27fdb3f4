"""Le code équivalent : les quelques lignes qui redonnent exactement l'image affichée."""

from ..methods.registry import find_method
from .sources import OWN

__all__ = [
    "call", "color_arguments", "colors", "equivalent_code", "map_arguments", "map_choices",
    "place", "quoted",
]  # fmt: skip


def equivalent_code(lines, *, photo, network, explorer):
    """Renvoie le code Python qui, exécuté dans un carnet, met l'image affichée dans `picture`.

    `lines` : celles de la vue ; `photo` : une `Photo` ; `network` : la ligne qui charge le réseau ;
    `explorer` : l'expression qui désigne l'explorateur.
    """
    note = f"  # {photo.note}" if photo.note else ""
    return "\n".join(
        [
            "import gradcam_lab as gl",
            "",
            f"model = {network.replace(OWN, explorer)}",
            f"image = {photo.code.replace(OWN, explorer)}{note}",
            "analysis = model.analyze(image)",
            *lines,
            "gl.load_image(picture)",
        ]
    )


# --- Ce dont les vues se servent ------------------------------------------------------------------


def map_choices(state):
    """Les réglages d'une carte, comme les prend `analysis.heatmap`."""
    layer = {"layer": state.layer} if find_method(state.method).takes_layer else {}
    return {**layer, "method": state.method, "score": state.score}


def place(state):
    """Où la carte est prise, en toutes lettres."""
    if find_method(state.method).takes_layer:
        return f"couche {state.layer}"
    return f"méthode {find_method(state.method).title}"


def colors(state):
    """Les réglages des couleurs, comme les prend `gl.superimpose`."""
    return {"alpha": state.alpha, "colormap": state.colormap, "blend": state.blend}


def map_arguments(state):
    """Les mêmes que `map_choices`, écrits en Python."""
    return [f"{name}={quoted(value)}" for name, value in map_choices(state).items()]


def color_arguments(state):
    """Les mêmes que `colors`, écrits en Python."""
    return [f"{name}={quoted(value)}" for name, value in colors(state).items()]


def quoted(value):
    """Une chaîne entre guillemets doubles, comme partout dans le cours ; un nombre tel quel."""
    text = repr(value)
    return (
        f'"{value}"' if isinstance(value, str) and '"' not in value and "\\" not in text else text
    )


def call(start, arguments):
    """Un appel, replié sur plusieurs lignes s'il est long."""
    line = f"{start}({', '.join(arguments)})"
    if len(line) <= 80:
        return [line]
    return [f"{start}(", *(f"    {line}" for line in _filled(arguments)), ")"]


def _filled(arguments):
    lines = [""]
    for argument in arguments:
        if lines[-1] and len(lines[-1]) + len(argument) > 72:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{argument},"
    return lines
