"""Les phrases de l'explorateur : légendes, textes de remplacement, messages, raisons."""

from ..base.numbers import percent, seconds, short, short_percent
from ..methods.registry import METHODS

SCORES = {"logit": "score avant softmax", "probability": "probabilité, après softmax"}

_ONE_CLASS = "le contour se dessine dans la vue « Une classe »"
_TWO_CLASSES = "ne sert qu'à la vue « Deux classes côte à côte »"
_WEIGHTS = "cette vue montre les canaux eux-mêmes, sans la photo"
DISABLED = {
    "overlay": {"rival": _TWO_CLASSES, "common_scale": _TWO_CLASSES},
    "compare": {"outline": _ONE_CLASS, "threshold": _ONE_CLASS},
    "layers": {
        "rival": _TWO_CLASSES,
        "common_scale": _TWO_CLASSES,
        "outline": _ONE_CLASS,
        "threshold": _ONE_CLASS,
    },
    "channels": {
        "rival": _TWO_CLASSES,
        "common_scale": _TWO_CLASSES,
        "method": "les poids affichés sont ceux de Grad-CAM",
        "alpha": _WEIGHTS,
        "blend": _WEIGHTS,
        "outline": _ONE_CLASS,
        "threshold": _ONE_CLASS,
    },
}
"""Pour chaque vue, les réglages qui n'y changent rien, et pourquoi."""

NO_OUTLINE = "cochez d'abord « Contour »"
NO_LOGIT = "ce réseau ne laisse pas voir le score d'avant softmax"
NO_COMMON_SCALE = "les cartes de Grad-CAM++ n'ont pas la même unité d'une classe à l'autre"
ALL_LAYERS_SHOWN = "toutes les couches y sont déjà"
OUT_OF_MEMORY = (
    "La mémoire manque pour ce calcul : choisissez un réseau plus petit, comme « mini », ou fermez "
    "d'autres carnets."
)


def unexpected(error):
    """La phrase d'une erreur que l'explorateur n'avait pas prévue."""
    detail = f"{type(error).__name__} : {error}".strip().rstrip(" :")
    return (
        "Ce choix a provoqué une erreur imprévue, et l'image n'a pas changé. Essayez un autre "
        f"choix ; si elle revient, signalez-la avec ce détail : {detail[:300]}"
    )


def caption(state, shown, layer, network):
    """La légende de l'image : réseau, classe, couche, méthode."""
    classes = " et ".join(f"« {p.label_fr} » ({short_percent(p.probability)})" for p in shown)
    where = f"couche {layer.name} ({layer.height} × {layer.width})"
    if state.view == "layers":
        where = "toutes les couches du curseur"
    method = METHODS["gradcam" if state.view == "channels" else state.method].title
    return f"Réseau {network} · {classes} · {where} · {method}, {SCORES[state.score]}"


def alternative(state, shown, layer, photo, region):
    """Le texte de remplacement (*alt*) de l'image, pour qui ne la voit pas."""
    name = shown[0].label_fr
    title = photo.title
    if state.view == "compare":
        return f"Cartes de chaleur des classes {name} et {shown[1].label_fr} sur la photo : {title}"
    if state.view == "layers":
        return f"Cartes de chaleur de la classe {name}, couche par couche, sur la photo : {title}"
    if state.view == "channels":
        return f"Canaux de la couche {layer.name} qui pèsent le plus pour {name}, photo : {title}"
    text = f"Carte de chaleur de la classe {name}, couche {layer.name}, sur la photo : {title}"
    if region is not None and region.box is not None:
        x, y, width, height = region.box
        rows, columns = region.mask.shape
        across = _third((x + width / 2) / columns, "à gauche", "au centre", "à droite")
        down = _third((y + height / 2) / rows, "en haut", "à mi-hauteur", "en bas")
        text += f". La région la plus chaude est {across}, {down}"
    return text


def _third(position, *words):
    return words[min(2, int(3 * position))]


def status(forward, backward, drawing, total):
    """Ce qui vient d'être calculé, et en combien de temps (secondes)."""
    parts = []
    if forward is not None:
        parts.append(f"passe avant : {seconds(forward)}")
    if backward is not None:
        parts.append(f"passe arrière : {seconds(backward)}")
    elif forward is None:
        parts.append("carte déjà calculée, le réseau n'a pas tourné")
    parts.append(f"dessin : {seconds(drawing)}")
    return f"Calculé en {seconds(total)} ({', '.join(parts)})."


def region_notes(region):
    """Ce que dit le contour : sa part de la photo, et le nombre de morceaux."""
    if region is None or region.box is None:
        return []
    pieces = "d'un seul morceau" if region.pieces == 1 else f"en {region.pieces} morceaux"
    x, y, width, height = region.box
    box = "Le rectangle entoure" if region.pieces == 1 else "Le rectangle entoure le plus grand :"
    return [
        f"Au-dessus de {percent(region.threshold, digits=0)} du maximum, la région chaude couvre "
        f"{short_percent(region.share)} de la photo, {pieces}. {box} {width} × {height} pixels, à "
        f"partir de x = {x}, y = {y} (image affichée)."
    ]


def blank_layers(maps):
    """La phrase qui compte les couches dont la carte est vide."""
    blank = [layer for layer, heatmap in maps.items() if not heatmap.any()]
    if not blank:
        return []
    if len(blank) == 1:
        return [f"La couche « {blank[0]} » donne une carte vide."]
    return [f"{len(blank)} couches donnent une carte vide, dont « {blank[0]} »."]


def scale(state, peak):
    """La légende des couleurs, pour une carte seule."""
    return f"0 (froid) … {short(peak)} (chaud)" if peak else "carte vide"
