"""L'explorateur : choisir la photo, la classe et la couche, et voir aussitôt où le réseau regarde.

`state` (les choix) et `session` (les choix → l'image, son code, son message) ignorent tout des
widgets ; `widget` les relie aux boutons et aux curseurs.
"""

from importlib import import_module

_PUBLIC = {
    "Explorer": "widget",
    "ExplorerState": "state",
    "Session": "session",
    "channel_strip": "views",
    "compare_classes": "views",
    "layer_strip": "views",
}
__all__ = [*_PUBLIC]


def __getattr__(name):
    # Les vues et la session servent aussi là où ipywidgets n'est pas installé.
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
