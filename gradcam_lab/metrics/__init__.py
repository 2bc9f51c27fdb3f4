"""Jusqu'où croire une carte : des mesures, chacune avec son protocole, et des cartes témoins."""

from .agreement import Similarity, similarity
from .baselines import BASELINES, baseline_map
from .cascade import Stage, randomization_cascade
from .comparison import Comparison, compare
from .masks import energy_inside, iou, pointing_hit
from .pixels import ConfidenceChange, Curve, confidence_change, deletion, insertion

__all__ = [
    "BASELINES",
    "Comparison",
    "ConfidenceChange",
    "Curve",
    "Similarity",
    "Stage",
    "baseline_map",
    "compare",
    "confidence_change",
    "deletion",
    "energy_inside",
    "insertion",
    "iou",
    "pointing_hit",
    "randomization_cascade",
    "similarity",
]
