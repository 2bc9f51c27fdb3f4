"""`verifier` : cette machine est-elle prête pour les leçons ? Une page, ou une ligne de JSON."""

import json
import platform
import textwrap

from ... import __version__
from ...base.messages import say
from ...classroom.checkup import ERROR, OK, WARNING, check_machine
from ..arguments import HELP, PROGRAM, Syntax, flag, parse

__all__ = ["INTERRUPTED", "SUMMARY", "execute"]

SUMMARY = "dit si cette machine est prête pour les leçons, et sinon que faire"
INTERRUPTED = "la vérification n'est pas finie."
_STATES = {OK: "ok", WARNING: "attention", ERROR: "à réparer"}
_WIDTH, _MARGIN = 96, " " * 26

SYNTAX = Syntax(
    usage=f"{PROGRAM} verifier [RESEAU ...] [options]",
    summary="Vérifie Python, les bibliothèques, les widgets, les poids, les photos, la mémoire,\n"
    "le disque et internet, puis calcule une vraie carte. Rien n'est téléchargé ni changé. Le\n"
    "code de retour est 0 si la machine est prête, 1 si une ligne est à réparer.",
    title="Réseaux",
    words="reseau",
    help="ceux dont la séance a besoin (vgg16...) ; sans aucun, mini suffit",
    options={
        "Réponse": {"--json": flag("une ligne de JSON, pour réunir celles de toute une salle")},
        "Renseignements": HELP,
    },
    example=f"{PROGRAM} verifier vgg16",
)


def execute(argv):
    """Vérifie la machine, et renvoie 0 si elle est prête, 1 sinon."""
    options = parse(argv, SYNTAX)
    checks = []
    for check in check_machine(options.reseau):
        checks.append(check)
        if not options.json:
            _show(check)
    broken = sum(check.state == ERROR for check in checks)
    if options.json:
        machine = {"machine": platform.node(), "gradcam_lab": __version__, "ready": not broken}
        # Une console qui ne connaît pas « é » ne doit pas changer ces lignes.
        say(json.dumps({**machine, "checks": [vars(check) for check in checks]}))
    elif broken:
        lines = "1 ligne est" if broken == 1 else f"{broken} lignes sont"
        say(f"\n{lines} à réparer : faites ce que dit chaque flèche, puis relancez cette commande.")
    else:
        say("\nCette machine est prête.")
    return 1 if broken else 0


def _show(check):
    start = f"{_STATES[check.state]:<11}{check.topic:<15}"
    say(textwrap.fill(check.said, _WIDTH, initial_indent=start, subsequent_indent=_MARGIN))
    if check.remedy:
        # Sur une seule ligne, si longue soit-elle : on la copie.
        say(f"{_MARGIN}-> {check.remedy}")
