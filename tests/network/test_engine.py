"""Le moteur, contre un GradientTape écrit à la main sur le modèle de l'utilisateur lui-même.

Des réseaux que l'on croise peu : positions repliées dans le lot, statistiques du lot, branches,
boucles, couches récurrentes. Une classe seule et plusieurs ensemble doivent donner la même carte.
"""

import threading

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl


def conv(filters, name, **options):
    from keras import layers

    return layers.Conv2D(filters, 3, padding="same", activation="relu", name=name, **options)


def network(head, filters=4, front=None):
    """Une image 12 × 12, la carte « t », puis `head(t, image)` jusqu'à quatre scores."""
    import keras

    image = keras.Input((12, 12, 3))
    x = keras.layers.Rescaling(1 / 255)(image)
    x = front(x) if front else x
    t = conv(filters, "t")(x)
    return keras.Model(image, keras.layers.Dense(4)(head(t, image)))


def pooled(x):
    import keras

    return keras.layers.GlobalAveragePooling2D()(x)


def folded(t, _image):
    """Les positions entrent dans la première dimension, puis en ressortent."""
    from keras import layers, ops

    x = ops.reshape(t, (-1, 6))
    x = layers.Dense(6, activation="relu")(x)
    return pooled(ops.reshape(x, (-1, 12, 12, 4)))


def windows(t, _image):
    """Une attention par fenêtres de 4 × 4, comme dans Swin."""
    from keras import layers, ops

    x = ops.reshape(t, (-1, 3, 4, 3, 4, 4))
    x = ops.reshape(ops.transpose(x, (0, 1, 3, 2, 4, 5)), (-1, 16, 4))
    x = layers.MultiHeadAttention(2, 4)(x, x)
    return pooled(ops.reshape(x, (-1, 12, 12, 4)))


def folded_around(t, image):
    """Ce qui contourne la carte a ses positions repliées dans le lot."""
    from keras import layers, ops

    around = layers.Dense(4)(ops.reshape(image, (-1, 12, 3)))
    return pooled(t * ops.reshape(around, (-1, 12, 12, 4)))


def time_distributed(t, _image):
    from keras import layers

    rows = layers.TimeDistributed(layers.Dense(3, activation="relu"))(t)
    return layers.Flatten()(layers.TimeDistributed(layers.GlobalAveragePooling1D())(rows))


def batch_statistics(t, _image):
    """Chaque image est comparée à la moyenne de son lot : seule, elle ne vaut pas la même chose."""
    from keras import ops

    return pooled(ops.square(t - 0.5 * ops.mean(t, axis=0, keepdims=True)))


def recurrent(kind):
    def head(t, _image):
        from keras import layers

        rows = layers.Reshape((12, 48))(t)
        layer = {
            "LSTM": layers.LSTM(5),
            "GRU": layers.GRU(5),
            "Bidirectional": layers.Bidirectional(layers.LSTM(3)),
        }[kind]
        return layer(rows)

    return head


def grouped(t, _image):
    import keras

    return pooled(keras.layers.Conv2D(4, 3, groups=2, activation="relu")(t))


def joined_image(t, image):
    import keras

    return pooled(keras.layers.Concatenate()([t, image]))


def residual(t, _image):
    return pooled(conv(4, "u")(t) + t)


def custom(function):
    """Une couche de l'utilisateur qui applique `function` à la carte."""

    def head(t, _image):
        import keras

        class Mine(keras.layers.Layer):
            def call(self, x):
                return function(x)

            def compute_output_shape(self, shape):
                return shape

        return pooled(Mine()(t))

    return head


def while_loop(x):
    import tensorflow as tf

    return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, y * y + 0.1), (0, x))[1]


def condition(x):
    import tensorflow as tf

    return tf.cond(tf.reduce_sum(x) > 0, lambda: x * 2, lambda: x)


def top_values(t, _image):
    import keras

    return keras.ops.top_k(keras.layers.Flatten()(t), 6)[0]


