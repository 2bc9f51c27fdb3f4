"""Ce que le paquet dit à ses utilisateurs en dehors des erreurs."""

import sys
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["followed", "muted", "overheard", "say", "track"]

# La liste où vont les phrases au lieu de l'écran, s'il y en a une.
_heard = ContextVar("gradcam_lab_heard", default=None)
# La fonction qui suit les longs calculs, s'il y en a une.
_follower = ContextVar("gradcam_lab_follower", default=None)
_said = []


def say(text, *, once=False):
    """Affiche une phrase sur la sortie normale : dans un carnet, elle suit la cellule.

    Avec `once`, la même phrase n'est affichée qu'une fois par cellule de carnet, ou par programme.
    """
    heard = _heard.get()
    said, key = (_said, (_cell(), text)) if heard is None else (heard, text)
    if once and key in said:
        return
    if once or heard is not None:
        said.append(key)
    if heard is None:
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


@contextmanager
def followed(follower):
    """Dans ce bloc, `follower(fait, total)` suit les longs calculs ; ce qu'elle lève les arrête."""
    token = _follower.set(follower)
    try:
        yield
    finally:
        _follower.reset(token)


@contextmanager
def track(total, title, shown, unit="essai"):
    """Donne la fonction `advance(n)` qui fait avancer une barre de progression (`tqdm`), ou rien.

    Elle prévient aussi celle de `followed`.
    """
    from tqdm import tqdm

    follower = _follower.get()
    with tqdm(total=total, desc=title, unit=unit, disable=not shown) as bar:
        done = 0

        def advance(count):
            nonlocal done
            done += count
            bar.update(count)
            if follower is not None:
                follower(done, total)

        yield advance
