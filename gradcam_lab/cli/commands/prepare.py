"""`preparer` : télécharger d'avance, et vérifier, les poids des réseaux et les photos d'exemple."""

import os
import shlex
import sys

from ...base.messages import say
from ...base.numbers import megabytes
from ...errors import DownloadError
from ..arguments import HELP, PROGRAM, Syntax, parse

__all__ = ["INTERRUPTED", "SUMMARY", "execute"]

SUMMARY = "télécharge d'avance, et vérifie, les poids des réseaux et les photos"
INTERRUPTED = "les fichiers déjà complets sont gardés ; la même commande reprendra au suivant."

SYNTAX = Syntax(
    usage=f"{PROGRAM} preparer [RESEAU ...] [options]",
    summary="Télécharge les photos d'exemple, et les poids des réseaux nommés, puis vérifie leurs\n"
    "empreintes. Ce qui est déjà là est seulement vérifié.",
    title="Réseaux",
    words="reseau",
    help="vgg16, mobilenet_v2... (--liste-modeles les énumère) ; sans aucun, les photos seules",
    options={
        "Dossier": {
            "--dossier": {
                "metavar": "DOSSIER", "default": None,
                "help": "range tout dans ce dossier, qu'une classe entière peut partager",
            },
        },
        "Renseignements": HELP,
    },
    example=f"{PROGRAM} preparer vgg16 --dossier /partage/gradcam",
)  # fmt: skip


def execute(argv):
    """Prépare les fichiers ; lève `GradcamLabError` s'il en manque un."""
    from ...classroom.preparation import prepare
    from ...images.writing import as_path

    options = parse(argv, SYNTAX)
    folder = as_path(options.dossier) if options.dossier is not None else None
    sizes, missing = [], []
    for done in prepare(options.reseau, folder=folder):
        sizes += [done.size] if done.path else []
        if done.problem:
            missing.append(done.name)
            print(f"{done.name:<16} {done.problem}", file=sys.stderr)
        else:
            say(f"{done.name:<16} {_told(done)}")
    say(f"En tout : {len(sizes)} fichier{'s' * (len(sizes) > 1)}, {_size(sum(sizes))}.")
    if missing:
        raise DownloadError(
            f"Il manque {', '.join(missing)} : relancez la même commande quand la cause est "
            "réparée, ce qui est déjà là ne sera pas téléchargé de nouveau."
        )
    if not options.reseau:
        say(f"Pour des poids aussi, nommez leur réseau : {PROGRAM} preparer vgg16 (554 Mo).")
    if folder is not None:
        _tell_variables(folder.resolve())


def _told(done):
    if done.path is None:
        return "livré avec le cours"
    how = "téléchargement" if done.fresh else "déjà là"
    checked = "empreinte vérifiée" if done.hashed else "fichier entier (sans empreinte publiée)"
    return f"{_size(done.size)}, {how}, {checked} : {done.path}"


def _size(size):
    """Écrit une taille donnée en octets."""
    return megabytes(size / 1e6) if size >= 1e6 or not size else "moins d'un Mo"


def _tell_variables(folder):
    """Dit comment se servir du dossier."""
    from ...classroom.preparation import shared_variables

    say("\nCe dossier peut être en lecture seule. Pour qu'un compte s'en serve, donnez-lui")
    say("ces deux variables avant d'ouvrir JupyterLab :\n")
    for name, value in shared_variables(folder).items():
        if os.name == "nt":
            say(f'    $env:{name} = "{value}"')
        else:
            say(f"    export {name}={shlex.quote(value)}")
