"""Ce qu'une vue de l'explorateur sait dire et faire."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field

import numpy as np

from ...base.numbers import short_percent
from ...methods.registry import METHODS
from ..code import map_choices
from ..texts import SCORE_TITLES

__all__ = ["Content", "Drawing", "Scene", "View"]


@dataclass(frozen=True)
class Scene:
    """Une photo passée dans un réseau : son titre, son `Analysis`, et deux réductions (PIL)."""

    title: str
    analysis: object
    photo: object
    tile: object


@dataclass(frozen=True)
class Content:
    """Les cartes d'une vue, calculées avec le réseau ; les couleurs n'y changent rien.

    `heatmap` : (h, w), la carte de la classe et de la couche choisies ; `notes` : les phrases qui
    font douter d'elles ; `parts` : ce que la vue dessine en plus, à sa façon.
    """

    heatmap: np.ndarray
    notes: list = field(default_factory=list)
    parts: object = None


@dataclass(frozen=True)
class Drawing:
    """Une image uint8 (H, W, 3), son texte de remplacement (*alt*) et ce qu'il faut en dire."""

    picture: np.ndarray
    alt: str
    notes: list = field(default_factory=list)


class View(ABC):
    """Une façon de montrer la réponse du réseau. Une vue de plus : une sous-classe, un fichier.

    `name` : son nom dans l'état ; `title` : son titre dans la liste ; `file` : le mot qui la
    désigne dans le nom d'un fichier téléchargé ; `own` : les réglages qui ne servent qu'à elle ;
    `heading` : le titre au-dessus de l'image ; `beside` : vrai pour montrer la photo à côté ;
    `scrolls` : vrai si l'image garde sa taille et défile.
    """

    name = title = file = heading = ""
    own = ()
    beside = scrolls = False

    def idle(self, state):
        """Les réglages sans effet pour une raison propre à la vue : `{nom: raison}`."""
        return {}

    def refuses(self, method):
        """Pourquoi cette vue ne montre pas cette `Method` ; vide si elle la montre."""
        return ""

    def settle(self, state):
        """L'état où les réglages que la vue ne peut pas suivre ont pris la valeur qu'elle suit."""
        return state

    def targets(self, state):
        """Les indices des classes montrées."""
        return [state.target]

    def depends_on(self, state, layers):
        """Ce dont les cartes dépendent, en plus de la photo, du réseau et de la carte choisie."""
        return ()

    def compute(self, analysis, state, layers):
        """Renvoie le `Content` de l'état ; `layers` : les noms des couches du curseur."""
        choices = self.choices(state)
        heatmap = analysis.heatmap(state.target, **choices)
        return Content(heatmap, analysis.diagnose(state.target, **choices))

    def choices(self, state):
        """Ce que la vue demande à `analysis.heatmap`, en plus de la classe."""
        return map_choices(state)

    @abstractmethod
    def draw(self, content, state, scene, shown):
        """Renvoie le `Drawing` ; `shown` : les `Prediction` des classes montrées."""

    @abstractmethod
    def code(self, state, names, layers, size):
        """Les lignes de Python qui mettent la même image dans `picture`, à partir d'`analysis`.

        `names` : le code de chaque classe ; `layers` : les noms montrés, None pour toutes les
        couches ; `size` : (largeur, hauteur) de la photo.
        """

    def caption(self, state, shown, layer):
        """La légende de l'image, après le nom du réseau : classes, couche, méthode."""
        classes = self.classes(shown)
        method = METHODS[state.method]
        where = self.where(layer) if method.takes_layer else "image entière"
        return f"{classes} · {where} · {method.caption}, {SCORE_TITLES[state.score]}"

    def classes(self, shown):
        """Ce que la légende dit des classes montrées, des `Prediction`."""
        return " et ".join(f"« {p.label_fr} » ({short_percent(p.probability)})" for p in shown)

    def subject(self, shown):
        """La question à laquelle répond `Content.heatmap`, en toutes lettres."""
        return f"classe {self.classes(shown[:1])}"

    def where(self, layer):
        """Ce que la légende dit de la couche, une `LayerInfo`."""
        return f"couche {layer.name} ({layer.height} × {layer.width})"

    def full_size(self, result, analysis):
        """L'image à télécharger, uint8 (H, W, 3) : celle de l'écran, à défaut de mieux."""
        return result.picture
