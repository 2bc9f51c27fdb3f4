"""Le seul endroit où le réseau tourne : une passe avant par image, une passe arrière à la demande.

Le réseau est tracé une fois en un graphe TensorFlow qui contient la passe avant et le
gradient des scores par rapport à *toutes* les cartes. On en découpe ensuite des fonctions
compilées : une passe avant, qui garde les résultats intermédiaires dont les gradients auront
besoin, et des passes arrière qui partent de ces résultats et ne recalculent rien.
"""

import contextlib
from dataclasses import dataclass

import numpy as np

from ..base.names import unknown_name
from ..errors import ModelError, UnknownLayerError

__all__ = ["LayerInfo", "Network", "Run"]

# Une passe avant garde ses résultats, sauf les plus grands tableaux (ceux des premières couches) :
# les garder coûte plus de temps et de mémoire que les recalculer quand on les demande.
_KEPT_BYTES = 4 * 2**20
# Plusieurs classes se calculent en un lot, tant que les cartes répétées tiennent là-dedans.
_BATCH_BYTES = 192 * 2**20
# En demi-précision, un petit gradient devient nul : on l'agrandit pendant le trajet.
_HALF_PRECISION_SCALE = 1024.0


@dataclass(frozen=True)
class LayerInfo:
    """Une couche explicable : son nom, et la taille (height, width, channels) de sa carte."""

    name: str
    height: int
    width: int
    channels: int


