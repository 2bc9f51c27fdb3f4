"""Ce que le paquet dit à ses utilisateurs en dehors des erreurs."""

import sys
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["muted", "overheard", "say"]

# La liste où vont les phrases au lieu de l'écran, s'il y en a une.
_heard = ContextVar("gradcam_lab_heard", default=None)
_said = set()


def say(text, *, once=False):
    """Affiche une phrase sur la sortie normale : dans un carnet, elle suit la cellule.

    Avec `once`, la même phrase n'est affichée qu'une fois par cellule de carnet, ou par programme.
    """
    heard = _heard.get()
    if heard is not None:
        if not once or text not in heard:
            heard.append(text)
    elif not once or (_cell(), text) not in _said:
        _said.add((_cell(), text))
        print(text, flush=True)


def _cell():
    """Le numéro de la cellule en cours, ou None hors d'un carnet."""
    interface = sys.modules.get("IPython")
    shell = interface.get_ipython() if interface else None
    return shell and shell.execution_count


@contextmanager
def overheard():
    """Donne une liste où `say` range ses phrases dans ce bloc : elles seront montrées autrement."""
    heard = []
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)


# Quand personne n'a besoin de la liste, le nom dit mieux ce que l'on veut.
muted = overheard
