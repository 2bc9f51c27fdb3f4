"""Grad-CAM pas à pas : voir quelles parties d'une photo ont mené un réseau à sa décision.

    import gradcam_lab as gl

    model = gl.load_model("vgg16")
    analysis = model.analyze(gl.sample("dalmatien"))
    heatmap = analysis.heatmap("dalmatien")

L'import est léger : TensorFlow n'est chargé qu'au premier réseau.
"""

from importlib import import_module
from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("gradcam_lab")
except PackageNotFoundError:
    # Lu depuis les sources, sans installation.
    __version__ = "0"

# Chaque nom public et le module qui le définit ; il n'est importé qu'à la première demande.
_PUBLIC = {
    "Analysis": "analysis",
    "Classifier": "classifier",
    "Explorer": "explorer",
    "ExplorerState": "explorer",
    "GradcamLabError": "errors",
    "HotRegion": "hot_region",
    "ImageError": "errors",
    "LayerInfo": "engine",
    "METHODS": "cam",
    "ModelError": "errors",
    "ModelInfo": "zoo",
    "OutputError": "errors",
    "Prediction": "analysis",
    "SCORES": "scores",
    "SampleInfo": "photos",
    "UnknownClassError": "errors",
    "UnknownLayerError": "errors",
    "UnknownMethodError": "errors",
    "UnknownModelError": "errors",
    "WeightsUnavailableError": "errors",
    "available_models": "zoo",
    "cam": None,
    "check_installation": "checkup",
    "channel_strip": "explorer",
    "colorize": "images",
    "colormaps": "images",
    "compare_classes": "explorer",
    "draw_hot_region": "hot_region",
    "find_hot_region": "hot_region",
    "layer_strip": "explorer",
    "load_classifier": "classifier",
    "load_image": "images",
    "load_model": "classifier",
    "panel": "panels",
    "published_vgg16": "reference",
    "sample": "photos",
    "samples": "photos",
    "save": "saving",
    "show": "figures",
    "show_channels": "figures",
    "show_images": "figures",
    "show_maps": "figures",
    "show_probabilities": "figures",
    "show_vector": "figures",
    "superimpose": "images",
    "to_png": "figures",
}
__all__ = ["__version__", *_PUBLIC]


def __getattr__(name):
    if name not in _PUBLIC:
        raise AttributeError(f"module 'gradcam_lab' has no attribute {name!r}")
    module = _PUBLIC[name]
    if module is None:
        value = import_module(f".{name}", __name__)
    else:
        value = getattr(import_module(f".{module}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_PUBLIC})
