"""Colorer une carte de chaleur et la superposer à la photo, avec la formule du livre."""

import functools

import numpy as np

from ..base.checks import check_share
from ..base.messages import say
from ..base.names import unknown_name
from ..errors import HeatmapError, SettingError
from .reading import load_image
from .resizing import resize_map

# Palettes lisibles par les personnes daltoniennes : leur clarté croît régulièrement, si bien que
# la carte se lit encore en noir et blanc.
COLORBLIND_SAFE = ("cividis", "viridis", "inferno", "magma", "plasma")

# Les réglages du livre (listing 5.44), que tout le cours prend par défaut.
ALPHA, COLORMAP, BLEND = 0.4, "jet", "add"

_BLENDS = ("add", "mix")
_TOLERANCE = 1e-3


@functools.cache
def colormaps():
    """Renvoie les noms des palettes d'OpenCV, en minuscules, par ordre alphabétique.

    `cividis`, `viridis`, `inferno`, `magma` et `plasma` conviennent aux personnes daltoniennes et
    se lisent encore en noir et blanc.

    Rend
    ----
    tuple de textes
    """
    import cv2

    prefix = "COLORMAP_"
    return tuple(sorted(n[len(prefix) :].lower() for n in dir(cv2) if n.startswith(prefix)))


def colorize(heatmap, size=None, *, colormap=COLORMAP):
    """Renvoie la carte de chaleur en couleurs.

    Arguments
    ---------
    heatmap : tableau (h, w), valeurs dans [0, 1]
    size : (H, W) ; la carte est d'abord agrandie par interpolation bilinéaire, avant d'être
        colorée, pour que les couleurs restent celles de la palette
    colormap : un nom de `colormaps()`

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    HeatmapError
        la carte n'a pas deux dimensions, ou ses valeurs sortent de [0, 1]
    SettingError
        la palette n'existe pas, ou `size` n'est pas un couple d'entiers
    """
    import cv2

    palette = _palette(colormap)
    values = check_heatmap(heatmap)
    if size is not None:
        values = resize_map(values, size)
    # Un tableau tronqué, et non arrondi : c'est le `np.uint8(255 * heatmap)` du livre.
    return cv2.applyColorMap(np.uint8(255 * values), palette)


def superimpose(heatmap, image, alpha=ALPHA, *, colormap=COLORMAP, blend=BLEND):
    """Renvoie la photo et sa carte de chaleur superposées, à la taille de la photo.

    Sur un fond très clair, `blend="add"` ne peut plus rien ajouter : si la plus grande partie de la
    chaleur s'y perd, une phrase le dit.

    Arguments
    ---------
    heatmap : tableau (h, w), valeurs dans [0, 1], agrandi à la taille de la photo
    image : tout ce que `load_image` accepte
    alpha : l'opacité, de 0 à 1
    colormap : un nom de `colormaps()`
    blend : "add" calcule `alpha * couleur + image`, bornée à 0-255 : les zones froides restent
        bleutées et l'image s'éclaircit ; "mix" calcule `alpha * couleur + (1 - alpha) * image`

    Rend
    ----
    uint8 (H, W, 3), RVB

    Lève
    ----
    HeatmapError
        la carte n'a pas deux dimensions, ou ses valeurs sortent de [0, 1]
    ImageError
        la photo ne peut pas être lue
    SettingError
        l'opacité, la palette ou le mélange n'existe pas

    Source
    ------
    F. Chollet, *Deep Learning with Python*, 2017, listing 5.44, pour "add"
    """
    alpha = check_overlay(alpha, colormap, blend)
    photo = np.asarray(load_image(image))
    color = colorize(heatmap, photo.shape[:2], colormap=colormap)
    if blend == "add" and _lost_heat(heatmap, color, photo, alpha) > 0.5:
        say(_LOST, once=True)
    kept = 1.0 if blend == "add" else 1.0 - alpha
    result = np.empty_like(photo)
    # Par bandes de lignes : une photo de 100 mégapixels demanderait sinon des gigaoctets.
    for start in range(0, len(photo), 256):
        rows = slice(start, start + 256)
        mixed = alpha * color[rows] + kept * photo[rows]
        result[rows] = np.clip(mixed, 0, 255)
    return result