class Network:
    """Un `Plan` tracé et compilé pour des images float32 (1, H, W, C)."""

    def __init__(self, plan, input_size):
        self.plan = plan
        self.input_shape = (*input_size, plan.input_shape[-1])
        self.forward_count = 0
        self.backward_count = 0
        self._functions = {}
        self._crossings = {}
        self._trace()

    def find_layer(self, name):
        """Rend le nom exact de la couche `name`, ou lève `UnknownLayerError`."""
        if isinstance(name, LayerInfo):
            name = name.name
        if name in self._maps:
            return name
        wanted = str(name).casefold()
        for known in self._maps:
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
            unknown_name(problem, name, self._maps, f"essayez l'une des dernières, {last}.")
        )

    def forward(self, batch, keep="all"):
        """Fait la passe avant d'un lot d'images et rend une `Run` par image.

        `keep` dit quels résultats garder en mémoire : « all » pour toutes les couches, ou le
        nom d'une seule.
        """
        import tensorflow as tf

        layers = list(self._maps) if keep == "all" else [self.find_layer(keep)]
        wanted = [t for t in self._kept_for(tuple(layers)) if _size(t) <= _KEPT_BYTES]
        function = self._function(("forward", keep), [self._image], [self._scores, *wanted])
        self.forward_count += 1
        scores, *values = function(tf.constant(batch))
        refs = [tensor.ref() for tensor in wanted]
        if len(batch) == 1:
            return [Run(self, batch, scores[0].numpy(), dict(zip(refs, values)), layers)]
        runs = []
        for i in range(len(batch)):
            own = {
                ref: value[i : i + 1] if tensor.shape[0] is None else value
                for ref, tensor, value in zip(refs, wanted, values)
            }
            runs.append(Run(self, batch[i : i + 1], scores[i].numpy(), own, layers))
        return runs

    def _kept_for(self, layers):
        kept = {self._maps[name].ref(): self._maps[name] for name in layers}
        for tensor in self._crossing(layers):
            kept.setdefault(tensor.ref(), tensor)
        return list(kept.values())

    def _function(self, key, feeds, fetches):
        if key not in self._functions:
            import tensorflow as tf

            # Sans signature, TensorFlow en essaie une, échoue, et met 5 ms à rédiger l'erreur.
            specs = tuple(tf.TensorSpec(t.shape, t.dtype, f"x{i}") for i, t in enumerate(feeds))
            self._functions[key] = self._wrapped.prune(feeds, fetches, input_signature=(specs, {}))
        return self._functions[key]

    # --- Le tracé du graphe -----------------------------------------------------------------

    def _trace(self):
        import tensorflow as tf

        units = self.plan.head.units
        found = {}

        def build(image, direction):
            with _losses_kept(self.plan):
                values = self.plan.run(image)
            scores = tf.reshape(tf.cast(values[self.plan.score_key], tf.float32), (-1, units))
            maps = self._find_maps(values)
            gradients = tf.gradients(scores, list(maps.values()), grad_ys=direction)
            found.update(image=image, direction=direction, scores=scores, maps=maps)
            found["gradients"] = dict(zip(maps, gradients))
            return scores

        # `wrap_function` est la voie publique vers un graphe que l'on peut découper : un
        # GradientTape referait toute la passe avant à chaque changement de classe.
        self._wrapped = tf.compat.v1.wrap_function(
            build,
            [
                tf.TensorSpec((None, *self.input_shape), tf.float32),
                tf.TensorSpec((None, units), tf.float32),
            ],
        )
        self._image, self._direction = found["image"], found["direction"]
        self._scores = found["scores"]
        self._gradients = {k: g for k, g in found["gradients"].items() if g is not None}
        self._maps = {name: found["maps"][name] for name in self._gradients}
        self._half = any(t.dtype == tf.float16 for t in self._maps.values())
        self._from_image = _descendants(self._image)
        self._upstream = _ancestors([self._scores, *self._maps.values()])
        moving = {step.name for step in self.plan.steps if step.moving}
        self.layers = [
            LayerInfo(name, *(int(size) for size in tensor.shape[1:]))
            for name, tensor in self._maps.items()
            if name not in moving
        ]
        if not self.layers:
            raise ModelError(
                "Ce réseau n'a aucune carte d'activation à expliquer : Grad-CAM demande au moins "
                "une couche de convolution (Conv2D) entre l'image et le score."
            )

    def _find_maps(self, values):
        """Les tenseurs (N, h, w, C) à partir de la première convolution, par nom d'étape."""
        maps, started = {}, False
        for step in self.plan.steps:
            tensor = values[step.outputs[0]]
            weights = getattr(step.operation, "weights", [])
            started = started or any(len(weight.shape) >= 3 for weight in weights)
            shape = getattr(tensor, "shape", None)
            if not started or shape is None or len(shape) != 4 or not tensor.dtype.is_floating:
                continue
            if None not in shape[1:] and shape[1] * shape[2] > 1 and len(step.outputs) == 1:
                maps[step.name] = tensor
        return maps

    def _crossing(self, layers):
        """Les résultats de la passe avant dont les gradients de ces couches ont besoin."""
        if layers not in self._crossings:
            self._crossings[layers] = self._find_crossing(layers)
        return self._crossings[layers]

    def _find_crossing(self, layers):
        crossing, seen = {}, set()
        stack = [self._gradients[name].op for name in layers]
        while stack:
            operation = stack.pop()
            if operation in seen:
                continue
            seen.add(operation)
            for tensor in operation.inputs:
                # On coupe aux nombres réels qui dépendent de l'image ; les poids et les formes
                # se relisent ou se recalculent, sans coût.
                forward = tensor.op in self._upstream and tensor.op in self._from_image
                if forward and tensor.dtype.is_floating and tensor.op is not self._image.op:
                    crossing[tensor.ref()] = tensor
                elif tensor.op is not self._direction.op:
                    stack.append(tensor.op)
        return list(crossing.values())


