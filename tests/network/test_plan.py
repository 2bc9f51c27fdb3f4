"""Le cœur du paquet : trouver la bonne couche et le bon score, sans rien changer au modèle."""

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl
from gradcam_lab.network.layout import LayerInfo

NAMES = [
    "softmax dans Dense",
    "couche Softmax",
    "couche Activation",
    "softmax puis Reshape",
    "log-softmax",
    "softmax de keras.ops",
    "lambda softmax",
    "scores bruts",
    "augmentation devant",
    "Sequential",
    "réseau imbriqué",
    "réseau imbriqué de toute taille",
    "imbriqué dans Sequential",
    "tout en convolutions",
]
# Une écriture de chaque genre à chaque lancement ; les autres avec `make test`.
QUICK = {"softmax dans Dense", "couche Softmax", "réseau imbriqué", "tout en convolutions"}
EVERY_NAME = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in NAMES]


def test_every_variant_is_listed():
    assert set(NAMES) == set(tiny.variants())


@pytest.mark.parametrize("name", EVERY_NAME)
def test_same_network_written_otherwise_gives_the_same_maps(name):
    weights, image = tiny.make_weights(), tiny.make_image()
    model = gl.Classifier(tiny.build(name, weights))
    analysis = model.analyze(image)
    x = image[None].astype("float32")
    for layer in ("conv1", "conv2"):
        for score in ("logit", "probability"):
            for target in range(tiny.CLASSES):
                logits, a, g = tiny.reference(weights, x, target, score, layer)
                np.testing.assert_allclose(analysis.scores, logits, rtol=1e-4, atol=1e-5)
                np.testing.assert_allclose(analysis.activations(layer), a, rtol=1e-4, atol=1e-5)
                found = analysis.gradients(target, layer, score)
                np.testing.assert_allclose(found, g, rtol=1e-3, atol=1e-6 * np.abs(g).max() + 1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_feature_map_gives_the_activations_to_another_model(name):
    import keras

    image = tiny.make_image()
    model = gl.Classifier(tiny.build(name))
    if "imbriqué" in name:
        with pytest.raises(gl.errors.ModelError, match="réseau imbriqué"):
            model.feature_map()
        return
    half = keras.Model(model.model.inputs, model.feature_map("conv1"))
    found = half.predict(model.preprocess(image), verbose=0)[0]
    np.testing.assert_allclose(found, model.analyze(image).activations("conv1"), atol=1e-5)


@pytest.mark.parametrize("name", EVERY_NAME)
def test_layers_and_default_layer(name):
    model = gl.Classifier(tiny.build(name))
    assert [layer.name for layer in model.layers] == ["conv1", "conv2"]
    assert model.default_layer == "conv2"
    assert model.layers[1] == LayerInfo("conv2", tiny.SIZE, tiny.SIZE, tiny.CHANNELS)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_model_is_left_unchanged(name):
    keras_model = tiny.build(name)
    x = tiny.make_image()[None].astype("float32")
    before = keras_model.predict(x, verbose=0)
    config = keras_model.to_json() if "lambda" not in name else ""
    weights = keras_model.get_weights()
    losses, metrics = list(keras_model.losses), list(keras_model.metrics)
    analysis = gl.Classifier(keras_model).analyze(tiny.make_image())
    analysis.heatmaps(targets=3, layers="all")
    analysis.heatmap(score="probability")
    assert config == (keras_model.to_json() if "lambda" not in name else "")
    for old, new in zip(weights, keras_model.get_weights()):
        np.testing.assert_array_equal(old, new)
    assert np.array_equal(before, keras_model.predict(x, verbose=0))
    assert np.array_equal(before, np.asarray(keras_model(x, training=False)))
    assert keras_model.losses == losses
    assert keras_model.metrics == metrics


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_probabilities_are_those_of_the_model(name):
    keras_model = tiny.build(name)
    image = tiny.make_image()
    expected = keras_model.predict(image[None].astype("float32"), verbose=0)[0]
    if name == "scores bruts":
        expected = np.exp(expected) / np.exp(expected).sum()
    if name == "log-softmax":
        expected = np.exp(expected)
    found = gl.Classifier(keras_model).analyze(image).probabilities
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)


def test_activity_regularizer_leaves_no_loss_behind():
    import keras

    keras_model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(4, 3, activity_regularizer="l2", name="conv"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )
    keras_model(np.ones((1, 8, 8, 3), "float32"))
    before = [float(loss) for loss in keras_model.losses]
    assert len(before) == 1
    gl.Classifier(keras_model).analyze(tiny.make_image(size=8)).heatmap()
    assert [float(loss) for loss in keras_model.losses] == before


