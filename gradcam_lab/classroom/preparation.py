"""Préparer une machine ou un dossier partagé : poids et photos téléchargés, puis vérifiés."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import GradcamLabError, OutputError
from ..images.photos import local_path, sample_path, samples
from ..models.catalogue import find_model, weights_file

__all__ = ["Prepared", "prepare", "shared_variables"]


@dataclass(frozen=True)
class Prepared:
    """Dit ce qu'est devenu un fichier.

    Arguments
    ---------
    name, path : le réseau ou la photo, et son fichier (None : livré avec le cours, ou absent)
    size : sa taille, en octets
    fresh : vrai s'il vient d'être téléchargé
    hashed : vrai si une empreinte est publiée pour lui, et que c'est la sienne
    problem : pourquoi il n'est pas prêt, en une phrase, ou ""
    """

    name: str
    path: Path | None = None
    size: int = 0
    fresh: bool = False
    hashed: bool = True
    problem: str = ""


def shared_variables(folder):
    """Renvoie les deux variables d'environnement qui font servir le dossier `folder`."""
    return {"KERAS_HOME": str(folder / "poids"), "GRADCAM_LAB_DATA": str(folder / "photos")}


def prepare(names=(), *, folder=None):
    """Donne un `Prepared` par photo, puis par réseau de `names`, téléchargés s'ils manquent.

    Arguments
    ---------
    names : les réseaux, par leurs noms du catalogue
    folder : le dossier qui reçoit tout, créé au besoin et rendu lisible par tous les comptes
        (None : les dossiers ordinaires de ce compte)

    Lève
    ----
    UnknownModelError
        un réseau n'existe pas ; rien n'est encore téléchargé
    OutputError
        `folder` ne peut pas être créé
    """
    models = list(dict.fromkeys(map(find_model, names)))
    variables = {}
    if folder is not None:
        variables = shared_variables(_created(Path(folder)))
    return _prepare(models, variables)


def _prepare(models, variables):
    photos = [info for info in samples() if not info.parts]  # un assemblage n'a pas de fichier
    for ready, infos in ((_photo, photos), (_network, models)):
        for info in infos:
            with _environment(variables):
                try:
                    done = ready(info)
                except GradcamLabError as error:
                    done = Prepared(info.name, problem=str(error))
            if variables and done.path:
                _open_to_all(done.path, variables.values())
            yield done


def _photo(info):
    if info.offline:
        sample_path(info)
        return Prepared(info.name)
    before = _stamp(local_path(info))
    return _downloaded(info.name, sample_path(info), before, True)


def _network(info):
    if info.shipped:
        return Prepared(info.name)
    before = _stamp(info.weights_path)
    return _downloaded(info.name, weights_file(info), before, info.hashed)


def _downloaded(name, path, before, hashed):
    return Prepared(name, path, path.stat().st_size, _stamp(path) != before, hashed)


def _stamp(path):
    try:
        found = os.stat(path)
    except (OSError, TypeError):  # absent, ou None
        return None
    return found.st_ino, found.st_mtime_ns


def _created(folder):
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True)
            folder.chmod(0o755)
        return folder.resolve()
    except (OSError, ValueError):
        raise OutputError(
            f"Le dossier « {folder} » ne peut pas être créé : choisissez-en un autre, ou demandez "
            "le droit d'y écrire."
        ) from None


def _open_to_all(path, homes):
    """Laisse les autres comptes lire ce fichier et les dossiers du partage qui le contiennent."""
    for shared in (path, *path.parents):
        if any(shared.is_relative_to(home) for home in homes):
            with contextlib.suppress(OSError):  # le fichier d'un autre compte
                shared.chmod(shared.stat().st_mode | (0o555 if shared.is_dir() else 0o444))


@contextlib.contextmanager
def _environment(values):
    """Donne ces valeurs à des variables d'environnement, le temps du bloc."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
