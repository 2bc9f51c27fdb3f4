"""Lire n'importe quelle photo et la rendre en RVB, à l'endroit, ou dire ce qui l'empêche."""

import contextlib
import errno
import io
import os
import re
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ..base.names import unknown_name
from ..base.numbers import megabytes
from ..errors import DownloadError, ImageError
from .arrays import from_array
from .colors import to_rgb

# Grad-CAM compare des endroits de l'image : avec un seul pixel par côté, il n'y a rien à comparer.
MIN_SIDE = 2
# 100 mégapixels couvrent les photos des téléphones et tiennent dans la mémoire de Binder ;
# au-delà, un petit fichier piégé pourrait demander plusieurs gigaoctets.
MAX_PIXELS = 100_000_000
# Poids maximal de ce qui vient d'une adresse ou d'un objet fichier, en octets.
MAX_BYTES = 200_000_000

_ORIENTATION = 0x0112  # l'étiquette EXIF
_FORMATS = {"JPEG", "MPO", "PNG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG2000", "AVIF", "ICO"}
# Pour une image en couleurs à 16 bits, PIL ne garde que les huit premiers.
_SIXTEEN_BITS = re.compile(r"(RGB|LA)[AaX]?;16[BLN]")
_KNOWN_STARTS = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF")


def load_image(source):
    """Renvoie l'image PIL, en RVB, de `source`, remise à l'endroit (orientation EXIF).

    Elle garde toute sa taille, entre 2 × 2 pixels et 100 mégapixels. Les parties transparentes sont
    posées sur un fond blanc ; les images à 16 bits sont ramenées à 8 bits ; le profil de couleurs
    (ICC) est ignoré, comme avec Keras ; d'une image animée on garde la première vue.

    Arguments
    ---------
    source : un chemin, des octets, une adresse http(s), un objet fichier ouvert en mode binaire,
        une image PIL, ou un tableau (H, W), (H, W, 1), (H, W, 3) ou (H, W, 4), uint8 ou en nombres
        à virgule dans [0, 1] ; il n'est jamais modifié

    Rend
    ----
    PIL.Image.Image, RVB, 8 bits par couleur

    Lève
    ----
    ImageError
        la source manque, est abîmée, ou n'est pas une image que le cours sait lire
    """
    if source is None:
        raise ImageError("Aucune image n'a été donnée (None) : donnez un chemin ou un tableau.")
    if isinstance(source, Image.Image):
        return _finish(source, "L'image donnée")
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _read_bytes(bytes(source), "Le contenu donné")
    if isinstance(source, str) and re.match(r"https?://", source.strip(), re.IGNORECASE):
        return _read_address(source.strip())
    if isinstance(source, (str, os.PathLike)):
        return _read_path(source)
    if hasattr(source, "read"):
        return _read_file_object(source)
    if isinstance(source, np.ndarray) or hasattr(source, "__array__"):
        return _finish(from_array(source), "Le tableau donné")
    raise ImageError(
        f"Un objet de type {type(source).__name__} n'est pas une image : donnez un chemin, "
        "une adresse, un tableau NumPy ou une image PIL."
    )


def _read_path(source):
    path = _as_path(source)
    try:
        if path.is_dir():
            raise ImageError(f"« {path} » est un dossier : donnez le chemin d'une image.")
        if not path.exists():
            raise ImageError(_missing(path, source))
        if not path.is_file():
            raise ImageError(f"« {path} » n'est pas un fichier ordinaire : donnez une image.")
        with path.open("rb") as file:
            return _decode(file, f"Le fichier « {path} »")
    except PermissionError:
        raise ImageError(f"Vous n'avez pas le droit de lire le fichier « {source} ».") from None
    except OSError:
        raise ImageError(
            f"Le fichier « {source} » n'a pas pu être lu : le disque ou le réseau répond mal."
        ) from None


def _as_path(source):
    """Renvoie le chemin `source`, si un fichier peut porter ce nom."""
    try:
        path = Path(source).expanduser()
        path.stat()
        return path
    except FileNotFoundError:
        return path
    except (OSError, RuntimeError, ValueError) as error:
        # Nom trop long, octet nul, « ~inconnu » ; les autres erreurs sont dites à la lecture.
        if isinstance(error, OSError) and error.errno not in (errno.EINVAL, errno.ENAMETOOLONG):
            return path
        shown = repr(str(source)[:60])[1:-1]
        raise ImageError(f"« {shown} » n'est pas un nom de fichier possible.") from None


def _missing(path, source):
    if re.match(r"www\.|[a-z]{2,}:/", str(source), re.IGNORECASE):
        return (
            f"« {source} » ressemble à une adresse : commencez-la par https://, ou donnez le "
            "chemin d'un fichier de cet ordinateur."
        )
    folder = path.parent
    if not folder.is_dir():
        return f"Le fichier « {path} » est introuvable : le dossier « {folder} » n'existe pas."
    try:
        neighbours = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError:
        neighbours = []
    problem = f"Le fichier « {path} » est introuvable"
    return unknown_name(problem, path.name, neighbours, "vérifiez son nom et son dossier.")


def _read_address(address):
    from ..base.downloads import read_url

    try:
        data = read_url(address, MAX_BYTES)
    except DownloadError as error:
        raise ImageError(str(error)) from None
    return _read_bytes(data, f"Le contenu de « {address} »")


