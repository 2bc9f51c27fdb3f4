"""Chaque méthode dans un réseau : des boucles écrites d'après les articles, sans notre moteur.

Les cartes attendues viennent de TensorFlow seul, sur les poids de `tiny_models` ; les formules
elles-mêmes sont essayées dans tests/methods.
"""

import random

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl
from gradcam_lab.base.messages import followed
from gradcam_lab.errors import ModelError, SettingError
from gradcam_lab.methods import trials

OF_CLASS = [name for name, method in gl.METHODS.items() if method.class_specific]
BY_TRIALS = [name for name, method in gl.METHODS.items() if method.runs]
WITHOUT_LAYER = [name for name, method in gl.METHODS.items() if not method.takes_layer]
TARGET, WEIGHTS = 1, tiny.make_weights()
IMAGE = tiny.make_image()
X = IMAGE.astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return gl.Classifier(tiny.build("softmax dans Dense"))


@pytest.fixture
def analysis(model):
    return model.analyze(IMAGE)


# --- Les mêmes méthodes, en boucles -------------------------------------------------------------


def relu(x):
    import tensorflow as tf

    return tf.nn.relu(x)


def guided_relu(x):
    import tensorflow as tf

    @tf.custom_gradient
    def compute(x):
        def back(upstream):
            return tf.where((x > 0) & (upstream > 0), upstream, 0.0)

        return tf.nn.relu(x), back

    return compute(x)


def first(x, relu=relu):
    import tensorflow as tf

    x = tf.convert_to_tensor(x, tf.float32) / 255
    return relu(tf.nn.conv2d(x, WEIGHTS["k1"], 1, "SAME") + WEIGHTS["b1"])


def second(a1, relu=relu):
    import tensorflow as tf

    return relu(tf.nn.conv2d(a1, WEIGHTS["k2"], 1, "SAME") + WEIGHTS["b2"])


class Question:
    """Un score : celui de la classe 1, avant ou après softmax, moins celui d'une autre ou non."""

    def __init__(self, score="logit", against=None, sign=1):
        self.settings = {
            "score": score,
            "against": against,
            "evidence": "for" if sign > 0 else "against",
        }
        self.score, self.against, self.sign = score, against, sign

    def end(self, a2):
        """Le score (n,) à partir de la seconde carte."""
        import tensorflow as tf

        z = tf.reduce_mean(a2, (1, 2)) @ WEIGHTS["w"] + WEIGHTS["b"]
        z = tf.nn.softmax(z) if self.score == "probability" else z
        other = 0 if self.against is None else z[:, self.against]
        return self.sign * (z[:, TARGET] - other)

    def of(self, images):
        """Le score (n,) de ces images."""
        return self.end(second(first(np.float32(images)))).numpy()

    def slope(self, image, relu=relu):
        """Le gradient (H, W, 3) du score en une image."""
        import tensorflow as tf

        x = tf.constant(np.float32(image[None]))
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = self.end(second(first(x, relu), relu))
        return tape.gradient(y, x)[0].numpy()


QUESTIONS = {
    "logit": Question(),
    "probability": Question("probability"),
    "plutôt que": Question(against=0),
    "contre": Question(sign=-1),
    "tout à la fois": Question("probability", 0, -1),
}


def scorecam(q):
    a = second(first(X[None]))[0].numpy()
    scores = []
    for k in range(tiny.CHANNELS):
        mask = a[..., k] - a[..., k].min()
        if mask.max() > 0:
            mask = mask / mask.max()
        scores.append(np.float64(q.of([X * mask[..., None]])[0]))
    alive = a.any(axis=(0, 1))  # les canaux éteints n'entrent pas dans le softmax
    weights = np.exp(scores) * alive
    return a @ (weights / weights.sum())


def ablationcam(q):
    a = first(X[None])[0].numpy()
    score, total = q.of([X])[0], np.zeros(a.shape[:2])
    for k in range(a.shape[-1]):
        without = a.copy()
        without[..., k] = 0
        total += (score - q.end(second(without[None])).numpy()[0]) * a[..., k]
    return total / a.shape[-1]


def occlusion(q):
    side, color = 2, X.mean(axis=(0, 1))  # 12 / 7
    total, count = np.zeros((12, 12)), np.zeros((12, 12))
    score = q.of([X])[0]
    for i in range(11):
        for j in range(11):
            hidden = X.copy()
            hidden[i : i + side, j : j + side] = color
            total[i : i + side, j : j + side] += score - q.of([hidden])[0]
            count[i : i + side, j : j + side] += 1
    return total / count


