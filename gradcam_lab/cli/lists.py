"""Les listes que la commande affiche : réseaux, couches, classes, et méthodes avec leur coût."""

from ..base.messages import say

__all__ = ["list_classes", "list_layers", "list_methods", "list_models"]


def list_models():
    """Affiche les réseaux du catalogue, et s'ils sont déjà sur cet ordinateur."""
    from ..base.numbers import megabytes
    from ..models import catalogue

    for info in catalogue.available_models():
        height, width = info.input_size
        missing = f"{megabytes(info.megabytes)} à télécharger" if info.megabytes else "indisponible"
        state = "prêt" if info.cached else missing
        say(f"{info.name:<16} {info.title} ({height} × {width}), {state}")


def list_layers(name):
    """Affiche les couches que l'on peut expliquer dans le réseau `name`."""
    model = _load(name)
    for layer in model.layers:
        mark = "  (par défaut)" if layer.name == model.default_layer else ""
        say(f"{layer.name:<32} {layer.height} × {layer.width} × {layer.channels}{mark}")


def list_classes(name):
    """Affiche les classes du réseau `name` : leur indice, leur nom français et l'anglais."""
    for label in _load(name).labels:
        say(f"{label.index:>4}  {label.label_fr} ({label.label})")


def list_methods(name, layer=None):
    """Affiche les méthodes, et combien de fois chacune fait tourner le réseau `name`."""
    from ..methods.registry import METHODS

    model = _load(name)
    for method in METHODS.values():
        runs = model.runs(method.name, layer)
        cost = f"{runs} passes au plus" if method.runs else "aussitôt"
        say(f"{method.name:<22} {method.caption} ({method.source}), {cost}")


def _load(name):
    from ..models.loading import load_model

    # Les noms ne dépendent pas des poids : rien à télécharger pour les lire.
    return load_model(name, weights=None)
