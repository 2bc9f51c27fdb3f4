"""Jusqu'où croire une carte : des mesures et leur protocole, des témoins, des réponses connues."""

from ..models.planted import planted_classifier
from ..models.planted_pictures import PlantedPictures, planted_pictures
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
    "PlantedPictures",
    "Similarity",
    "Stage",
    "baseline_map",
    "compare",
    "confidence_change",
    "deletion",
    "energy_inside",
    "insertion",
    "iou",
    "planted_classifier",
    "planted_pictures",
    "pointing_hit",
    "randomization_cascade",
    "similarity",
]
