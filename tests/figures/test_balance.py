"""Le pour et le contre : la photo teintée, la carte de signes, et la figure qui les montre."""

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab.errors import GradcamLabError, HeatmapError, SettingError
from gradcam_lab.figures.balance import tint

GRAY = np.full((8, 8, 3), 100, np.uint8)


@pytest.fixture(scope="module")
def analysis():
    # Flatten : le gradient change d'une case à l'autre.
    model = gl.Classifier(tiny_models.build("softmax dans Dense"))
    return model.analyze(tiny_models.make_image(size=24))


# --- La photo teintée -------------------------------------------------------------------------


def test_red_is_for_blue_is_against_and_zero_is_the_photo():
    signed = np.zeros((8, 8), np.float32)
    signed[2, 2], signed[5, 5] = 4.0, -4.0
    red, blue = tint(signed, GRAY)[2, 2], tint(signed, GRAY)[5, 5]
    np.testing.assert_array_equal(red, np.uint8(0.75 * np.array([178, 24, 43]) + 25))
    np.testing.assert_array_equal(blue, np.uint8(0.75 * np.array([33, 102, 172]) + 25))
    np.testing.assert_array_equal(tint(signed, GRAY)[0, 0], GRAY[0, 0])
    np.testing.assert_array_equal(tint(0 * signed, GRAY), GRAY)
    red_cup = np.zeros((8, 8, 3), np.uint8)
    red_cup[..., 0] = 200  # le rouge d'un objet ne doit pas passer pour un indice
    assert np.ptp(tint(0 * signed, red_cup), axis=2).max() == 0


def test_opacity_follows_the_value_and_the_scale():
    signed = np.full((2, 2), 1.0, np.float32)
    assert tint(signed, GRAY, scale=2.0)[0, 0, 0] < tint(signed, GRAY)[0, 0, 0]
    np.testing.assert_array_equal(tint(signed, GRAY, scale=0.5), tint(signed, GRAY))


def test_what_is_not_a_map_is_refused():
    for wrong in (np.zeros((2, 2, 3)), np.full((2, 2), np.nan), "carte"):
        with pytest.raises(HeatmapError):
            tint(wrong, GRAY)
    with pytest.raises(HeatmapError, match="positif"):
        tint(np.zeros((2, 2)), GRAY, scale=-1)


# --- Ce qui plaide contre ---------------------------------------------------------------------


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_for_minus_against_is_the_map_before_relu(analysis, score):
    signed = gl.methods.gradcam(
        analysis.activations(), analysis.gradients(1, score=score), relu=False
    )
    both = [
        analysis.heatmap(1, evidence=side, score=score, normalize=False)
        for side in ("for", "against")
    ]
    np.testing.assert_allclose(both[0] - both[1], signed, rtol=1e-4, atol=1e-12)
    assert not (both[0] * both[1]).any()


def test_against_is_the_method_on_negated_gradients(analysis):
    activations, gradients = analysis.activations(), analysis.gradients(2)
    of_gradients = [m for m in gl.METHODS.values() if m.needs == ("activations", "gradients")]
    assert len(of_gradients) == 5
    for method in of_gradients:
        expected = gl.methods.normalize(method.function(activations, -gradients))
        found = analysis.heatmap(2, method=method.name, evidence="against")
        np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_unknown_side_is_refused(analysis):
    for call in (analysis.heatmap, analysis.diagnose):
        with pytest.raises(SettingError, match="« for »"):
            call(1, evidence="contre")


def test_an_empty_map_against_says_why(capsys):
    model = gl.Classifier(tiny_models.build("softmax dans Dense"))
    analysis = model.analyze(tiny_models.make_image(size=24))
    target = analysis.top(1)[0].index
    signed = gl.methods.gradcam(analysis.activations(), analysis.gradients(target), relu=False)
    if signed.min() < 0:  # la phrase n'est due qu'à une carte sans aucun contre
        assert analysis.diagnose(target, evidence="against") == []
    one = gl.Classifier(one_sided())
    analysis = one.analyze(tiny_models.make_image(size=24))
    assert "aucun indice contre" in analysis.diagnose(0, evidence="against")[0]
    assert analysis.diagnose(0) == []


def one_sided():
    """Un réseau dont tous les poids sont positifs : tout plaide pour la première classe."""
    import keras

    inputs = keras.Input((24, 24, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", kernel_initializer="ones")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(2, kernel_initializer="ones")(x))


# --- La figure --------------------------------------------------------------------------------


def test_the_figure_has_one_column_per_class(analysis):
    one, two = gl.for_and_against(analysis, 1), gl.for_and_against(analysis, [1, 2])
    assert one.dtype == np.uint8
    assert two.shape[1] > 1.9 * one.shape[1]
    np.testing.assert_array_equal(gl.for_and_against(analysis), gl.for_and_against(analysis, None))


def test_the_figure_refuses_what_it_cannot_show(analysis):
    with pytest.raises(GradcamLabError, match="au moins une classe"):
        gl.for_and_against(analysis, [])
    with pytest.raises(GradcamLabError, match="résultat de model"):
        gl.for_and_against(GRAY)
