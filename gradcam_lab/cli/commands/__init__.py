"""Les commandes qui n'expliquent pas de photos : `python -m gradcam_lab NOM ...`.

Un fichier chacune, qui définit `SUMMARY` (une ligne pour l'aide), `INTERRUPTED` (ce que dit Ctrl-C)
et `execute(argv)`, qui peut renvoyer un code de retour ; et une ligne dans `COMMANDS`. Un dossier
de photos qui porte le nom d'une commande s'écrit `./rapport`.
"""

from . import prepare, report, verify

__all__ = ["COMMANDS"]

COMMANDS = {
    "preparer": prepare,
    "rapport": report,
    "verifier": verify,
}