class Run:
    """Une image passée dans le réseau : les scores et ce que les gradients réclameront.

    `outputs` : float32 (U,), les sorties avant softmax.
    """

    def __init__(self, network, image, outputs, values, layers):
        self.network = network
        self._image = image
        self.outputs = outputs
        self._values = values
        self._layers = set(layers)

    def holds(self, layer):
        """Vrai si les résultats de cette couche ont été gardés."""
        return layer in self._layers

    def recall(self, layers):
        """Recalcule en une fois, depuis l'image, ce que l'on n'avait pas gardé pour ces couches."""
        import tensorflow as tf

        network = self.network
        missing = [t for t in network._kept_for(tuple(layers)) if t.ref() not in self._values]
        if missing:
            key = ("recall", tuple(tensor.name for tensor in missing))
            function = network._function(key, [network._image], missing)
            self._values.update(
                (tensor.ref(), value)
                for tensor, value in zip(missing, function(tf.constant(self._image)))
            )

    def activations(self, layer):
        """Rend les activations float32 (h, w, C) de la couche ; à ne pas modifier."""
        self.recall([layer])
        return _as_float32(self._values[self.network._maps[layer].ref()])[0]

    def gradients(self, directions, layers):
        """Rend, par couche, les gradients float32 (N, h, w, C) de N directions (N, U).

        Une seule passe arrière sert toutes les couches ; plusieurs directions passent en un
        lot, découpé si les cartes à répéter prendraient trop de mémoire.
        """
        directions = np.asarray(directions, np.float32)
        network = self.network
        layers = tuple(layers)
        self.recall(layers)
        crossing = network._crossing(layers)
        function = network._function(
            ("backward", layers),
            [network._direction, *crossing],
            [network._gradients[name] for name in layers],
        )
        kept = [self._values[tensor.ref()] for tensor in crossing]
        size = sum(_bytes(v) for v, t in zip(kept, crossing) if t.shape[0] is None)
        size += sum(_bytes(self._values[network._maps[name].ref()]) for name in layers)
        chunk = max(1, int(_BATCH_BYTES // max(size, 1)))
        parts = [
            self._backward(function, directions[i : i + chunk], crossing, kept)
            for i in range(0, len(directions), chunk)
        ]
        return {
            name: parts[0][k] if len(parts) == 1 else np.concatenate([part[k] for part in parts])
            for k, name in enumerate(layers)
        }

    def _backward(self, function, directions, crossing, kept):
        import tensorflow as tf

        count = len(directions)
        if count > 1:
            kept = [
                tf.repeat(value, count, axis=0) if tensor.shape[0] is None else value
                for tensor, value in zip(crossing, kept)
            ]
        scale = _HALF_PRECISION_SCALE if self.network._half else 1.0
        self.network.backward_count += 1
        results = [_as_float32(g) for g in function(tf.constant(directions * scale), *kept)]
        return [g / np.float32(scale) if scale != 1 else g for g in results]


@contextlib.contextmanager
def _losses_kept(plan):
    """Rend aux couches régularisées les pertes qu'elles avaient : les nôtres ne comptent pas."""
    kept = [(step.operation, list(getattr(step.operation, "_losses", []))) for step in plan.steps]
    try:
        yield
    finally:
        for operation, losses in kept:
            if len(getattr(operation, "_losses", [])) != len(losses) or losses:
                operation._losses.clear()
                operation._losses.extend(losses)


def _as_float32(tensor):
    # `numpy()` copie ; la vue suffit ici, l'appelant copie ce qu'il garde.
    return np.asarray(tensor).astype(np.float32, copy=False)


def _size(tensor):
    """Les octets d'un tenseur symbolique, pour une seule image."""
    return tensor.dtype.size * int(np.prod([size or 1 for size in tensor.shape]))


def _bytes(tensor):
    return tensor.dtype.size * int(np.prod(tensor.shape))


def _ancestors(tensors):
    seen, stack = set(), [tensor.op for tensor in tensors]
    while stack:
        operation = stack.pop()
        if operation not in seen:
            seen.add(operation)
            stack.extend(tensor.op for tensor in operation.inputs)
    return seen


def _descendants(tensor):
    seen, stack = set(), [tensor.op]
    while stack:
        operation = stack.pop()
        if operation not in seen:
            seen.add(operation)
            stack.extend(c for output in operation.outputs for c in output.consumers())
    return seen
