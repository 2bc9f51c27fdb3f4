"""Leçon 3 : mélanger la carte et la photo, opacité selon la chaleur, programme à réparer."""

import numpy as np

from ....base.checks import check_share
from ....images import ALPHA, COLORMAP, colorize, load_image, resize_map, superimpose
from ...correction import RIGHT, correct

__all__ = ["check_heat_opacity", "check_mix", "check_overlay_function"]

_SWAPPED = "Presque : le rouge et le bleu sont échangés ; OpenCV colore en BVR."


def check_mix(answer, heatmap, image, *, alpha=ALPHA, colormap=COLORMAP):
    """Corrige l'exercice ★ de la leçon 3 et affiche une phrase.

    Arguments
    ---------
    answer : le mélange proposé, `alpha * couleur + (1 - alpha) * photo`, uint8 (H, W, 3), RVB
    heatmap : la carte de chaleur, (h, w), valeurs dans [0, 1]
    image : la photo (H, W), tout ce que `gl.load_image` accepte
    alpha, colormap : comme à `gl.superimpose`

    Lève
    ----
    HeatmapError, ImageError, SettingError
        ce que l'on superpose ne convient pas, comme à `gl.superimpose`
    """
    correct(_mix, answer, heatmap, image, alpha, colormap)


def check_heat_opacity(answer, heatmap, image, *, strongest=0.8, colormap=COLORMAP):
    """Corrige l'exercice ★★ de la leçon 3 et affiche une phrase.

    Arguments
    ---------
    answer : `a * couleur + (1 - a) * photo`, où `a = strongest * chaleur` en chaque pixel,
        uint8 (H, W, 3), RVB
    heatmap : la carte de chaleur, (h, w), valeurs dans [0, 1]
    image : la photo (H, W), tout ce que `gl.load_image` accepte
    strongest : l'opacité là où la carte vaut 1, de 0 à 1
    colormap : comme à `gl.superimpose`

    Lève
    ----
    HeatmapError, ImageError, SettingError
        ce que l'on superpose ne convient pas, comme à `gl.superimpose`
    """
    correct(_heat_opacity, answer, heatmap, image, strongest, colormap)


def check_overlay_function(function):
    """Corrige l'exercice ★★★ de la leçon 3, en essayant `function` sur trois photos.

    Arguments
    ---------
    function : la fonction réparée, qui reçoit une carte (h, w) et une photo uint8 (H, W, 3), RVB,
        et renvoie `0.4 * couleur + 0.6 * photo`, uint8 (H, W, 3), RVB, avec la palette JET
    """
    correct(_overlay_function, function)


def _mix(answer, heatmap, image, alpha, colormap):
    def overlay(opacity, blend="mix"):
        return superimpose(heatmap, image, opacity, colormap=colormap, blend=blend)

    found, expected = _array(answer), overlay(alpha)
    if problem := _not_a_picture(found, expected):
        return problem
    if _near(found, expected):
        return f"{RIGHT}Rien ne dépasse 255 : une moyenne de deux octets reste entre 0 et 255."
    if _near(found, overlay(alpha, "add")):
        return "Presque : c'est la formule du livre ; multipliez aussi la photo, par 1 - alpha."
    if _near(found, overlay(1 - alpha)):
        return "Presque : les deux parts sont échangées ; alpha va à la couleur."
    # L'erreur la plus courante : la couleur laissée en BVR, sur une photo en RVB.
    photo = (1 - alpha) * overlay(0.0).astype(np.float32)
    swapped = np.clip(photo + (expected - photo)[..., ::-1], 0, 255)
    if _near(found[..., ::-1], expected) or _near(found, swapped):
        return _SWAPPED
    return "Pas encore : alpha fois la couleur, plus (1 - alpha) fois la photo, puis uint8."