HEADS = {
    "positions dans le lot": folded,
    "fenêtres": windows,
    "repliées à côté": folded_around,
    "TimeDistributed": time_distributed,
    "statistiques du lot": batch_statistics,
    "LSTM": recurrent("LSTM"),
    "GRU": recurrent("GRU"),
    "Bidirectional": recurrent("Bidirectional"),
    "groupes": grouped,
    "image jointe": joined_image,
    "résiduel": residual,
    "boucle": custom(while_loop),
    "condition": custom(condition),
    "top_k": top_values,
}
# `pytest` seul n'essaie que ceux-ci, où l'axe du lot est en jeu ; `make test` les essaie tous.
QUICK = ("positions dans le lot", "fenêtres", "repliées à côté", "résiduel")
EVERY_HEAD = [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in HEADS]


def plain_gradients(keras_model, image, target, layer="t"):
    """Scores, activations et gradients, par un modèle à deux sorties et un GradientTape."""
    import keras
    import tensorflow as tf

    both = keras.Model(
        keras_model.inputs, [keras_model.get_layer(layer).output, keras_model.output]
    )
    with tf.GradientTape() as tape:
        a, z = both(image[None].astype("float32"), training=False)
        y = z[0, target]
    g = tape.gradient(y, a)
    return z.numpy()[0], a.numpy()[0], g.numpy()[0]


@pytest.fixture(scope="module")
def built():
    import keras

    made = {}

    def build(name):
        if name not in made:
            keras.utils.set_random_seed(3)
            made[name] = network(HEADS[name])
        return made[name]

    return build


@pytest.mark.parametrize("name", EVERY_HEAD)
def test_one_class_is_what_a_tape_gives(name, built):
    keras_model, image = built(name), tiny.make_image()
    analysis = gl.Classifier(keras_model).analyze(image)
    for target in (0, 3):
        z, a, g = plain_gradients(keras_model, image, target)
        np.testing.assert_allclose(analysis.scores, z, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(analysis.activations("t"), a, rtol=1e-5, atol=1e-6)
        found = analysis.gradients(target, "t")
        np.testing.assert_allclose(found, g, rtol=1e-3, atol=1e-5 * np.abs(g).max())


@pytest.mark.parametrize("name", EVERY_HEAD)
def test_several_classes_together_are_the_same_maps(name, built):
    keras_model, image = built(name), tiny.make_image()
    together = gl.Classifier(keras_model).analyze(image).heatmaps(4, "t", normalize=False)
    assert len(together) == 4
    for (target, _), found in together.items():
        _, a, g = plain_gradients(keras_model, image, target)
        expected = gl.methods.gradcam(a, g)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["fenêtres", "repliées à côté", "statistiques du lot", "résiduel"])
def test_a_batch_of_photos_is_each_photo_alone(name, built):
    model = gl.Classifier(built(name))
    images = [tiny.make_image(seed) for seed in range(4)]
    for image, found in zip(images, model.analyze_batch(images)):
        z, a, g = plain_gradients(model.model, image, 2)
        np.testing.assert_allclose(found.scores, z, rtol=1e-4, atol=1e-5)
        found = found.heatmap(2, layer="t", normalize=False)
        expected = gl.methods.gradcam(a, g)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


def test_samples_that_touch_each_other_are_noticed(built):
    """Sans quoi l'essai précédent passerait parce que les lots ne servent jamais."""
    engines = {
        name: gl.Classifier(built(name)).network for name in ("résiduel", "statistiques du lot")
    }
    for engine in engines.values():
        engine.open(np.zeros((2, 12, 12, 3), np.float32), "t")
    assert engines["résiduel"]._independent is True
    assert engines["statistiques du lot"]._independent is False


def test_a_skip_connection_is_repeated_with_its_map():
    """Deux couches de part et d'autre d'une addition, plusieurs classes, toutes les couches."""
    import keras

    def front(x):
        return conv(4, "first")(x)

    keras_model = network(lambda t, _: pooled(conv(4, "u")(t) + t), front=front)
    keras.utils.set_random_seed(1)
    model, image = gl.Classifier(keras_model), tiny.make_image()
    found = model.analyze(image).heatmaps(4, "all", normalize=False)
    assert [layer.name for layer in model.layers][:3] == ["first", "t", "u"]
    for layer in ("first", "t", "u"):
        for target in range(4):
            _, a, g = plain_gradients(keras_model, image, target, layer)
            expected = gl.methods.gradcam(a, g)
            np.testing.assert_allclose(
                found[target, layer], expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max()
            )


