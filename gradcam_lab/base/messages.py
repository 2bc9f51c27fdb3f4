"""Ce que le paquet dit à ses utilisateurs en dehors des erreurs."""

from contextlib import contextmanager
from contextvars import ContextVar

_muted = ContextVar("gradcam_lab_muted", default=False)


def say(text):
    """Affiche une phrase sur la sortie normale : dans un carnet, elle suit la cellule."""
    if not _muted.get():
        print(text, flush=True)


@contextmanager
def muted():
    """Tait `say` dans ce bloc : ce qu'il dirait sera montré autrement."""
    token = _muted.set(True)
    try:
        yield
    finally:
        _muted.reset(token)
