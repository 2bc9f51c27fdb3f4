"""Écrit `pytorch_gradcam.npz` : les cartes de pytorch-grad-cam sur un petit réseau.

PyTorch n'est pas une dépendance du cours : `test_pytorch_gradcam.py` compare nos cartes à ce
fichier, et le refait si `grad-cam` est installé. Dans un environnement à part :

    python3 -m venv /tmp/torchenv && /tmp/torchenv/bin/pip install torch grad-cam
    /tmp/torchenv/bin/python tests/peers/pytorch_gradcam.py
"""

import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_suffix(".npz")
SIZE, CLASSES, TARGETS = 12, 4, (0, 1, 2, 3)


def make_inputs():
    """Les poids du réseau (Conv, ReLU, pooling, Conv, ReLU, GAP, Dense) et une image."""
    rng = np.random.default_rng(11)
    draw = {
        "k1": (0.4, (3, 3, 3, 5)),
        "b1": (0.1, (5,)),
        "k2": (0.4, (3, 3, 5, 6)),
        "b2": (0.1, (6,)),
        "w": (0.3, (6, CLASSES)),
        # Des scores positifs : pytorch-grad-cam divise les poids d'Ablation-CAM par le score.
        "b": (0.1, (CLASSES,)),
        "image": (1.0, (SIZE, SIZE, 3)),
    }
    found = {name: rng.normal(0, *pair).astype(np.float32) for name, pair in draw.items()}
    return {**found, "b": found["b"] + 5}


def compute(inputs):
    """Les scores et les cartes (classe, h, w) de pytorch-grad-cam, par nom de méthode."""
    import pytorch_grad_cam as peer
    import torch
    from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

    def convolution(kernel, bias):
        layer = torch.nn.Conv2d(kernel.shape[2], kernel.shape[3], 3, padding=1)
        layer.weight.data = torch.tensor(kernel.transpose(3, 2, 0, 1).copy())
        layer.bias.data = torch.tensor(bias)
        return layer

    dense = torch.nn.Linear(*inputs["w"].shape)
    dense.weight.data, dense.bias.data = (
        torch.tensor(inputs["w"].T.copy()),
        torch.tensor(inputs["b"]),
    )
    model = torch.nn.Sequential(
        convolution(inputs["k1"], inputs["b1"]),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        convolution(inputs["k2"], inputs["b2"]),
        torch.nn.ReLU(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        dense,
    ).eval()
    image = torch.tensor(inputs["image"].transpose(2, 0, 1)[None].copy())
    found = {"scores": model(image).detach().numpy()[0]}
    methods = {
        "gradcam": peer.GradCAM,
        "gradcam++": peer.GradCAMPlusPlus,
        "hirescam": peer.HiResCAM,
        "layercam": peer.LayerCAM,
        "xgradcam": peer.XGradCAM,
        "eigencam": peer.EigenCAM,
        "scorecam": peer.ScoreCAM,
        "ablationcam": peer.AblationCAM,
    }
    # La carte de la dernière convolution (après ReLU), et celle de la première.
    for layer, index in (("conv2", 4), ("conv1", 1)):
        for name, method in methods.items():
            with method(model=model, target_layers=[model[index]]) as cam:
                # À la taille de la couche : leur agrandissement n'est pas celui de l'image.
                cam.get_target_width_height = lambda tensor: None
                found[f"{layer}/{name}"] = np.concatenate(
                    [cam(image, [ClassifierOutputTarget(target)]) for target in TARGETS]
                )
    guided = peer.GuidedBackpropReLUModel(model, device="cpu")
    found["guided"] = np.stack([guided(image.clone(), target) for target in TARGETS])
    return found


def versions():
    """Les versions qui ont fait les cartes."""
    return [f"{name} {version(name)}" for name in ("grad-cam", "torch", "numpy")]


if __name__ == "__main__":
    inputs = make_inputs()
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    np.savez_compressed(file, **inputs, **compute(inputs), versions=versions())
    print(f"{file} : {file.stat().st_size} octets, {', '.join(versions())}")