# --- Les deux moitiés servent à tout -------------------------------------------------------------


def test_image_gradients_are_those_of_the_model(built):
    import tensorflow as tf

    keras_model, image = built("résiduel"), tiny.make_image()
    model = gl.Classifier(keras_model, preprocess=lambda x: x / 127.5 - 1)
    analysis = model.analyze(image)
    x = tf.constant(model.preprocess(image))
    for target in range(4):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = keras_model(x)[0, target]
        expected = tape.gradient(y, x).numpy()[0]
        found = analysis.image_gradients(target)
        assert found.shape == (12, 12, 3)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("name", ["résiduel", "image jointe", "repliées à côté"])
def test_scores_of_a_changed_map(name, built):
    """Une carte inchangée redonne les scores ; un canal mis à zéro, ceux d'un modèle amputé."""
    import keras

    keras_model, image = built(name), tiny.make_image()
    model = gl.Classifier(keras_model)
    run = model.network.open(model.preprocess(image), "t")[0]
    a = run.activations("t")
    changed = np.repeat(a[None], 3, axis=0)
    changed[1, ..., 2] = 0
    changed[2] = 0
    found = run.scores_from("t", changed)
    np.testing.assert_allclose(found[0], run.outputs, rtol=1e-5, atol=1e-6)
    weights = keras_model.get_layer("t").get_weights()
    cut = keras.models.clone_model(keras_model)
    cut.set_weights(keras_model.get_weights())
    weights[0][..., 2], weights[1][2] = 0, 0
    cut.get_layer("t").set_weights(weights)
    expected = cut.predict(model.preprocess(image), verbose=0)[0]
    np.testing.assert_allclose(found[1], expected, rtol=1e-4, atol=1e-5)


def test_a_method_gets_what_it_declares_and_no_more(built, monkeypatch):
    """Deux méthodes de plus, chacune une fonction et une ligne : l'ablation et l'occlusion."""
    from types import MappingProxyType

    from gradcam_lab.methods import METHODS, Method

    calls = []

    def ablation(activations, map_scores, relu=True):
        channels = activations.shape[-1]
        maps = np.repeat(activations[None], channels + 1, axis=0)
        for k in range(channels):
            maps[k + 1, ..., k] = 0
        scores = map_scores(maps)
        calls.append(scores)
        return activations @ (scores[0] - scores[1:]).astype(np.float32)

    def half(image, image_scores, image_gradients, relu=True):
        calls.append(image_scores(np.stack([image, image / 2])))
        return np.abs(image_gradients).max(-1)

    needs = {
        "ablation": Method("ablation", "", ablation, "", needs=("activations", "map_scores")),
        "half": Method(
            "half", "", half, "", needs=("image", "image_scores", "image_gradients"), family="image"
        ),
    }
    monkeypatch.setattr(
        "gradcam_lab.methods.registry.METHODS", MappingProxyType({**METHODS, **needs})
    )
    model = gl.Classifier(built("résiduel"))
    analysis = model.analyze(tiny.make_image())
    assert analysis.heatmap(1, layer="t", method="ablation").shape == (12, 12)
    np.testing.assert_allclose(calls[0][0], analysis.scores[1], rtol=1e-4)
    assert not analysis._evidence._gradients.bytes  # aucun gradient demandé, aucun calculé
    found = analysis.heatmap(1, method="half")
    np.testing.assert_allclose(calls[1][0], analysis.scores[1], rtol=1e-4)
    expected = np.abs(analysis.image_gradients(1)).max(-1)
    np.testing.assert_allclose(found, expected / expected.max(), rtol=1e-5)


def test_a_method_that_asks_for_the_impossible_is_refused():
    with pytest.raises(gl.errors.SettingError, match="map_scores"):
        gl.methods.Method("x", "X", lambda: None, "", needs=("weights",))


# --- La fin du réseau ----------------------------------------------------------------------------


def ending(function, units=4, **dense):
    import keras

    image = keras.Input((12, 12, 3))
    x = pooled(conv(4, "t")(keras.layers.Rescaling(1 / 255)(image)))
    x = keras.layers.Dense(units, kernel_initializer="glorot_normal", **dense)(x)
    return keras.Model(image, function(x) if function else x)


