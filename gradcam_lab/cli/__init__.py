"""La ligne de commande : `python -m gradcam_lab PHOTO [PHOTO ...]`.

`arguments` lit les options, que déclare `options` ; `photos` vérifie avant tout calcul ce qu'il
faut lire et écrire, `run` explique les photos, `lists` énumère, `console` protège ce qui s'affiche.
`commands` a les autres commandes, comme `python -m gradcam_lab rapport CARNET`.
"""

import contextlib
import errno
import sys
import warnings

from ..errors import GradcamLabError
from .commands import COMMANDS
from .console import Stream
from .run import execute

__all__ = ["main"]


def main(argv=None):
    """Exécute la commande et renvoie son code de retour.

    Arguments
    ---------
    argv : liste des mots de la commande, par défaut ceux qui suivent `python -m gradcam_lab`

    Rend
    ----
    int
        0 ; 1 si `verifier` a trouvé quelque chose à réparer ; 2 après une erreur, dite en français
        sur la sortie d'erreur ; 130 après Ctrl-C

    Exemple
    -------
    >>> main(["chien.jpg", "--modele", "mini", "--sortie", "cartes"])  # doctest: +SKIP
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    output, errors = Stream(sys.stdout), Stream(sys.stderr)
    with (
        contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(errors),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        code = _code(argv)
        output.flush()
        # Le lecteur parti (`| head -1`) n'est pas une erreur ; Windows l'appelle EINVAL.
        if output.error and output.error.errno not in (errno.EPIPE, errno.EINVAL):
            print(
                "Le texte de la commande n'a pas pu être écrit en entier : envoyez-le vers un "
                "autre fichier, ou libérez de la place.",
                file=errors,
            )
            code = 2
        errors.flush()
    return code


def _code(argv):
    command = COMMANDS.get(argv[0]) if argv else None
    try:
        if command:
            return command.execute(argv[1:]) or 0
        execute(argv)
    except SystemExit:  # argparse, après `--aide` ou `--version`
        return 0
    except GradcamLabError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        done = "les photos déjà terminées sont enregistrées."
        print(f"Interrompu : {command.INTERRUPTED if command else done}", file=sys.stderr)
        return 130
    return 0
