"""De petits réseaux faits à la main, tous bâtis sur les mêmes poids.

Chaque variante écrit autrement le même calcul : ses scores et ses gradients doivent donc être
ceux de `reference`, calculés ici avec TensorFlow seul.
"""

import numpy as np

SIZE, CHANNELS, CLASSES = 12, 6, 4


def make_weights(seed=0):
    """Deux convolutions 3 × 3 et une couche dense, tirées au hasard."""
    rng = np.random.default_rng(seed)
    return {
        "k1": rng.normal(0, 0.4, (3, 3, 3, 5)).astype("float32"),
        "b1": rng.normal(0, 0.1, 5).astype("float32"),
        "k2": rng.normal(0, 0.4, (3, 3, 5, CHANNELS)).astype("float32"),
        "b2": rng.normal(0, 0.1, CHANNELS).astype("float32"),
        "w": rng.normal(0, 1.0, (CHANNELS, CLASSES)).astype("float32"),
        "b": rng.normal(0, 0.1, CLASSES).astype("float32"),
    }


def make_image(seed=1, size=SIZE):
    """Une image aléatoire, uint8 (size, size, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def reference(weights, x, target, score="logit", layer="conv2", scale=1 / 255):
    """Scores, activations (h, w, C) et gradients (h, w, C), sans Keras ni notre code."""
    import tensorflow as tf

    a1 = tf.nn.relu(tf.nn.conv2d(x * scale, weights["k1"], 1, "SAME") + weights["b1"])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(a1)
        a2 = tf.nn.relu(tf.nn.conv2d(a1, weights["k2"], 1, "SAME") + weights["b2"])
        tape.watch(a2)
        logits = tf.reduce_mean(a2, (1, 2)) @ weights["w"] + weights["b"]
        y = logits if score == "logit" else tf.nn.softmax(logits)
        y = y[:, target]
    maps = {"conv1": a1, "conv2": a2}
    gradients = tape.gradient(y, maps[layer])
    return logits[0].numpy(), maps[layer][0].numpy(), gradients[0].numpy()


def _set(model, weights):
    pairs = {"conv1": ("k1", "b1"), "conv2": ("k2", "b2"), "dense": ("w", "b")}

    def visit(layer):
        for inner in getattr(layer, "layers", []):
            visit(inner)
        if layer.name in pairs:
            values = [weights[key] for key in pairs[layer.name]]
            if layer.name == "dense" and len(layer.kernel.shape) == 4:
                values[0] = values[0][None, None]
            layer.set_weights(values)

    visit(model)
    return model


def variants():
    """Le nom et le constructeur de chaque écriture du même réseau."""
    import keras
    from keras import layers as L

    def conv(name, filters, **kwargs):
        return L.Conv2D(filters, 3, padding="same", activation="relu", name=name, **kwargs)

    def functional(end, front=()):
        inputs = keras.Input((SIZE, SIZE, 3))
        x = L.Rescaling(1 / 255)(inputs)
        for layer in front:
            x = layer(x)
        x = conv("conv2", CHANNELS)(conv("conv1", 5)(x))
        x = L.GlobalAveragePooling2D()(x)
        for layer in end:
            x = layer(x)
        return keras.Model(inputs, x)

    def dense(activation=None, **kwargs):
        return L.Dense(CLASSES, activation=activation, name="dense", **kwargs)

    def sequential():
        return keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                L.Rescaling(1 / 255),
                conv("conv1", 5),
                conv("conv2", CHANNELS),
                L.GlobalAveragePooling2D(),
                L.Dropout(0.5),
                dense("softmax"),
            ]
        )

    def nested(any_size=False):
        side = None if any_size else SIZE
        inside = keras.Input((side, side, 3))
        backbone = keras.Model(
            inside, conv("conv2", CHANNELS)(conv("conv1", 5)(inside)), name="backbone"
        )
        inputs = keras.Input((SIZE, SIZE, 3))
        x = backbone(L.Rescaling(1 / 255)(inputs))
        head = keras.Sequential([L.GlobalAveragePooling2D(), dense("softmax")], name="head")
        return keras.Model(inputs, head(x))

    def nested_in_sequential():
        inside = keras.Input((SIZE, SIZE, 3))
        backbone = keras.Model(
            inside, conv("conv2", CHANNELS)(conv("conv1", 5)(inside)), name="backbone"
        )
        return keras.Sequential(
            [
                keras.Input((SIZE, SIZE, 3)),
                L.RandomFlip("horizontal"),
                L.Rescaling(1 / 255),
                backbone,
                L.GlobalAveragePooling2D(),
                dense(),
                L.Softmax(),
            ]
        )

    def convolutional():
        inputs = keras.Input((SIZE, SIZE, 3))
        x = conv("conv2", CHANNELS)(conv("conv1", 5)(L.Rescaling(1 / 255)(inputs)))
        x = L.GlobalAveragePooling2D(keepdims=True)(x)
        x = L.Conv2D(CLASSES, 1, activation="softmax", name="dense")(x)
        return keras.Model(inputs, L.Flatten()(x))

    return {
        "softmax dans Dense": lambda: functional([dense("softmax")]),
        "couche Softmax": lambda: functional([dense(), L.Softmax()]),
        "couche Activation": lambda: functional([dense(), L.Activation("softmax")]),
        "softmax puis Reshape": lambda: functional([dense("softmax"), L.Reshape((CLASSES,))]),
        "log-softmax": lambda: functional([dense("log_softmax")]),
        "softmax de keras.ops": lambda: functional([dense(), keras.ops.softmax]),
        "lambda softmax": lambda: functional([dense(lambda z: keras.ops.softmax(z))]),
        "scores bruts": lambda: functional([dense()]),
        "augmentation devant": lambda: functional(
            [dense("softmax")], [L.RandomFlip(), L.RandomRotation(0.3), L.RandomContrast(0.5)]
        ),
        "Sequential": sequential,
        "réseau imbriqué": nested,
        "réseau imbriqué de toute taille": lambda: nested(any_size=True),
        "imbriqué dans Sequential": nested_in_sequential,
        "tout en convolutions": convolutional,
    }


def build(name, weights=None):
    """Construit la variante `name` avec les poids communs."""
    return _set(variants()[name](), weights or make_weights())
