"""L'analyse d'une image : cartes exactes, une seule passe avant, diagnostics."""

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl
from gradcam_lab.methods import cam

OF_GRADIENTS = [
    name for name, method in gl.METHODS.items() if method.needs == ("activations", "gradients")
]


@pytest.fixture
def model():
    return gl.Classifier(tiny.build("softmax dans Dense"), labels=["un", "deux", "trois", "quatre"])


@pytest.fixture
def analysis(model):
    return model.analyze(tiny.make_image())


def linear_model(column, bias=0.0, activation=None, size=6):
    """Une convolution identité, une moyenne, un Dense choisi : tout se calcule de tête."""
    import keras
    from keras import layers as L

    keras_model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            L.Rescaling(1 / 255),
            L.Conv2D(3, 1, activation="relu", name="conv"),
            L.GlobalAveragePooling2D(),
            L.Dense(2, activation=activation),
        ]
    )
    kernel = np.eye(3, dtype="float32")[None, None]
    dense = np.stack([-np.asarray(column), column], axis=1).astype("float32")
    keras_model.set_weights([kernel, np.zeros(3), dense, np.array([-bias, bias])])
    return gl.Classifier(keras_model)


class TestExactness:
    def test_global_pooling_then_dense_gives_the_dense_column(self, model, analysis):
        """L'essai le plus fort : les poids alpha valent la colonne de Dense divisée par h·w."""
        kernel = model.model.layers[-1].get_weights()[0]
        for target in range(tiny.CLASSES):
            alpha = cam.pooled_gradients(analysis.gradients(target))
            np.testing.assert_allclose(alpha, kernel[:, target] / tiny.SIZE**2, rtol=1e-5)

    def test_heatmap_is_the_class_activation_map(self, model, analysis):
        kernel = model.model.layers[-1].get_weights()[0]
        for target in range(tiny.CLASSES):
            expected = np.maximum(analysis.activations() @ kernel[:, target], 0)
            expected /= expected.max() or 1
            np.testing.assert_allclose(analysis.heatmap(target), expected, atol=1e-5)

    def test_heatmap_follows_the_formula_of_the_book(self, analysis):
        a, g = analysis.activations("conv1"), analysis.gradients(1, "conv1")
        expected = np.maximum(np.mean(a * g.mean(axis=(0, 1)), axis=-1), 0)
        raw = analysis.heatmap(1, layer="conv1", normalize=False)
        np.testing.assert_allclose(raw, expected, rtol=1e-4, atol=1e-9)
        np.testing.assert_allclose(
            analysis.heatmap(1, layer="conv1"), expected / expected.max(), atol=1e-5
        )

    # Les autres méthodes : test_methods.py.
    @pytest.mark.parametrize("method", OF_GRADIENTS)
    @pytest.mark.parametrize("score", gl.methods.SCORES)
    def test_every_method_of_gradients_is_its_formula(self, analysis, method, score):
        a, g = analysis.activations("conv1"), analysis.gradients(2, "conv1", score)
        expected = gl.METHODS[method].function(a.astype("float64"), g.astype("float64"))
        raw = analysis.heatmap(2, layer="conv1", method=method, score=score, normalize=False)
        np.testing.assert_allclose(raw, expected, rtol=2e-3, atol=1e-6 * expected.max())

    def test_shapes_and_types(self, analysis):
        heatmap = analysis.heatmap()
        assert heatmap.shape == (tiny.SIZE, tiny.SIZE)
        assert heatmap.dtype == np.float32
        assert 0 <= heatmap.min() <= heatmap.max() == 1
        assert analysis.probabilities.dtype == analysis.scores.dtype == np.float32
        assert analysis.probabilities.shape == (tiny.CLASSES,)

    def test_top_is_sorted_and_named(self, analysis):
        top = analysis.top(3)
        assert [p.probability for p in top] == sorted((p.probability for p in top), reverse=True)
        assert top[0].label_fr == ["un", "deux", "trois", "quatre"][top[0].index]
        assert len(analysis.top(100)) == tiny.CLASSES

    def test_default_target_is_the_predicted_class(self, analysis):
        best = int(np.argmax(analysis.probabilities))
        np.testing.assert_array_equal(analysis.heatmap(), analysis.heatmap(best))


