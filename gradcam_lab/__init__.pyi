# Les noms publics : `lazy_loader` les lit ici, et les éditeurs les complètent d'ici.
from . import errors, features, figures, lessons, methods, metrics
from .classroom.installation import check_installation
from .errors import GradcamLabError
from .explain.analysis import Analysis
from .explain.classifier import Classifier
from .explorer import Explorer
from .figures.balance import for_and_against
from .figures.common import (
    show_channels,
    show_images,
    show_maps,
    show_probabilities,
    show_vector,
)
from .figures.overview import show
from .figures.saving import save
from .figures.strips import channel_strip, compare_classes, layer_strip
from .images.hot_region import draw_hot_region, find_hot_region
from .images.overlay import colorize, colormaps, superimpose
from .images.photos import sample, samples
from .images.reading import load_image
from .methods.registry import METHODS
from .models.catalogue import available_models
from .models.loading import load_classifier, load_model

__all__ = [
    "Analysis",
    "Classifier",
    "Explorer",
    "GradcamLabError",
    "METHODS",
    "available_models",
    "channel_strip",
    "check_installation",
    "colorize",
    "colormaps",
    "compare_classes",
    "draw_hot_region",
    "errors",
    "features",
    "figures",
    "find_hot_region",
    "for_and_against",
    "layer_strip",
    "lessons",
    "load_classifier",
    "load_image",
    "load_model",
    "methods",
    "metrics",
    "sample",
    "samples",
    "save",
    "show",
    "show_channels",
    "show_images",
    "show_maps",
    "show_probabilities",
    "show_vector",
    "superimpose",
]
