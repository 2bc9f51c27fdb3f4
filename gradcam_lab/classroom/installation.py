"""La vérification de l'installation, en phrases : ce qui est prêt, ce qui manque, que faire."""

import contextlib
import os

from ..base.downloads import offline
from ..images.photos import samples
from ..models.catalogue import available_models
from .libraries import examine, requirements

__all__ = ["check_installation"]

# Celles dont les leçons se servent à vue, dans un carnet ; `verifier` les passe toutes en revue.
_SHOWN = (
    "numpy",
    "tensorflow",
    "keras",
    "opencv-python-headless",
    "pillow",
    "matplotlib",
    "ipywidgets",
    "anywidget",
)


def check_installation():
    """Affiche l'état de l'installation : ce qui est prêt, ce qui manque, que faire.

    Vérifie chaque bibliothèque, puis dit quels réseaux et quelles photos sont déjà sur cet
    ordinateur. Ne télécharge rien. En ligne de commande, `python -m gradcam_lab verifier` regarde
    aussi la mémoire, le disque et le serveur de carnets.

    Rend
    ----
    vrai si les leçons peuvent commencer

    Exemple
    -------
    >>> ready = gl.check_installation()
    """
    from packaging.requirements import Requirement

    from ..base.quiet import load_tensorflow

    # TensorFlow absent ou incompatible : sa ligne, plus bas, le dira.
    with contextlib.suppress(Exception):
        load_tensorflow()
    declared = requirements("lab")
    libraries = [examine(declared.get(name) or Requirement(name)) for name in _SHOWN]
    for library in libraries:
        print(f"{'✗' if library.fault else '✓'} {library.title}")
    ready = [info.title for info in available_models() if info.cached]
    photos = [info.name for info in samples() if info.available]
    print()
    print(f"Réseaux déjà sur cet ordinateur : {', '.join(ready) or 'aucun'}.")
    print(f"Photos déjà sur cet ordinateur : {', '.join(photos) or 'aucune'}.")
    print(_network())
    print()
    problems = [library.problem(_install) for library in libraries if library.fault]
    for problem in problems:
        print(problem)
    print(
        "Il reste quelque chose à installer : faites-le, puis relancez cette cellule."
        if problems
        else "Tout est prêt : vous pouvez ouvrir la première leçon."
    )
    return not problems


def _install(*words):
    quoted = [f'"{word}"' if set(word) & set("<>") else word for word in words]
    return f"%pip install {' '.join(quoted)} dans une cellule."


def _network():
    if offline():
        return "Internet n'est pas utilisé : GRADCAM_LAB_OFFLINE vaut 1."
    folder = os.environ.get("KERAS_HOME") or "~/.keras"
    return f"Les autres seront téléchargés à la demande, une seule fois (réseaux dans {folder})."