def _read_file_object(file):
    try:
        if hasattr(file, "seek"):
            with contextlib.suppress(io.UnsupportedOperation):  # une réponse web se lit d'un trait
                file.seek(0)
        data = file.read(MAX_BYTES + 1)
    except Exception:  # `read` est du code d'un autre : il peut lever n'importe quoi
        raise ImageError(
            "L'objet fichier donné ne se lit pas : ouvrez-le en mode « rb », sans le fermer."
        ) from None
    if isinstance(data, str):
        raise ImageError("L'objet fichier donné est en mode texte : ouvrez-le en mode « rb ».")
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise ImageError(
            f"L'objet fichier donné a rendu un objet de type {type(data).__name__}, et non des "
            "octets : ouvrez-le en mode « rb »."
        )
    if len(data) > MAX_BYTES:
        raise ImageError(f"Le fichier donné dépasse {megabytes(MAX_BYTES / 1e6)}.")
    return _read_bytes(bytes(data), "Le fichier donné")


def _read_bytes(data, label):
    return _decode(io.BytesIO(data), label)


def _decode(file, label):
    start = file.read(512)
    if not start:
        raise ImageError(f"{label} est vide.")
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(file) as image:
                if image.format not in _FORMATS:
                    raise UnidentifiedImageError
                _check_size(image.size, label)
                return _finish(image, label)
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        pixels = re.search(r"\d{6,}", str(error))
        _refuse_bomb(int(pixels.group()) if pixels else None, label)
    except UnidentifiedImageError:
        raise ImageError(_foreign(start, label)) from None
    except Exception:  # les lecteurs de PIL lèvent des erreurs de tous types sur un fichier abîmé
        raise ImageError(_damaged(label)) from None


def _finish(image, label):
    """Vérifie la taille de `image` et en renvoie une copie RVB, à l'endroit, sans métadonnées."""
    _check_size(image.size, label)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sixteen = _SIXTEEN_BITS.search(str(getattr(image, "tile", "")[:1]))
            image.load()
            rgb = to_rgb(_upright(image))
    except ImageError:
        raise
    except Exception:  # même raison : un fichier abîmé n'est découvert qu'au décodage
        raise ImageError(_damaged(label)) from None
    if sixteen and max(high for _, high in rgb.getextrema()) < 64:
        raise ImageError(
            f"{label} a 16 bits par couleur mais n'en emploie qu'une partie, l'image serait "
            "presque noire : enregistrez-la en PNG ou en JPEG à 8 bits."
        )
    return rgb


def _upright(image):
    try:
        if image.getexif().get(_ORIENTATION, 1) == 1:
            return image
        return ImageOps.exif_transpose(image)
    except Exception:  # des métadonnées abîmées ne rendent pas la photo illisible
        return image


def _check_size(size, label):
    width, height = size
    if width * height > MAX_PIXELS:
        _refuse_bomb(width * height, label)
    if min(size) < MIN_SIDE:
        raise ImageError(
            f"{label} ne fait que {width} × {height} pixels : Grad-CAM compare des endroits "
            f"de l'image, il en faut au moins {MIN_SIDE} × {MIN_SIDE}."
        )


def _refuse_bomb(pixels, label):
    limit = f"{MAX_PIXELS // 1_000_000} mégapixels"
    # Arrondi vers le haut : 100,2 mégapixels ne doivent pas s'afficher comme 100.
    size = f"compte {-(-pixels // 1_000_000)} mégapixels" if pixels else "est immense"
    raise ImageError(
        f"{label} {size}, et la limite est de {limit} : réduisez l'image avant de la donner."
    ) from None


def _damaged(label):
    return (
        f"{label} est une image abîmée ou incomplète : "
        "copiez ou téléchargez de nouveau l'image d'origine."
    )


def _foreign(start, label):
    """Dit ce que contient, d'après ses premiers octets, un fichier que PIL ne reconnaît pas."""
    convert = "convertissez-le en JPEG ou en PNG avant de le donner."
    lowered = start.lower()
    if start[4:8] == b"ftyp" and start[8:12] in (b"heic", b"heix", b"hevc", b"mif1", b"msf1"):
        return f"{label} est au format HEIC des téléphones, que ce cours ne lit pas : {convert}"
    if b"<svg" in lowered:
        return f"{label} est un dessin SVG et non une photo : {convert}"
    if start.startswith(b"%PDF"):
        return f"{label} est un document PDF et non une photo : {convert}"
    if b"<html" in lowered or b"<!doctype html" in lowered:
        return (
            f"{label} est une page web et non une image : "
            "ouvrez l'image seule et copiez son adresse."
        )
    if start.startswith(_KNOWN_STARTS):
        return _damaged(label)
    if _is_text(start):
        return f"{label} contient du texte et non une image : vérifiez que c'est le bon fichier."
    return (
        f"{label} n'est pas une image que ce cours sait lire "
        "(JPEG, PNG, GIF, BMP, TIFF ou WebP) : convertissez-le en JPEG ou en PNG."
    )


def _is_text(start):
    printable = sum(byte >= 32 or byte in b"\t\n\r" for byte in start)
    try:
        start[:-3].decode("utf-8")
    except UnicodeDecodeError as error:
        # Les 512 octets peuvent s'arrêter au milieu d'un caractère.
        return error.start > len(start) - 8 and printable == len(start)
    return printable == len(start)