def _heat_opacity(answer, heatmap, image, strongest, colormap):
    strongest = check_share(strongest, "L'opacité la plus forte")
    photo = np.asarray(load_image(image))
    color = colorize(heatmap, photo.shape[:2], colormap=colormap).astype(np.float32)
    large = resize_map(np.asarray(heatmap, np.float32), photo.shape[:2])[..., None]
    opacity = strongest * large
    levels = np.floor(255 * large)

    def mixed(opacity, color=color):
        return opacity * color + (1 - opacity) * photo

    found, expected = _array(answer), mixed(opacity)
    if problem := _not_a_picture(found, expected):
        return problem
    if _near(found, expected):
        return f"{RIGHT}Là où la carte vaut zéro, votre photo est intacte."
    most = f"{strongest:.2g}".replace(".", ",")
    too_large = f"l'opacité va de 0 à {most} : partez de `large`, et non de `levels`."
    for wrong, sentence in (
        (mixed(strongest), "l'opacité est la même partout : multipliez-la par la carte agrandie."),
        (mixed(large), f"au plus chaud, l'opacité vaut 1 : elle ne doit pas dépasser {most}."),
        (mixed(1 - opacity), "les deux parts sont échangées ; l'opacité va à la couleur."),
        (mixed(strongest * levels), too_large),
        (mixed(levels), too_large),
        (mixed(strongest * (1 - large)), "c'est le froid que l'on voit : l'opacité suit la carte."),
        (opacity * color + photo, "la photo est ajoutée entière : il lui reste 1 moins l'opacité."),
        (
            opacity * color + (1 - strongest) * photo,
            "la part de la photo est la même partout : c'est 1 moins l'opacité de chaque pixel.",
        ),
    ):
        # Sans borner, un octet qui dépasse 255 repart de zéro.
        if _near(found, np.clip(wrong, 0, 255)) or _near(found, wrong.astype(np.int64) % 256):
            return f"Presque : {sentence}"
    if _near(found[..., ::-1], expected) or _near(found, mixed(opacity, color[..., ::-1])):
        return _SWAPPED
    return "Pas encore : a fois la couleur, plus (1 - a) fois la photo, avec un a par pixel."


def _trial_photo(height, width):
    """Une photo où aucune des trois couleurs ne ressemble à une autre."""
    down, across = np.linspace(0, 1, height)[:, None, None], np.linspace(0, 1, width)[:, None]
    return np.uint8(down * [200, 120, 40] + (1 - across) * [10, 60, 90])


# Une carte contrastée, où des couleurs agrandies ne ressemblent pas à des valeurs agrandies.
_TRIAL_MAP = np.array([[0.0, 1.0, 0.2], [1.0, 0.5, 0.0]], np.float32)
_SQUARE, _OBLONG, _LARGE = _trial_photo(60, 60), _trial_photo(40, 60), _trial_photo(210, 230)
_COUNTS = {1: "il reste une faute", 2: "il reste deux fautes", 3: "il reste trois fautes"}
_OUTSIDE = " Votre fonction emploie-t-elle une variable de la leçon au lieu de ses arguments ?"


def _overlay_function(function):
    if not callable(function):
        return (
            "Pas encore : donnez la fonction elle-même, sans parenthèses ni arguments : "
            "check_overlay_function(overlay)."
        )
    found, failure = _called(function, _SQUARE)
    if failure:
        return f"Pas encore : {failure}"
    if problem := _not_a_picture(found, superimpose(_TRIAL_MAP, _SQUARE, blend="mix")):
        return problem + (_OUTSIDE if found.ndim == 3 and found.shape != _SQUARE.shape else "")
    faults = _color_faults(found, _SQUARE)
    if faults is None:
        return (
            "Pas encore : sur une photo carrée, ce n'est pas 0,4 × couleur + 0,6 × photo."
            + _OUTSIDE
        )
    found, failure = _called(function, _OBLONG)
    if failure or found.shape != _OBLONG.shape:
        faults.insert(
            0,
            "la fonction ne convient qu'à une photo carrée. Que demande cv2.resize, la hauteur ou "
            "la largeur d'abord ?",
        )
    elif _color_faults(found, _OBLONG) is None:
        return "Pas encore : elle est juste sur une photo carrée, et fausse sur une autre."
    if not faults:
        found, failure = _called(function, _LARGE)
        if failure or found.shape != _LARGE.shape or _color_faults(found, _LARGE) != []:
            return (
                "Presque : elle est juste sur de petites photos, et fausse sur une photo de "
                "210 × 230 : traitez la photo entière, sans la découper."
            )
        return f"{RIGHT}Les trois fautes sont réparées, pour une photo de n'importe quelle forme."
    start = "Presque" if len(faults) == 1 else "Pas encore"
    first = "" if len(faults) == 1 else ". Pour commencer"
    return f"{start} : {_COUNTS[len(faults)]}{first} : {faults[0]}"


