"""Les vues de l'explorateur : un fichier chacune, une ligne ici, et rien d'autre à changer.

Tout le reste de l'explorateur les prend dans `VIEWS` sans en nommer aucune ; la première est celle
qui s'ouvre.
"""

from ...errors import SettingError
from .balance import Balance
from .base import Scene, View
from .channels import Channels
from .compare import Compare
from .layers import Layers
from .overlay import Overlay
from .rather import Rather

__all__ = ["VIEWS", "Scene", "View", "find_view", "idle_controls"]

VIEWS = {
    view.name: view for view in (Overlay(), Balance(), Compare(), Rather(), Layers(), Channels())
}
"""Les vues par leur nom, dans l'ordre de la liste."""


def find_view(name):
    """Renvoie la `View` de ce nom, ou lève `SettingError`."""
    if not isinstance(name, str) or name not in VIEWS:
        raise SettingError(f"La vue « {name} » n'existe pas : choisissez parmi {', '.join(VIEWS)}.")
    return VIEWS[name]


def idle_controls(view, state):
    """Les réglages sans effet dans cette vue et cet état : `{nom: raison}`."""
    idle = view.idle(state)
    for control in dict.fromkeys(name for other in VIEWS.values() for name in other.own):
        if control not in view.own:
            titles = [f"« {other.title} »" for other in VIEWS.values() if control in other.own]
            which = "qu'à la vue" if len(titles) == 1 else "qu'aux vues"
            idle.setdefault(control, f"ne sert {which} {' et '.join(titles)}")
    return idle
