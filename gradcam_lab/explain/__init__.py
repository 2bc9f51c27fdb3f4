"""Expliquer une photo : `Classifier`, `Analysis`, et pourquoi une carte est vide."""