def guided_backprop(q):
    return np.abs(q.slope(X, guided_relu)).max(axis=-1)


def guided_gradcam(q):
    import tensorflow as tf

    a2 = second(first(X[None]))  # 12 × 12, comme l'image : rien à agrandir
    with tf.GradientTape() as tape:
        tape.watch(a2)
        y = q.end(a2)
    alpha = tape.gradient(y, a2)[0].numpy().mean(axis=(0, 1))
    coarse = (a2[0].numpy() * alpha).mean(axis=-1)
    return np.maximum(coarse, 0) * guided_backprop(q)


def integrated_gradients(q):
    total = sum(q.slope((k + 0.5) / 64 * X).astype(np.float64) for k in range(64))
    return (X * total / 64).sum(axis=-1)


LOOPS = {
    "scorecam": (scorecam, "conv2"),
    "ablationcam": (ablationcam, "conv1"),
    "occlusion": (occlusion, None),
    "guided_backprop": (guided_backprop, None),
    "guided_gradcam": (guided_gradcam, "conv2"),
    "integrated_gradients": (integrated_gradients, None),
}


@pytest.mark.parametrize("question", list(QUESTIONS))
@pytest.mark.parametrize("name", list(LOOPS))
def test_a_loop_from_the_paper_gives_the_same_map(analysis, name, question):
    (loop, layer), question = LOOPS[name], QUESTIONS[question]
    expected = np.maximum(loop(question), 0)
    found = analysis.heatmap(TARGET, method=name, layer=layer, normalize=False, **question.settings)
    # Une perte de score est l'écart de deux float32 voisins.
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-4 * expected.max() + 1e-9)
    shown = analysis.heatmap(TARGET, method=name, layer=layer, **question.settings)
    np.testing.assert_allclose(shown, expected / (expected.max() or 1), atol=1e-3)


def test_every_method_has_its_loop_somewhere():
    assert {*LOOPS, "eigencam"} == {
        name for name, m in gl.METHODS.items() if m.needs != ("activations", "gradients")
    }
    assert any(loop(q).max() > 0 for loop, _ in LOOPS.values() for q in [QUESTIONS["logit"]])


def test_eigencam_is_the_first_axis_of_the_layer(analysis):
    flat = first(X[None])[0].numpy().reshape(-1, 5).astype(np.float64)
    axis = np.ones(5)
    for _ in range(300):
        axis = flat.T @ (flat @ axis)
        axis /= np.abs(axis).max()
    expected = (flat @ axis).reshape(12, 12)
    found = analysis.heatmap(layer="conv1", method="eigencam")
    np.testing.assert_allclose(found, expected / expected.max(), atol=1e-5)
    for target in (0, 3):
        again = analysis.heatmap(target, layer="conv1", method="eigencam", score="probability")
        np.testing.assert_array_equal(found, again)


@pytest.mark.parametrize("name", list(gl.METHODS))
def test_a_nested_network_gives_the_same_maps(analysis, name):
    nested = gl.Classifier(tiny.build("réseau imbriqué")).analyze(IMAGE)
    found = nested.heatmap(TARGET, method=name)
    np.testing.assert_allclose(found, analysis.heatmap(TARGET, method=name), atol=1e-4)
    assert found.shape == (12, 12)


# --- Ce qui se calcule de tête ------------------------------------------------------------------


def test_behind_pooling_and_one_dense_four_methods_are_one(model, analysis):
    a, column = analysis.activations(), WEIGHTS["w"]
    for target in range(tiny.CLASSES):
        cam = gl.methods.normalize(a @ column[:, target])
        for name in ("gradcam", "hirescam", "xgradcam"):
            np.testing.assert_allclose(analysis.heatmap(target, method=name), cam, atol=1e-5)
        # Le pour moins le contre : la carte avant ReLU, dont la somme est le score sans le biais.
        both = [
            analysis.heatmap(target, evidence=side, normalize=False) for side in ("for", "against")
        ]
        total = (both[0] - both[1]).mean() * a.size + WEIGHTS["b"][target]
        assert total == pytest.approx(analysis.scores[target], rel=1e-4, abs=1e-4)


