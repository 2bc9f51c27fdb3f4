"""Les figures de référence, que `test_reference.py` compare à celles d'aujourd'hui.

    python tests/figures/make_reference.py

redessine celles du dossier `reference/`, et note avec quoi ; regardez-les avant de les enregistrer.
Ni réseau, ni photo : l'image est calculée et les cartes sont écrites à la main, les mêmes partout.
"""

from importlib.metadata import version
from pathlib import Path

import matplotlib.style
import numpy as np
from PIL import Image

import gradcam_lab as gl
from gradcam_lab.explain.prediction import Prediction

FOLDER = Path(__file__).parent / "reference"
LABELS = (("cat", "chat"), ("dog", "chien"), ("cup", "tasse"), ("car", "voiture à 10 $ ou 20 $"))
LAYERS = {"conv1": 24, "conv2": 12, "conv3": 6}  # nom et côté de la carte


def synthetic_picture(height=96, width=128):
    """Des carreaux de couleur et un disque beige : uint8 (height, width, 3)."""
    y, x = np.mgrid[0:height, 0:width]
    picture = np.stack([12 * (x // 8), 16 * (y // 8), 96 + 0 * x], axis=-1)
    picture[(x - 88) ** 2 + (y - 40) ** 2 < 24**2] = (170, 160, 120)
    return picture.astype(np.uint8)


def bump(side, centre=(0.42, 0.69), width=0.25):
    """Une bosse de hauteur 1, float32 (side, side)."""
    steps = (np.arange(side) + 0.5) / side
    y, x = steps[:, None] - centre[0], steps[None, :] - centre[1]
    values = np.exp(-(x**2 + y**2) / (2 * width**2)).astype(np.float32)
    return values / values.max()


class HandMade(gl.Analysis):
    """Une analyse dont les cartes sont écrites à la main."""

    probabilities = np.array([0.62, 0.3, 0.07, 0.01], np.float32)

    def __init__(self):
        self.image = Image.fromarray(synthetic_picture())

    def prediction(self, target=None):
        index = 0 if target is None else int(target)
        return Prediction(index, None, *LABELS[index], float(self.probabilities[index]))

    def heatmap(self, target=None, *, layer=None, **_):
        return bump(LAYERS[layer or "conv3"]) * np.float32([1, 0.5, 0.25, 0][target or 0])

    def heatmaps(self, targets=None, layers=None, **_):
        layers = list(LAYERS) if layers == "all" else ["conv3"]
        return {(t, k): self.heatmap(t, layer=k) for t in targets for k in layers}

    def diagnose(self, target=None, **_):
        return ["Cette phrase est écrite sous une carte vide."] if target == 3 else []


def activations():
    """Six canaux, float32 (8, 10, 6), de plus en plus vifs."""
    steps = np.linspace(0, 1, 80, dtype=np.float32).reshape(8, 10)
    return np.stack([(k + 1) / 6 * np.roll(steps, 9 * k) for k in range(6)], axis=-1)


def figures():
    """Chaque figure de référence, par son nom."""
    analysis = HandMade()
    signed = bump(9) - 0.6 * bump(9, (0.8, 0.2))
    return {
        "show": gl.show(analysis, [0]),
        "show_blank": gl.show(analysis, [3]),
        "maps": gl.show_maps({"une carte": bump(14), "des zéros": np.zeros((7, 14))}),
        "signed_maps": gl.show_maps({"pour et contre": signed}, signed=True),
        "channels": gl.show_channels(activations(), count=5, columns=3),
        "probabilities": gl.show_probabilities(analysis.top(4), target=1),
        "vector": gl.show_vector(np.sin(np.arange(60) / 5), ylabel="valeur", marked=[7, 40]),
        "images": gl.show_images(
            {"la photo": analysis.image, "en gris": analysis.image.convert("L")}
        ),
        "layer_strip": gl.layer_strip(analysis, 0, marked="conv2"),
        "classes": gl.compare_classes(analysis, [0, 1]),
    }


def versions():
    """Ce qui dessine les lettres et les place : d'une version à l'autre, elles bougent un peu."""
    numbers = {name: version(name).split(".") for name in ("matplotlib", "pillow")}
    return ", ".join(f"{name} {major}.{minor}" for name, (major, minor, *_) in numbers.items())


def write(folder):
    """Écrit chaque figure en PNG dans `folder`, avec le style d'origine de matplotlib."""
    with matplotlib.style.context("default"):
        for name, drawn in figures().items():
            (folder / f"{name}.png").write_bytes(gl.figures.to_png(drawn))
    (folder / "versions.txt").write_text(f"{versions()}\n", encoding="utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    write(FOLDER)
