"""Vérifier un réglage, et le refuser d'une phrase."""

import operator

from ..errors import SettingError

__all__ = ["check_count", "check_share"]


def check_share(value, name):
    """Renvoie `value` en nombre s'il est entre 0 et 1, sinon lève `SettingError`.

    `name` commence la phrase : « L'opacité alpha », « Le seuil ».
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        number = float("nan")
    if isinstance(value, bool) or not 0 <= number <= 1:
        raise SettingError(f"{name} est un nombre entre 0 et 1, et non {value!r}.")
    return number


def check_count(value, name, least=1):
    """Renvoie `value` en entier s'il vaut au moins `least`, sinon lève `SettingError`."""
    try:
        number = operator.index(value)
    except TypeError:
        number = None
    if isinstance(value, bool) or number is None or number < least:
        raise SettingError(f"{name} est un nombre entier d'au moins {least}, et non {value!r}.")
    return number