def test_behind_pooling_and_one_dense_ablation_loses_one_term(analysis):
    a = analysis.activations()
    terms = a.mean(axis=(0, 1)) * WEIGHTS["w"][:, TARGET]
    found = analysis.heatmap(TARGET, method="ablationcam", normalize=False)
    expected = np.maximum(a @ terms / len(terms), 0)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


@pytest.fixture(scope="module")
def linear():
    """Un réseau sans aucune ReLU, sa pente (12, 12, 3) en tout point, son classificateur."""
    import keras
    from keras import layers as L

    keras.utils.set_random_seed(2)
    network = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(4, 3, bias_initializer="ones"),
            L.Flatten(),
            L.Dense(3, bias_initializer="ones"),
        ]
    )
    points = np.concatenate([np.zeros((1, 432)), np.eye(432)]).reshape(-1, 12, 12, 3)
    scores = network.predict(points, verbose=0, batch_size=512)[:, TARGET]
    return (scores[1:] - scores[0]).reshape(12, 12, 3), gl.Classifier(network)


def test_integrated_gradients_of_a_linear_network_are_exact(linear):
    slope, model = linear
    analysis = model.analyze(IMAGE)
    signed = (X * slope).sum(axis=-1)
    for side, sign in (("for", 1), ("against", -1)):
        found = analysis.heatmap(
            TARGET, method="integrated_gradients", evidence=side, normalize=False
        )
        expected = np.maximum(sign * signed, 0)
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())
    black = model.analyze(np.zeros_like(IMAGE))
    drop = analysis.scores[TARGET] - black.scores[TARGET]
    assert _sum_of_parts(analysis, TARGET) == pytest.approx(drop, rel=1e-4)


def test_occlusion_of_a_linear_network_is_the_mean_of_its_squares(linear):
    slope, model = linear
    loss = ((X - X.mean(axis=(0, 1))) * slope).sum(axis=-1)
    squares = np.lib.stride_tricks.sliding_window_view(loss, (2, 2)).sum(axis=(2, 3))
    total, count = np.zeros((12, 12)), np.zeros((12, 12))
    for i in (0, 1):
        for j in (0, 1):
            total[i : i + 11, j : j + 11] += squares
            count[i : i + 11, j : j + 11] += 1
    expected = np.maximum(total / count, 0)
    found = model.analyze(IMAGE).heatmap(TARGET, method="occlusion", normalize=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.max())


def _sum_of_parts(analysis, target):
    both = [
        analysis.heatmap(target, method="integrated_gradients", evidence=side, normalize=False).sum(
            dtype=np.float64
        )
        for side in ("for", "against")
    ]
    return both[0] - both[1]


def test_64_steps_are_enough_for_mini():
    """La somme des parts est l'écart de score avec la photo noire, à 0,8 et 0,3 % près."""
    mini = gl.load_model("mini")
    for name in ("chelsea", "astronaut"):
        photo = gl.sample(name)
        analysis = mini.analyze(photo)
        target = analysis.top(1)[0].index
        black = mini.analyze(np.zeros((*mini.input_size, 3), np.uint8))
        drop = float(analysis.scores[target] - black.scores[target])
        assert _sum_of_parts(analysis, target) == pytest.approx(drop, rel=0.01)


def test_scorecam_on_one_channel_is_the_channel():
    import keras
    from keras import layers as L

    network = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(1, 3, activation="relu", kernel_initializer="ones", name="one"),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    analysis = gl.Classifier(network).analyze(IMAGE)
    channel = analysis.activations("one")[..., 0]
    found = analysis.heatmap(0, method="scorecam", normalize=False)
    np.testing.assert_allclose(found, channel, rtol=1e-5)


# --- D'autres réseaux ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gray():
    """Une unité sigmoïde, une image en niveaux de gris : `(classificateur, scores bruts)`."""
    import keras
    from keras import layers as L

    keras.utils.set_random_seed(5)
    inputs = keras.Input((12, 12, 1))
    x = L.Flatten()(L.Conv2D(5, 3, activation="relu")(L.Rescaling(1 / 255)(inputs)))
    logit = L.Dense(1)(x)
    model = gl.Classifier(keras.Model(inputs, L.Activation("sigmoid")(logit)))
    return model, keras.Model(inputs, logit)


