"""Écrire des images sans rien écraser et sans laisser de fichier à moitié écrit."""

import contextlib
import errno
import os
import secrets
import stat
from pathlib import Path

import numpy as np
from PIL import Image

from ..base.disk import disk_reason
from ..errors import OutputError
from .encoding import MAX_SIDE, jpeg_bytes, png_bytes, webp_bytes

_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}
_ENCODERS = {
    "JPEG": jpeg_bytes,
    "PNG": lambda image, quality: png_bytes(image),
    "WEBP": webp_bytes,
}


def write_image(image, path, *, overwrite=False, quality=95):
    """Écrit une image dans un fichier, d'un coup et complet, ou pas du tout.

    Arguments
    ---------
    image : image PIL, ou tableau uint8 (H, W) ou (H, W, 3), RVB
    path : le fichier, dans un dossier qui existe ; son extension (.jpg, .jpeg, .png ou .webp)
        donne le format
    overwrite : remplace un fichier déjà présent
    quality : de 1 à 100, pour JPEG et WebP

    Rend
    ----
    Path
        le chemin écrit

    Lève
    ----
    OutputError
        le fichier existe déjà, ne peut pas être écrit, ou l'image est trop grande pour son format
    ImageError
        l'image n'en est pas une
    """
    return write_images([(image, path)], overwrite=overwrite, quality=quality)[0]


def write_images(pairs, *, overwrite=False, quality=95):
    """Écrit plusieurs images, toutes ou aucune.

    Arguments
    ---------
    pairs : suite de couples (image, chemin), comme pour `write_image`
    overwrite, quality : comme pour `write_image`

    Rend
    ----
    liste de Path
        les chemins écrits, dans le même ordre

    Lève
    ----
    OutputError, ImageError
        comme `write_image`
    """
    pairs = [(image, as_path(path)) for image, path in pairs]
    for image, path in pairs:
        size = image.size[::-1] if isinstance(image, Image.Image) else np.shape(image)[:2]
        check_writable([path], overwrite, size=size)
    encoded = [
        (_ENCODERS[_FORMATS[path.suffix.lower()]](image, quality=quality), path)
        for image, path in pairs
    ]
    return _write_all(encoded, overwrite)


def write_file(data, path, *, overwrite=False):
    """Écrit les octets `data`, quel que soit leur format, d'un coup et complets, ou pas du tout.

    Arguments, résultat et erreurs sont ceux de `write_image`.
    """
    path = as_path(path)
    check_target(path, overwrite)
    return _write_all([(data, path)], overwrite)[0]


def _write_all(encoded, overwrite):
    """Écrit tous les (octets, chemin), ou aucun."""
    drafts = []
    try:
        for data, path in encoded:
            with _explained(path):
                drafts.append(_hidden(path))
                _write_new(drafts[-1], data)
        _publish(list(zip(drafts, [path for _, path in encoded])), overwrite)
    finally:
        for draft in drafts:
            with contextlib.suppress(OSError):
                draft.unlink()
    return [path for _, path in encoded]


def as_path(path):
    """Renvoie `path` en `Path`, « ~ » remplacé, ou lève `OutputError`."""
    try:
        return Path(path).expanduser()
    except TypeError:
        raise OutputError(
            "Le chemin où écrire est un texte, par exemple « sorties/photo.jpg », et non "
            f"{path!r:.60}."
        ) from None
    except RuntimeError:
        raise OutputError(
            f"« {path} » commence par « ~ » et un nom que cet ordinateur ne connaît pas : "
            "écrivez le chemin du dossier en entier."
        ) from None


def check_writable(paths, overwrite=False, *, size=(), create=False):
    """Vérifie, sans rien écrire, que les fichiers `paths` pourront l'être ; sinon `OutputError`.

    `size` = (H, W) vérifie aussi que leur format sait écrire une si grande image ; avec `create`,
    leur dossier peut ne pas exister encore.
    """
    for path in map(Path, paths):
        _check_format(path, size)
        check_target(path, overwrite, create=create)


def check_target(path, overwrite=False, *, create=False):
    """Vérifie, sans rien écrire, que le fichier `path` pourra l'être ; sinon `OutputError`."""
    existing = check_folder(path.parent, create=create)
    with _explained(path):
        with contextlib.suppress(FileNotFoundError):
            # Le dossier existant dit si son disque accepte ce nom.
            os.lstat(existing / path.name)
        if os.path.isdir(path):
            raise OutputError(f"« {path} » est un dossier : choisissez un autre nom.")
        if os.path.lexists(path) and not overwrite:
            raise _already_there(path)


def _check_format(path, size):
    """Vérifie que l'extension de `path` est celle d'un format qui accepte la taille (H, W)."""
    if path.suffix.lower() not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise OutputError(
            f"L'extension de « {_shown(path.name)} » ne dit pas quel format d'image écrire : "
            f"choisissez parmi {known}."
        )
    limit = MAX_SIDE.get(_FORMATS[path.suffix.lower()])
    if limit and max(size, default=0) > limit:
        raise OutputError(
            f"L'image a un côté de {max(size)} pixels, et un fichier {path.suffix} n'en accepte "
            f"que {limit} : donnez un nom qui finit par .png, ou réduisez l'image."
        )


def check_folder(folder, *, create=False):
    """Vérifie que l'on pourra écrire dans `folder`, ou lève `OutputError` ; ne crée rien.

    Avec `create`, `folder` peut ne pas exister encore. Renvoie `folder`, ou le plus proche de ses
    parents qui existe.
    """
    existing, missing = Path(folder), []
    try:
        while (mode := _mode(existing)) is None and create and existing != existing.parent:
            missing.append(existing.name)
            existing = existing.parent
        for name in missing:
            _mode(existing / name)  # un nom trop long, par exemple, ne pourra pas être créé
    except PermissionError:
        raise OutputError(
            f"Vous n'avez pas accès au dossier « {folder} » : choisissez-en un autre."
        ) from None
    except (OSError, ValueError):
        raise OutputError(
            f"« {_shown(str(folder))} » n'est pas un nom de dossier possible : choisissez-en un "
            "autre."
        ) from None
    if mode is None:
        raise OutputError(
            f"Le dossier « {folder} » n'existe pas : créez-le ou choisissez-en un autre."
        )
    if not stat.S_ISDIR(mode):
        raise OutputError(f"« {existing} » n'est pas un dossier : choisissez-en un autre.")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise OutputError(
            f"Le dossier « {existing} » est protégé contre l'écriture : choisissez-en un autre."
        )
    return existing


def _mode(path):
    """Renvoie le mode de `path` (celui de `os.stat`), ou None s'il n'existe pas."""
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None


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
    except OutputError:
        raise
    except OSError as error:
        raise OutputError(_reason(error, path)) from None
    except ValueError:  # un caractère qu'aucun nom de fichier ne contient
        raise OutputError(_reason(OSError(errno.EINVAL, ""), path)) from None


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
        other = "un plus court" if error.errno == errno.ENAMETOOLONG else "un autre"
        name = _shown(path.name)
        return f"« {name} » n'est pas un nom de fichier possible : choisissez-en {other}."
    return f"« {path} » n'a pas pu être écrit : choisissez un autre dossier."


def _shown(text):
    """Raccourcit un nom que la phrase rendrait illisible."""
    return text if len(text) <= 80 else f"{text[:60]}…"
