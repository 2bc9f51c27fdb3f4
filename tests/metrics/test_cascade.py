"""La cascade : contre un vrai clone de Keras, et sans rien toucher au réseau de l'utilisateur."""

import random

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab.errors import (
    ImageError,
    SettingError,
    UnknownClassError,
    UnknownLayerError,
    UnknownMethodError,
)
from gradcam_lab.metrics import cascade
from gradcam_lab.models.randomizing import Twin

M = gl.metrics
IMAGE = tiny_models.make_image()


@pytest.fixture
def model():
    return gl.Classifier(tiny_models.build("softmax dans Dense"))


def randomized_clone(classifier, layers, seed):
    """Un clone que Keras fait lui-même, où l'on écrit ce que le jumeau tire pour ces couches."""
    import keras

    twin = Twin(classifier)
    clone = keras.models.clone_model(classifier.model)
    clone.set_weights(classifier.model.get_weights())
    places = {id(v): i for i, v in enumerate(classifier.model.weights)}
    for layer in layers:
        for variable, values in twin.draw(layer, seed):
            clone.weights[places[id(variable)]].assign(values)
    return gl.Classifier(clone)


# --- Ce que valent les cartes -----------------------------------------------------------------


def test_layers_go_from_the_last_to_the_first(model):
    stages = M.randomization_cascade(model, IMAGE, seeds=[0])
    assert [stage.layer for stage in stages] == ["dense", "conv2", "conv1"]


@pytest.mark.parametrize("name", ["softmax dans Dense", "réseau imbriqué", "tout en convolutions"])
def test_each_stage_is_the_map_of_a_clone(name):
    model = gl.Classifier(tiny_models.build(name))
    seeds = (0, 7)
    stages = M.randomization_cascade(model, IMAGE, 1, seeds=seeds)
    learned = model.analyze(IMAGE).heatmap(1)
    for count in range(1, len(stages) + 1):
        layers = [stage.layer for stage in stages[:count]]
        stage = stages[count - 1]
        assert stage.heatmaps.shape == (2, *learned.shape)
        for seed, found, alike in zip(seeds, stage.heatmaps, stage.similarities):
            expected = randomized_clone(model, layers, seed).analyze(IMAGE).heatmap(1)
            np.testing.assert_allclose(found, expected, atol=1e-5)
            assert alike == M.similarity(learned, found)


def test_the_last_stage_owes_nothing_to_the_training():
    """Deux réseaux de même forme et de poids différents finissent par la même carte."""
    one, other = (
        gl.Classifier(tiny_models.build("softmax dans Dense", tiny_models.make_weights(seed)))
        for seed in (0, 1)
    )
    ends = [M.randomization_cascade(m, IMAGE, 2, layer="conv1")[-1].heatmaps for m in (one, other)]
    np.testing.assert_allclose(*ends, atol=1e-6)
    starts = [M.randomization_cascade(m, IMAGE, 2, layer="conv1")[0].heatmaps for m in (one, other)]
    assert np.abs(starts[0] - starts[1]).max() > 1e-3


def test_similarity_is_the_mean_over_the_seeds(model):
    stage = M.randomization_cascade(model, IMAGE, 1, seeds=(0, 1, 2))[0]
    assert len(stage.similarities) == 3
    known = [one.ssim for one in stage.similarities]
    assert stage.similarity.ssim == pytest.approx(np.mean(known))


def test_a_blank_map_does_not_hide_the_others():
    nan = float("nan")
    assert cascade._mean([nan, 0.25, 0.75]) == 0.5
    assert np.isnan(cascade._mean([nan, nan]))


def test_the_seed_decides(model):
    first, again = (M.randomization_cascade(model, IMAGE, 1, seeds=[3, 4]) for _ in range(2))
    other = M.randomization_cascade(model, IMAGE, 1, seeds=4)
    for a, b, c in zip(first, again, other):
        np.testing.assert_array_equal(a.heatmaps, b.heatmaps)
        np.testing.assert_array_equal(a.heatmaps[1:], c.heatmaps)
    assert any(np.abs(a.heatmaps[0] - a.heatmaps[1]).max() > 1e-3 for a in first)


def test_the_class_of_the_trained_network_is_kept(model):
    best = int(model.analyze(IMAGE).probabilities.argmax())
    for a, b in zip(
        M.randomization_cascade(model, IMAGE, seeds=[0]),
        M.randomization_cascade(model, IMAGE, best, seeds=[0]),
    ):
        np.testing.assert_array_equal(a.heatmaps, b.heatmaps)


