"""Les nombres à la française : une virgule, des espaces insécables, aucune fausse certitude."""

__all__ = ["megabytes", "percent", "seconds", "short", "short_percent", "tick"]

_SPACE = "\N{NO-BREAK SPACE}"


def percent(share, digits=2):
    """Écrit une part en pour cent : 0.9992306 donne « 99,92 % », 1e-7 « < 0,01 % ».

    « 0,00 % » et « 100,00 % » laisseraient croire à une certitude : ils ne s'écrivent que pour 0 et
    pour 1.
    """
    text, least = f"{100 * share:.{digits}f}", 10.0**-digits
    if share > 0 and float(text) == 0:
        text = f"< {least:.{digits}f}"
    elif share < 1 and float(text) == 100:
        text = f"> {100 - least:.{digits}f}"
    return f"{text}{_SPACE}%".replace(".", ",")


def short_percent(share):
    """Écrit une part en pour cent avec un chiffre après la virgule : « 33,8 % »."""
    return percent(share, digits=1)


def short(value, sign=False):
    """Écrit un nombre à trois chiffres utiles : « 0,0123 », « 9,31 × 10⁻⁵ »."""
    text = f"{float(value):{'+' if sign else ''}.3g}"
    digits, _, exponent = text.replace(".", ",").partition("e")
    digits = digits.replace("-", "\N{MINUS SIGN}")
    return f"{digits}{_SPACE}×{_SPACE}10{_raised(exponent)}" if exponent else digits


def _raised(exponent):
    """« -05 » → « ⁻⁵ »."""
    return str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def megabytes(size):
    """Écrit une taille, donnée en mégaoctets : « 554 Mo »."""
    return f"{size:.0f}{_SPACE}Mo"


def seconds(duration):
    """Écrit une durée, donnée en secondes : « 85 ms », « 2,4 s »."""
    if duration < 2:
        return f"{1000 * duration:.0f}{_SPACE}ms"
    return f"{duration:.1f}{_SPACE}s".replace(".", ",")


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def tick(value, _position=None):
    """Écrit une graduation d'axe : quatre chiffres au plus, « 2,5·10⁻⁵ » si elle est minuscule."""
    # 0,30000000000000004 n'apprend rien à personne.
    number, _, exponent = f"{value:.4g}".replace(".", ",").partition("e")
    number = number.replace("-", "\N{MINUS SIGN}")
    if exponent:
        number += f"·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return number
