"""La vérification de l'installation, en phrases : ce qui est prêt, ce qui manque, que faire."""

import contextlib
import importlib
import os

from ..base.downloads import offline
from ..images.photos import samples
from ..models.catalogue import available_models

__all__ = ["check_installation"]

# Nom à importer, nom d'usage, version minimale (celles de pyproject.toml), paquet à installer.
_LIBRARIES = (
    ("numpy", "NumPy", (1, 26), "numpy"),
    ("tensorflow", "TensorFlow", (2, 16), "tensorflow"),
    ("keras", "Keras", (3, 0), "keras"),
    ("cv2", "OpenCV", (4, 8), "opencv-python-headless"),
    ("PIL", "Pillow", (10, 0), "pillow"),
    ("matplotlib", "matplotlib", (3, 8), "matplotlib"),
    ("ipywidgets", "ipywidgets", (7, 7), "ipywidgets"),
)


def check_installation():
    """Affiche l'état de l'installation et rend vrai si les leçons peuvent commencer.

    Vérifie chaque bibliothèque, puis dit quels réseaux et quelles photos sont déjà sur
    cet ordinateur. Ne télécharge rien.
    """
    from ..base.quiet import load_tensorflow

    # TensorFlow absent ou incompatible : sa ligne, plus bas, le dira.
    with contextlib.suppress(Exception):
        load_tensorflow()
    problems = []
    for module, title, minimum, package in _LIBRARIES:
        problem = _library(module, title, minimum, package)
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
        "Il reste quelque chose à installer, puis relancez cette cellule."
        if problems
        else "Tout est prêt : vous pouvez ouvrir la première leçon."
    )
    return not problems


def _line(title, good):
    return f"{'✓' if good else '✗'} {title}"


def _library(module, title, minimum, package):
    try:
        version = importlib.import_module(module).__version__
    except ImportError:
        return f"{title} manque : tapez %pip install {package} dans une cellule."
    except Exception:  # une bibliothèque abîmée peut échouer de bien des façons
        return (
            f"{title} est installé mais ne se charge pas : tapez "
            f"%pip install --force-reinstall {package} dans une cellule."
        )
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if numbers < minimum:
        wanted = ".".join(map(str, minimum))
        return (
            f"{title} {version} est trop ancien : tapez "
            f'%pip install "{package}>={wanted}" dans une cellule.'
        )
    return None


def _network():
    if offline():
        return "Internet n'est pas utilisé : GRADCAM_LAB_OFFLINE vaut 1."
    folder = os.environ.get("KERAS_HOME") or "~/.keras"
    return f"Les autres seront téléchargés à la demande, une seule fois (réseaux dans {folder})."
