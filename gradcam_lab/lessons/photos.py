"""Réunir les photos d'un projet : des fichiers, un dossier, un envoi, des photos d'exemple."""

import os
from pathlib import Path

from PIL import Image

from ..base.messages import say
from ..errors import ImageError
from ..images import load_image
from ..images.photos import sample, samples

__all__ = ["collect_photos"]


def collect_photos(sources):
    """Lit les photos d'un projet, dans l'ordre, et donne un nom à chacune.

    Arguments
    ---------
    sources : liste de chemins, de dossiers (sans leurs sous-dossiers), d'adresses http(s), de noms
        de photos d'exemple, ou d'envois (`widgets.FileUpload`) ; `...` veut dire « pas encore »

    Rend
    ----
    dict {nom: image PIL}

    Lève
    ----
    ImageError
        une source n'est pas une photo, ou deux photos portent le même nom

    Exemple
    -------
    >>> photos = gl.lessons.collect_photos(["mes_photos", "chelsea"])
    """
    if sources is ... or (isinstance(sources, (list, tuple)) and ... in sources):
        say("Pas encore de photos : remplacez les points de suspension par une liste.")
        return {}
    if isinstance(sources, (str, os.PathLike)) or not hasattr(sources, "__iter__"):
        sources = [sources]
    photos = {}
    for source in sources:
        for name, photo in _read(source):
            if name in photos:
                raise ImageError(
                    f"Deux photos s'appellent « {name} » : renommez l'une des deux, ou retirez-la."
                )
            photos[name] = photo
    return photos


def _read(source):
    """Les (nom, image) d'une source."""
    if hasattr(source, "value"):  # un widget d'envoi
        return [(Path(name).stem, load_image(data)) for name, data in _uploaded(source.value)]
    if not isinstance(source, (str, os.PathLike)):
        raise ImageError(
            "Une source est un chemin, un dossier, une adresse ou le nom d'une photo d'exemple, "
            f"entre guillemets, et non {source!r:.40}."
        )
    text = os.fspath(source)
    path = Path(os.path.expanduser(text))
    if path.is_dir():
        known = Image.registered_extensions()
        files = sorted(path.iterdir())
        files = [f for f in files if f.suffix.lower() in known and not f.name.startswith(".")]
        if not files:
            raise ImageError(f"Le dossier « {text} » ne contient aucune photo : vérifiez son nom.")
        return [(file.stem, load_image(file)) for file in files]
    if text.casefold() in {info.name for info in samples()} and not path.exists():
        return [(text.casefold(), sample(text, fallback=False))]
    return [(path.stem, load_image(source))]


def _uploaded(value):
    """Les (nom, octets) d'un `FileUpload` d'ipywidgets 8, une suite, ou 7, un dictionnaire."""
    if isinstance(value, dict):
        return [(name, bytes(file["content"])) for name, file in value.items()]
    return [(file["name"], bytes(file["content"])) for file in value]
