"""Assembler des images et leurs légendes sur du papier blanc, avec NumPy et Pillow seulement."""

import functools
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..base.palette import ACCENT

__all__ = ["captioned", "grid"]

_PAPER, _INK = (255, 255, 255), (20, 20, 20)


def captioned(picture, lines, *, width=0, size=14, marked=False):
    """L'image sur du papier blanc, avec des lignes de texte dessous ; encadrée si `marked`."""
    font = _font(size)
    height, own = picture.shape[:2]
    width = max(width, own)
    step = size + 5
    paper = Image.new("RGB", (width + 8, height + 10 + step * len(lines)), _PAPER)
    paper.paste(Image.fromarray(picture), (4 + (width - own) // 2, 4))
    draw = ImageDraw.Draw(paper)
    for i, line in enumerate(lines):
        draw.text((5, height + 6 + i * step), _cut(line, font, width), fill=_INK, font=font)
    if marked:
        draw.rectangle((0, 0, paper.width - 1, paper.height - 1), outline=ACCENT, width=3)
    return np.asarray(paper)


def grid(pieces, columns, *, gap=4):
    """Range des images en lignes de `columns`, sur du blanc ; une image seule reste elle-même."""
    height = max(len(piece) for piece in pieces)
    width = max(piece.shape[1] for piece in pieces)
    columns = max(1, min(columns, len(pieces)))
    rows = -(-len(pieces) // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, 3)
    sheet = np.full(shape, 255, np.uint8)
    for i, piece in enumerate(pieces):
        y, x = (i // columns) * (height + gap), (i % columns) * (width + gap)
        sheet[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return sheet


@functools.cache
def _font(size):
    # La police livrée avec matplotlib a toutes les lettres du français, sur tous les systèmes.
    import matplotlib

    path = Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf")
    return ImageFont.truetype(str(path), size)


def _cut(text, font, width):
    """`text`, raccourci au milieu s'il dépasse `width` pixels : la fin d'un nom le distingue."""
    if font.getlength(text) <= width:
        return text
    for kept in range(len(text) - 1, 1, -1):
        shortened = text[: kept // 2] + "…" + text[-(kept - kept // 2) :]
        if font.getlength(shortened) <= width:
            return shortened
    return "…"