_LOST = (
    "La photo est si claire que la plus grande partie de la chaleur ne s'y voit pas : demandez le "
    'mélange « mix » (`blend="mix"`).'
)
_VISIBLE = 16  # niveaux sur 255 : en dessous, un changement de couleur échappe à l'œil


def _lost_heat(heatmap, color, photo, alpha):
    """La part des points chauds (plus de 0,5) dont la couleur ajoutée est coupée par le blanc.

    Un point sur quelques-uns suffit : 128 par côté au plus.
    """
    step = max(1, max(photo.shape) // 128)
    photo, color = photo[::step, ::step], color[::step, ::step]
    hot = resize_map(check_heatmap(heatmap), photo.shape[:2]) > 0.5
    added = alpha * color[hot]
    seen = np.minimum(added, 255 - photo[hot])
    lost = (added.max(axis=1) >= _VISIBLE) & (seen.max(axis=1) < _VISIBLE)
    return lost.mean() if lost.size else 0.0


def check_overlay(alpha=ALPHA, colormap=COLORMAP, blend=BLEND):
    """Vérifie ces réglages de `superimpose`, renvoie `alpha` en nombre, ou lève `SettingError`."""
    _palette(colormap)
    if blend not in _BLENDS:
        choice = " ou ".join(f'"{name}"' for name in _BLENDS)
        raise SettingError(f"Le mélange « {blend} » n'existe pas : choisissez {choice}.")
    return check_share(alpha, "L'opacité alpha")


def _palette(name):
    """Renvoie la palette d'OpenCV sous forme de 256 couleurs RVB, uint8 (256, 1, 3)."""
    import cv2

    folded = str(name).strip().lower()
    if folded not in colormaps():
        raise SettingError(unknown_name(f"La palette « {name} » n'existe pas", name, colormaps()))
    return _rgb_colors(getattr(cv2, f"COLORMAP_{folded.upper()}"))


@functools.cache
def _rgb_colors(code):
    import cv2

    ramp = np.arange(256, dtype=np.uint8)[:, None]
    # OpenCV renvoie du BVR : sans cette inversion, le chaud serait bleu et le froid rouge.
    return np.ascontiguousarray(cv2.applyColorMap(ramp, code)[:, :, ::-1])


def check_heatmap(heatmap):
    """Renvoie la carte en float32 (h, w), bornée à [0, 1], ou lève `HeatmapError`."""
    values = finite_map(heatmap)
    if np.asarray(heatmap).dtype == np.uint8 and values.max() > 1:
        raise HeatmapError(
            "La carte de chaleur est en entiers de 0 à 255 : divisez-la par 255 pour revenir à 0–1."
        )
    low, high = float(values.min()), float(values.max())
    if low < -_TOLERANCE or high > 1 + _TOLERANCE:
        raise HeatmapError(
            f"Les valeurs de la carte de chaleur vont de {low:.3g} à {high:.3g} au lieu de rester "
            "entre 0 et 1 : demandez-la avec `normalize=True`, ou divisez-la par son maximum."
        )
    return np.clip(values, 0, 1)


def finite_map(heatmap):
    """Renvoie la carte en float32 (h, w), ou lève `HeatmapError` si ce n'en est pas une."""
    try:
        values = np.asarray(heatmap)
    except Exception:  # des lignes de longueurs différentes, ou un `__array__` qui échoue
        values = np.asarray(None)
    if values.ndim != 2 or values.size == 0:
        found = f"la forme {values.shape}" if values.ndim else f"un objet {type(heatmap).__name__}"
        raise HeatmapError(
            "Une carte de chaleur a deux dimensions (h, w), et non "
            f"{found} : donnez la carte elle-même."
        )
    if not (np.issubdtype(values.dtype, np.number) or values.dtype == bool):
        raise HeatmapError(f"Une carte de chaleur contient des nombres, et non {values.dtype}.")
    if not np.iscomplexobj(values):
        with np.errstate(over="ignore"):  # 1e300 devient infini, et se refuse comme lui
            values = values.astype(np.float32)
    if np.iscomplexobj(values) or not np.isfinite(values).all():
        raise HeatmapError(
            "La carte de chaleur contient des valeurs qui ne sont pas des nombres "
            "(NaN ou infini) : demandez à `analysis.diagnose()` d'où elles viennent."
        )
    return values
