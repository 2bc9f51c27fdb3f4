"""De petits réseaux entraînés sur place sur des images dont on sait ce qui décide de la classe.

Rien, dans leur entraînement, ne regarde une carte ni un masque : des images et leurs classes.
"""

import numpy as np

from ..base.checks import check_count
from ..base.messages import track
from ..base.quiet import load_tensorflow
from ..explain.classifier import Classifier
from .mini import preprocess
from .planted_pictures import LABELS, SIDE, check_cause, draw

__all__ = ["planted_classifier"]

# Chaque convolution : côté du filtre, nombre de filtres, pas. La dernière carte est 16 × 16.
_CONVOLUTIONS = ((5, 16, 2), (3, 24, 2), (3, 32, 1), (3, 32, 1))
_PICTURES, _EPOCHS, _BATCH = 3200, 4, 32
_RATE = 4e-3  # la vitesse d'apprentissage du début ; elle descend jusqu'à zéro


def planted_classifier(cause="shape", *, seed=0, progress=False):
    """Entraîne en quelques secondes un réseau sur les images de `gl.metrics.planted_pictures`.

    Quatre convolutions, une moyenne globale, une couche dense : 16 × 16 positions dans la dernière
    carte. Il apprend 3200 images, quatre fois chacune ; aucune n'est de celles que donne
    `gl.metrics.planted_pictures`, qui tire d'autres nombres. Les tirages de Keras, de NumPy et de
    Python ne sont pas touchés. Interrompre le noyau arrête l'entraînement et ne laisse rien.

    Arguments
    ---------
    cause : ce qui décide de la classe ; « shape », la forme, ou « mark », la couleur de la marque
    seed : la graine des images et des poids de départ, au moins 0 ; la même donne le même réseau, à
        l'ordre des additions près
    progress : montrer une barre de progression

    Rend
    ----
    Classifier : trois classes, des images de 64 × 64 pixels

    Lève
    ----
    SettingError
        un réglage ne convient pas, ou TensorFlow ne se charge pas

    Source
    ------
    D'après M. Yang et B. Kim, *Benchmarking Attribution Methods with Relative Feature Importance*,
    2019 : deux réseaux pour deux questions sur les mêmes images ; la moyenne globale est celle de
    Zhou et al., *Learning Deep Features for Discriminative Localization*, CVPR 2016

    Exemple
    -------
    >>> model = gl.metrics.planted_classifier("mark", progress=True)
    """
    cause, seed = check_cause(cause), check_count(seed, "seed", 0)
    load_tensorflow()
    # Un tirage à part : ces images ne sont pas celles de `planted_pictures(seed=seed)`.
    rng = np.random.default_rng([seed, 1])
    model = _build(cause, rng)
    _train(model, draw(rng, _PICTURES, cause), rng, progress)
    labels = [
        {"wnid": None, "label": english, "label_fr": french} for french, english in LABELS[cause]
    ]
    classifier = Classifier(model, labels=labels, preprocess=preprocess)
    classifier.recipe = f'gl.metrics.planted_classifier("{cause}", seed={seed})'
    return classifier


def _build(cause, rng):
    """Le réseau, aux poids de départ tirés de `rng`."""
    import keras
    from keras import layers

    def start():
        # Sans graine, Keras en tirerait une de `random`.
        return keras.initializers.HeNormal(seed=int(rng.integers(2**31)))

    x = inputs = keras.Input((SIDE, SIDE, 3), name="image")
    for number, (size, filters, strides) in enumerate(_CONVOLUTIONS, start=1):
        x = layers.Conv2D(
            filters, size, strides=strides, padding="same", activation="relu",
            kernel_initializer=start(), name=f"conv{number}",
        )(x)  # fmt: skip
    x = layers.GlobalAveragePooling2D(name="global_average")(x)
    x = layers.Dense(
        len(LABELS[cause]), activation="softmax", kernel_initializer=start(), name="predictions"
    )(x)
    return keras.Model(inputs, x, name=f"planted_{cause}")


def _train(model, planted, rng, progress):
    """Apprend les images, dans un ordre tiré de `rng` à chaque époque."""
    import keras

    steps = _PICTURES // _BATCH
    rate = keras.optimizers.schedules.CosineDecay(_RATE, steps * _EPOCHS)
    model.compile(keras.optimizers.Adam(rate, name="adam"), "sparse_categorical_crossentropy")
    with track(steps * _EPOCHS, "entraînement", progress, unit="pas") as advance:
        for _ in range(_EPOCHS):
            for batch in rng.permutation(_PICTURES).reshape(steps, _BATCH):
                model.train_on_batch(preprocess(planted.pictures[batch]), planted.labels[batch])
                advance(1)
