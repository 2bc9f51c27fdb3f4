"""Ce que la session renvoie pour un état."""

from dataclasses import dataclass, field

import numpy as np

from .state import ExplorerState

__all__ = ["Result"]


@dataclass(frozen=True)
class Result:
    """Ce qu'il faut montrer pour un état. En cas d'erreur, `error` est la phrase à afficher.

    `state` : l'état, où les choix automatiques ont été remplacés par leur valeur ; `picture` et
    `photo` : uint8 (H, W, 3) ; `heatmap` : (h, w) ; `disabled` : pour chaque réglage sans effet,
    la raison ; `layers` : les couches du curseur ; `predictions` : les cinq plus probables ;
    `shown` : les prédictions des classes montrées.
    """

    state: ExplorerState
    error: str = ""
    picture: np.ndarray | None = None
    photo: np.ndarray | None = None
    heatmap: np.ndarray | None = None
    caption: str = ""
    alt: str = ""
    code: str = ""
    status: str = ""
    notes: list = field(default_factory=list)
    disabled: dict = field(default_factory=dict)
    layers: list = field(default_factory=list)
    predictions: list = field(default_factory=list)
    shown: list = field(default_factory=list)
