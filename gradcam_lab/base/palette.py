"""Les couleurs du cours, les mêmes dans les figures, les bandes et les widgets."""

__all__ = ["ACCENT", "QUIET"]

ACCENT = "#c2410c"  # ce dont on parle : la barre de la classe, la couche choisie, une erreur
QUIET = "#94a3b8"  # le reste
