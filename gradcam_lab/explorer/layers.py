"""Choisir, parmi toutes les couches d'un réseau, celles qu'un curseur peut montrer."""

__all__ = ["main_layers"]

# Jusqu'à ce nombre, le curseur reste facile à régler : toutes les couches y sont.
_FEW = 20
_MERGES = ("Add", "Concatenate", "Average", "Maximum")
_FOLLOWERS = ("Activation", "ReLU", "BatchNormalization", "LeakyReLU", "PReLU")


def main_layers(classifier):
    """Renvoie les noms des couches principales : les fins de blocs, dans l'ordre du réseau.

    Toutes les couches s'il y en a peu (VGG16 en a treize). Sinon les réunions de branches (ce qui
    finit un bloc de ResNet ou de MobileNetV2), la dernière couche de chaque résolution, et la
    dernière de toutes ; une sur n s'il en reste trop (DenseNet).
    """
    layers = classifier.layers
    if len(layers) <= _FEW:
        return [layer.name for layer in layers]
    merges, edges = [], []
    for i, layer in enumerate(layers):
        following = layers[i + 1] if i + 1 < len(layers) else None
        if following is None or (following.height, following.width) != (layer.height, layer.width):
            edges.append(i)
        if layer.kind in _MERGES:
            merges.append(_last_of_block(layers, i))
    every = -(-len(merges) // _FEW) if merges else 1
    kept = sorted({*merges[::every], *edges})
    return [layers[i].name for i in kept]


def _last_of_block(layers, i):
    """La réunion elle-même, ou l'activation qui la suit, comme dans ResNet."""
    here, after = layers[i], layers[min(i + 1, len(layers) - 1)]
    same = (here.height, here.channels) == (after.height, after.channels)
    return i + 1 if after is not here and same and after.kind in _FOLLOWERS else i
