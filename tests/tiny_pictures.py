"""De petits fichiers d'images fabriqués pour les tests."""

import struct
import zlib


def bomb_png(width, height):
    """Un PNG de quelques octets qui annonce `width` × `height` pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return _png((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))


def sixteen_bit_png(pixels):
    """Un PNG à 16 bits par couleur, que PIL ne sait pas écrire ; `pixels` : entiers (H, W, 3)."""
    height, width, _ = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    return _png((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))


def _png(*chunks):
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, data in chunks:
        body = kind + data
        parts += [struct.pack(">I", len(data)), body, struct.pack(">I", zlib.crc32(body))]
    return b"".join(parts)
