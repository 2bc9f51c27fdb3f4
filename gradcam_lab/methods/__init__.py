"""Les méthodes : leurs formules, en NumPy, et le registre qui les énumère."""

from .cam import (
    gradcam,
    gradcam_plus_plus,
    hirescam,
    layercam,
    normalize,
    pooled_gradients,
    xgradcam,
)
from .registry import METHODS, SCORES, Method, find_method

__all__ = [
    "METHODS",
    "SCORES",
    "Method",
    "find_method",
    "gradcam",
    "gradcam_plus_plus",
    "hirescam",
    "layercam",
    "normalize",
    "pooled_gradients",
    "xgradcam",
]