class TestHeatmaps:
    def test_together_or_one_by_one(self, model):
        image = tiny.make_image()
        together = model.analyze(image).heatmaps(targets=4, layers="all")
        alone = model.analyze(image)
        assert len(together) == tiny.CLASSES * 2
        for (target, layer), heatmap in together.items():
            np.testing.assert_allclose(heatmap, alone.heatmap(target, layer=layer), atol=1e-5)

    def test_targets_and_layers_may_be_lists_names_or_alone(self, analysis):
        assert set(analysis.heatmaps(["deux", 0], "conv1")) == {(1, "conv1"), (0, "conv1")}
        assert list(analysis.heatmaps("deux")) == [(1, "conv2")]
        assert [key[0] for key in analysis.heatmaps(targets=2)] == [
            p.index for p in analysis.top(2)
        ]

    def test_zero_targets_is_refused(self, analysis):
        with pytest.raises(gl.GradcamLabError, match="au moins 1"):
            analysis.heatmaps(targets=0)

    def test_chunks_give_the_same_maps(self, model, monkeypatch):
        image = tiny.make_image()
        expected = model.analyze(image).heatmaps(targets=4, layers="all")
        monkeypatch.setattr("gradcam_lab.network.engine._BATCH_BYTES", 1)
        monkeypatch.setattr("gradcam_lab.explain.evidence._GRADIENT_BYTES", 1)
        for key, heatmap in model.analyze(image).heatmaps(targets=4, layers="all").items():
            np.testing.assert_allclose(heatmap, expected[key], atol=1e-6)


class TestPasses:
    """Une passe avant par image ; rien n'est calculé deux fois."""

    def test_one_forward_pass_whatever_is_asked(self, model):
        analysis = model.analyze(tiny.make_image())
        analysis.heatmap(0)
        analysis.heatmap(1, layer="conv1", method="layercam", score="probability")
        analysis.heatmaps(targets=4, layers="all")
        analysis.diagnose(3)
        assert model.network.forward_count == 1

    def test_all_layers_of_a_class_in_one_backward_pass(self, model):
        analysis = model.analyze(tiny.make_image())
        analysis.heatmaps(layers="all")
        assert (model.network.forward_count, model.network.backward_count) == (1, 0)

    def test_several_classes_in_one_backward_pass(self, model):
        analysis = model.analyze(tiny.make_image())
        analysis.heatmaps(targets=4)
        assert model.network.backward_count == 1

    def test_another_method_runs_nothing(self, model):
        analysis = model.analyze(tiny.make_image())
        assert len(OF_GRADIENTS) == 5
        for method in (*OF_GRADIENTS, "eigencam"):
            analysis.heatmap(0, method=method)
        assert (model.network.forward_count, model.network.backward_count) == (1, 0)

    def test_two_calls_give_the_same_bytes(self, model):
        image = tiny.make_image()
        first, second = (model.analyze(image).heatmap(2, layer="conv1").tobytes() for _ in range(2))
        assert first == second

    def test_results_are_copies(self, analysis):
        for get in (analysis.heatmap, analysis.activations, analysis.gradients):
            get()[...] = 7
            assert not (get() == 7).all()

    def test_batch_equals_one_by_one(self, model):
        images = [tiny.make_image(seed) for seed in range(5)]
        for image, found in zip(images, model.analyze_batch(images, batch_size=2)):
            alone = model.analyze(image)
            np.testing.assert_allclose(found.scores, alone.scores, atol=1e-5)
            np.testing.assert_allclose(found.heatmap(), alone.heatmap(), atol=1e-5)
            np.testing.assert_allclose(
                found.heatmap(1, layer="conv1"), alone.heatmap(1, layer="conv1"), atol=1e-5
            )

    def test_empty_batch(self, model):
        assert model.analyze_batch([]) == []

    def test_cache_stays_within_its_bound(self, model, monkeypatch):
        monkeypatch.setattr("gradcam_lab.explain.evidence._GRADIENT_BYTES", 20_000)
        analysis = model.analyze(tiny.make_image())
        for target in range(4):
            for layer in ("conv1", "conv2"):
                analysis.heatmap(target, layer=layer)
                assert analysis._evidence._gradients.bytes <= 20_000


