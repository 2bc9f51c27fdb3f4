"""Ce que voient une couche et un canal (sections 5.4.1 et 5.4.2 du livre de F. Chollet)."""

from .channels import sparsity, strongest_channels
from .patterns import Pattern, maximize_channel

__all__ = ["Pattern", "maximize_channel", "sparsity", "strongest_channels"]
