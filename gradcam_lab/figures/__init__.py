"""Les figures : dessiner une analyse, des cartes, des canaux, et les enregistrer."""

from .balance import for_and_against
from .canvas import LessonFigure, to_png
from .common import show_channels, show_images, show_maps, show_probabilities, show_vector
from .overview import show
from .saving import save
from .strips import channel_strip, compare_classes, layer_strip

__all__ = [
    "LessonFigure",
    "channel_strip",
    "compare_classes",
    "for_and_against",
    "layer_strip",
    "save",
    "show",
    "show_channels",
    "show_images",
    "show_maps",
    "show_probabilities",
    "show_vector",
    "to_png",
]
