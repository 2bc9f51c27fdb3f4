"""La fin d'un réseau : trouver le score d'une classe avant softmax ou sigmoïde.

La dernière fonction est reconnue à ce qu'elle *fait* sur un vecteur d'essai, non à son nom :
une couche Softmax, une activation de Dense, une fonction lambda se traitent donc de même.
Rien n'est changé dans le modèle : la dernière couche est recalculée à côté, sans activation.
"""

from dataclasses import replace

import numpy as np

from .head import ScoreHead

__all__ = ["before_softmax"]

# Assez large pour une fin de réseau en demi-précision, assez fine pour distinguer softmax(z)
# de softmax(z / 2).
_TOLERANCE, _RELATIVE = 3e-3, 8e-3
# De petits et de grands scores : `clip(z, -10, 10)` ne change rien aux premiers.
_TRIALS = (2.0, 40.0)


def before_softmax(steps, output_key, units):
    """Renvoie `(étapes, clé des scores, ScoreHead)` pour un réseau à `units` sorties.

    On remonte depuis la sortie : les opérations sans poids qui ne changent rien (Reshape,
    Dropout, activation linéaire) sont sautées, la première softmax ou sigmoïde rencontrée est
    retirée, et l'on s'arrête à la première couche qui calcule vraiment quelque chose.
    """
    steps = list(steps)
    key, kind = output_key, None
    while True:
        index = next((i for i, step in enumerate(steps) if key in step.outputs), None)
        if index is None:
            return steps, key, ScoreHead(kind or "opaque", units)
        step = steps[index]
        linear = _linear_part(step.operation)
        if linear:
            found = _recognise(step.operation.activation, (units,))
            if found in ("softmax", "sigmoid") and kind is None:
                # À côté de la dernière couche, la même sans son activation.
                scores = (len(steps), 0)
                name = f"{step.name}:scores"
                steps.append(replace(step, name=name, call=linear, outputs=(scores,)))
                return steps, scores, ScoreHead(found, units, step.name)
            if found == "identity" and kind is None:
                kind = "softmax" if units > 1 else "sigmoid"
        else:
            found = _recognise_step(step)
            if found == "identity" or (found and kind is None):
                kind = kind if found == "identity" else found
                key = step.inputs[0]
                continue
        repeated = kind is not None and found in ("softmax", "sigmoid")
        return steps, key, ScoreHead(kind or "opaque", units, step.name, repeated)


def _recognise_step(step):
    """Ce que fait une étape sans poids à une seule entrée ; None pour toute autre."""
    if len(step.inputs) != 1 or len(step.outputs) != 1 or getattr(step.operation, "weights", None):
        return None

    def apply(x):
        args, kwargs = step.fill({step.inputs[0]: x})
        return step.call(*args, **kwargs)

    return _recognise(apply, tuple(size or 1 for size in step.input_shapes[0]))


def _recognise(function, shape):
    """« identity », « softmax » ou « sigmoid », d'après des essais sur des vecteurs ; ou None."""
    if sum(size > 1 for size in shape) > 1:
        return None  # une carte ou une image, pas un vecteur de scores
    found = [_recognise_on(function, shape, scale) for scale in _TRIALS]
    return found[0] if found.count(found[0]) == len(found) else None


def _recognise_on(function, shape, scale):
    import keras

    x = np.random.default_rng(0).normal(0, scale, (1, *shape)).astype(np.float32)
    if x.size == 1:  # softmax y vaut toujours 1 : loin de là, sigmoïde ne lui ressemble pas
        x = -np.abs(x)
    try:
        y = keras.ops.convert_to_numpy(keras.ops.cast(function(keras.ops.array(x)), "float32"))
    except Exception:
        # La fonction d'un utilisateur peut refuser notre vecteur d'essai : elle reste inconnue.
        return None
    x, y = x.ravel().astype(np.float64), np.asarray(y, np.float64).ravel()
    if x.size != y.size:
        return None
    log_softmax = x - x.max() - np.log(np.exp(x - x.max()).sum())
    candidates = {
        "identity": x,
        "sigmoid": 1 / (1 + np.exp(-x)),
        "softmax": np.exp(log_softmax),
        "log_softmax": log_softmax,
    }
    for name, expected in candidates.items():
        if np.allclose(y, expected, rtol=_RELATIVE, atol=_TOLERANCE):
            return "softmax" if name == "log_softmax" else name
    return None


def _linear_part(layer):
    """Le calcul d'une couche Dense ou Conv sans son activation, ou None si ce n'en est pas une.

    Le calcul se fait en float32, même dans un réseau en demi-précision.
    """
    import keras
    from keras import ops

    if getattr(layer, "quantization_mode", None):
        return None

    def add_bias(y):
        return y if layer.bias is None else y + ops.cast(layer.bias, "float32")

    if type(layer) is keras.layers.Dense:

        def dense(x):
            return add_bias(ops.matmul(ops.cast(x, "float32"), ops.cast(layer.kernel, "float32")))

        return dense
    if type(layer) is keras.layers.Conv2D:

        def convolution(x):
            kernel = ops.cast(layer.kernel, "float32")
            return add_bias(layer.convolution_op(ops.cast(x, "float32"), kernel))

        return convolution
    if type(layer) is keras.layers.EinsumDense:

        def einsum(x):
            kernel = ops.cast(layer.kernel, "float32")
            return add_bias(ops.einsum(layer.equation, ops.cast(x, "float32"), kernel))

        return einsum
    return None
