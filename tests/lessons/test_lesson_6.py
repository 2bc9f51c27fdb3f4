"""Les corrections de la leçon 6 : un pas de montée, la descente, la montée à réparer."""

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab import lessons

STEP = 4.0


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


def rms(values):
    return np.sqrt(np.mean(np.square(values)))


# --- ★ Un pas ---------------------------------------------------------------------------------


def ascent_step(levels, gradient, step_size):
    length = rms(gradient)
    return levels if length == 0 else levels + step_size * gradient / length


def holes(levels, gradient, step_size):
    length = np.sqrt(np.mean(...))
    if length == ...:
        return levels
    return levels + ...


def test_ascent_step(told):
    for function, sentence in [
        (ascent_step, "Exact"),
        (lambda x, g, s: x + s * g / max(rms(g), 1e-12), "Exact"),
        (lambda x, g, s: x - s * g / rms(g), "vous descendez"),
        (lambda x, g, s: x + s * g, "n'est pas normalisé"),
        (lambda x, g, s: x + g / rms(g), "n'est pas dans votre réponse"),
        (lambda x, g, s: x + s * g / np.mean(g**2), "Il manque la racine"),
        (lambda x, g, s: x + s * g / np.linalg.norm(g), "et non de leur somme"),
        (lambda x, g, s: x + s * g / np.mean(g), "oublié les carrés"),
        (lambda x, g, s: s * g / rms(g), "il n'en prend pas la place"),
        (lambda x, g, s: x + s * g / rms(g), "diviser par 0 donne des nan"),
        (lambda x, g, s: x, "image + step_size"),
        (lambda x, g, s: (x + g)[0], "votre réponse (1, 2, 3)"),
        (lambda x, g, s: "image", "votre réponse (0,)"),
        (lambda x, g: x, "s'arrête sur une erreur (TypeError"),
        (lambda x, g, s: None, "terminez-la par return"),
        (4, "la fonction elle-même"),
        (holes, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_ascent_step(function)
        assert sentence in told()


# --- ★★ et ★★★ Un chemin ----------------------------------------------------------------------


@pytest.fixture(scope="module")
def lesson():
    """Un petit réseau, sa couche, un canal qui s'allume, et la mesure de la leçon."""
    import keras
    import tensorflow as tf

    model = gl.Classifier(tiny_models.build("softmax dans Dense"))
    layer = model.default_layer
    half = keras.Model(model.model.input, model.feature_map(layer))
    side = max(model.input_size)

    def gradient(levels, channel, axis=-1):
        x = tf.constant(levels, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(x)
            activation = tf.reduce_mean(tf.gather(half(x), channel, axis=axis))
        return tape.gradient(activation, x).numpy()

    gray = 128 + 20 * np.random.default_rng(5).random((1, side, side, 3))
    lit = next(k for k in range(half.output.shape[-1]) if gradient(gray, k).any())
    return model, layer, lit, gradient


def path(gradient, levels, channel, steps, *, sign=1, axis=-1, restart=False, unit=True):
    """Le chemin juste, ou avec une faute."""
    now = levels
    for _ in range(steps):
        slope = gradient(now, channel, axis)
        if not slope.any():
            break
        moved = sign * STEP * slope / (rms(slope) if unit else 1)
        now = (levels if restart else now) + moved
    return now


def test_descent(told, lesson):
    model, layer, channel, gradient = lesson

    def answer(**faults):
        return lambda x, n: path(gradient, x, channel, n, **({"sign": -1} | faults))

    gray = np.full((1, *model.input_size, 3), 128.0)

    def unfinished(levels, steps):
        for _ in range(steps):
            levels = ...
        return levels

    for function, sentence in [
        (answer(), "Exact"),
        (answer(sign=1), "votre image monte"),
        (answer(unit=False), "normalisé"),
        (lambda x, n: path(gradient, gray, channel, n, sign=-1), "que l'on donne à la fonction"),
        (lambda x, n: x, "la même qu'au départ"),
        (lambda x, n: answer()(x, 1), "sont-ils tous faits"),
        (lambda x, n: answer()(x, 1 if n == 1 else 9), "et pas les suivants"),
        (lambda x, n: x * np.nan, "des nan"),
        (lambda x, n: x[0], "l'image a la forme"),
        (lambda x, n: "image", "l'image a la forme"),
        (lambda x: x, "s'arrête sur une erreur (TypeError"),
        (lambda x, n: None, "terminez-la par return"),
        (None, "la fonction elle-même"),
        (unfinished, "Pas encore de réponse"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_descent(function, model, layer, channel)
        assert sentence in told()


def test_mended_climb(told, lesson):
    model, layer, channel, gradient = lesson

    def answer(**faults):
        return lambda x, k, n: path(gradient, x, k, n, **faults)

    for function, sentence in [
        (answer(), "Exact"),
        (answer(axis=1, restart=True), "quel axe est celui du canal"),
        (answer(axis=1), "quel axe est celui du canal"),
        (answer(restart=True), "d'où part chaque pas"),
        (answer(sign=-1), "votre image descend"),
        (answer(unit=False), "normalisé"),
        (lambda x, k, n: 1.2 * (answer()(x, k, n) - x) + x, "le pas fait 4,8"),
        (lambda x, k, n: [1, 2, 3], "votre réponse (3,)"),
        (lambda x, k, n: x @ np.ones(2), "s'arrête sur une erreur (ValueError"),
        ("montée", "la fonction elle-même"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_mended_climb(function, model, layer, channel)
        assert sentence in told()


def test_a_dark_channel_is_said(told, lesson):
    model, layer, _, gradient = lesson
    gray = 128 + 20 * np.random.default_rng(5).random((1, *model.input_size, 3))
    count = next(info.channels for info in model.layers if info.name == layer)
    dark = [k for k in range(count) if not gradient(gray, k).any()]
    for number in dark[:1]:
        lessons.check_descent(lambda x, n: x, model, layer, number)
        assert "reste éteint" in told()