class TestBlankMaps:
    """Une carte vide est nulle, sans NaN, et dit pourquoi."""

    def test_only_negative_evidence(self, capsys):
        model = linear_model([1.0, 2.0, 3.0])
        analysis = model.analyze(np.full((6, 6, 3), 200, np.uint8))
        assert not analysis.heatmap(0).any()
        assert "contre la classe" in capsys.readouterr().out
        notes = analysis.diagnose(0)
        assert len(notes) == 1
        assert "contre la classe" in notes[0]

    def test_dead_layer(self):
        analysis = linear_model([1.0, 2.0, 3.0]).analyze(np.zeros((6, 6, 3), np.uint8))
        assert not analysis.heatmap(1).any()
        assert any("morte" in note for note in analysis.diagnose(1))

    def test_saturated_softmax(self, capsys):
        image = tiny.make_image(size=6)
        model = linear_model([1000.0, 1000.0, 1000.0], 400, "softmax")
        analysis = model.analyze(image)
        assert not analysis.heatmap(1, score="probability").any()
        assert 'score="logit"' in capsys.readouterr().out
        assert analysis.heatmap(1, score="logit").any()
        assert analysis.diagnose(1, score="logit") == []

    def test_softmax_saturated_in_float32_only_keeps_its_map(self):
        """TensorFlow rend ici un gradient nul ; le nôtre garde la forme exacte de la carte."""
        import tensorflow as tf

        image = tiny.make_image(size=6)
        model = linear_model([30.0, 40.0, 50.0], 0, "softmax")
        analysis = model.analyze(image)
        x = tf.constant(image[None].astype("float32"))
        with tf.GradientTape() as tape:
            tape.watch(x)
            p = model.model(x)[:, 1]
        assert not tape.gradient(p, x).numpy().any()
        found = analysis.heatmap(1, score="probability")
        np.testing.assert_allclose(found, analysis.heatmap(1, score="logit"), atol=1e-5)
        assert any("saturée" in note for note in analysis.diagnose(1, score="probability"))

    def test_non_finite_weights(self):
        model = linear_model([np.nan, 1.0, 1.0])
        analysis = model.analyze(tiny.make_image(size=6))
        assert not analysis.heatmap(1).any()
        assert any("non finies" in note for note in analysis.diagnose(1))

    def test_dead_end_after_the_layer(self):
        import keras
        from keras import layers as L

        keras_model = keras.Sequential(
            [
                keras.Input((6, 6, 3)),
                # Des poids positifs : tirés au hasard, ils éteindraient parfois toute la couche.
                L.Conv2D(3, 1, activation="relu", kernel_initializer="ones", name="conv"),
                L.GlobalAveragePooling2D(),
                L.Dense(4, activation="relu", bias_initializer=keras.initializers.Constant(-1e9)),
                L.Dense(2),
            ]
        )
        analysis = gl.Classifier(keras_model).analyze(tiny.make_image(size=6))
        assert analysis.activations().any()
        assert not analysis.heatmap(1).any()
        assert any("ne dépend pas" in note for note in analysis.diagnose(1))

    def test_uniform_map_is_told(self):
        analysis = linear_model([1.0, 2.0, 3.0]).analyze(np.full((6, 6, 3), 200, np.uint8))
        assert any("partout la même valeur" in note for note in analysis.diagnose(1))

    def test_nothing_to_say_about_a_good_map(self, analysis):
        target = analysis.top(1)[0].index
        assert analysis.diagnose(target) == []

    def test_it_is_said_once(self, capsys):
        analysis = linear_model([1.0, 2.0, 3.0]).analyze(np.full((6, 6, 3), 200, np.uint8))
        for _ in range(3):
            analysis.heatmap(0)
        assert capsys.readouterr().out.count("contre la classe") == 1


class TestErrors:
    def test_unknown_class(self, analysis):
        with pytest.raises(gl.errors.UnknownClassError, match="quatre"):
            analysis.heatmap("quattre")

    def test_unknown_method(self, analysis):
        with pytest.raises(gl.errors.UnknownMethodError, match="hirescam"):
            analysis.heatmap(method="hirecam")

    def test_unknown_score(self, analysis):
        with pytest.raises(gl.errors.SettingError, match="probability"):
            analysis.heatmap(score="probabilite")

    def test_layer_must_be_a_name(self, analysis):
        with pytest.raises(gl.errors.UnknownLayerError, match="nom"):
            analysis.heatmap(layer=3)


class TestMemory:
    """Les plus grands tableaux ne sont pas gardés : ils se recalculent, à l'identique."""

    def test_forgotten_results_come_back_the_same(self, model, monkeypatch):
        image = tiny.make_image()
        expected = model.analyze(image)
        monkeypatch.setattr("gradcam_lab.network.engine._KEPT_BYTES", 0)
        analysis = gl.Classifier(model.model).analyze(image)
        for layer in ("conv1", "conv2", "conv1"):
            np.testing.assert_allclose(
                analysis.activations(layer), expected.activations(layer), rtol=1e-6
            )
            np.testing.assert_allclose(
                analysis.gradients(1, layer), expected.gradients(1, layer), rtol=1e-5
            )
        assert analysis.classifier.network.forward_count > 1

    def test_compiled_functions_are_bounded(self, model, monkeypatch):
        monkeypatch.setattr("gradcam_lab.network.engine._FUNCTIONS", 3)
        analysis = gl.Classifier(model.model).analyze(tiny.make_image())
        for target in range(4):
            for layers in ("conv1", "conv2", "all"):
                analysis.heatmaps([target], layers)
        analysis.image_gradients()
        assert len(analysis.classifier.network._functions) == 3