def _called(function, photo):
    """Ce que `function` renvoie, et None ; ou None, et la phrase qui dit pourquoi elle échoue."""
    try:
        # Des copies : la fonction peut modifier ce qu'elle reçoit.
        result = function(_TRIAL_MAP.copy(), photo.copy())
    except Exception as error:  # le code d'un élève peut échouer de toutes les façons
        height, width = photo.shape[:2]
        return None, (
            f"sur une photo d'essai de {height} × {width} pixels, la fonction s'arrête sur une "
            f"erreur : {_error_text(error)}"
        )
    if result is None:
        return None, "la fonction ne renvoie rien ; terminez-la par return."
    return _array(result), None


# Ce que disent les erreurs d'OpenCV et de NumPy que l'on rencontre dans cette leçon.
_MEANINGS = {
    "dsize": " La taille donnée à cv2.resize est faite de deux entiers, (largeur, hauteur).",
    "ColorMap": " cv2.applyColorMap colore des octets : np.uint8(255 * carte).",
    "array op array": " Les deux images n'ont pas la même forme." + _OUTSIDE,
    "broadcast": _OUTSIDE,
}


def _error_text(error):
    """Le texte de l'erreur sur une ligne, et ce qu'il veut dire dans cette leçon."""
    # cv2.error range son message dans `err`, parfois une fois par façon d'appeler la fonction.
    said = getattr(error, "err", None)
    lines = [line.lstrip("> ").removeprefix("- ") for line in str(said or error).splitlines()]
    text = next((line for line in lines if line and not line.startswith("Overload")), "")
    kind = "OpenCV" if said else type(error).__name__
    meaning = next((more for word, more in _MEANINGS.items() if word in text), "")
    return f"{kind} : {text.rstrip('.')}.{meaning}" if text else f"{kind}."


def _color_faults(found, photo):
    """Les fautes de couleur de `found`, ou None si ce n'est pas un mélange que l'on reconnaît."""
    resized = resize_map(colorize(_TRIAL_MAP), photo.shape[:2])
    values = colorize(_TRIAL_MAP, photo.shape[:2])
    early = "la fonction agrandit des couleurs, et non des valeurs. Que faut-il faire en premier ?"
    orders = {
        (1, 1): [],
        (-1, 1): ["le chaud est bleu. Dans quel ordre OpenCV range-t-il les couleurs ?"],
        (1, -1): ["vous avez inversé aussi la photo, déjà en RVB : n'inversez que la couleur."],
        (-1, -1): ["l'image entière est en BVR. La photo est en RVB : n'inversez que la couleur."],
    }
    for color, faults in ((values, []), (resized, [early])):
        for (order, photo_order), more in orders.items():
            # Trois niveaux : la carte a pu être arrondie en octets avant d'être agrandie.
            if _near(found, 0.4 * color[..., ::order] + 0.6 * photo[..., ::photo_order], 3):
                return faults + more
    return None


def _array(answer):
    """La réponse en tableau ; ce qui n'en est pas un n'a pas de forme."""
    try:
        return np.asarray(answer)
    except Exception:  # des lignes de longueurs différentes, ou un objet qui s'y refuse
        return np.asarray(None)


def _not_a_picture(found, expected):
    """Dit ce qui empêche `found` d'être une image comme `expected`, ou None."""
    if not found.ndim:
        return "Pas encore : la réponse attendue est une image, donc un tableau de nombres."
    if found.shape != expected.shape:
        return (
            f"Pas encore : votre image a la forme {found.shape} au lieu de {expected.shape}, celle "
            "de la photo."
        )
    if found.dtype == np.uint8:
        return None
    if np.issubdtype(found.dtype, np.number) and _near(found, expected):
        return 'Presque : il reste à convertir en octets, avec .astype("uint8").'
    return f"Pas encore : une image est en uint8, et la vôtre est en {found.dtype}."


def _near(found, expected, most=2):
    difference = np.abs(found.astype(np.float32) - np.asarray(expected, np.float32))
    return bool((difference <= most).mean() > 0.99)
