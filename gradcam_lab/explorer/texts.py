"""Les phrases de l'explorateur qui ne dépendent pas de la vue."""

from ..base.numbers import seconds

__all__ = [
    "ALL_LAYERS_SHOWN", "NO_LOGIT", "OUT_OF_MEMORY", "SCORE_TITLES", "long", "status",
    "unexpected",
]  # fmt: skip

SCORE_TITLES = {"logit": "score avant softmax", "probability": "probabilité, après softmax"}

NO_LOGIT = "ce réseau ne laisse pas voir le score d'avant softmax"
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


def long(title, runs):
    """Ce que va coûter une méthode par essais."""
    return f"{title} : jusqu'à {runs} passes du réseau. Un autre choix arrête le calcul."


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
