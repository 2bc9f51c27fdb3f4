"""Un réseau mis à plat : ses étapes, dans l'ordre où elles se calculent, et de quoi les suivre."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from ..errors import GradcamLabError, ModelError
from .head import ScoreHead

__all__ = ["Plan", "Step", "untouched"]


@dataclass(frozen=True, eq=False)
class Step:
    """Un calcul élémentaire : `call`, des tenseurs de clés `inputs` vers ceux de clés `outputs`.

    `fill` met les valeurs calculées à la place des tenseurs symboliques ; `input_shapes` donne
    leurs formes, sans la taille du lot ; `moving` dit que l'étape déplace une carte sans y
    ajouter d'information.
    """

    name: str
    operation: object
    call: Callable
    fill: Callable
    inputs: tuple
    input_shapes: tuple
    outputs: tuple
    moving: bool


@dataclass(frozen=True)
class Plan:
    """Un réseau mis à plat : ses étapes dans l'ordre de calcul, son entrée, sa sortie, ses scores.

    Chaque résultat intermédiaire a une clé. `score_key` désigne les scores avant softmax,
    `output_key` ce que renvoie le modèle lui-même. `replaced` : des couples (variable du modèle,
    `tf.Variable` lue à sa place).
    """

    steps: tuple
    input_key: object
    score_key: object
    output_key: object
    input_shape: tuple
    head: ScoreHead
    replaced: tuple = ()

    def run(self, values, wanted, seen=None):
        """Complète `values` (clé → tenseur) par les étapes qui mènent aux clés `wanted`.

        `seen(clé, tenseur)` est appelée à chaque nouveau résultat.
        """
        values, steps = dict(values), self.needed(values, wanted)
        with untouched(steps, self.replaced):
            for step in steps:
                args, kwargs = step.fill(values)
                results = step.call(*args, **kwargs)
                results = results if isinstance(results, (list, tuple)) else [results]
                for key, result in zip(step.outputs, results):
                    values[key] = result
                    if seen is not None:
                        seen(key, result)
        return values

    def needed(self, given, wanted):
        """Les étapes, dans l'ordre, qui mènent des clés `given` aux clés `wanted`."""
        missing, needed = set(wanted) - set(given), []
        for step in reversed(self.steps):
            if missing.intersection(step.outputs):
                needed.append(step)
                missing.update(key for key in step.inputs if key not in given)
        return needed[::-1]

    def crossing(self, key):
        """Les clés des résultats qui contournent la carte `key` et dont les scores ont besoin.

        Un réseau sans branche n'en a pas ; une connexion résiduelle en fait une.
        """
        above = self.after(key)
        needed = self.needed({key}, [self.score_key, self.output_key])
        inputs = [k for step in needed if step in above for k in step.inputs]
        made = {key, *(k for step in above for k in step.outputs)}
        return tuple(dict.fromkeys(k for k in inputs if k not in made))

    def after(self, key):
        """Les étapes qui dépendent du résultat `key`, dans l'ordre."""
        reached, steps = {key}, []
        for step in self.steps:
            if reached.intersection(step.inputs):
                reached.update(step.outputs)
                steps.append(step)
        return steps

    def trace(self, shape):
        """Suit le réseau sans rien calculer : `{clé: (forme, dtype)}`, pour un lot d'images."""
        import tensorflow as tf

        found = {}

        def run(image):
            values = self.run({self.input_key: image}, [self.score_key, self.output_key])
            for key, value in values.items():
                if hasattr(value, "dtype") and getattr(value.shape, "rank", None) is not None:
                    found[key] = tuple(value.shape), value.dtype

        with self.explained():
            tf.function(run, autograph=False).get_concrete_function(
                tf.TensorSpec(shape, tf.float32)
            )
        return found

    @contextlib.contextmanager
    def explained(self):
        """Change en une phrase ce qui arrête le réseau pendant qu'il tourne."""
        import tensorflow as tf

        try:
            yield
        except (GradcamLabError, MemoryError):
            raise
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(str(error)[:200]) from None
        except Exception as error:  # les couches de l'utilisateur lèvent ce qu'elles veulent
            detail = f"{type(error).__name__} : {_cause(error)}"[:200]
            raise ModelError(
                "Ce réseau s'arrête pendant son calcul, ou l'une de ses couches ne se dérive pas "
                f"({detail.rstrip(' :')}) : vérifiez que model.predict fonctionne, puis remplacez "
                "la couche en cause par une couche de Keras."
            ) from error

    def opaque(self):
        """Le même réseau, dont on renonce à voir le score : sa sortie en tient lieu."""
        step = next(step for step in self.steps if self.output_key in step.outputs)
        head = ScoreHead("opaque", self.head.units, step.name)
        return replace(self, score_key=self.output_key, head=head)


def _cause(error):
    """La ligne qui dit la cause, dans les messages à étages de TensorFlow et de Keras."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    wrapped = ("Exception encountered", "in user code", "Call arguments", "Arguments received")
    own = [line for line in lines if not line.startswith((*wrapped, "•", "File "))]
    return next(iter(own or lines), "").removeprefix("\x1b[1m").removesuffix("\x1b[0m")


@contextlib.contextmanager
def untouched(steps, replaced=()):
    """Dans ce bloc, faire tourner ces étapes ne change rien au modèle : ni compteur, ni perte.

    `replaced` : des couples (variable, valeur lue à sa place dans ce bloc).
    """
    import keras

    layers = [
        layer
        for step in steps
        if isinstance(step.operation, keras.layers.Layer)
        for layer in step.operation._flatten_layers()
    ]
    # Keras oublie les pertes d'une couche dès qu'on l'appelle ; rien de public ne les lui rend.
    kept = [(layer._losses, list(layer._losses)) for layer in layers if layer._losses]
    try:
        with keras.StatelessScope(state_mapping=replaced):
            yield
    finally:
        for own, losses in kept:
            own[:] = losses
