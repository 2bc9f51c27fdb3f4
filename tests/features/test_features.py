"""`gl.features`, sur des réseaux faits à la main dont on connaît les canaux et la montée."""

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab.errors import GradcamLabError, ModelError, SettingError, UnknownLayerError
from gradcam_lab.features import patterns

F = gl.features


@pytest.fixture(scope="module")
def analysis():
    model = gl.Classifier(tiny_models.build("softmax dans Dense"))
    return model.analyze(tiny_models.make_image(size=24))


def linear(kernel, bias=0.0, activation=None, preprocess=None):
    """Un réseau dont la couche « conv » pose un seul filtre sur les quatre quarts de l'image."""
    import keras

    side = kernel.shape[0]
    inputs = keras.Input((2 * side, 2 * side, 3))
    conv = keras.layers.Conv2D(2, side, strides=side, activation=activation, name="conv")
    x = keras.layers.GlobalAveragePooling2D()(conv(inputs))
    model = keras.Model(inputs, keras.layers.Dense(2)(x))
    conv.set_weights([np.stack([kernel, 0 * kernel], -1), np.array([bias, 0.0], np.float32)])
    return gl.Classifier(model, preprocess=preprocess)


KERNEL = np.random.default_rng(1).normal(size=(8, 8, 3)).astype(np.float32)
TILED = np.tile(KERNEL, (2, 2, 1))  # le filtre, tel que les quatre quarts le voient


# --- Les canaux -------------------------------------------------------------------------------


def test_strongest_by_activation_and_by_weight(analysis):
    means = analysis.activations().mean(axis=(0, 1))
    assert F.strongest_channels(analysis, k=3) == np.argsort(-means, kind="stable")[:3].tolist()
    weights = analysis.gradients(1).mean(axis=(0, 1))
    found = F.strongest_channels(analysis, target=1, k=100)
    assert found == np.argsort(-weights, kind="stable").tolist()
    assert all(type(channel) is int for channel in found)


def test_sparsity_counts_the_channels_that_stay_dark(analysis):
    dark = [not channel.any() for channel in np.moveaxis(analysis.activations(), -1, 0)]
    assert F.sparsity(analysis) == np.mean(dark)
    half = linear(KERNEL, activation="relu").analyze(np.full((16, 16, 3), 90, np.uint8))
    lit = half.activations("conv").any(axis=(0, 1))
    assert F.sparsity(half, "conv") == 1 - lit.mean()
    assert not lit[1]  # un filtre nul ne s'allume jamais


def test_what_is_not_an_analysis_is_refused(analysis):
    for function in (F.strongest_channels, F.sparsity):
        with pytest.raises(GradcamLabError, match="résultat de model"):
            function(np.zeros((3, 3)))
        with pytest.raises(UnknownLayerError):
            function(analysis, "nulle_part")
    with pytest.raises(SettingError):
        F.strongest_channels(analysis, k=0)


# --- La montée de gradient --------------------------------------------------------------------


def start(seed=0, size=16):
    return 128 + 20 * np.random.default_rng(seed).random((1, size, size, 3))


def test_the_first_step_on_a_linear_filter_is_the_filter_itself():
    """Le gradient d'une somme pondérée est ses poids : chaque pas ajoute le filtre, normalisé."""
    model = linear(KERNEL)
    unit = TILED / np.sqrt(np.mean(np.square(TILED)))
    for steps in (1, 3):
        pattern = F.maximize_channel(model, "conv", 0, steps=steps, step_size=2.0)
        end = start() + steps * 2.0 * unit
        np.testing.assert_allclose(pattern.activations[0], (start() * TILED).sum() / 4, rtol=1e-4)
        np.testing.assert_allclose(pattern.activations[-1], (end * TILED).sum() / 4, rtol=1e-4)
        np.testing.assert_allclose(pattern.image, patterns._shown(end), atol=1)
        assert pattern.activations.shape == (steps + 1,)
        assert pattern.activations.dtype == np.float32


def test_the_step_is_in_levels_whatever_the_preparation():
    """Une autre échelle, ou l'ordre BVR, ne change pas l'image trouvée."""
    plain = F.maximize_channel(linear(KERNEL), "conv", 0, steps=4)
    scaled = linear(KERNEL * 127.5, preprocess=lambda x: x / 127.5 - 1)
    np.testing.assert_allclose(
        F.maximize_channel(scaled, "conv", 0, steps=4).image, plain.image, atol=1
    )
    swapped = linear(KERNEL[..., ::-1].copy(), preprocess=lambda x: x[..., ::-1])
    np.testing.assert_allclose(
        F.maximize_channel(swapped, "conv", 0, steps=4).image, plain.image, atol=1
    )


