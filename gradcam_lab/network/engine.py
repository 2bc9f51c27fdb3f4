"""Le seul endroit où le réseau tourne, coupé en deux à la couche que l'on explique.

La première moitié mène de l'image à la carte de la couche ; la seconde, de cette carte (et de ce
qui la contourne : les connexions résiduelles) aux scores. Le gradient ne demande que la seconde,
refaite sous un `GradientTape` qui ne surveille que la carte. Pour l'image elle-même, la première
moitié est vide ; pour une carte modifiée (ablation), on part de la seconde.
"""

import contextlib
import threading
from dataclasses import dataclass, field

import numpy as np

from ..base.cache import Bounded
from ..base.names import unknown_name
from ..errors import GradcamLabError, ModelError, UnknownLayerError

__all__ = ["Engine", "LayerInfo", "Run"]

# Une passe garde ses dernières cartes jusqu'à cette taille : changer de couche coûte alors moins.
_KEPT_BYTES = 16 * 2**20
# Plusieurs classes, ou plusieurs couches, se calculent ensemble tant que cela tient là-dedans.
_TOGETHER_BYTES = 192 * 2**20
# Les fonctions compilées que l'on garde, une par couche visitée.
_FUNCTIONS = 32
# En demi-précision, un petit gradient devient nul : on l'agrandit pendant le trajet.
_HALF_PRECISION_SCALE = 1024.0
# Tracer le réseau sur un lot de cette taille, sans rien calculer, montre quels résultats ont une
# ligne par image ; un nombre premier ne se confond avec aucune autre dimension.
_PROBE = 1009


@dataclass(frozen=True)
class LayerInfo:
    """Une couche explicable : son nom, la taille (height, width, channels) de sa carte, son genre.

    `kind` est le nom de la classe Keras (« Conv2D », « Add »...).
    """

    name: str
    height: int
    width: int
    channels: int
    kind: str = field(default="", compare=False)