@pytest.mark.parametrize("name", OF_CLASS)
def test_one_sigmoid_unit_has_two_opposite_classes(gray, name):
    """Ce qui plaide pour la classe 0 est ce qui plaide contre la classe 1 ; gris ou non."""
    analysis = gray[0].analyze(IMAGE)
    for score in gl.methods.SCORES:
        zero = analysis.heatmap(0, method=name, score=score, normalize=False)
        contrary = analysis.heatmap(
            1, method=name, score=score, evidence="against", normalize=False
        )
        np.testing.assert_allclose(zero, contrary, rtol=1e-3, atol=1e-4 * zero.max() + 1e-9)
    one = analysis.heatmap(1, method=name, normalize=False)
    assert (zero.max() > 0) or (one.max() > 0)


def test_gray_pictures_by_a_loop(gray):
    model, raw = gray
    x, analysis = model.preprocess(IMAGE)[0], model.analyze(IMAGE)
    assert x.shape == (12, 12, 1)
    total, count = np.zeros((12, 12)), np.zeros((12, 12))
    rows = []
    for i in range(11):
        for j in range(11):
            rows.append(x.copy())
            rows[-1][i : i + 2, j : j + 2] = x.mean()
    scores = raw.predict(np.array([x, *rows]), verbose=0)[:, 0]
    for n, lost in enumerate(scores[0] - scores[1:]):
        i, j = divmod(n, 11)
        total[i : i + 2, j : j + 2] += lost
        count[i : i + 2, j : j + 2] += 1
    expected = np.maximum(total / count, 0)
    found = analysis.heatmap(1, method="occlusion", normalize=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3 * expected.max())
    drop = scores[0] - raw.predict(0 * x[None], verbose=0)[0, 0]
    assert _sum_of_parts(analysis, 1) == pytest.approx(drop, rel=2e-2)


def test_half_precision_answers_every_method():
    """Les cartes modifiées y entraient en float32, et le réseau s'arrêtait."""
    import keras
    from keras import layers as L

    def build(policy):
        inputs = keras.Input((12, 12, 3))
        x = L.Rescaling(1 / 255)(inputs)
        x = y = L.Conv2D(5, 3, activation="relu", dtype=policy, name="one")(x)
        x = L.Conv2D(5, 3, padding="same", activation="relu", dtype=policy, name="two")(x)
        x = L.GlobalAveragePooling2D()(L.Add(dtype=policy)([x, y]))
        return keras.Model(inputs, L.Dense(3, activation="softmax", dtype="float32")(x))

    half, full = build("mixed_float16"), build("float32")
    full.set_weights(half.get_weights())
    exact, found = (gl.Classifier(network).analyze(IMAGE) for network in (full, half))
    for name, method in gl.METHODS.items():
        layer = "one" if method.takes_layer else None
        shown = [a.heatmap(1, method=name, layer=layer) for a in (exact, found)]
        np.testing.assert_allclose(shown[1], shown[0], atol=5e-2)


def test_guided_backprop_through_relu6():
    import keras
    import tensorflow as tf
    from keras import layers as L

    network = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Rescaling(1 / 16),
            L.Conv2D(5, 3, name="conv"),
            L.ReLU(6.0),
            L.Flatten(),
            L.Dense(2, name="dense"),
        ]
    )
    convolution, dense = network.get_layer("conv"), network.get_layer("dense")

    @tf.custom_gradient
    def guided6(x):
        def back(upstream):
            return tf.where((x > 0) & (x < 6) & (upstream > 0), upstream, 0.0)

        return tf.nn.relu6(x), back

    x = tf.constant(X[None])
    with tf.GradientTape() as tape:
        tape.watch(x)
        inside = convolution(x / 16)
        y = dense(tf.reshape(guided6(inside), (1, -1)))[:, 1]
    expected = np.abs(tape.gradient(y, x)[0].numpy()).max(axis=-1)
    assert inside.numpy().max() > 6  # une partie passe bien par le plafond
    found = (
        gl.Classifier(network).analyze(IMAGE).heatmap(1, method="guided_backprop", normalize=False)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6 * expected.max())


def test_a_probability_close_to_one_keeps_its_map():
    """En float32, `1 - 1e-9` vaut 1 : toutes les pertes seraient nulles."""
    network = tiny.build("softmax dans Dense", {**WEIGHTS, "b": np.float32([0, 20, 0, 0])})
    analysis = gl.Classifier(network).analyze(IMAGE)
    assert analysis.probabilities[1] == 1
    for name in ("occlusion", "ablationcam"):
        maps = [analysis.heatmap(1, method=name, score=s, evidence=e)
                for s in gl.methods.SCORES for e in ("for", "against")]  # fmt: skip
        assert maps[2].any() or maps[3].any()