@pytest.mark.parametrize("method", ["hirescam", "guided_backprop", "eigencam"])
def test_other_methods(model, method):
    stages = M.randomization_cascade(model, IMAGE, method=method, seeds=[0])
    expected = randomized_clone(model, ["dense", "conv2", "conv1"], 0)
    found = expected.analyze(IMAGE).heatmap(model.analyze(IMAGE).prediction().index, method=method)
    np.testing.assert_allclose(stages[-1].heatmaps[0], found, atol=1e-4)


# --- Ce que l'on tire -------------------------------------------------------------------------


def test_weights_follow_the_initializer_of_their_layer():
    import keras

    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(
        64, 3, name="a", kernel_initializer=keras.initializers.RandomUniform(0.5, 0.6, seed=1)
    )(inputs)
    x = keras.layers.BatchNormalization(name="b")(x)
    x = keras.layers.SeparableConv2D(8, 3, name="c", pointwise_initializer="ones")(x)
    x = keras.layers.Flatten()(x)
    x = keras.layers.Dense(3, name="d", kernel_initializer="zeros", bias_initializer="ones")(x)
    network = keras.Model(inputs, x)
    for variable in network.get_layer("b").weights:
        variable.assign(np.full(variable.shape, 5.0))
    twin = Twin(gl.Classifier(network))
    assert twin.layers == ["d", "c", "b", "a"]
    drawn = {name: {v.name: w for v, w in twin.draw(name, 0)} for name in twin.layers}

    kernel = drawn["a"]["kernel"]
    assert 0.5 <= kernel.min() < 0.51
    assert 0.59 < kernel.max() <= 0.6
    assert (drawn["a"]["bias"] == 0).all()
    norm = {name: set(values) for name, values in drawn["b"].items()}
    assert norm == {"gamma": {1}, "beta": {0}, "moving_mean": {0}, "moving_variance": {1}}
    limit = np.sqrt(6 / (3 * 3 * 64 + 3 * 3))  # Glorot uniforme, pour un noyau (3, 3, 64, 1)
    depth = drawn["c"]["depthwise_kernel"]
    assert limit * 0.9 < np.abs(depth).max() <= limit
    # Des noyaux constants ne tireraient rien : HeNormal, d'écart type √(2 / entrées).
    assert drawn["c"]["pointwise_kernel"].std() == pytest.approx(np.sqrt(2 / 64), rel=0.15)
    assert drawn["d"]["kernel"].std() == pytest.approx(np.sqrt(2 / 128), rel=0.15)
    assert (drawn["d"]["bias"] == 1).all()


def test_two_layers_of_one_shape_get_different_weights():
    import keras

    layers = [keras.layers.Conv2D(3, 3, padding="same", name=f"c{i}") for i in range(2)]
    network = keras.Sequential(
        [keras.Input((8, 8, 3)), *layers, keras.layers.Flatten(), keras.layers.Dense(2)]
    )
    twin = Twin(gl.Classifier(network))
    one, other = (twin.draw(name, 0)[0][1] for name in ("c0", "c1"))
    assert not np.allclose(one, other)


def test_measured_statistics_stay_and_a_shared_layer_counts_once():
    import keras

    inputs = keras.Input((8, 8, 3))
    shared = keras.layers.Conv2D(3, 3, padding="same", name="twice")
    x = keras.layers.Normalization(mean=[1.0, 2.0, 3.0], variance=[4.0, 5.0, 6.0])(inputs)
    adapted = keras.layers.Normalization()
    adapted.adapt(np.random.default_rng(0).random((4, 8, 8, 3)).astype(np.float32))
    x = shared(shared(adapted(x)))
    x = keras.layers.GlobalAveragePooling2D()(x)
    network = keras.Model(inputs, keras.layers.Dense(2, activation="softmax", name="end")(x))
    assert Twin(gl.Classifier(network)).layers == ["end", "twice"]


# --- Rien n'est touché ------------------------------------------------------------------------


def keras_state():
    """Ce que Keras garde d'un appel à l'autre : ses noms, ses graines, sa précision."""
    from keras.src.backend.common import global_state

    names = global_state.get_global_attribute("object_name_uids")
    seed = global_state.get_global_attribute("global_seed_generator")
    return dict(names or {}), None if seed is None else np.array(seed.state)