def test_one_sigmoid_unit_is_two_classes():
    import keras
    from keras import layers as L

    def build(end):
        return keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                L.Conv2D(5, 3, activation="relu", name="conv"),
                L.GlobalAveragePooling2D(),
                *end,
            ]
        )

    models = {
        "Dense": build([L.Dense(1, activation="sigmoid")]),
        "couche": build([L.Dense(1), L.Activation("sigmoid")]),
        "brut": build([L.Dense(1)]),
    }
    weights = models["Dense"].get_weights()
    image = tiny.make_image()
    p = float(models["Dense"].predict(image[None].astype("float32") / 1.0, verbose=0)[0, 0])
    for keras_model in models.values():
        keras_model.set_weights(weights)
        analysis = gl.Classifier(keras_model, labels=["chat", "chien"]).analyze(image)
        np.testing.assert_allclose(analysis.probabilities, [1 - p, p], atol=1e-5)
        assert analysis.scores.shape == (2,)
        np.testing.assert_allclose(analysis.scores[0], -analysis.scores[1])
        column = weights[2][:, 0] / 100  # GAP puis Dense : le gradient est le poids / (h·w)
        for target, sign in (("chien", 1), ("chat", -1)):
            expected = np.broadcast_to(sign * column, (10, 10, 5))
            np.testing.assert_allclose(analysis.gradients(target), expected, rtol=1e-5)


def test_several_sigmoid_units_are_independent_classes():
    import keras
    from keras import layers as L

    keras_model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(5, 3, activation="relu", name="conv"),
            L.GlobalAveragePooling2D(),
            L.Dense(3, activation="sigmoid"),
        ]
    )
    image = tiny.make_image()
    analysis = gl.Classifier(keras_model).analyze(image)
    expected = keras_model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(analysis.probabilities, expected, rtol=1e-5)
    p = expected[2]
    column = keras_model.layers[-1].get_weights()[0][:, 2] / 100
    np.testing.assert_allclose(
        analysis.gradients(2, score="probability")[0, 0], p * (1 - p) * column, rtol=1e-4
    )


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(policy):
    import keras

    weights, image = tiny.make_weights(), tiny.make_image()
    keras.config.set_dtype_policy(policy)
    try:
        keras_model = tiny.build("softmax dans Dense", weights)
    finally:
        keras.config.set_dtype_policy("float32")
    analysis = gl.Classifier(keras_model).analyze(image)
    logits, a, g = tiny.reference(weights, image[None].astype("float32"), 1)
    assert analysis.scores.dtype == np.float32
    np.testing.assert_allclose(analysis.scores, logits, rtol=0.05, atol=0.02)
    np.testing.assert_allclose(analysis.activations(), a, rtol=0.05, atol=0.02)
    np.testing.assert_allclose(analysis.gradients(1), g, rtol=0.02, atol=1e-4)


def test_layer_shared_by_two_calls_has_two_names():
    import keras
    from keras import layers as L

    inputs = keras.Input((12, 12, 3))
    shared = L.Conv2D(3, 3, padding="same", activation="relu", name="conv")
    x = L.GlobalAveragePooling2D()(shared(shared(inputs)))
    model = gl.Classifier(keras.Model(inputs, L.Dense(2)(x)))
    assert [layer.name for layer in model.layers] == ["conv:1", "conv"]
    analysis = model.analyze(tiny.make_image())
    assert not np.array_equal(analysis.activations("conv:1"), analysis.activations("conv"))


def test_same_inner_names_are_told_apart_by_their_network():
    import keras
    from keras import layers as L

    def branch(name):
        inside = keras.Input((12, 12, 3))
        return keras.Model(inside, L.Conv2D(3, 3, name="conv")(inside), name=name)

    inputs = keras.Input((12, 12, 3))
    x = L.Concatenate(name="join")([branch("gauche")(inputs), branch("droite")(inputs)])
    model = gl.Classifier(keras.Model(inputs, L.Dense(2)(L.GlobalAveragePooling2D()(x))))
    assert [layer.name for layer in model.layers] == ["gauche/conv", "droite/conv", "join"]


def test_pooling_is_not_listed_but_accepted():
    import keras
    from keras import layers as L

    model = gl.Classifier(
        keras.Sequential(
            [
                keras.Input((12, 12, 3)),
                L.Conv2D(3, 3, name="conv"),
                L.MaxPooling2D(name="pool"),
                L.Flatten(),
                L.Dense(2),
            ]
        )
    )
    assert [layer.name for layer in model.layers] == ["conv"]
    assert model.analyze(tiny.make_image()).heatmap(layer="pool").shape == (5, 5)


