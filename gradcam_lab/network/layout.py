"""Ce que l'on sait d'un réseau avant de le faire tourner : ses couches, et où le couper."""

import math
from dataclasses import dataclass, field

from ..base.names import unknown_name
from ..errors import ModelError, UnknownLayerError

__all__ = ["LayerInfo", "Layout"]

# Tracer le réseau sur un lot de cette taille, sans rien calculer, montre quels résultats ont une
# ligne par image ; un nombre premier ne se confond avec aucune autre dimension.
_PROBE = 1009


@dataclass(frozen=True)
class LayerInfo:
    """Une couche explicable : son nom, la taille (height, width, channels) de sa carte, son genre.

    `kind` est le nom de sa classe Keras : « Conv2D », « Add »...
    """

    name: str
    height: int
    width: int
    channels: int
    kind: str = field(default="", compare=False)


class Layout:
    """Les formes de tous les résultats d'un `Plan` pour des images (H, W, C), et ses couches.

    `layers` : les `LayerInfo` que l'on propose ; `half` : des calculs sont faits sur 16 bits.
    """

    def __init__(self, plan, input_size):
        self.plan = plan
        self.image_shape = (*input_size, plan.input_shape[-1])
        try:
            self.rows = plan.input_shape[0] or _PROBE
            self._shapes = plan.trace((self.rows, *self.image_shape))
        except ModelError:  # une couche n'accepte qu'une image à la fois
            self.rows = 1
            self._shapes = plan.trace((1, *self.image_shape))
        self.half = any(dtype.is_floating and dtype.size == 2 for _, dtype in self._shapes.values())
        steps = list(self._map_steps())
        self.maps = {step.name: step.outputs[0] for step in steps}
        self.layers = [
            LayerInfo(step.name, *self._shapes[key][0][1:], kind=type(step.operation).__name__)
            for step, key in zip(steps, self.maps.values())
            if not step.moving
        ]
        if not self.layers:
            raise ModelError(
                "Ce réseau n'a aucune carte d'activation à expliquer : Grad-CAM demande au moins "
                "une couche de convolution (Conv2D) entre l'image et le score."
            )

    def _map_steps(self):
        """Les étapes qui donnent une carte (n, h, w, C), à partir de la première convolution."""
        started = False
        for step in self.plan.needed({self.plan.input_key}, [self.plan.score_key]):
            weights = getattr(step.operation, "weights", [])
            started = started or any(len(weight.shape) >= 3 for weight in weights)
            shape, dtype = self._shapes.get(step.outputs[0], ((), None))
            if not started or len(step.outputs) != 1 or len(shape) != 4 or not dtype.is_floating:
                continue
            if None not in shape and shape[0] == self.rows and shape[1] * shape[2] > 1:
                yield step

    def find_layer(self, name):
        """Renvoie le nom exact de la couche `name`, ou lève `UnknownLayerError`."""
        if isinstance(name, LayerInfo):
            name = name.name
        if name in self.maps:
            return name
        wanted = str(name).casefold()
        for known in self.maps:
            if known.casefold() == wanted:
                return known
        if any(step.name == name for step in self.plan.steps):
            raise UnknownLayerError(
                f"La couche « {name} » ne donne pas de carte : son résultat n'a plus de hauteur ni "
                f"de largeur, ou le score n'en dépend pas ; essayez « {self.layers[-1].name} »."
            )
        last = ", ".join(layer.name for layer in self.layers[-5:])
        problem = f"Ce réseau n'a pas de couche « {name} »"
        raise UnknownLayerError(
            unknown_name(problem, name, self.maps, f"essayez l'une des dernières, {last}.")
        )

    def root(self, layers):
        """La clé de la carte dont toutes les autres dépendent, à défaut celle de l'image."""
        keys = [self.maps[layer] for layer in layers]
        reached = {keys[0], *(k for step in self.plan.after(keys[0]) for k in step.outputs)}
        return keys[0] if reached.issuperset(keys) else self.plan.input_key

    def cut(self, key):
        """Les clés dont partent les scores si l'on coupe à `key` : elle, et ce qui la contourne."""
        return (key, *self.plan.crossing(key))

    def bytes(self, key):
        """Les octets d'un résultat, pour une image."""
        shape, dtype = self._shapes[key]
        return dtype.size * math.prod(size or 1 for size in shape[1:])

    def channels(self, layer):
        """Le nombre de canaux de la carte de cette couche."""
        return self._shapes[self.maps[layer]][0][-1]

    def widths(self, key):
        """Les octets, pour une image, de chaque résultat qui mène de `key` aux scores."""
        steps = self.plan.needed({key}, [self.plan.score_key])
        keys = {key, *(other for step in steps for other in step.outputs)}
        return [self.bytes(other) for other in keys if other in self._shapes]

    def one_row_an_image(self, keys):
        """Vrai si chaque résultat a une ligne par image : on peut le couper, ou le répéter."""
        return self.rows == _PROBE and all(
            self._shapes[key][0] and self._shapes[key][0][0] == _PROBE for key in keys
        )

    def spec(self, key):
        """La `TensorSpec` d'un résultat, pour un nombre quelconque d'images."""
        import tensorflow as tf

        shape, dtype = self._shapes[key]
        return tf.TensorSpec((None, *shape[1:]) if shape else shape, dtype)
