"""Écrire des images sans rien écraser et sans laisser de fichier à moitié écrit."""

import contextlib
import errno
import io
import os
import secrets
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.disk import disk_reason
from ..errors import ImageError, OutputError
from .arrays import from_array

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}


def write_image(image, path, overwrite=False, quality=95):
    """Écrit `image` (PIL ou tableau uint8 RVB) dans `path` et renvoie ce chemin.

    Le format suit l'extension : .jpg, .jpeg, .png ou .webp. Le fichier apparaît d'un coup, complet,
    ou pas du tout ; un fichier déjà présent n'est remplacé qu'avec `overwrite=True`. Le dossier
    doit exister. Lève `OutputError`.
    """
    return write_images([(image, path)], overwrite=overwrite, quality=quality)[0]


def write_images(pairs, overwrite=False, quality=95):
    """Écrit toutes les images de `pairs` (image, chemin), ou aucune ; renvoie les chemins.

    Mêmes règles et mêmes erreurs que `write_image`.
    """
    pairs = [(image, Path(path).expanduser()) for image, path in pairs]
    check_writable([path for _, path in pairs], overwrite)
    encoded = [(_encode(image, path, quality), path) for image, path in pairs]
    drafts = []
    try:
        for data, path in encoded:
            with _explained(path):
                drafts.append(_hidden(path))
                _write_new(drafts[-1], data)
        _publish(list(zip(drafts, [path for _, path in pairs])), overwrite)
    finally:
        for draft in drafts:
            with contextlib.suppress(OSError):
                draft.unlink()
    return [path for _, path in pairs]


def check_writable(paths, overwrite=False):
    """Vérifie, sans rien écrire, que les fichiers `paths` pourront l'être ; sinon `OutputError`."""
    for path in map(Path, paths):
        folder = path.parent
        if path.suffix.lower() not in _FORMATS:
            known = ", ".join(_FORMATS)
            raise OutputError(
                f"L'extension de « {path.name} » ne dit pas quel format d'image écrire : "
                f"choisissez parmi {known}."
            )
        with _explained(path):
            if "\0" in str(path):
                raise OSError(errno.EINVAL, "")
            if not folder.exists():
                raise OutputError(
                    f"Le dossier « {folder} » n'existe pas : créez-le ou choisissez-en un autre."
                )
            if not folder.is_dir():
                raise OutputError(f"« {folder} » n'est pas un dossier : choisissez-en un autre.")
            if path.is_dir():
                raise OutputError(f"« {path} » est un dossier : choisissez un autre nom.")
            if os.path.lexists(path) and not overwrite:
                raise _already_there(path)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "")


def _encode(image, path, quality):
    if not isinstance(image, Image.Image):
        array = np.asarray(image)
        if array.dtype != np.uint8:
            raise ImageError(f"L'image à écrire doit être en uint8, et non en {array.dtype}.")
        image = from_array(array)
    buffer = io.BytesIO()
    kind = _FORMATS[path.suffix.lower()]
    # subsampling=0 : garder toute la couleur, dont les frontières portent le sens de la carte.
    options = {"quality": quality, "subsampling": 0} if kind == "JPEG" else {}
    if kind == "WEBP":
        options = {"quality": quality}
    image.convert("RGB").save(buffer, kind, **options)
    return buffer.getvalue()


def _hidden(path):
    return path.with_name(f".gradcam_lab-{secrets.token_hex(6)}.tmp")


def _write_new(path, data):
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        # Certains disques ne découvrent qu'ici qu'ils sont pleins.
        os.fsync(file.fileno())


def _publish(moves, overwrite):
    """Donne leur nom définitif aux brouillons ; en cas d'échec, remet tout comme avant."""
    undo = []
    try:
        for draft, path in moves:
            with _explained(path):
                if overwrite and os.path.lexists(path):
                    backup = _hidden(path)
                    os.replace(path, backup)
                    undo.append((backup, path))
                    os.replace(draft, path)
                else:
                    _claim(draft, path)
                    undo.append((None, path))
    except BaseException:
        for backup, path in reversed(undo):
            with contextlib.suppress(OSError):
                path.unlink() if backup is None else os.replace(backup, path)
        raise
    for backup, _ in undo:
        if backup is not None:
            with contextlib.suppress(OSError):
                backup.unlink()


def _claim(draft, path):
    """Nomme `draft` sans jamais écraser un fichier apparu entre-temps."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except (OSError, AttributeError):
        # Pas de liens sur ce disque (clé USB) : réserver le nom, puis le remplacer.
        _write_new(path, b"")
        try:
            os.replace(draft, path)
        except BaseException:
            path.unlink()
            raise


def _already_there(path):
    return OutputError(
        f"Le fichier « {path} » existe déjà et n'a pas été touché : donnez un autre nom, "
        "ou demandez de l'écraser (`overwrite=True`, ou `--ecraser` en ligne de commande)."
    )


@contextlib.contextmanager
def _explained(path):
    """Traduit les erreurs du disque en une phrase qui nomme `path`."""
    try:
        yield
    except FileExistsError:
        raise _already_there(path) from None
    except OSError as error:
        raise OutputError(_reason(error, path)) from None


def _reason(error, path):
    reason = disk_reason(error)
    if reason == "full":
        return (
            f"Le disque est plein : « {path} » n'a pas été écrit ; libérez de la place ou "
            "choisissez un autre dossier."
        )
    if reason == "protected":
        return (
            f"Le dossier « {path.parent} » est protégé contre l'écriture : "
            f"« {path.name} » n'a pas été écrit ; choisissez un autre dossier."
        )
    if reason == "name":
        return f"« {path.name} » n'est pas un nom de fichier possible : choisissez-en un autre."
    return f"« {path} » n'a pas pu être écrit : choisissez un autre dossier."
