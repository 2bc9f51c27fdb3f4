"""Le code équivalent : les quelques lignes qui redonnent exactement l'image affichée."""

from ..images import fitted_size
from .sources import OWN

__all__ = ["equivalent_code"]


def equivalent_code(state, *, photo, network, size, names, layers, explorer):
    """Rend le code Python qui, exécuté dans un carnet, met l'image affichée dans `picture`.

    `photo` : une `Photo` ; `network` : la ligne qui charge le réseau ; `size` : (largeur,
    hauteur) de la photo ; `names` : ce qui désigne chaque classe ; `layers` : None ou les noms
    montrés ; `explorer` : l'expression qui désigne l'explorateur.
    """
    image = photo.code.replace(OWN, explorer)
    note = f"  # {photo.note}" if photo.note else ""
    lines = [
        "import gradcam_lab as gl",
        "",
        f"model = {network.replace(OWN, explorer)}",
        f"image = {image}{note}",
        "analysis = model.analyze(image)",
        *_VIEWS[state.view](state, [repr_fr(name) for name in names], layers, size),
        "gl.load_image(picture)",
    ]
    return "\n".join(lines)


def repr_fr(value):
    """Une chaîne entre guillemets doubles, comme partout dans le cours ; un nombre tel quel."""
    text = repr(value)
    return (
        f'"{value}"' if isinstance(value, str) and '"' not in value and "\\" not in text else text
    )


def _overlay(state, names, _layers, size):
    width, height = fitted_size(size)
    lines = [
        *_call("heatmap = analysis.heatmap", [names[0], *_map_arguments(state)]),
        f"photo = image.resize(({width}, {height}))  # la taille affichée",
        *_call("picture = gl.superimpose", ["heatmap", "photo", *_colors(state)]),
    ]
    if state.outline:
        lines += [
            f"size, threshold = ({height}, {width}), {state.threshold}",
            "region = gl.find_hot_region(heatmap, size, threshold)",
            "picture = gl.draw_hot_region(picture, region)",
        ]
    return lines


def _compare(state, names, _layers, _size):
    arguments = [f"[{', '.join(names)}]", *_map_arguments(state), *_colors(state)]
    if not state.common_scale:
        arguments.append("common_scale=False")
    return _call("picture = gl.compare_classes", ["analysis", *arguments])


def _layers(state, names, layers, _size):
    shown = [] if layers is None else [f"layers=[{', '.join(map(repr_fr, layers))}]"]
    arguments = [*shown, *_map_arguments(state)[1:], *_colors(state)]
    arguments.append(f"marked={repr_fr(state.layer)}")
    return _call("picture = gl.layer_strip", ["analysis", names[0], *arguments])


def _channels(state, names, _layers, _size):
    arguments = [f"layer={repr_fr(state.layer)}", f"score={repr_fr(state.score)}"]
    arguments.append(f"colormap={repr_fr(state.colormap)}")
    return _call("picture = gl.channel_strip", ["analysis", names[0], *arguments])


_VIEWS = {"overlay": _overlay, "compare": _compare, "layers": _layers, "channels": _channels}


def _map_arguments(state):
    choices = (("layer", state.layer), ("method", state.method), ("score", state.score))
    return [f"{name}={repr_fr(value)}" for name, value in choices]


def _colors(state):
    colormap, blend = repr_fr(state.colormap), repr_fr(state.blend)
    return [f"alpha={state.alpha}", f"colormap={colormap}", f"blend={blend}"]


def _call(start, arguments):
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
