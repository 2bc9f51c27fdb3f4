from .checks import check_heatmap, check_mix, check_smallest_region, check_top_classes
from .panels import Panel, panel
from .published import (
    Reference,
    imagenet_labels,
    mini_evaluation,
    mini_log,
    published_vgg16,
)

__all__ = [
    "Panel",
    "Reference",
    "check_heatmap",
    "check_mix",
    "check_smallest_region",
    "check_top_classes",
    "imagenet_labels",
    "mini_evaluation",
    "mini_log",
    "panel",
    "published_vgg16",
]
