"""Ce qu'un canal voit dans une image, et dans quel sens changer l'image pour qu'il en voie plus."""

import numpy as np

__all__ = ["ChannelSlope"]


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