def test_a_preparation_that_is_not_a_scale_is_refused():
    strange = linear(KERNEL, preprocess=lambda x: np.sqrt(x))
    with pytest.raises(ModelError, match="échelle par couleur"):
        F.maximize_channel(strange, "conv", 0)


def test_the_activation_rises_and_the_seed_decides(analysis):
    model = analysis.classifier
    lit = F.strongest_channels(analysis, k=1)[0]
    first, again = (F.maximize_channel(model, None, lit, steps=5) for _ in range(2))
    np.testing.assert_array_equal(first.image, again.image)
    assert first.activations[-1] > first.activations[0]
    other = F.maximize_channel(model, None, lit, steps=5, seed=3)
    assert (other.image != first.image).any()
    assert first.layer == model.default_layer
    assert (first.channel, first.interrupted) == (lit, False)


def test_another_size_and_a_weight_that_stays(analysis):
    model = analysis.classifier
    before = [w.copy() for w in model.model.get_weights()]
    pattern = F.maximize_channel(model, model.layers[0].name, 0, size=40, steps=2)
    assert pattern.image.shape == (40, 40, 3)
    for old, new in zip(before, model.model.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_a_dark_channel_is_said(capsys):
    pattern = F.maximize_channel(linear(KERNEL, activation="relu"), "conv", 1, steps=5)
    assert "reste éteint" in capsys.readouterr().out
    np.testing.assert_array_equal(pattern.activations, np.zeros(6))
    assert not pattern.interrupted


def test_a_channel_at_its_ceiling_is_said(capsys):
    # L'activation de départ est entre 0 et 6, et un seul grand pas la porte au plafond de ReLU6.
    small = KERNEL / 1000
    bias = 3 - float((start() * np.tile(small, (2, 2, 1))).sum() / 4)
    pattern = F.maximize_channel(
        linear(small, bias=bias, activation="relu6"), "conv", 0, steps=4, step_size=2000.0
    )
    assert "arrivé à son plafond" in capsys.readouterr().out
    assert 0 < pattern.activations[0] < 6
    np.testing.assert_array_equal(pattern.activations[1:], np.full(4, 6))


def test_an_interruption_keeps_what_is_done(monkeypatch):
    class Slope(patterns.ChannelSlope):
        calls = 0

        def __call__(self, *arguments):
            Slope.calls += 1
            if Slope.calls == 4:
                raise KeyboardInterrupt
            return super().__call__(*arguments)

    whole = F.maximize_channel(linear(KERNEL), "conv", 0, steps=3)
    monkeypatch.setattr(patterns, "ChannelSlope", Slope)
    part = F.maximize_channel(linear(KERNEL), "conv", 0, steps=30)
    assert part.interrupted
    np.testing.assert_array_equal(part.image, whole.image)
    np.testing.assert_allclose(part.activations, whole.activations[:3])


def test_progress_is_shown_when_asked(capsys):
    model = linear(KERNEL)
    F.maximize_channel(model, "conv", 0, steps=3)
    assert "montée" not in capsys.readouterr().err
    F.maximize_channel(model, "conv", 0, steps=3, progress=True)
    assert "montée" in capsys.readouterr().err


def test_settings_are_checked():
    model = linear(KERNEL)
    for wrong in ({"channel": 2}, {"channel": -1}, {"channel": "a"}, {"channel": True}):
        with pytest.raises(SettingError, match="numérotés de 0 à 1"):
            F.maximize_channel(model, "conv", **wrong)
    for wrong in ({"steps": 0}, {"size": 0}, {"step_size": 0}, {"step_size": "a"}):
        with pytest.raises(SettingError):
            F.maximize_channel(model, "conv", 0, **wrong)
    with pytest.raises(UnknownLayerError):
        F.maximize_channel(model, "nulle_part", 0)
    with pytest.raises(SettingError, match="Classifier"):
        F.maximize_channel(model.model, "conv", 0)
    with pytest.raises(ModelError):  # le filtre est plus grand que l'image
        F.maximize_channel(model, "conv", 0, size=4)
