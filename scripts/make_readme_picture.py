"""Dessine docs/apercu.png, l'image qui ouvre le README.

    python scripts/make_readme_picture.py

La photo est Chelsea (Stéfan van der Walt, CC0), livrée avec scikit-image ; le réseau est
MobileNetV2 avec ses poids ImageNet, qu'il faut avoir en cache ou pouvoir télécharger.
"""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt

import gradcam_lab as gl

TARGET = Path(__file__).resolve().parents[1] / "docs" / "apercu.png"


def draw(path: Path) -> None:
    """Photo, carte de chaleur et superposition, côte à côte."""
    image = gl.sample("chelsea")
    analysis = gl.load_model("mobilenet_v2", fallback=False).analyze(image)
    best = analysis.top(1)[0]
    heatmap = analysis.heatmap(best.index)

    height, width = heatmap.shape
    panels = [
        ("La photo", image, None),
        (f"La carte de chaleur, {height} × {width} cases", heatmap, "viridis"),
        ("Superposées, à la taille de la photo", gl.superimpose(heatmap, image), None),
    ]
    figure, axes = plt.subplots(
        1, 3, figsize=(11, 3.1), width_ratios=[1.5, 1, 1.5], layout="constrained"
    )
    for axis, (title, picture, colormap) in zip(axes, panels):
        axis.imshow(picture, cmap=colormap)
        axis.set_title(title, fontsize=11)
        axis.axis("off")
    percent = f"{100 * best.probability:.0f}"
    figure.suptitle(
        f"Le réseau dit « {best.label_fr} » ({percent} %). Qu'a-t-il regardé ?", fontsize=13
    )
    path.parent.mkdir(exist_ok=True)
    # Sans la version de matplotlib : la même figure donne le même fichier.
    figure.savefig(path, dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    draw(TARGET)
