"""La vérification de l'installation, en phrases : ce qui est prêt, ce qui manque, que faire."""

import contextlib
import importlib
import os
import re
from importlib.metadata import PackageNotFoundError, requires

from ..base.downloads import offline
from ..images.photos import samples
from ..models.catalogue import available_models

__all__ = ["check_installation"]

# « numpy>=1.26 », « ipywidgets<9,>=7.7; extra == 'lab' »
_MINIMUM = re.compile(r"([\w.-]+)[^;]*>=([\d.]+)")
# Nom à importer, nom d'usage, paquet à installer.
_LIBRARIES = (
    ("numpy", "NumPy", "numpy"),
    ("tensorflow", "TensorFlow", "tensorflow"),
    ("keras", "Keras", "keras"),
    ("cv2", "OpenCV", "opencv-python-headless"),
    ("PIL", "Pillow", "pillow"),
    ("matplotlib", "matplotlib", "matplotlib"),
    ("ipywidgets", "ipywidgets", "ipywidgets"),
    ("anywidget", "anywidget", "anywidget"),
)


def check_installation():
    """Affiche l'état de l'installation : ce qui est prêt, ce qui manque, que faire.

    Vérifie chaque bibliothèque, puis dit quels réseaux et quelles photos sont déjà sur cet
    ordinateur. Ne télécharge rien.

    Rend
    ----
    vrai si les leçons peuvent commencer

    Exemple
    -------
    >>> ready = gl.check_installation()
    """
    from ..base.quiet import load_tensorflow

    # TensorFlow absent ou incompatible : sa ligne, plus bas, le dira.
    with contextlib.suppress(Exception):
        load_tensorflow()
    minimums = _minimums()
    problems = []
    for module, title, package in _LIBRARIES:
        problem = _library(module, title, package, minimums.get(package, "0"))
        print(_line(title, not problem))
        problems += [problem] if problem else []
    ready = [info.title for info in available_models() if info.cached]
    photos = [info.name for info in samples() if info.available]
    print()
    print(f"Réseaux déjà sur cet ordinateur : {', '.join(ready) or 'aucun'}.")
    print(f"Photos déjà sur cet ordinateur : {', '.join(photos) or 'aucune'}.")
    print(_network())
    print()
    for problem in problems:
        print(problem)
    print(
        "Il reste quelque chose à installer : faites-le, puis relancez cette cellule."
        if problems
        else "Tout est prêt : vous pouvez ouvrir la première leçon."
    )
    return not problems


def _line(title, good):
    return f"{'✓' if good else '✗'} {title}"


def _minimums():
    """Les versions minimales que déclare le paquet installé : {paquet: « 1.26 »}."""
    try:
        lines = requires("gradcam_lab") or []
    except PackageNotFoundError:  # lu depuis les sources, sans installation
        return {}
    return dict(found.groups() for found in map(_MINIMUM.match, lines) if found)


def _library(module, title, package, minimum):
    """Ce qu'il faut faire pour cette bibliothèque, ou None."""
    try:
        version = importlib.import_module(module).__version__
    except ImportError:
        return f"{title} manque : tapez %pip install {package} dans une cellule."
    except Exception:  # une bibliothèque abîmée peut échouer de bien des façons
        return (
            f"{title} est installé mais ne se charge pas : tapez "
            f"%pip install --force-reinstall {package} dans une cellule."
        )
    if _numbers(version) < _numbers(minimum):
        return (
            f"{title} {version} est trop ancien : tapez "
            f'%pip install "{package}>={minimum}" dans une cellule.'
        )
    return None


def _numbers(version):
    return tuple(int(part) for part in version.split(".")[:2] if part.isdigit())


def _network():
    if offline():
        return "Internet n'est pas utilisé : GRADCAM_LAB_OFFLINE vaut 1."
    folder = os.environ.get("KERAS_HOME") or "~/.keras"
    return f"Les autres seront téléchargés à la demande, une seule fois (réseaux dans {folder})."
