"""Nos cartes contre celles de tf-keras-vis, sur de petits réseaux (les grands : test_peers.py)."""

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl
from gradcam_lab.methods import scorecam, trials

pytest.importorskip("tf_keras_vis", reason="tf-keras-vis n'est pas installé")

TARGETS = range(tiny.CLASSES)


@pytest.fixture(scope="module")
def network():
    """Deux convolutions séparées par un pooling, et des scores bruts."""
    import keras
    from keras import layers as L

    weights = tiny.make_weights()
    network = keras.Sequential(
        [
            keras.Input((tiny.SIZE, tiny.SIZE, 3)),
            L.Conv2D(5, 3, padding="same", activation="relu", name="conv1"),
            L.MaxPooling2D(2),
            L.Conv2D(tiny.CHANNELS, 3, padding="same", activation="relu", name="conv2"),
            L.GlobalAveragePooling2D(),
            L.Dense(tiny.CLASSES),
        ]
    )
    network.set_weights([weights[name] for name in ("k1", "b1", "k2", "b2", "w", "b")])
    return network


@pytest.fixture(scope="module")
def analysis(network):
    return gl.Classifier(network, preprocess=lambda x: x / 127.5 - 1).analyze(tiny.make_image())


@pytest.fixture(scope="module")
def theirs(network, analysis):
    """La carte de tf-keras-vis, à la taille de la couche, normalisée par son maximum."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.gradcam_plus_plus import GradcamPlusPlus
    from tf_keras_vis.scorecam import Scorecam
    from tf_keras_vis.utils.scores import CategoricalScore

    peers = {
        name: kind(network, clone=True)
        for name, kind in (
            ("gradcam", Gradcam),
            ("gradcam++", GradcamPlusPlus),
            ("scorecam", Scorecam),
        )
    }
    image = analysis.classifier.preprocess(tiny.make_image())

    def compute(name, target, layer):
        found = peers[name](
            CategoricalScore(target),
            image,
            penultimate_layer=layer,
            seek_penultimate_conv_layer=False,
            expand_cam=False,
            normalize_cam=False,
        )
        return gl.methods.normalize(np.asarray(found)[0])

    return compute


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_gradcam(analysis, theirs, layer):
    for target in TARGETS:
        found = analysis.heatmap(target, layer=layer)
        np.testing.assert_allclose(found, theirs("gradcam", target, layer), atol=1e-4)
    assert analysis.heatmap(0, layer=layer).any()


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_gradcam_plus_plus_with_their_coefficients(analysis, theirs, layer):
    """Ils divisent les `a_k` par leur somme, canal par canal, ce que l'article n'écrit pas.

    Où le gradient est le même partout (`conv2`, devant une moyenne globale), tous les `a_k` d'un
    canal sont égaux, et cette somme retire à la carte la taille de chaque canal.
    """
    a = np.float64(analysis.activations(layer))
    for target in TARGETS:
        g = np.float64(analysis.gradients(target, layer))
        shares = np.divide(
            g**2, 2 * g**2 + a.sum(axis=(0, 1)) * g**3, out=np.zeros_like(g), where=g != 0
        )
        total = shares.sum(axis=(0, 1))
        maps = [
            gl.methods.normalize(a @ (part * np.maximum(g, 0)).sum(axis=(0, 1)))
            for part in (shares, shares / np.where(total == 0, 1, total))
        ]
        found = analysis.heatmap(target, layer=layer, method="gradcam++")
        np.testing.assert_allclose(found, maps[0], atol=1e-4)
        np.testing.assert_allclose(theirs("gradcam++", target, layer), maps[1], atol=1e-4)


def through_zoom(values, size):
    """L'agrandissement de tf-keras-vis : scipy, coins sur coins."""
    from scipy.ndimage import zoom

    return zoom(values, np.divide(size, values.shape), order=1, mode="nearest")


@pytest.mark.parametrize("layer", ["conv1", "conv2"])
def test_scorecam_with_their_weights(analysis, theirs, layer, monkeypatch):
    """Chez eux, un canal pèse la probabilité de la classe, sans softmax d'un canal à l'autre.

    Le softmax de `log(p)` est proportionnel à `p` : donner ce score à notre fonction lui donne leur
    définition. Leurs masques sont agrandis coins sur coins ; `conv1` n'a rien à agrandir.
    """
    if layer == "conv2":
        monkeypatch.setattr(trials, "resize_map", through_zoom)
    model, image = analysis.classifier.model, analysis.classifier.preprocess(tiny.make_image())[0]

    def log_probability(target):
        def score(images):
            z = np.float64(model.predict(images, verbose=0))
            return z[:, target] - np.log(np.exp(z).sum(axis=1))

        return score

    for target in TARGETS:
        found = scorecam(analysis.activations(layer), image, log_probability(target))
        expected = theirs("scorecam", target, layer)
        np.testing.assert_allclose(gl.methods.normalize(found), expected, atol=1e-4)


def test_saliency(analysis, network):
    from tf_keras_vis.saliency import Saliency
    from tf_keras_vis.utils.scores import CategoricalScore

    image = analysis.classifier.preprocess(tiny.make_image())
    for target in TARGETS:
        peer = Saliency(network, clone=True)(
            CategoricalScore(target), image, normalize_map=False, keepdims=True
        )
        found = np.abs(analysis.image_gradients(target))
        assert found.max() > 0
        np.testing.assert_allclose(found, np.asarray(peer)[0], rtol=1e-4, atol=1e-5 * found.max())