def test_opaque_end_never_returns_softmax_gradients_as_scores():
    import keras
    from keras import layers as L

    inputs = keras.Input((12, 12, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(3, 3, name="conv")(inputs))
    x = L.Dense(4)(x)
    outputs = keras.ops.softmax(x / 3.0) * 0.5 + keras.ops.softmax(x) * 0.5
    analysis = gl.Classifier(keras.Model(inputs, outputs)).analyze(tiny.make_image())
    with pytest.raises(gl.errors.ModelError, match="probability"):
        analysis.heatmap(score="logit")
    assert analysis.heatmap(score="probability").shape == (10, 10)
    assert abs(analysis.probabilities.sum() - 1) < 1e-5


def test_double_softmax_is_diagnosed():
    import keras
    from keras import layers as L

    keras_model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(3, 3, name="conv"),
            L.GlobalAveragePooling2D(),
            L.Dense(4, activation="softmax"),
            L.Softmax(),
        ]
    )
    analysis = gl.Classifier(keras_model).analyze(tiny.make_image())
    assert any("deux fois" in note for note in analysis.diagnose())


class TestRefusals:
    """Un modèle que l'on ne peut pas expliquer : une phrase, et quoi faire."""

    def test_not_a_model(self):
        with pytest.raises(gl.errors.ModelError, match="modèle Keras"):
            gl.Classifier("vgg16")

    def test_sequential_without_input(self):
        import keras

        with pytest.raises(gl.errors.ModelError, match=r"keras\.Input"):
            gl.Classifier(keras.Sequential([keras.layers.Conv2D(3, 3), keras.layers.Dense(2)]))

    def test_subclassed_model(self):
        import keras

        class Mine(keras.Model):
            def call(self, x):
                return x

        with pytest.raises(gl.errors.ModelError, match="fonctionnelle"):
            gl.Classifier(Mine())

    def test_two_inputs(self):
        import keras

        a, b = keras.Input((8, 8, 3)), keras.Input((8, 8, 3))
        with pytest.raises(
            gl.errors.ModelError, match=r"une seule entrée.* ses entrées, 2 ; de ses sorties, 1"
        ):
            gl.Classifier(keras.Model([a, b], keras.layers.Flatten()(a + b)))

    def test_vectors_instead_of_images(self):
        import keras

        with pytest.raises(gl.errors.ModelError, match="H, W, 3"):
            gl.Classifier(keras.Sequential([keras.Input((10,)), keras.layers.Dense(2)]))

    def test_segmentation(self):
        import keras

        with pytest.raises(gl.errors.ModelError, match="nombre de classes"):
            gl.Classifier(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(2, 3)]))

    def test_no_convolution(self):
        import keras

        model = gl.Classifier(
            keras.Sequential(
                [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)]
            )
        )
        with pytest.raises(gl.errors.ModelError, match="Conv2D"):
            model.analyze(tiny.make_image(size=8))

    def test_unknown_layer_names_the_nearest(self):
        model = gl.Classifier(tiny.build("Sequential"))
        with pytest.raises(gl.errors.UnknownLayerError, match="« conv1 »"):
            model.analyze(tiny.make_image()).heatmap(layer="convo1")

    def test_layer_without_a_map(self):
        model = gl.Classifier(tiny.build("Sequential"))
        with pytest.raises(gl.errors.UnknownLayerError, match="conv2"):
            model.analyze(tiny.make_image()).heatmap(layer="dense")

    def test_preprocess_must_keep_the_shape(self):
        model = gl.Classifier(tiny.build("Sequential"), preprocess=lambda x: x[:, :5])
        with pytest.raises(gl.errors.ModelError, match="preprocess"):
            model.analyze(tiny.make_image())

    def test_wrong_number_of_labels(self):
        with pytest.raises(gl.errors.ModelError):
            gl.Classifier(tiny.build("Sequential"), labels=["a", "b"])


def test_grey_model_gets_the_luminance():
    import keras
    from keras import layers as L

    keras_model = keras.Sequential(
        [keras.Input((12, 12, 1)), L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Dense(2)]
    )
    model = gl.Classifier(keras_model)
    image = tiny.make_image()
    assert model.preprocess(image).shape == (1, 12, 12, 1)
    expected = image @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(model.preprocess(image)[0, ..., 0], expected, atol=1e-3)


def test_preprocess_receives_rgb_and_may_work_in_place():
    def swap(x):
        x[...] = x[..., ::-1]
        return x

    image = tiny.make_image()
    prepared = gl.Classifier(tiny.build("Sequential"), preprocess=swap).preprocess(image)
    np.testing.assert_array_equal(prepared[0], image[..., ::-1].astype("float32"))