class Engine:
    """Un `Plan` prêt à tourner sur des images float32 (n, H, W, C).

    `forward_count` et `backward_count` comptent les passes depuis l'image et depuis une couche.
    """

    def __init__(self, plan, input_size):
        self.plan = plan
        self.input_shape = (*input_size, plan.input_shape[-1])
        self.forward_count = self.backward_count = 0
        self._lock = threading.RLock()
        self._functions = Bounded(_FUNCTIONS)
        self._checked = False  # les scores redonnent-ils les sorties du modèle ?
        self._independent = None  # une image d'un lot ignore-t-elle les autres ?
        self._probe()

    def find_layer(self, name):
        """Renvoie le nom exact de la couche `name`, ou lève `UnknownLayerError`."""
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

    def size_of(self, layer):
        """Le nombre d'octets d'une carte float32 de cette couche."""
        return 4 * int(np.prod(self._shapes[self._maps[layer]][1:]))

    # --- Les passes ---------------------------------------------------------------------------

    def run_batch(self, batch):
        """Passe un lot d'images (n, H, W, C) dans le réseau et renvoie une `Run` par image."""
        with self._lock:
            images = [batch[i : i + 1] for i in range(len(batch))]
            layer = self.layers[-1].name
            keys = self._cut([layer])
            if len(batch) < 2 or not self._splits(keys) or not self._images_are_independent(batch):
                return [Run(self, image) for image in images]
            results = self._forward(batch, [layer], keys)
            return [Run(self, images[i], _row(results, i)) for i in range(len(batch))]

    def scores(self, batch):
        """Renvoie les sorties float32 (n, U) avant softmax, sans gradient, d'un lot d'images."""
        with self._lock:
            self.forward_count += 1
            function = self._function("scores", self._make_scores, (self.plan.input_key,))
            if self._images_are_independent(batch):
                return self._call(function, [batch]).numpy()
            return np.concatenate([self._call(function, [image[None]]).numpy() for image in batch])

    def _forward(self, batch, layers, kept, direction=None):
        """Une passe depuis l'image, qui rend d'un coup scores, cartes, et gradient de la réponse."""
        import tensorflow as tf

        self.forward_count += 1
        make = lambda: self._make_forward(tuple(layers), tuple(kept))  # noqa: E731
        function = self._function(("forward", *layers, *kept), make, (self.plan.input_key,), True)
        if direction is None:  # zéro partout : la classe la plus probable
            direction = np.zeros((len(batch), self.plan.head.units), np.float32)
        found = self._call(function, [batch], tf.constant(direction))
        scores, outputs, values, gradients, top = found
        if not self._checked:
            self._checked = True
            tolerance = 3e-2 if self._half else 1e-3
            if not self.plan.head.agrees(scores[0].numpy(), outputs[0].numpy(), tolerance):
                # La fin du réseau n'est pas celle que l'on croyait : sa sortie fait foi.
                self.plan = self.plan.opaque()
                self._functions.clear()
                return self._forward(batch, layers, kept)
        return _Results(
            scores.numpy(), dict(zip(kept, values)), dict(zip(layers, gradients)), top.numpy()
        )

    def _values(self, image, keys):
        """Refait le début d'une passe, de l'image à ces résultats."""
        function = self._function(
            ("values", *keys), lambda: self._make_values(tuple(keys)), (self.plan.input_key,)
        )
        return dict(zip(keys, self._call(function, [image])))

    def _gradients(self, values, layers, directions):
        """Les gradients (n, h, w, C), par couche, de `n` directions, depuis la plus précoce."""
        import tensorflow as tf

        root = self._root(layers)
        given = (root, *self.plan.crossing(root))
        make = lambda: self._make_gradients(given, tuple(layers))  # noqa: E731
        function = self._function(("gradients", root, *layers), make, given, True)
        tensors = [values[key] for key in given]
        size = sum(_bytes(tensor) for tensor in tensors) + sum(map(self.size_of, layers))
        together = max(1, _TOGETHER_BYTES // max(size, 1))
        if len(directions) > 1 and not (
            self._splits(given) and self._images_are_independent(values[self.plan.input_key])
        ):
            together = 1
        parts = []
        for start in range(0, len(directions), together):
            chunk = directions[start : start + together]
            repeated = tensors
            if len(chunk) > 1:  # la carte et ce qui la contourne, jamais l'intérieur
                repeated = [tf.repeat(tensor, len(chunk), axis=0) for tensor in tensors]
            self.backward_count += 1
            parts.append(self._call(function, repeated, tf.constant(chunk)))
        return {
            layer: np.concatenate([_as_float32(part[k]) for part in parts])
            for k, layer in enumerate(layers)
        }

    def _scores_from(self, values, layer, maps):
        """Les sorties (n, U) quand la carte de la couche est remplacée par `maps` (n, h, w, C)."""
        root = self._maps[layer]
        given = (root, *self.plan.crossing(root))
        function = self._function(
            ("scores", *given), lambda: self._make_scores_from(given), given
        )
        self.backward_count += 1
        tensors = [values[key] for key in given[1:]]
        found = [self._call(function, [one[None], *tensors]).numpy() for one in maps]
        return np.concatenate(found)

    def _images_are_independent(self, batch):
        """Vrai si, dans ce réseau, une image d'un lot ne change rien à sa voisine (essayé une fois)."""
        if self._independent is None and self._batches:
            image = np.asarray(batch[:1], np.float32)
            noise = np.random.default_rng(0).normal(0, 1 + image.std(), image.shape)
            pair = np.concatenate([image, (image / 2 + noise).astype(np.float32)])
            function = self._function("scores", self._make_scores, (self.plan.input_key,))
            alone = self._call(function, [image]).numpy()
            try:
                both = self._call(function, [pair]).numpy()[:1]
            except ModelError:
                both = np.full_like(alone, np.inf)
            margin = (5e-2 if self._half else 1e-3) * max(1e-6, float(np.abs(alone).max()))
            self._independent = bool(np.abs(both - alone).max() <= margin)
        return bool(self._independent)

    # --- Les fonctions compilées --------------------------------------------------------------

    def _make_forward(self, layers, kept):
        import tensorflow as tf

        keys = [self._maps[layer] for layer in layers]
        root = self._root(layers)
        given = (root, *self.plan.crossing(root))

        def forward(feeds, direction):
            below = self._run({self.plan.input_key: feeds[0]}, [*given, *kept])
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                values, scores, outputs = self._above(below, given, keys, tape)
            top = tf.argmax(scores, 1)
            answer = tf.one_hot(top, scores.shape[1], dtype=scores.dtype)
            chosen = tf.reduce_any(direction != 0, axis=1, keepdims=True)
            gradients = self._gradient(tape, scores, keys, values, tf.where(chosen, direction, answer))
            # Les cartes au-dessus de la coupe sont gardées aussi, si on les demande.
            values = {**values, **below}
            return scores, outputs, [values[key] for key in kept], gradients, top

        return forward

    def _make_gradients(self, given, layers):
        import tensorflow as tf

        keys = [self._maps[layer] if layer else self.plan.input_key for layer in layers]

        def gradients(feeds, direction):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                values, scores, _ = self._above(dict(zip(given, feeds)), given, keys, tape)
            return self._gradient(tape, scores, keys, values, direction)

        return gradients

    def _make_scores(self):
        return lambda feeds: self._scores_of(self._run({self.plan.input_key: feeds[0]}, ()))

    def _make_scores_from(self, given):
        return lambda feeds: self._scores_of(self._run(dict(zip(given, feeds)), ()))

    def _make_values(self, keys):
        def values(feeds):
            found = self._run({self.plan.input_key: feeds[0]}, keys, scores=False)
            return [found[key] for key in keys]

        return values

    def _above(self, values, given, watched, tape):
        """La seconde moitié : des résultats `given` aux scores, les cartes `watched` surveillées."""
        tape.watch(values[given[0]])

        def seen(key, value):
            if key in watched:
                tape.watch(value)

        values = self._run({key: values[key] for key in given}, watched, seen)
        return values, self._scores_of(values), self._reshaped(values[self.plan.output_key])

    def _gradient(self, tape, scores, keys, values, direction):
        import tensorflow as tf

        scale = _HALF_PRECISION_SCALE if self._half else 1.0
        maps = [values[key] for key in keys]
        found = tape.gradient(scores, maps, output_gradients=direction * scale)
        return [
            tf.zeros_like(a, tf.float32) if g is None else tf.cast(g, tf.float32) / scale
            for g, a in zip(found, maps)
        ]

    def _run(self, values, wanted, seen=None, scores=True):
        import keras

        wanted = [*wanted, *((self.plan.score_key, self.plan.output_key) if scores else ())]
        with keras.StatelessScope():  # ni perte ajoutée, ni compteur changé : le modèle reste intact
            return self.plan.run(values, wanted, seen)

    def _scores_of(self, values):
        return self._reshaped(values[self.plan.score_key])

    def _reshaped(self, scores):
        import tensorflow as tf

        return tf.reshape(tf.cast(scores, tf.float32), (-1, self.plan.head.units))

    def _function(self, key, make, given, directed=False):
        import tensorflow as tf

        function = self._functions.get(key)
        if function is None:
            feeds = [self._spec(k) for k in given]
            units = tf.TensorSpec((None, self.plan.head.units), tf.float32)
            signature = [feeds, units] if directed else [feeds]
            function = tf.function(make(), input_signature=signature)
            self._functions.put(key, function)
        return function

    def _spec(self, key):
        import tensorflow as tf

        shape, dtype = self._shapes[key]
        return tf.TensorSpec((None, *shape[1:]), dtype)

    def _call(self, function, feeds, *rest):
        import tensorflow as tf

        with _explained(self.plan):
            return function([tf.convert_to_tensor(feed) for feed in feeds], *rest)

    # --- Ce que l'on sait du réseau avant de le faire tourner -----------------------------------

    def _probe(self):
        """Trace le réseau sans rien calculer : la forme de chaque résultat, et les couches."""
        import tensorflow as tf

        shapes = {}

        def trace(image):
            values = self._run({self.plan.input_key: image}, ())
            shapes.update({k: (tuple(v.shape), v.dtype) for k, v in values.items() if _known(v)})

        count = self.plan.input_shape[0] or _PROBE
        for rows in dict.fromkeys((count, 1)):
            shapes.clear()
            image = tf.TensorSpec((rows, *self.input_shape), tf.float32)
            self._rows, self._batches = rows, rows == _PROBE
            try:
                with _explained(self.plan):
                    tf.function(trace).get_concrete_function(image)
                break
            except ModelError:
                if rows == 1:
                    raise
        self._shapes = shapes
        self._half = any(dtype == tf.float16 for _, dtype in shapes.values())
        steps = self._map_steps()
        self._maps = {step.name: step.outputs[0] for step in steps}
        self.layers = [
            LayerInfo(
                step.name, *shapes[step.outputs[0]][0][1:], kind=type(step.operation).__name__
            )
            for step in steps
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
            if None not in shape and shape[0] == self._rows and shape[1] * shape[2] > 1:
                yield step

    def _splits(self, keys):
        """Vrai si chacun de ces résultats a une ligne par image : on peut le couper ou le répéter."""
        return self._batches and all(self._shapes[key][0][:1] == (_PROBE,) for key in keys)

    def _cut(self, layers):
        """Les clés de ces cartes et de ce qui les contourne."""
        maps = [self._maps[layer] for layer in layers]
        return tuple(dict.fromkeys(k for m in maps for k in (m, *self.plan.crossing(m))))

    def _root(self, layers):
        """La carte dont toutes les autres dépendent, à défaut l'image."""
        keys = [self._maps[layer] if layer else self.plan.input_key for layer in layers]
        reached = {keys[0], *(k for step in self.plan.after(keys[0]) for k in step.outputs)}
        return keys[0] if reached.issuperset(keys) else self.plan.input_key
