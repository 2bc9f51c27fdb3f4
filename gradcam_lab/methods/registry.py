"""Le registre des méthodes : leur nom, leur titre, leur formule, leur source."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from ..base.names import unknown_name
from ..errors import SettingError, UnknownMethodError
from .cam import gradcam, gradcam_plus_plus, hirescam, layercam, xgradcam
from .eigen import eigencam
from .pixels import STEPS, guided_backprop, guided_gradcam, integrated_gradients
from .trials import ablationcam, occlusion, scorecam, windows

__all__ = ["METHODS", "NEEDS", "SCORES", "Method", "check_evidence", "check_score", "find_method"]

SCORES = ("logit", "probability")
"""Ce que l'on peut dériver : le score avant softmax, ou la probabilité après."""


NEEDS = MappingProxyType(
    {
        "activations": "les activations de la couche, float32 (h, w, C)",
        "gradients": "le gradient du score par rapport à elles, (h, w, C)",
        "image": "l'image préparée pour le réseau, float32 (H, W, C)",
        "black": "la photo noire, préparée de même",
        "image_gradients": "le gradient du score par rapport à l'image, (H, W, C)",
        "guided_gradients": "le même, où chaque ReLU ne laisse remonter que ce qui est positif",
        "map_scores": "la fonction : cartes (n, h, w, C) mises à la place de celle de la couche -> "
        "scores (n,)",
        "image_scores": "la fonction : images (n, H, W, C) -> scores (n,)",
        "image_slopes": "la fonction : images (n, H, W, C) -> gradients du score (n, H, W, C)",
    }
)
"""Ce qu'une méthode peut demander : elle ne reçoit que cela, calculé quand elle s'en sert."""

_OF_LAYER = {"activations", "gradients", "map_scores"}
_OF_CLASS = set(NEEDS) - {"activations", "image", "black"}


@dataclass(frozen=True)
class Method:
    """Une méthode, et ce qu'elle demande.

    `name` : son nom ; `title` : son nom d'usage ; `function` : sa formule, qui reçoit dans l'ordre
    ce qu'énumère `needs` (des clés de `NEEDS`) et un argument `relu` ; `source` : l'article ;
    `homogeneous` : doubler les gradients double la carte, sans en changer la forme ; `family` :
    « layer », la carte a la résolution de la couche, ou « image », celle de l'entrée ; `runs` :
    pour une méthode par essais, la fonction (forme de l'image, canaux de la couche) -> nombre de
    passes du réseau au plus ; elle reçoit alors aussi `progress`.
    """

    name: str
    title: str
    function: Callable
    source: str
    homogeneous: bool = True
    needs: tuple = ("activations", "gradients")
    family: str = "layer"
    runs: Callable | None = None

    def __post_init__(self):
        unknown = set(self.needs) - set(NEEDS)
        if unknown:
            raise SettingError(
                f"La méthode « {self.name} » demande {sorted(unknown)}, que personne ne fournit : "
                f"choisissez parmi {', '.join(NEEDS)}."
            )

    @property
    def takes_layer(self):
        """Vrai si la carte dépend d'une couche que l'on choisit."""
        return bool(_OF_LAYER.intersection(self.needs))

    @property
    def caption(self):
        """Le titre, et ce que l'on doit savoir pour lire la carte."""
        return self.title if self.class_specific else f"{self.title} (ne regarde aucune classe)"

    @property
    def class_specific(self):
        """Vrai si la carte dépend de la classe."""
        return bool(_OF_CLASS.intersection(self.needs))


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
            Method(
                "eigencam",
                "Eigen-CAM",
                eigencam,
                "Muhammad et Yeasin, 2020",
                needs=("activations",),
            ),
            Method(
                "scorecam",
                "Score-CAM",
                scorecam,
                "Wang et al., 2020",
                homogeneous=False,
                needs=("activations", "image", "image_scores"),
                runs=lambda image, channels: channels,
            ),
            Method(
                "ablationcam",
                "Ablation-CAM",
                ablationcam,
                "Desai et Ramaswamy, 2020",
                needs=("activations", "map_scores"),
                runs=lambda image, channels: channels + 1,
            ),
            Method(
                "occlusion",
                "Occlusion",
                occlusion,
                "Zeiler et Fergus, 2014",
                needs=("image", "image_scores"),
                family="image",
                runs=lambda image, channels: len(windows(image)) + 1,
            ),
            Method(
                "guided_backprop",
                "Rétropropagation guidée",
                guided_backprop,
                "Springenberg et al., 2015",
                needs=("guided_gradients",),
                family="image",
            ),
            Method(
                "guided_gradcam",
                "Grad-CAM guidé",
                guided_gradcam,
                "Selvaraju et al., 2017",
                homogeneous=False,
                needs=("activations", "gradients", "guided_gradients"),
                family="image",
            ),
            Method(
                "integrated_gradients",
                "Gradients intégrés",
                integrated_gradients,
                "Sundararajan et al., 2017",
                needs=("image", "black", "image_slopes"),
                family="image",
                runs=lambda image, channels: STEPS,
            ),
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
