"""Les boutons et l'écran de l'explorateur : des widgets, sans aucun calcul."""

from ...errors import GradcamLabError

try:
    import anywidget  # noqa: F401
    import ipywidgets  # noqa: F401
except ModuleNotFoundError as missing:
    raise GradcamLabError(
        f"L'explorateur a besoin de la bibliothèque {missing.name}, qui n'est pas installée : "
        "exécutez « %pip install ipywidgets anywidget » dans une cellule, puis redémarrez le noyau."
    ) from None