@pytest.mark.parametrize("name", ["softmax dans Dense", "imbriqué dans Sequential"])
def test_nothing_of_the_user_changes(name):
    import keras
    import tensorflow as tf

    network = tiny_models.build(name)
    network.layers[-1].trainable = False
    model = gl.Classifier(network)
    M.randomization_cascade(model, IMAGE, seeds=[5])  # les modules se chargent

    keras.utils.set_random_seed(42)
    keras.random.normal((1,))  # crée le tirage global de Keras
    weights = [np.array(w) for w in network.weights]
    layers = network._flatten_layers()
    flags = [(layer.trainable, len(layer.trainable_weights)) for layer in layers]
    maps = model.analyze(IMAGE).heatmap(0)
    before = random.getstate(), np.random.get_state(), keras_state()  # noqa: NPY002

    M.randomization_cascade(model, IMAGE, seeds=[0, 1])

    after = random.getstate(), np.random.get_state(), keras_state()  # noqa: NPY002
    assert before[0] == after[0]
    np.testing.assert_array_equal(before[1][1], after[1][1])
    assert before[1][2:] == after[1][2:]
    assert before[2][0] == after[2][0]
    np.testing.assert_array_equal(before[2][1], after[2][1])
    for old, new in zip(weights, network.weights):
        np.testing.assert_array_equal(old, np.array(new))
    layers = network._flatten_layers()
    assert flags == [(layer.trainable, len(layer.trainable_weights)) for layer in layers]
    np.testing.assert_array_equal(maps, model.analyze(IMAGE).heatmap(0))
    drawn = tf.random.normal((3,)).numpy()
    keras.utils.set_random_seed(42)
    keras.random.normal((1,))
    np.testing.assert_array_equal(drawn, tf.random.normal((3,)).numpy())


def test_training_after_a_cascade_changes_the_next_one(model):
    """Le jumeau part des poids d'aujourd'hui, non de ceux d'un passage précédent."""
    first = M.randomization_cascade(model, IMAGE, 1, seeds=[0])[0].heatmaps
    kernel = model.model.get_layer("conv1").kernel
    kernel.assign(-np.array(kernel))
    second = M.randomization_cascade(model, IMAGE, 1, seeds=[0])[0].heatmaps
    assert np.abs(first - second).max() > 1e-3


# --- L'avancement, l'arrêt, les refus ---------------------------------------------------------


def test_an_interruption_keeps_what_is_done(model, monkeypatch, capsys):
    class Tired(Twin):
        calls = 0

        def randomize(self, layer, seed):
            Tired.calls += 1
            if Tired.calls == 5:
                raise KeyboardInterrupt
            super().randomize(layer, seed)

    whole = M.randomization_cascade(model, IMAGE, 1, seeds=[0, 1])
    monkeypatch.setattr(cascade, "Twin", Tired)
    part = M.randomization_cascade(model, IMAGE, 1, seeds=[0, 1])
    assert [len(stage.heatmaps) for stage in part] == [2, 1, 1]
    for one, other in zip(part, whole):
        np.testing.assert_array_equal(one.heatmaps, other.heatmaps[: len(one.heatmaps)])
    assert "4 cartes sur 6" in capsys.readouterr().out


def test_progress_is_shown_when_asked_and_random_twins_are_silent(model, capsys):
    M.randomization_cascade(model, IMAGE, seeds=[0])
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""
    M.randomization_cascade(model, IMAGE, seeds=[0], progress=True)
    assert "cascade" in capsys.readouterr().err


def test_settings_are_checked(model):
    with pytest.raises(SettingError, match="Classifier"):
        M.randomization_cascade(model.model, IMAGE)
    for wrong in ([], [-1], [0.5], "abc", [True], None):
        with pytest.raises(SettingError, match="raine"):
            M.randomization_cascade(model, IMAGE, seeds=wrong)
    with pytest.raises(ImageError):
        M.randomization_cascade(model, "nulle_part.jpg")
    with pytest.raises(UnknownClassError):
        M.randomization_cascade(model, IMAGE, "licorne")
    with pytest.raises(UnknownLayerError):
        M.randomization_cascade(model, IMAGE, layer="nulle_part")
    with pytest.raises(UnknownMethodError):
        M.randomization_cascade(model, IMAGE, method="boule_de_cristal")
    with pytest.raises(SettingError):
        M.randomization_cascade(model, IMAGE, method="guided_backprop", layer="conv1")
