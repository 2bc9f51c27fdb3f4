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


def percent(share, digits=2):
    """Écrit une part en pour cent : 0.9992306 donne « 99,92 % », 1e-7 « < 0,01 % ».

    « 0,00 % » et « 100,00 % » laisseraient croire à une certitude : ils ne s'écrivent que pour 0 et
    pour 1.
    """
    least = 10.0 ** -(digits + 2)
    if 0 < share < least / 2:
        text = f"< {100 * least:.{digits}f}"
    elif 1 - least / 2 < share < 1:
        text = f"> {100 * (1 - least):.{digits}f}"
    else:
        text = f"{100 * share:.{digits}f}"
    return f"{text}\N{NO-BREAK SPACE}%".replace(".", ",")
