"""Les morceaux de HTML de l'explorateur : images avec leur texte, barres, messages.

Les couleurs du texte et du fond viennent du thème de la page, clair ou sombre.
"""

import base64
import functools
from html import escape

import numpy as np

from ...base.palette import ACCENT
from ...images import colorize, png_bytes

__all__ = [
    "bar", "caption", "code", "error", "links", "message", "paragraph", "picture", "thumbnail",
]  # fmt: skip

HEIGHT = 320  # pixels : la hauteur de la zone des images, toujours la même

_SOFT = "color:var(--jp-content-font-color2,inherit)"
_TEXT = "line-height:1.35;white-space:normal;overflow-wrap:anywhere"
_TYPES = {"png": "image/png", "npy": "application/octet-stream"}


def _uri(data, kind="png"):
    return f"data:{_TYPES[kind]};base64,{base64.b64encode(data).decode()}"


def picture(array, alt, title="", scroll=False):
    """Une image, son texte de remplacement et son titre, dans une zone de hauteur fixe."""
    data = png_bytes(array, fast=True)
    # « sync » : sans lui, la zone reste vide le temps que le navigateur décode l'image.
    size = f"width:100%;height:{HEIGHT - 22}px;object-fit:contain;object-position:top"
    if scroll:
        size = "max-width:100%;height:auto"
    return (
        f'<div style="height:{HEIGHT}px;overflow:auto;text-align:center;line-height:20px">'
        f'<div style="{_SOFT}">{escape(title)}</div>'
        f'<img class="gradcam-lab-picture" alt="{escape(alt)}" src="{_uri(data)}" '
        f'decoding="sync" style="{size};display:block;margin:0 auto"></div>'
    )


def thumbnail(array, alt):
    """La vignette d'une photo de la galerie, ou sa place si elle n'est pas encore téléchargée."""
    box = "width:100%;height:66px;display:block;margin:0 auto;line-height:1.2"
    if array is None:
        return (
            f'<div style="{box};{_SOFT};border:1px dashed;box-sizing:border-box;padding-top:18px;'
            'text-align:center;font-size:12px">à<br>télécharger</div>'
        )
    return (
        f'<img alt="{escape(alt)}" src="{_uri(png_bytes(array))}" style="{box};object-fit:contain">'
    )


def bar(percent, share):
    """Une barre de probabilité, avec son nombre."""
    width = 100 * min(1.0, max(0.0, share))
    return (
        '<div style="display:flex;align-items:center;gap:8px;height:28px;line-height:28px">'
        '<div style="flex:1;height:10px;border:1px solid var(--jp-border-color1,#888)">'
        f'<div style="width:{width:.1f}%;height:100%;background:{ACCENT}"></div></div>'
        f'<span style="width:64px;text-align:right">{escape(percent)}</span></div>'
    )


def paragraph(text, height=20, soft=True):
    """Une ligne de texte, de hauteur fixe : rien ne bouge quand elle change."""
    color = _SOFT if soft else "color:inherit"
    style = f"{_TEXT};{color};height:{height}px;overflow:auto"
    return f'<div style="{style}">{escape(text)}</div>'


def caption(text, colormap, height=40):
    """La légende de l'image, et l'échelle des couleurs (None : l'image a les siennes)."""
    ramp = colormap and (
        f' · froid <img alt="palette {escape(colormap)}, du froid au chaud" '
        f'src="{_ramp(colormap)}" '
        'style="width:90px;height:11px;vertical-align:middle"> chaud'
    )
    style = f"{_TEXT};height:{height}px;overflow:auto"
    return f'<div style="{style}">{escape(text)}{ramp or ""}</div>'


@functools.cache
def _ramp(colormap):
    return _uri(
        png_bytes(colorize(np.linspace(0, 1, 64, dtype=np.float32)[None], colormap=colormap))
    )


def message(status, notes, reasons):
    """La ligne d'état, le diagnostic de la carte, et les réglages sans effet."""
    lines = [f"<div>{escape(status)}</div>"]
    for note in notes:
        lines.append(f"<div><b>À savoir</b> : {escape(note)}</div>")
    if reasons:
        lines.append(f'<div style="{_SOFT}">Grisés : {escape(" ; ".join(reasons))}.</div>')
    return _panel("".join(lines), "var(--jp-border-color1,#888)", "status")


def error(text):
    """Une erreur, en rouge et en toutes lettres."""
    return _panel(f"<b>⚠ Impossible</b> : {escape(text)}", "#d32f2f", "alert")


def _panel(inside, color, role):
    return (
        f'<div role="{role}" style="{_TEXT};height:76px;overflow:auto;border-left:4px solid '
        f'{color};padding-left:8px">{inside}</div>'
    )


def code(text):
    """Le code équivalent : un clic le sélectionne tout entier, prêt à copier."""
    return (
        '<pre class="gradcam-lab-code" tabindex="0" aria-label="Code équivalent" style="'
        "user-select:all;-webkit-user-select:all;margin:0;padding:8px;line-height:1.35;"
        "white-space:pre;overflow:auto;border:1px solid var(--jp-border-color1,#888);"
        f'background:transparent;color:inherit">{escape(text)}</pre>'
    )


def links(files):
    """Un lien de téléchargement par fichier ; rien n'est écrit sur le disque du noyau."""
    items = []
    for name, data in files.items():
        size = f"{max(1, round(len(data) / 1000))} ko"
        uri = _uri(data, name.rsplit(".", 1)[1])
        items.append(
            f'<li><a download="{escape(name)}" href="{uri}" style="text-decoration:underline">'
            f"{escape(name)}</a> ({size})</li>"
        )
    return f'<ul style="margin:0;padding-left:20px;line-height:1.7">{"".join(items)}</ul>'
