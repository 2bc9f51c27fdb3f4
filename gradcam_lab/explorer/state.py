"""Les choix faits dans l'explorateur, et leurs valeurs permises."""

from dataclasses import dataclass, replace

from ..base.checks import check_share
from ..base.names import unknown_name
from ..errors import SettingError
from ..images import ALPHA, BLEND, COLORMAP, check_overlay
from ..methods.registry import check_score, find_method
from .views import VIEWS, find_view

__all__ = ["ExplorerState"]


@dataclass(frozen=True)
class ExplorerState:
    """Contient tous les choix de l'utilisateur ; l'image et son code ne dépendent que d'eux.

    Arguments
    ---------
    photo, network : des clés de la `Session`
    target : l'indice de la classe (None : la plus probable)
    rival : l'indice de l'autre classe, quand la vue en compare deux (None : la plus probable des
        autres)
    layer : le nom de la couche (None : la dernière carte)
    method, score : comme à `analysis.heatmap`
    colormap, alpha, blend : comme à `gl.superimpose`
    outline, threshold : montrer ou non le contour de la région chaude, et son seuil de 0 à 1
    view : le nom d'une vue
    common_scale : une même échelle pour les deux classes comparées
    all_layers : parcourir toutes les couches, et non les seules fins de blocs
    """

    photo: str
    network: str
    target: int | None = None
    rival: int | None = None
    layer: str | None = None
    method: str = "gradcam"
    score: str = "logit"
    colormap: str = COLORMAP
    alpha: float = ALPHA
    blend: str = BLEND
    outline: bool = False
    threshold: float = 0.5
    view: str = next(iter(VIEWS))
    common_scale: bool = True
    all_layers: bool = False

    def change(self, **choices):
        """Renvoie un nouvel état ; changer de photo ou de réseau remet ce qui en dépend.

        Arguments
        ---------
        choices : des champs de l'état, et leur nouvelle valeur

        Rend
        ----
        ExplorerState

        Lève
        ----
        SettingError
            un choix n'existe pas, ou sa valeur n'est pas permise
        UnknownMethodError
            la méthode n'existe pas

        Exemple
        -------
        state.change(alpha=0.6, colormap="viridis")
        """
        unknown = [name for name in choices if name not in self.__dataclass_fields__]
        if unknown:
            fields = self.__dataclass_fields__
            problem = f"L'explorateur n'a pas de choix « {unknown[0]} »"
            raise SettingError(unknown_name(problem, unknown[0], fields))
        state = self
        if choices.get("photo", self.photo) != self.photo:
            state = replace(state, target=None, rival=None)
        if choices.get("network", self.network) != self.network:
            # D'un réseau à l'autre, ni les classes ni les couches ne sont les mêmes.
            state = replace(state, target=None, rival=None, layer=None)
        return replace(state, **choices).checked()

    def checked(self):
        """Renvoie l'état, ses nombres et ses noms vérifiés. Lève les erreurs de `change`."""
        return replace(
            self,
            view=find_view(self.view).name,
            method=find_method(self.method).name,
            score=check_score(self.score),
            alpha=check_overlay(self.alpha, colormap=self.colormap, blend=self.blend),
            threshold=check_share(self.threshold, "Le seuil"),
        )