def test_a_map_without_any_cause_does_not_speak_of_evidence_against(capsys):
    """Un chemin négatif dans la seconde ReLU : rien ne remonte, alors que Grad-CAM est positive."""
    import keras
    from keras import layers as L

    network = keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            L.Conv2D(2, 1, activation="relu", kernel_initializer="ones"),
            L.Conv2D(
                2,
                1,
                activation="relu",
                kernel_initializer=keras.initializers.Constant(-1.0),
                bias_initializer=keras.initializers.Constant(1e4),
            ),
            L.GlobalAveragePooling2D(),
            L.Dense(2, kernel_initializer="ones"),
        ]
    )
    analysis = gl.Classifier(network).analyze(tiny.make_image(size=6))
    assert analysis.heatmap(0).any()
    for name in ("guided_backprop", "guided_gradcam"):
        assert not analysis.heatmap(0, method=name).any()
        said = capsys.readouterr().out
        assert "nulle partout" in said
        assert "contre" not in said


# --- Ce qui est refusé --------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["guided_backprop", "guided_gradcam"])
def test_without_relu_guided_is_refused_in_one_sentence(linear, name):
    with pytest.raises(ModelError) as error:
        linear[1].analyze(IMAGE).heatmap(0, method=name)
    text = str(error.value)
    assert text.startswith("Ce réseau n'a pas de ReLU")
    assert "s'arrête" not in text  # ce n'est pas une panne
    assert text.count(".") == 1
    assert text.endswith(".")


@pytest.mark.parametrize("name", WITHOUT_LAYER)
def test_a_layer_is_refused_where_it_would_change_nothing(analysis, name):
    for call in (analysis.heatmap, analysis.diagnose):
        with pytest.raises(SettingError, match=r"part de l'image.*layer='conv2'"):
            call(0, method=name, layer="conv2")
    for layers in ("conv2", "all", ["conv1"]):
        with pytest.raises(SettingError, match="part de l'image"):
            analysis.heatmaps(2, layers, method=name)
    assert list(analysis.heatmaps([0], method=name)) == [(0, None)]


def test_eigencam_has_no_other_side(analysis):
    for call in (analysis.heatmap, analysis.diagnose):
        for setting in ({"against": 0}, {"evidence": "against"}):
            with pytest.raises(SettingError, match="aucune classe"):
                call(1, method="eigencam", **setting)


# --- Ce que cela coûte --------------------------------------------------------------------------


class Rows:
    """Ce qui passe dans le réseau : le nombre de lignes de chaque passe."""

    def __init__(self, model, monkeypatch):
        self.seen, engine = [], model.network
        compute = engine.compute

        def counted(values, **settings):
            self.seen.append(max(len(value) for value in values.values()))
            return compute(values, **settings)

        monkeypatch.setattr(engine, "compute", counted)


@pytest.fixture
def warm():
    """Un classificateur qui a déjà vérifié qu'il pouvait faire passer plusieurs images."""
    model = gl.Classifier(tiny.build("softmax dans Dense"))
    model.analyze(IMAGE).heatmap(0, method="occlusion")
    model.analyze(IMAGE).heatmap(0, method="ablationcam")
    return model


@pytest.mark.parametrize("name", BY_TRIALS)
def test_runs_is_the_number_of_rows_that_pass(warm, name, monkeypatch):
    analysis = warm.analyze(IMAGE)
    alive = analysis.activations().any(axis=(0, 1)).sum()
    rows, expected = Rows(warm, monkeypatch), warm.runs(name)
    analysis.heatmap(0, method=name)
    if gl.METHODS[name].takes_layer:
        expected -= tiny.CHANNELS - alive  # les canaux éteints ne sont pas essayés
    assert sum(rows.seen) == expected <= warm.runs(name)


def test_integrated_gradients_of_a_probability_need_the_outputs_too(warm, monkeypatch):
    analysis = warm.analyze(IMAGE)
    analysis.top(1)
    rows = Rows(warm, monkeypatch)
    analysis.heatmap(0, method="integrated_gradients", score="probability")
    assert sum(rows.seen) == 2 * warm.runs("integrated_gradients")


@pytest.mark.parametrize("name", list(gl.METHODS))
def test_the_second_call_runs_nothing(warm, name):
    analysis = warm.analyze(IMAGE)
    first_map = analysis.heatmap(0, method=name)
    passes = warm.network.passes
    np.testing.assert_array_equal(analysis.heatmap(0, method=name), first_map)
    analysis.heatmap(0, method=name, normalize=False)
    analysis.diagnose(0, method=name)
    assert warm.network.passes == passes


