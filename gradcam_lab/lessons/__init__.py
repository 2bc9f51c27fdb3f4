"""Les leçons : corriger un exercice, manipuler un réglage, citer un résultat publié."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
