"""Le seul endroit où le réseau tourne.

Grad-CAM coupe le réseau en deux à la couche que l'on explique. La première moitié mène de l'image
à la carte de la couche ; la seconde, de cette carte (et de ce qui la contourne : les connexions
résiduelles) aux scores. Le gradient ne demande que la seconde, sous un `GradientTape` qui ne
surveille que la carte. Partir de l'image donne ses propres gradients ; partir d'une carte modifiée
donne les scores qu'elle aurait eus.
"""

import functools
import threading

import numpy as np

from ..base.cache import Recent
from ..errors import ModelError
from .run import Results, Run

__all__ = ["ChannelSlope", "Engine"]

# Plusieurs classes se calculent en un lot, tant que ce qu'il faut répéter tient là-dedans.
_BATCH_BYTES = 192 * 2**20
# Une passe sur une seule image garde ses dernières cartes jusqu'à cette taille : changer de couche
# ou de classe coûte alors moins.
_KEPT_BYTES = 16 * 2**20
# En demi-précision, un petit gradient devient nul : on l'agrandit pendant le trajet.
_HALF_PRECISION_SCALE = 1024.0
# Une fonction compilée par couche visitée ; les plus anciennes s'oublient.
_FUNCTIONS = 32
_GUIDED = "GradcamLabGuidedRelu"