@pytest.mark.parametrize("name", BY_TRIALS)
def test_few_images_are_alive_at_once(warm, name, monkeypatch):
    analysis = warm.analyze(IMAGE)
    expected = analysis.heatmap(0, method=name, normalize=False)
    widest = 2 * max(warm.network.layout.widths(warm.network.plan.input_key))
    monkeypatch.setattr("gradcam_lab.network.engine._BATCH_BYTES", 3 * widest)
    again, rows = warm.analyze(IMAGE), Rows(warm, monkeypatch)
    found = again.heatmap(0, method=name, normalize=False)
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())
    assert max(rows.seen) <= 3 if name != "ablationcam" else max(rows.seen) < warm.runs(name)


def test_a_large_picture_goes_by_small_parcels(monkeypatch):
    import keras
    from keras import layers as L

    network = keras.Sequential(
        [
            keras.Input((224, 224, 3)),
            L.Conv2D(2, 16, strides=16, activation="relu"),
            L.Flatten(),
            L.Dense(2),
        ]
    )
    model = gl.Classifier(network)
    analysis = model.analyze(tiny.make_image(size=224))
    analysis.top(1)
    rows = Rows(model, monkeypatch)
    analysis.heatmap(0, method="occlusion")
    assert sum(rows.seen) >= model.runs("occlusion") > 100
    assert max(rows.seen) * 224 * 224 * 3 * 4 <= trials._CHUNK_BYTES


# --- Attendre, arrêter --------------------------------------------------------------------------


@pytest.mark.parametrize("name", BY_TRIALS)
def test_progress_is_shown_on_request(model, name, capsys):
    model.analyze(IMAGE).heatmap(0, method=name)
    assert capsys.readouterr().err == ""
    model.analyze(IMAGE).heatmap(0, method=name, progress=True)
    assert "100%" in capsys.readouterr().err


@pytest.mark.parametrize("name", BY_TRIALS)
def test_stopping_in_the_middle_leaves_nothing_behind(model, name, monkeypatch):
    monkeypatch.setattr(trials, "_CHUNK_BYTES", 2 * IMAGE.size * 4)
    expected = model.analyze(IMAGE).heatmap(0, method=name)
    analysis = model.analyze(IMAGE)
    analysis.heatmap(0)
    evidence = analysis._evidence
    kept = evidence._heatmaps.bytes

    def stop(done, total):
        assert done < total
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), followed(stop):
        analysis.heatmap(0, method=name)
    assert (evidence._heatmaps.bytes, evidence._signed.bytes) == (kept, 0)
    assert analysis.top(1)
    np.testing.assert_allclose(analysis.heatmap(0, method=name), expected, atol=1e-6)


# --- Le modèle de l'utilisateur -----------------------------------------------------------------


def test_nothing_of_the_users_changes():
    import keras
    from keras import layers as L

    network = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.RandomFlip(),
            L.Conv2D(4, 3, activation="relu", activity_regularizer="l2", name="conv"),
            L.BatchNormalization(),
            L.Dropout(0.5),
            L.GlobalAveragePooling2D(),
            L.Dense(3, activation="softmax"),
        ]
    )
    network.get_layer("conv").trainable = False
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    network.fit(np.float32([X, X]), np.array([0, 1]), verbose=0)

    network(X[None])  # sa perte, telle que la garde la dernière image vue

    def state():
        return (
            [variable.numpy().tobytes() for variable in network.variables],
            [(layer.name, layer.trainable) for layer in network.layers],
            [np.asarray(loss).tobytes() for loss in network.losses],
            [variable.numpy().tobytes() for variable in network.metrics_variables],
            (keras.backend.floatx(), keras.backend.image_data_format()),
            (keras.config.dtype_policy().name, keras.config.epsilon()),
            random.getstate(),
            np.random.get_state()[1].tobytes(),  # noqa: NPY002
        )

    before, names = state(), []
    model = gl.Classifier(network)
    for name, method in gl.METHODS.items():
        model.analyze(IMAGE).heatmap(1, method=name)
        if method.class_specific:
            model.analyze(IMAGE).heatmap(1, method=name, score="probability", evidence="against")
        names += [name] if state() != before else []
    assert names == []
    assert before[2]  # il y avait bien une perte à garder
