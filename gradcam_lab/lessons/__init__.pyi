from .checks.annexe import check_best_epoch
from .checks.lesson_12 import check_experiment, check_hypothesis, check_photos
from .checks.part_1.lesson_1 import check_edges, check_preparation, check_top_classes
from .checks.part_1.lesson_2 import check_against, check_gradcam, check_heatmap, check_mended
from .checks.part_1.lesson_3 import check_heat_opacity, check_mix, check_overlay_function
from .checks.part_1.lesson_4 import check_hot_mask, check_smallest_region, check_verdicts
from .checks.part_2.lesson_5 import check_dark_share, check_mosaic, check_useful_channels
from .checks.part_2.lesson_6 import check_ascent_step, check_descent, check_mended_climb
from .checks.part_3.lesson_7 import check_box_iou, check_one_unit, check_rather_than
from .checks.part_3.lesson_8 import (
    check_as_the_book,
    check_changed_step,
    check_found_recipe,
    check_later_overlay,
)
from .checks.part_3.lesson_9 import check_cover, check_heat_inside, check_suspect
from .checks.part_4.lesson_10 import check_class_likeness, check_spread, check_trust
from .checks.part_4.lesson_11 import check_cheat, check_curve_area, check_missing
from .panels import Panel, panel
from .photos import collect_photos
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
    "check_as_the_book",
    "check_ascent_step",
    "check_best_epoch",
    "check_box_iou",
    "check_changed_step",
    "check_cheat",
    "check_class_likeness",
    "check_cover",
    "check_curve_area",
    "check_dark_share",
    "check_descent",
    "check_edges",
    "check_experiment",
    "check_found_recipe",
    "check_gradcam",
    "check_heat_inside",
    "check_heat_opacity",
    "check_heatmap",
    "check_hot_mask",
    "check_hypothesis",
    "check_later_overlay",
    "check_mended",
    "check_mended_climb",
    "check_missing",
    "check_mix",
    "check_mosaic",
    "check_one_unit",
    "check_overlay_function",
    "check_photos",
    "check_preparation",
    "check_rather_than",
    "check_smallest_region",
    "check_spread",
    "check_suspect",
    "check_top_classes",
    "check_trust",
    "check_useful_channels",
    "check_verdicts",
    "collect_photos",
    "imagenet_labels",
    "mini_evaluation",
    "mini_log",
    "panel",
    "published_vgg16",
    "quiz",
]
