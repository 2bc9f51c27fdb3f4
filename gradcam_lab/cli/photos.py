"""Quelles photos lire, quels fichiers écrire : tout ce qui se vérifie avant le premier calcul."""

import os
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import GradcamLabError, ImageError, OutputError

__all__ = ["Job", "plan", "progress"]

# Ce qui, dans un dossier, est une photo. Le HEIC des téléphones en est, même si `load_image` le
# refuse : passé sous silence, il manquerait sans que personne le voie.
_SUFFIXES = (
    ".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png",
    ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """Une photo à expliquer : ce que lit `load_image`, et le modèle de ses noms de fichiers."""

    source: object
    path: Path


def plan(options, folder):
    """Vérifie toutes les photos et tous les fichiers à écrire ; renvoie les `Job`.

    Si des photos ne conviennent pas, les nomme toutes, avec leur raison : dans l'erreur levée, ou
    sur la sortie d'erreur quand `options.continuer` demande de traiter les autres.
    """
    photos, problems = _expand(options.photos)
    inputs = {_identity(photo) for photo in photos} - {None}
    jobs, taken = [], {}
    for photo in progress(photos, "Vérification", delay=1, leave=False):
        try:
            jobs.append(_job(photo, folder, inputs, taken, options.ecraser))
        except GradcamLabError as error:
            problems.append(error)
    if problems:
        _report(problems, len(jobs), options.continuer)
    return jobs


def progress(items, title, **settings):
    """Renvoie `items`, parcourus avec une barre de progression s'il y en a plusieurs."""
    from tqdm import tqdm

    return tqdm(items, desc=title, unit="photo", disable=len(items) < 2, **settings)


def _report(problems, good, go_on):
    if len(problems) == 1 and not good:
        raise problems[0]
    count = len(problems) + good
    which = "1 photo" if len(problems) == 1 else f"{len(problems)} photos"
    verb = "convient" if len(problems) == 1 else "conviennent"
    report = f"{which} sur {count} ne {verb} pas :\n"
    report += "".join(f"- {error}\n" for error in problems)
    if go_on and good:
        print(f"{report}Les autres sont traitées.", file=sys.stderr)
        return
    advice = f", ou ajoutez --continuer pour traiter les autres ({good})" if good else ""
    raise ImageError(f"{report}Rien n'a été écrit : corrigez ce qui précède{advice}.")


# --- Les photos -------------------------------------------------------------------------------


def _expand(words):
    """Renvoie les photos que désignent les mots de la commande, et les erreurs rencontrées."""
    photos, problems = [], []
    for word in words:
        try:
            folder = word and os.path.isdir(os.path.expanduser(word))
            photos += _pictures(word) if folder else [word]
        except GradcamLabError as error:
            problems.append(error)
    return list(dict.fromkeys(photos)), problems


def _pictures(folder):
    """Renvoie les photos d'un dossier, triées, sans les images que cette commande y a écrites."""
    from ..figures.saving import output_paths

    try:
        names = sorted(
            entry.name for entry in os.scandir(os.path.expanduser(folder)) if entry.is_file()
        )
    except OSError:
        raise ImageError(f"Le dossier « {folder} » ne se lit pas : vérifiez vos droits.") from None
    names = [n for n in names if not n.startswith(".") and Path(n).suffix.lower() in _SUFFIXES]
    written = {path.name for name in names for path in output_paths(f"{Path(name).stem}.jpg")}
    pictures = [os.path.join(folder, name) for name in names if name not in written]
    if not pictures:
        raise ImageError(
            f"Le dossier « {folder} » ne contient aucune photo : les sous-dossiers ne sont pas "
            "parcourus, donnez-les un par un."
        )
    return pictures


def _read(photo):
    """Lit une photo ; renvoie l'image, ce qu'il faudra relire, et le nom des images à écrire.

    Chaque photo est décodée une première fois en entier, pour ne découvrir aucun fichier abîmé au
    milieu du travail ; seules celles qui ne sont pas des fichiers sont gardées en mémoire.
    """
    from ..images import load_image
    from ..images.photos import sample, samples

    if re.match(r"\s*https?://", photo, re.IGNORECASE):
        image = load_image(photo)
        # Dans une adresse, « %2F » deviendrait un dossier : on ne garde que ce qui le suit.
        return image, image, Path(unquote(urlsplit(photo.strip()).path).replace("\\", "/")).stem
    names = [info.name for info in samples()]
    if photo.casefold() in names and not os.path.lexists(photo):
        image = sample(photo, fallback=False)
        return image, image, photo.casefold()
    if not photo:
        raise ImageError("Une photo a un nom vide : donnez le chemin d'une image.")
    return load_image(photo), photo, Path(photo).stem


# --- Les fichiers à écrire ----------------------------------------------------------------------


def _job(photo, folder, inputs, taken, overwrite):
    """Vérifie une photo et ses deux fichiers, et renvoie son `Job`."""
    from ..figures.saving import output_paths
    from ..images import check_writable
    from ..images.encoding import MAX_SIDE

    image, source, name = _read(photo)
    path = folder / f"{name or 'photo'}.jpg"
    # Bien des disques tiennent « Chien » et « chien » pour le même nom.
    key = unicodedata.normalize("NFC", path.name).casefold()
    if key in taken:
        raise OutputError(
            f"« {taken[key]} » et « {photo} » donneraient les mêmes fichiers de sortie : "
            "renommez l'une des photos, ou traitez-les l'une après l'autre dans deux dossiers."
        )
    taken[key] = photo
    if max(image.size) > MAX_SIDE["JPEG"]:
        raise ImageError(
            f"La photo « {photo} » a un côté de {max(image.size)} pixels, et un fichier .jpg n'en "
            f"accepte que {MAX_SIDE['JPEG']} : réduisez-la, ou enregistrez sa carte en .png depuis "
            "Python, avec gl.save."
        )
    outputs = output_paths(path)
    for output in outputs:
        if _identity(output) in inputs:
            raise OutputError(
                f"Expliquer « {photo} » remplacerait « {output} », qui est l'une des photos "
                "données : choisissez un autre dossier avec --sortie, ou retirez l'une des deux."
            )
    check_writable(outputs, overwrite, create=True)
    return Job(source, path)


def _identity(path):
    """Renvoie ce qui désigne un fichier du disque, sous tous ses noms et ses liens, ou None."""
    try:
        status = os.stat(os.path.expanduser(path))
    except (OSError, ValueError):
        return None
    # Certains disques de réseau, sous Windows, ne numérotent pas leurs fichiers.
    return (status.st_dev, status.st_ino) if status.st_ino else os.path.realpath(path).casefold()