def several_ends():
    from keras import activations, ops

    return {
        "hard_sigmoid": lambda z: activations.hard_sigmoid(z * 4),
        "moyenne de sigmoïdes": lambda z: (ops.sigmoid(z) + ops.sigmoid(3 * z)) / 2,
        "sigmoid(5z)": lambda z: ops.sigmoid(5 * z),
        "softmax(clip)": lambda z: ops.softmax(ops.clip(z * 60, -10, 10)),
        "softmax tempérée": lambda z: ops.softmax(z / 3),
        "sigmoid": ops.sigmoid,
        "softmax": ops.softmax,
    }


@pytest.mark.parametrize("name", [
    "hard_sigmoid", "moyenne de sigmoïdes", "sigmoid(5z)", "softmax(clip)", "softmax tempérée",
    "sigmoid", "softmax",
])  # fmt: skip
def test_displayed_probabilities_are_the_models_own(name):
    keras_model, image = ending(several_ends()[name]), tiny.make_image()
    expected = keras_model.predict(image[None].astype("float32"), verbose=0)[0]
    found = gl.Classifier(keras_model).analyze(image).probabilities
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_an_end_that_only_looks_like_softmax_is_found_out():
    """Sur les vecteurs d'essai c'est softmax ; sur les vrais scores, non : la sortie fait foi."""
    import keras
    from keras import ops

    end = keras.layers.Lambda(lambda z: ops.softmax(ops.where(z > 200, 0.0, z)))
    keras_model = ending(end, bias_initializer=lambda s, **_: [300.0, 0, 0, 0])
    image = tiny.make_image()
    analysis = gl.Classifier(keras_model).analyze(image)
    expected = keras_model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(analysis.probabilities, expected, rtol=1e-4)
    with pytest.raises(gl.errors.ModelError, match="probability"):
        analysis.heatmap(1)
    assert analysis.heatmap(1, score="probability").shape == (12, 12)


def test_one_raw_unit_has_no_softmax():
    analysis = gl.Classifier(ending(None, units=1)).analyze(tiny.make_image())
    assert not any("softmax" in note for note in analysis.diagnose())
    z = float(analysis.scores[1])
    np.testing.assert_allclose(analysis.probabilities[1], 1 / (1 + np.exp(-z)), rtol=1e-5)


def test_a_regularised_end_keeps_its_losses():
    import keras

    keras_model = ending(keras.layers.ActivityRegularization(l2=0.1))
    keras_model(np.ones((1, 12, 12, 3), "float32"))
    before = [float(loss) for loss in keras_model.losses]
    gl.Classifier(keras_model).analyze(tiny.make_image()).heatmap()
    assert [float(loss) for loss in keras_model.losses] == before != []


# --- Une phrase, jamais une trace ----------------------------------------------------------------


def raising(x):
    raise RuntimeError("panne de l'élève")


def numpy_function(x):
    import tensorflow as tf

    y = tf.numpy_function(lambda a: a * 2, [x], tf.float32)
    return tf.ensure_shape(y, x.shape)


def resized_area(x):
    import tensorflow as tf

    return tf.image.resize(x, (12, 12), method="area")


def test_a_layer_without_derivative_still_gives_probabilities():
    keras_model, image = network(custom(resized_area)), tiny.make_image()
    analysis = gl.Classifier(keras_model).analyze(image)
    expected = keras_model.predict(image[None].astype("float32"), verbose=0)[0]
    np.testing.assert_allclose(analysis.scores, expected, rtol=1e-4)
    with pytest.raises(gl.errors.ModelError, match="ne se dérive pas") as caught:
        analysis.heatmap(1, layer="t")
    assert "\n" not in str(caught.value)


def test_a_layer_that_raises_is_one_sentence():
    state = {"broken": False}

    def sometimes(x):
        return raising(x) if state["broken"] else x

    keras_model = network(custom(sometimes))
    state["broken"] = True
    with pytest.raises(gl.errors.ModelError, match="panne de l'élève") as caught:
        gl.Classifier(keras_model).analyze(tiny.make_image()).heatmap()
    assert "\n" not in str(caught.value)


def test_a_function_without_gradient_gives_a_map_that_says_so(capsys):
    analysis = gl.Classifier(network(custom(numpy_function))).analyze(tiny.make_image())
    assert not analysis.heatmap(0, layer="t").any()
    assert "ne dépend pas" in capsys.readouterr().out


