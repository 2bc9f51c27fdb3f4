"""Nos cartes contre celles de pytorch-grad-cam, sur un réseau aux mêmes poids.

`pytorch_gradcam.py` dit comment le fichier est fait. Là où une définition diffère, le test la
nomme, et l'applique à nos propres fonctions.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab.methods import trials

SOURCE = Path(__file__).with_name("pytorch_gradcam.py")
LAYERS, TARGETS = ("conv1", "conv2"), range(4)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(SOURCE.stem, SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def theirs(script):
    with np.load(script.FILE) as file:
        return dict(file)


@pytest.fixture(scope="module")
def analysis(theirs):
    import keras
    from keras import layers as L

    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            L.Conv2D(5, 3, padding="same", activation="relu", name="conv1"),
            L.MaxPooling2D(2),
            L.Conv2D(6, 3, padding="same", activation="relu", name="conv2"),
            L.GlobalAveragePooling2D(),
            L.Dense(4),
        ]
    )
    model.set_weights([theirs[name] for name in ("k1", "b1", "k2", "b2", "w", "b")])
    # L'image du fichier est déjà celle que le réseau reçoit.
    model = gl.Classifier(model, preprocess=lambda x: theirs["image"][None])
    return model.analyze(np.zeros((12, 12, 3), np.uint8))


def stretched(heatmap):
    """La carte montrée par pytorch-grad-cam : ReLU, moins son minimum, sur son maximum."""
    heatmap = np.maximum(np.float64(heatmap), 0)
    heatmap = heatmap - heatmap.min()
    return heatmap / (heatmap.max() or 1)


def aligned(values, size):
    """Un agrandissement bilinéaire dont les coins coïncident (`align_corners=True`)."""
    weights = []
    for old, new in zip(values.shape, size):
        where = np.linspace(0, old - 1, new)
        weights.append(np.maximum(1 - np.abs(where[:, None] - np.arange(old)), 0))
    return weights[0] @ values @ weights[1].T


def agree(found, expected):
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_the_two_networks_are_the_same(script, theirs, analysis):
    for name, array in script.make_inputs().items():
        np.testing.assert_array_equal(theirs[name], array)
    np.testing.assert_allclose(analysis.scores, theirs["scores"], rtol=1e-5)
    assert [str(line).split()[0] for line in theirs["versions"]] == ["grad-cam", "torch", "numpy"]
    assert script.FILE.stat().st_size < 100_000


def test_the_maps_are_not_blank(theirs):
    """Sans quoi être d'accord ne prouverait rien."""
    for layer in LAYERS:
        for name in ("gradcam", "gradcam++", "hirescam", "layercam", "scorecam", "eigencam"):
            assert sum(theirs[f"{layer}/{name}"][target].max() > 0.9 for target in TARGETS) >= 2


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("name", ["gradcam", "hirescam", "layercam", "xgradcam", "ablationcam"])
def test_the_same_formula_gives_the_same_map(theirs, analysis, name, layer):
    """Moyenne ou somme des canaux, poids divisés ou non par le score : la normalisation l'efface.

    Ablation-CAM : un score négatif retournerait leur carte ; les nôtres sont ici positifs. Ils
    éteignent un canal en le mettant à zéro, comme nous, parce que le minimum de la couche est 0.
    """
    assert analysis.scores.min() > 0
    assert analysis.activations(layer).min() == 0
    for target in TARGETS:
        found = analysis.heatmap(target, layer=layer, method=name, normalize=False)
        agree(stretched(found), theirs[f"{layer}/{name}"][target])


@pytest.mark.parametrize("layer", LAYERS)
def test_gradcam_plus_plus_differs_by_an_epsilon(theirs, analysis, layer):
    """Ils ajoutent 1e-6 au dénominateur, où g² vaut parfois moins ; nous ne divisons que s'il le
    faut."""
    a = np.float64(analysis.activations(layer))
    for target in TARGETS:
        g = np.float64(analysis.gradients(target, layer))
        maps = []
        for epsilon in (0, 1e-6):
            below = 2 * g**2 + a.sum(axis=(0, 1)) * g**3 + epsilon
            share = np.divide(g**2, below, out=np.zeros_like(g), where=below != 0)
            maps.append(a @ (share * np.maximum(g, 0)).sum(axis=(0, 1)))
        agree(stretched(maps[1]), theirs[f"{layer}/gradcam++"][target])
        found = analysis.heatmap(target, layer=layer, method="gradcam++", normalize=False)
        agree(stretched(maps[0]), stretched(found))


@pytest.mark.parametrize("layer", LAYERS)
def test_eigencam_differs_by_its_centre(theirs, analysis, layer):
    """Ils centrent les activations, ce que l'article n'écrit pas ; leur signe est quelconque."""
    a = np.float64(analysis.activations(layer))
    signed = gl.methods.eigencam(a - a.mean(axis=(0, 1)), relu=False)
    for target in TARGETS:
        expected = theirs[f"{layer}/eigencam"][target]
        sides = [np.abs(stretched(side) - expected).max() for side in (signed, -signed)]
        assert min(sides) < 1e-4
    other = stretched(analysis.heatmap(method="eigencam", layer=layer, normalize=False))
    assert np.abs(other - expected).max() > 0.1  # la différence n'est pas de détail


def test_scorecam_is_the_same_where_nothing_is_enlarged(theirs, analysis):
    for target in TARGETS:
        found = analysis.heatmap(target, layer="conv1", method="scorecam", normalize=False)
        agree(stretched(found), theirs["conv1/scorecam"][target])


def test_scorecam_differs_by_its_enlargement(theirs, analysis, monkeypatch):
    """Leurs masques sont agrandis coins sur coins, les nôtres centre sur centre (OpenCV, Keras)."""
    ours = [analysis.heatmap(t, layer="conv2", method="scorecam") for t in TARGETS]
    monkeypatch.setattr(trials, "resize_map", aligned)
    fresh = analysis.classifier.analyze(np.zeros((12, 12, 3), np.uint8))
    for target in TARGETS:
        found = fresh.heatmap(target, layer="conv2", method="scorecam", normalize=False)
        agree(stretched(found), theirs["conv2/scorecam"][target])
    gaps = [np.abs(stretched(m) - theirs["conv2/scorecam"][t]).max() for t, m in enumerate(ours)]
    assert 1e-3 < max(gaps) < 0.5


def test_guided_backprop_differs_by_its_colours(theirs, analysis):
    """Ils gardent les couleurs et leur signe ; notre carte en est le maximum en valeur absolue."""
    for target in TARGETS:
        expected = np.abs(theirs["guided"][target]).max(axis=-1)
        found = analysis.heatmap(target, method="guided_backprop", normalize=False)
        assert expected.max() > 0
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(
    importlib.util.find_spec("pytorch_grad_cam") is None,
    reason="grad-cam (PyTorch) n'est pas installé",
)
def test_the_file_is_what_the_library_computes(theirs, tmp_path):
    # Dans un autre programme : PyTorch et TensorFlow ne cohabitent pas toujours.
    file = tmp_path / "again.npz"
    subprocess.run([sys.executable, SOURCE, file], check=True, capture_output=True)
    with np.load(file) as again:
        for name in set(theirs) - {"versions"}:
            np.testing.assert_allclose(again[name], theirs[name], atol=1e-5)
