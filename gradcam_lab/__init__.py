"""Grad-CAM pas à pas : voir quelles parties d'une photo ont mené un réseau à sa décision.

    import gradcam_lab as gl

    model = gl.load_model("vgg16")
    analysis = model.analyze(gl.sample("dalmatien"))
    heatmap = analysis.heatmap("dalmatien")

L'import est léger : TensorFlow n'est chargé qu'au premier réseau. Les noms publics et le module
de chacun sont dans `__init__.pyi`.
"""

from importlib.metadata import PackageNotFoundError, version

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

try:
    __version__ = version("gradcam_lab")
except PackageNotFoundError:
    # Lu depuis les sources, sans installation.
    __version__ = "0"
