"""Les choix faits dans l'explorateur, et leurs valeurs permises."""

from dataclasses import dataclass, replace

from ..base.checks import check_share
from ..base.names import unknown_name
from ..errors import GradcamLabError
from ..images import check_overlay
from ..methods.registry import check_score, find_method

__all__ = ["VIEWS", "ExplorerState"]

VIEWS = {
    "overlay": "Une classe",
    "compare": "Deux classes côte à côte",
    "layers": "Toutes les couches",
    "channels": "Les canaux qui pèsent le plus",
}
"""Les vues, par leur nom, avec leur titre."""


@dataclass(frozen=True)
class ExplorerState:
    """Tout ce que l'utilisateur a choisi ; de ces choix seuls dépendent l'image et son code.

    `photo`, `network` : des clés de la `Session` ; `target` : l'indice de la classe (None : la
    plus probable) ; `rival` : l'autre classe de la vue « compare » (None : la plus probable des
    autres) ; `layer` : un nom (None : la dernière carte) ; `outline` et `threshold` : le contour
    de la région chaude, et son seuil de 0 à 1 ; `all_layers` : vrai pour parcourir toutes les
    couches, et non les seules fins de blocs.
    """

    photo: str
    network: str
    target: int | None = None
    rival: int | None = None
    layer: str | None = None
    method: str = "gradcam"
    score: str = "logit"
    colormap: str = "jet"
    alpha: float = 0.4
    blend: str = "add"
    outline: bool = False
    threshold: float = 0.5
    view: str = "overlay"
    common_scale: bool = True
    all_layers: bool = False

    def change(self, **choices):
        """Rend un nouvel état ; changer de photo ou de réseau remet ce qui en dépend.

        Lève `GradcamLabError` (ou l'une de ses sortes) si un choix n'existe pas.
        """
        unknown = [name for name in choices if name not in self.__dataclass_fields__]
        if unknown:
            fields = self.__dataclass_fields__
            problem = f"L'explorateur n'a pas de choix « {unknown[0]} »"
            raise GradcamLabError(unknown_name(problem, unknown[0], fields))
        state = self
        if choices.get("photo", self.photo) != self.photo:
            state = replace(state, target=None, rival=None)
        if choices.get("network", self.network) != self.network:
            # D'un réseau à l'autre, ni les classes ni les couches ne sont les mêmes.
            state = replace(state, target=None, rival=None, layer=None)
        return replace(state, **choices)._checked()

    def _checked(self):
        if self.view not in VIEWS:
            raise GradcamLabError(
                f"La vue « {self.view} » n'existe pas : choisissez parmi {', '.join(VIEWS)}."
            )
        return replace(
            self,
            method=find_method(self.method).name,
            score=check_score(self.score),
            alpha=check_overlay(self.alpha, self.colormap, self.blend),
            threshold=check_share(self.threshold, "Le seuil"),
        )
