from .checks.annexe import check_best_epoch
from .checks.lesson_1 import check_edges, check_preparation, check_top_classes
from .checks.lesson_2 import check_against, check_gradcam, check_heatmap, check_mended
from .checks.lesson_3 import check_heat_opacity, check_mix, check_overlay_function
from .checks.lesson_4 import check_hot_mask, check_smallest_region, check_verdicts
from .panels import Panel, panel
from .published import (
    Reference,
    imagenet_labels,
    mini_evaluation,
    mini_log,
    published_vgg16,
)
from .quizzes.widget import Quiz, quiz

__all__ = [
    "Panel",
    "Quiz",
    "Reference",
    "check_against",
    "check_best_epoch",
    "check_edges",
    "check_gradcam",
    "check_heat_opacity",
    "check_heatmap",
    "check_hot_mask",
    "check_mended",
    "check_mix",
    "check_overlay_function",
    "check_preparation",
    "check_smallest_region",
    "check_top_classes",
    "check_verdicts",
    "imagenet_labels",
    "mini_evaluation",
    "mini_log",
    "panel",
    "published_vgg16",
    "quiz",
]
