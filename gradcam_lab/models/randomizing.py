"""Un jumeau d'un réseau, dont on tire au hasard les poids : le réseau lui-même n'en sait rien."""

import numpy as np

from ..errors import ModelError

__all__ = ["Twin"]

# Une normalisation de lot qui ne change plus rien : ce que valent ses variables à sa création.
_ONES = ("gamma", "moving_variance")


class Twin:
    """Un réseau jumeau : les mêmes calculs, mais ses poids sont lus dans des copies.

    `classifier` : un `Classifier` qui répond avec ces copies ; `layers` : les noms des couches qui
    ont des poids, de la dernière à la première. Ni le modèle de l'utilisateur, ni les tirages au
    hasard de Python, de NumPy ou de TensorFlow n'en sont changés.
    """

    def __init__(self, classifier):
        import tensorflow as tf

        self._owned, seen = {}, set()  # nom de couche -> liste de (couche Keras, variable)
        plan = classifier.network.plan
        for step in reversed(plan.needed({plan.input_key}, [plan.score_key, plan.output_key])):
            # Une couche appelée plusieurs fois compte à sa dernière place.
            pairs = [pair for pair in _weights(step.operation) if id(pair[1]) not in seen]
            seen.update(id(variable) for _, variable in pairs)
            if pairs:
                self._owned[step.name.removesuffix(":scores")] = pairs
        if not self._owned:
            raise ModelError("Ce réseau n'a aucun poids à tirer au hasard.")
        self.layers = list(self._owned)
        self._copies = {
            id(variable): (variable, tf.Variable(variable.numpy(), trainable=False))
            for pairs in self._owned.values()
            for _, variable in pairs
        }
        self.classifier = classifier.twin(self._copies.values())

    def restore(self):
        """Redonne au jumeau les poids du réseau."""
        for variable, copy in self._copies.values():
            copy.assign(variable.numpy())

    def randomize(self, layer, seed):
        """Tire au hasard les poids d'une couche ; la même graine redonne les mêmes."""
        for variable, values in self.draw(layer, seed):
            self._copies[id(variable)][1].assign(values)

    def draw(self, layer, seed):
        """La liste des (variable, valeurs au hasard) d'une couche."""
        rank = self.layers.index(layer)
        return [
            (variable, _draw(owner, variable, _mixed_seed(seed, rank, i)))
            for i, (owner, variable) in enumerate(self._owned[layer])
        ]


def _mixed_seed(*numbers):
    """Une graine pour chaque variable : deux couches de même forme ne reçoivent pas les mêmes."""
    return int(np.random.SeedSequence(numbers).generate_state(1)[0] >> 1)


def _weights(operation):
    """Les (couche Keras, variable) de ce qu'une couche a appris, ses sous-couches comprises."""
    import keras

    if not isinstance(operation, keras.layers.Layer):
        return []
    found = {}
    for layer in operation._flatten_layers():  # les parents d'abord : l'enfant a le dernier mot
        for variable in layer.weights:
            found[id(variable)] = layer, variable
    return [
        (layer, variable)
        for layer, variable in found.values()
        # `Normalization` garde la moyenne des photos, mesurée et non apprise.
        if "float" in variable.dtype and not isinstance(layer, keras.layers.Normalization)
    ]


def _draw(owner, variable, seed):
    """Les valeurs au hasard d'une variable, par l'initialiseur de sa couche."""
    import keras

    shape, name = tuple(variable.shape), variable.name
    if isinstance(owner, keras.layers.BatchNormalization):
        return np.full(shape, float(name in _ONES))
    own = _initializer(owner, name)
    config = own.get_config() if isinstance(own, keras.initializers.Initializer) else {}
    if "seed" in config:
        return _numbers(type(own).from_config({**config, "seed": seed}), variable)
    if len(shape) > 1:
        # Constant, il ne tire rien au hasard : c'est celui d'un réseau dont les poids sont lus.
        return _numbers(keras.initializers.HeNormal(seed), variable)
    constants = keras.initializers
    if isinstance(own, (constants.Zeros, constants.Ones, constants.Constant)):
        return _numbers(own, variable)
    return np.full(shape, float("gamma" in name or "scale" in name))


def _initializer(owner, name):
    """L'initialiseur de cette variable : « kernel » a `kernel_initializer`, et ainsi de suite."""
    for stem in (name, name.removesuffix("_kernel")):
        found = getattr(owner, f"{stem}_initializer", None)
        if found is not None:
            return found
    return None


def _numbers(initializer, variable):
    import keras

    return keras.ops.convert_to_numpy(initializer(tuple(variable.shape), dtype=variable.dtype))
