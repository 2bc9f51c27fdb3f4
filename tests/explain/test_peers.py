"""Nos cartes contre une autre mise en œuvre : tf-keras-vis, sur de vrais réseaux."""

import numpy as np
import pytest

import gradcam_lab as gl

pytest.importorskip("tf_keras_vis", reason="tf-keras-vis n'est pas installé")
pytestmark = pytest.mark.slow

CASES = {
    "vgg16": ["block5_conv3", "block4_conv2", "block3_conv1"],
    "mobilenet_v2": ["out_relu", "Conv_1", "block_13_expand_relu"],
}


@pytest.fixture(scope="module", params=list(CASES))
def model(request):
    import keras

    keras.utils.set_random_seed(0)
    model = gl.load_model(request.param, weights=None)
    rng = np.random.default_rng(0)
    for layer in model.model.layers:
        # Au hasard, un réseau à normalisation s'éteint (activations de 1e-11) : on le réveille.
        if isinstance(layer, keras.layers.BatchNormalization):
            n = layer.gamma.shape[0]
            layer.set_weights(
                [rng.uniform(0.5, 1.5, n), rng.normal(0.5, 1, n), np.zeros(n), np.ones(n)]
            )
    return model


@pytest.fixture(scope="module")
def picture(model):
    data = pytest.importorskip("skimage.data")
    return data.chelsea()


@pytest.fixture(scope="module")
def peer(model):
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear

    # clone=True : tf-keras-vis change le modèle qu'on lui donne.
    return Gradcam(model.model, model_modifier=ReplaceToLinear(), clone=True)


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("target", [251, 281, 999])
def test_gradcam_agrees_with_tf_keras_vis(model, peer, picture, index, target):
    from tf_keras_vis.utils.scores import CategoricalScore

    layer = CASES[model.name][index]
    expected = peer(
        CategoricalScore(target),
        model.preprocess(picture),
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,  # sinon, une autre couche est prise sans le dire
        expand_cam=False,
        normalize_cam=False,
    )
    expected = np.asarray(expected)[0]
    found = model.analyze(picture).heatmap(target, layer=layer, normalize=False)
    # Leur carte est la somme des canaux, la nôtre leur moyenne, comme dans le livre.
    channels = next(info.channels for info in model.layers if info.name == layer)
    scale = max(expected.max(), 1e-12)
    np.testing.assert_allclose(found * channels / scale, expected / scale, atol=2e-4)


@pytest.mark.parametrize("target", [251, 281])
def test_gradcam_plus_plus_agrees_with_tf_keras_vis(model, picture, target):
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    peer = GradcamPlusPlus(model.model, model_modifier=ReplaceToLinear(), clone=True)
    layer = model.default_layer
    expected = peer(
        CategoricalScore(target),
        model.preprocess(picture),
        penultimate_layer=layer,
        seek_penultimate_conv_layer=False,  # sinon, une autre couche est prise sans le dire
        expand_cam=False,
        normalize_cam=False,
    )
    expected = np.asarray(expected)[0]
    found = model.analyze(picture).heatmap(target, layer=layer, method="gradcam++")
    assert expected.max() > 0
    np.testing.assert_allclose(found, expected / expected.max(), atol=2e-2)


def test_the_model_is_left_unchanged(model, picture):
    x = model.preprocess(picture)
    before = model.model.predict(x, verbose=0)
    model.analyze(picture).heatmaps(targets=2, layers=CASES[model.name])
    assert np.array_equal(before, model.model.predict(x, verbose=0))
    np.testing.assert_allclose(model.analyze(picture).probabilities, before[0], atol=1e-6)