class Engine:
    """Un réseau prêt à tourner.

    `forward_count` et `backward_count` comptent les passes parties de l'image, et d'une couche.
    """

    def __init__(self, layout):
        self.layout = layout
        self.plan = layout.plan
        self.forward_count = self.backward_count = 0
        self._lock = threading.RLock()
        self._functions = Recent(_FUNCTIONS)
        self._independent = None
        self._checked = False

    @property
    def passes(self):
        """Le nombre de fois que le réseau a tourné."""
        return self.forward_count + self.backward_count

    def open(self, batch, layer):
        """Renvoie une `Run` par image du lot (n, H, W, C).

        Une image seule attend la première question ; plusieurs passent ensemble, et chacune ne
        garde que ce que demandent les gradients de la couche `layer`.
        """
        images = [batch[i : i + 1] for i in range(len(batch))]
        key = self.layout.maps[layer]
        kept = self.layout.cut(key)
        if len(batch) < 2 or not self._can_share(batch, kept):
            return [Run(self, image) for image in images]
        found = self.compute({self.plan.input_key: batch}, watched=(key,), kept=kept)
        runs = []
        for i, image in enumerate(images):
            row = slice(i, i + 1)
            values = {key: value[row] for key, value in found.values.items()}
            gradients = {key: value[row] for key, value in found.gradients.items()}
            runs.append(Run(self, image))
            runs[-1].fill(Results(found.scores[row], values, gradients))
        return runs

    def gradients(self, values, watched, directions):
        """Les gradients float32 (n, h, w, C) de n directions (n, U), par clé de `watched`.

        `values` : les résultats dont on part. Les directions passent en un lot si chaque résultat a
        une ligne par image : on répète la carte et ce qui la contourne, jamais l'intérieur.
        """
        step = self._together((*values, *watched), len(directions))
        parts = [
            self.compute(values, watched=watched, directions=directions[i : i + step]).gradients
            for i in range(0, len(directions), step)
        ]
        return {key: np.concatenate([part[key] for part in parts]) for key in watched}

    def scores(self, changed, around=None):
        """Les sorties (n, U) avant softmax pour n images, ou n cartes, `changed` = {clé: (n, ...)}.

        `around` : ce qui contourne la carte, le même pour toutes.
        """
        (key, rows), around = next(iter(changed.items())), around or {}
        # Une étape a son entrée et sa sortie en mémoire : deux fois la plus grande carte.
        step = self._rows(2 * max(self.layout.widths(key)), (key, *around), len(rows))
        parts = [
            self.compute({key: rows[i : i + step], **around}).scores
            for i in range(0, len(rows), step)
        ]
        return np.concatenate(parts)

    def slopes(self, images, directions):
        """Les gradients float32 (n, H, W, C) des images, chacune dans sa direction (n, U)."""
        key = self.plan.input_key
        step = self._rows(sum(self.layout.widths(key)), (key,), len(images))
        parts = [
            self.compute(
                {key: images[i : i + step]}, watched=(key,), directions=directions[i : i + step]
            ).gradients[key]
            for i in range(0, len(images), step)
        ]
        return np.concatenate(parts)

    def guided(self, image, direction):
        """Le gradient guidé float32 (1, H, W, C) : chaque ReLU ne laisse remonter que le positif.

        Springenberg et al., 2015. Un réseau sans ReLU lève `ModelError`.
        """
        import tensorflow as tf

        with self._lock, self.plan.explained():
            function = self._functions.get("guided")
            function = function or self._functions.put("guided", self._compile_guided())
            self.forward_count += 1
            return function(tf.constant(image), tf.constant(direction[None])).numpy()

    def _together(self, keys, count):
        """Combien de directions passent à la fois, d'une même image."""
        return self._rows(sum(self.layout.bytes(key) for key in keys), keys, count)

    def _rows(self, size, keys, count):
        """Combien de lignes de `size` octets passent à la fois : une si `keys` ne s'y prête pas."""
        if count == 1 or not self._can_share(None, keys):
            return 1
        return max(1, _BATCH_BYTES // size)

    def compute(self, values, *, watched=(), kept=(), directions=None):
        """Fait tourner le réseau, des résultats `values` (clé → tableau) jusqu'aux scores.

        `directions` : float32 (n, U), dont on veut le gradient par rapport aux clés `watched` ; par
        défaut, celle de la réponse la plus probable. Renvoie des `Results`.
        """
        import tensorflow as tf

        given = tuple(values)
        # Une carte modifiée par une méthode est en float32, quel que soit le calcul du réseau.
        feeds = [tf.cast(value, self.layout.spec(key).dtype) for key, value in values.items()]
        free = directions is None
        if free:  # la fonction choisira elle-même la réponse la plus probable
            directions = np.zeros((len(feeds[0]), self.plan.head.units), np.float32)
        count = max(len(directions), len(feeds[0]))
        if count > 1:
            feeds = [tf.repeat(f, count, axis=0) if len(f) == 1 else f for f in feeds]
        with self._lock, self.plan.explained():
            if self.plan.input_key in given[:1]:
                self.forward_count += 1
            else:
                self.backward_count += 1
            key = (given, tuple(watched), tuple(kept))
            function = self._functions.get(key) or self._functions.put(key, self._compile(*key))
            found = function(feeds, tf.constant(directions), tf.constant(free))
        scores, outputs = found[0].numpy(), found[1].numpy()
        if not self._checked:
            self._checked = True
            if not self.plan.head.agrees(scores[0], outputs[0], 0.1 if self.layout.half else 1e-3):
                # La fin du réseau n'est pas celle que l'on croyait : sa propre sortie fait foi.
                self.plan = self.layout.plan = self.plan.opaque()
                self._functions.clear()
                rest = None if free else directions
                return self.compute(values, watched=watched, kept=kept, directions=rest)
        gradients = {key: np.asarray(g) for key, g in zip(watched, found[3])}
        return Results(scores, dict(zip(kept, found[2])), gradients)

    def _compile(self, given, watched, kept):
        """La fonction TensorFlow qui va de `given` aux scores, et à leurs gradients."""
        import tensorflow as tf

        plan, units = self.plan, self.plan.head.units
        scale = _HALF_PRECISION_SCALE if self.layout.half else 1.0

        def flat(scores):
            return tf.reshape(tf.cast(scores, tf.float32), (-1, units))

        def compute(feeds, directions, free):
            values = dict(zip(given, feeds))
            # Ce qui précède la première carte surveillée n'est pas enregistré : ni gradient des
            # poids, ni mémoire perdue.
            with tf.GradientTape(watch_accessed_variables=False) as tape:

                def watch(key, value):
                    if key in watched:
                        tape.watch(value)

                for key, value in values.items():
                    watch(key, value)
                ends = (plan.score_key, plan.output_key)
                values = plan.run(values, (*ends, *kept), watch)
                scores = flat(values[plan.score_key])
            answer = tf.one_hot(tf.argmax(scores, 1), units)
            maps = [values[key] for key in watched]
            found = tape.gradient(
                scores, maps, output_gradients=scale * tf.where(free, answer, directions)
            )
            gradients = [
                tf.zeros(tf.shape(a)) if g is None else tf.cast(g, tf.float32) / scale
                for a, g in zip(maps, found)
            ]
            return scores, flat(values[plan.output_key]), [values[key] for key in kept], gradients

        feeds = [self.layout.spec(key) for key in given]
        return tf.function(compute, autograph=False).get_concrete_function(
            feeds, tf.TensorSpec((None, units)), tf.TensorSpec((), tf.bool)
        )

    def _compile_guided(self):
        """La fonction TensorFlow qui remonte des scores à l'image par des ReLU guidées."""
        import tensorflow as tf

        _register_guided()
        names = {"Relu": _GUIDED, "Relu6": _GUIDED}
        scale = _HALF_PRECISION_SCALE if self.layout.half else 1.0

        def compute(image, direction):
            graph = tf.compat.v1.get_default_graph()
            with graph.gradient_override_map(names):
                found = self.plan.run({self.plan.input_key: image}, [self.plan.score_key])
            if not any(operation.type in names for operation in graph.get_operations()):
                raise ModelError(
                    "Ce réseau n'a pas de ReLU, et la rétropropagation guidée ne se définit pas "
                    "sans elles : choisissez une autre méthode, comme « integrated_gradients »."
                )
            scores = tf.reshape(tf.cast(found[self.plan.score_key], tf.float32), (1, -1))
            return tf.gradients(scores, image, scale * direction)[0] / scale

        return tf.function(compute, autograph=False).get_concrete_function(
            tf.TensorSpec((1, *self.layout.image_shape)), tf.TensorSpec((1, self.plan.head.units))
        )

    def kept(self, key):
        """Les clés que garde la passe d'une image : la coupe à `key`, puis les dernières cartes."""
        kept, size = dict.fromkeys(self.layout.cut(key)), 0
        for other in reversed(self.layout.maps.values()):
            size += self.layout.bytes(other)
            if size > _KEPT_BYTES:
                break
            kept[other] = None
        return tuple(kept)

    def _can_share(self, batch, keys):
        """Vrai si ces résultats ont une ligne par image, sans qu'une image en change une autre."""
        if not self.layout.one_row_an_image(keys):
            return False
        if self._independent is None:
            self._independent = self._try_pair(batch)
        return self._independent

    def _try_pair(self, batch):
        """Passe une image seule, puis à côté d'une autre : mêmes scores ? (une fois par réseau)"""
        shape = (1, *self.layout.image_shape)
        image = np.random.default_rng(0).normal(0, 1, shape) if batch is None else batch[:1]
        noise = np.random.default_rng(1).normal(0, 1 + np.std(image), shape)
        pair = np.concatenate([image, image / 2 + noise]).astype(np.float32)
        key, count = self.plan.input_key, self.forward_count
        alone = self.compute({key: pair[:1]}).scores[0]
        try:
            together = self.compute({key: pair}).scores[0]
        except ModelError:
            return False
        finally:
            self.forward_count = count  # un essai, et non une passe de plus
        margin = (5e-2 if self.layout.half else 1e-3) * max(1e-6, np.abs(alone).max())
        return bool(np.abs(together - alone).max() <= margin)


@functools.cache
def _register_guided():
    """Apprend à TensorFlow, une fois par programme, la dérivée d'une ReLU guidée."""
    import tensorflow as tf

    @tf.RegisterGradient(_GUIDED)
    def guided(operation, gradient):
        output = operation.outputs[0]
        passes = (output > 0) & (gradient > 0)
        if operation.type == "Relu6":
            passes &= output < 6
        return tf.where(passes, gradient, tf.zeros_like(gradient))


class ChannelSlope:
    """L'activation moyenne d'un canal, et sa dérivée par rapport à l'image, à une taille donnée.

    `layer` : un nom exact de couche ; `size` : le côté de l'image, en pixels. Seule la partie du
    réseau qui mène à la couche tourne : la taille peut donc n'être pas celle que le réseau attend.
    """

    def __init__(self, engine, layer, size):
        import tensorflow as tf

        self._plan = engine.plan
        key, entry = engine.layout.maps[layer], engine.plan.input_key
        shape = (1, size, size, engine.layout.image_shape[-1])

        def slope(image, channel):
            with tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(image)
                maps = self._plan.run({entry: image}, [key])[key]
                mean = tf.reduce_mean(tf.cast(maps[..., channel], tf.float32))
            return mean, tape.gradient(mean, image)

        with self._plan.explained():
            self._compiled = tf.function(slope, autograph=False).get_concrete_function(
                tf.TensorSpec(shape, tf.float32), tf.TensorSpec((), tf.int32)
            )

    def __call__(self, image, channel):
        """`(moyenne, gradient)` pour une image float32 (1, S, S, C) préparée pour le réseau."""
        import tensorflow as tf

        with self._plan.explained():
            mean, gradient = self._compiled(tf.constant(image), tf.constant(channel, tf.int32))
        return float(mean), np.asarray(gradient)
