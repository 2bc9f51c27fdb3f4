"""L'explorateur : choisir la photo, la classe et la couche, et voir aussitôt où le réseau regarde.

`state` (les choix) et `session` (les choix → l'image, son code, son message) ignorent tout des
widgets ; `widgets/` les relie aux boutons et aux curseurs.
"""

import lazy_loader

# La session sert aussi là où ipywidgets n'est pas installé.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
