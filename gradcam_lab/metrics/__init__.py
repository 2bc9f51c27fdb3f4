"""Jusqu'où croire une carte : des mesures, chacune avec son protocole, et des cartes témoins."""

from .masks import energy_inside, iou, pointing_hit

__all__ = ["energy_inside", "iou", "pointing_hit"]
