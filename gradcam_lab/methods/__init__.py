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
from .eigen import eigencam
from .pixels import guided_backprop, guided_gradcam, integrated_gradients
from .registry import METHODS, SCORES, Method, find_method
from .trials import ablationcam, occlusion, scorecam

__all__ = [
    "METHODS",
    "Method",
    "SCORES",
    "ablationcam",
    "eigencam",
    "find_method",
    "gradcam",
    "gradcam_plus_plus",
    "guided_backprop",
    "guided_gradcam",
    "hirescam",
    "integrated_gradients",
    "layercam",
    "normalize",
    "occlusion",
    "pooled_gradients",
    "scorecam",
    "xgradcam",
]