class TestOneUnitAfterSoftmax:
    """L'erreur classique `Dense(1, activation="softmax")` : la probabilité vaut toujours 1."""

    @pytest.fixture
    def analysis(self):
        import keras
        from keras import layers as L

        keras.utils.set_random_seed(0)
        network = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                L.Conv2D(4, 3, activation="relu"),
                L.GlobalAveragePooling2D(),
                L.Dense(1, activation="softmax"),
            ]
        )
        return gl.Classifier(network).analyze(tiny.make_image(size=8))

    def test_probabilities_are_those_of_the_model(self, analysis):
        model = analysis.classifier.model
        (expected,) = model.predict(
            analysis.classifier.preprocess(tiny.make_image(size=8)), verbose=0
        )
        assert analysis.probabilities.tolist() == [1 - expected[0], expected[0]] == [0, 1]

    def test_the_score_before_it_is_explained_and_the_mistake_named(self, analysis):
        assert analysis.heatmap(1).any() or analysis.heatmap(0).any()
        assert "n'a qu'une sortie, suivie de softmax" in analysis.diagnose(1)[0]

    def test_the_probability_never_moves(self, analysis, capsys):
        assert not analysis.heatmap(1, score="probability").any()
        assert not analysis.heatmap(0, score="probability").any()
        assert "toujours 1" in capsys.readouterr().out


class TestRatherThan:
    """`against=` : l'écart entre deux scores, comparé à la formule et à des réseaux équivalents."""

    @pytest.mark.parametrize("layer", ["conv1", "conv2"])
    @pytest.mark.parametrize("method", ["gradcam", "hirescam"])
    def test_signed_map_is_the_difference_of_the_two(self, analysis, layer, method):
        formula = gl.METHODS[method].function
        a = analysis.activations(layer)
        g = analysis.gradients(2, layer) - analysis.gradients(0, layer)
        signed = formula(a, g, relu=False)
        choices = {"layer": layer, "method": method, "normalize": False, "against": 0}
        atol = 1e-6 * np.abs(signed).max()
        np.testing.assert_allclose(
            analysis.heatmap(2, **choices), np.maximum(signed, 0), rtol=1e-4, atol=atol
        )
        contrary = analysis.heatmap(2, evidence="against", **choices)
        np.testing.assert_allclose(contrary, np.maximum(-signed, 0), rtol=1e-4, atol=atol)

    def test_swapping_the_classes_is_the_evidence_against(self, analysis):
        contrary = analysis.heatmap(2, against=0, evidence="against")
        np.testing.assert_allclose(analysis.heatmap(0, against=2), contrary, atol=1e-5)

    def test_one_sigmoid_unit_between_two_columns_gives_the_same_map(self, model, analysis):
        import keras

        kernel, bias = model.model.layers[-1].get_weights()
        unit = keras.layers.Dense(1, activation="sigmoid")
        pooled = model.model.layers[-1].input
        duel = keras.Model(model.model.input, unit(pooled))
        unit.set_weights([kernel[:, 2:3] - kernel[:, :1], bias[2:3] - bias[:1]])
        two = gl.Classifier(duel, preprocess=model._preprocess).analyze(tiny.make_image())
        np.testing.assert_allclose(two.heatmap(1), analysis.heatmap(2, against=0), atol=1e-5)
        p = analysis.probabilities
        assert two.probabilities[1] == pytest.approx(p[2] / (p[2] + p[0]), rel=1e-5)

    def test_one_unit_has_two_opposite_classes(self):
        import keras
        from keras import layers as L

        keras.utils.set_random_seed(3)
        network = keras.Sequential(
            [keras.Input((8, 8, 3)), L.Conv2D(5, 3, activation="relu"), L.Flatten(), L.Dense(1)]
        )
        one = gl.Classifier(network).analyze(tiny.make_image(size=8))
        np.testing.assert_allclose(one.heatmap(1, against=0), one.heatmap(1), atol=1e-6)
        raw = one.heatmap(1, normalize=False)
        np.testing.assert_allclose(
            one.heatmap(1, against=0, normalize=False), 2 * raw, rtol=1e-5, atol=1e-9
        )

    def test_probabilities_are_differences_too(self, analysis):
        g = analysis.gradients(2, score="probability") - analysis.gradients(0, score="probability")
        signed = cam.gradcam(analysis.activations(), g)
        found = analysis.heatmap(2, against=0, score="probability", normalize=False)
        np.testing.assert_allclose(found, signed, rtol=1e-3, atol=1e-6 * signed.max())

    def test_against_itself_or_nobody(self, analysis):
        with pytest.raises(gl.errors.SettingError, match="une autre"):
            analysis.heatmap(2, against="trois")
        with pytest.raises(gl.errors.UnknownClassError):
            analysis.heatmap(2, against="quartre-vingt")

    def test_an_empty_map_names_both_classes(self, capsys):
        analysis = linear_model([1, 1, 1]).analyze(np.full((6, 6, 3), 200, np.uint8))
        assert not analysis.heatmap(0, against=1).any()
        assert "« classe 0 » plutôt que « classe 1 »" in capsys.readouterr().out