def test_a_fixed_batch_of_one_works_one_by_one():
    import keras

    image = keras.Input(batch_shape=(1, 12, 12, 3))
    x = keras.ops.reshape(conv(4, "t")(image), (1, 144, 4))
    keras_model = keras.Model(image, keras.layers.Dense(4)(keras.ops.mean(x, axis=1)))
    model = gl.Classifier(keras_model)
    picture = tiny.make_image()
    found = model.analyze(picture).heatmaps(4, normalize=False)
    for (target, _), heatmap in found.items():
        _, a, g = plain_gradients(keras_model, picture, target)
        np.testing.assert_allclose(heatmap, gl.methods.gradcam(a, g), rtol=1e-3, atol=1e-3)
    assert len(model.analyze_batch([picture, picture])) == 2


@pytest.mark.parametrize("name", ["_a", "été", "a b"])
def test_any_layer_name_works_or_is_told(name):
    import keras

    image = keras.Input((12, 12, 3))
    keras_model = keras.Model(image, keras.layers.Dense(4)(pooled(conv(4, name)(image))))
    picture = tiny.make_image()
    analysis = gl.Classifier(keras_model).analyze(picture)
    g = plain_gradients(keras_model, picture, 1, name)[2]
    np.testing.assert_allclose(analysis.gradients(1, name), g, rtol=1e-4, atol=1e-7)
    # Keras 3.13 garde ces noms-là dans sa pile de portées, où TensorFlow les refuserait ensuite.
    keras.utils.clear_session()


def test_channels_first_is_told():
    import keras

    image = keras.Input((12, 12, 3))
    x = keras.layers.Permute((3, 1, 2))(image)
    x = keras.layers.Conv2D(4, 3, data_format="channels_first")(x)
    x = keras.layers.GlobalAveragePooling2D(data_format="channels_first")(x)
    with pytest.raises(gl.errors.ModelError, match="canaux en dernier"):
        gl.Classifier(keras.Model(image, keras.layers.Dense(2)(x)))


def test_copying_an_analysis_is_told():
    import copy
    import pickle

    model = gl.Classifier(tiny.build("Sequential"))
    for thing in (model, model.analyze(tiny.make_image())):
        for way in (pickle.dumps, copy.deepcopy):
            with pytest.raises(gl.errors.ModelError, match="ne se copie pas"):
                way(thing)


def test_threads_share_a_model_and_an_analysis():
    image = tiny.make_image()
    expected = gl.Classifier(tiny.build("Sequential")).analyze(image).heatmaps(4, "all")
    model = gl.Classifier(tiny.build("Sequential"))
    shared, failures = model.analyze(image), []

    def work(seed):
        try:
            for target in np.random.default_rng(seed).permutation(4):
                for analysis in (shared, model.analyze(image)):
                    for layer in ("conv1", "conv2"):
                        found = analysis.heatmap(int(target), layer=layer)
                        np.testing.assert_allclose(found, expected[target, layer], atol=1e-5)
                    analysis.trim()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda m, a: a.heatmaps(layers=[]), "layers est vide"),
        (lambda m, a: a.heatmaps([]), "targets est vide"),
        (lambda m, a: a.heatmaps(3.0), "3.0"),
        (lambda m, a: a.top("a"), "nombre entier"),
        (lambda m, a: m.analyze_batch(None), "liste d'images"),
        (lambda m, a: m.analyze_batch("photo.jpg"), "liste d'images"),
        (lambda m, a: m.analyze_batch(np.zeros((8, 8, 3), np.uint8)), "liste d'images"),
        (lambda m, a: gl.Classifier(m.model, input_size=224), "couple"),
    ],
)
def test_bad_arguments_are_one_sentence(call, words):
    model = gl.Classifier(tiny.build("Sequential"))
    with pytest.raises(gl.GradcamLabError, match=words) as caught:
        call(model, model.analyze(tiny.make_image()))
    assert "\n" not in str(caught.value)


def test_a_preprocess_that_raises_is_one_sentence():
    model = gl.Classifier(tiny.build("Sequential"), preprocess=lambda x: x.missing)
    with pytest.raises(gl.errors.ModelError, match="preprocess"):
        model.analyze(tiny.make_image())
