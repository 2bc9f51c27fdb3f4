"""Le registre des méthodes : leur nom, leur titre, leur formule, leur source."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from ..base.names import unknown_name
from ..errors import SettingError, UnknownMethodError
from .cam import gradcam, gradcam_plus_plus, hirescam, layercam, xgradcam

__all__ = ["METHODS", "NEEDS", "SCORES", "Method", "check_evidence", "check_score", "find_method"]

SCORES = ("logit", "probability")
"""Ce que l'on peut dériver : le score avant softmax, ou la probabilité après."""


NEEDS = MappingProxyType(
    {
        "activations": "les activations de la couche, float32 (h, w, C)",
        "gradients": "le gradient du score par rapport à elles, (h, w, C)",
        "image": "l'image préparée pour le réseau, float32 (H, W, C)",
        "image_gradients": "le gradient du score par rapport à elle, (H, W, C)",
        "map_scores": "la fonction : cartes (n, h, w, C) mises à la place de celle de la couche -> "
        "scores (n,)",
        "image_scores": "la fonction : images (n, H, W, C) -> scores (n,)",
    }
)
"""Ce qu'une méthode peut demander : elle ne reçoit que cela, calculé quand elle s'en sert."""


@dataclass(frozen=True)
class Method:
    """Une méthode, et ce qu'elle demande.

    `name` : son nom ; `title` : son nom d'usage ; `function` : sa formule, qui reçoit dans l'ordre
    ce qu'énumère `needs` (des clés de `NEEDS`) et un argument `relu` ; `source` : l'article ;
    `homogeneous` : doubler les gradients double la carte, sans en changer la forme.
    """

    name: str
    title: str
    function: Callable
    source: str
    homogeneous: bool = True
    needs: tuple = ("activations", "gradients")

    def __post_init__(self):
        unknown = set(self.needs) - set(NEEDS)
        if unknown:
            raise SettingError(
                f"La méthode « {self.name} » demande {sorted(unknown)}, que personne ne fournit : "
                f"choisissez parmi {', '.join(NEEDS)}."
            )


METHODS = MappingProxyType(
    {
        method.name: method
        for method in (
            Method("gradcam", "Grad-CAM", gradcam, "Selvaraju et al., 2017"),
            Method(
                "gradcam++", "Grad-CAM++", gradcam_plus_plus, "Chattopadhyay et al., 2018", False
            ),
            Method("hirescam", "HiResCAM", hirescam, "Draelos et Carin, 2020"),
            Method("layercam", "LayerCAM", layercam, "Jiang et al., 2021"),
            Method("xgradcam", "XGrad-CAM", xgradcam, "Fu et al., 2020"),
        )
    }
)
"""Les méthodes disponibles, par leur nom."""


def find_method(name):
    """Renvoie la `Method` de ce nom ; `UnknownMethodError` propose les noms les plus proches."""
    if isinstance(name, str) and name.lower() in METHODS:
        return METHODS[name.lower()]
    raise UnknownMethodError(unknown_name(f"La méthode « {name} » n'existe pas", name, METHODS))


def check_score(score):
    """Renvoie `score` s'il existe, sinon lève `SettingError`."""
    if score in SCORES:
        return score
    raise SettingError(
        f"Le score « {score} » n'existe pas : choisissez « logit » (avant softmax) ou "
        "« probability » (après)."
    )


def check_evidence(evidence):
    """Renvoie le signe des gradients, 1 (« for ») ou -1 (« against ») ; sinon `SettingError`."""
    if evidence == "for":
        return 1
    if evidence == "against":
        return -1
    raise SettingError(
        f"Le sens « {evidence} » n'existe pas : choisissez « for » (ce qui plaide pour la classe) "
        "ou « against » (ce qui plaide contre elle)."
    )
