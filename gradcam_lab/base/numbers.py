"""Les nombres à la française : une virgule, des espaces insécables, aucune fausse certitude."""

__all__ = ["percent", "short", "short_percent", "tick"]


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


def short_percent(share):
    """Écrit une part en pour cent avec un chiffre après la virgule : « 33,8 % »."""
    return percent(share, digits=1)


def short(value, sign=False):
    """Écrit un nombre à trois chiffres utiles, avec une virgule : « 0,0123 »."""
    text = f"{float(value):{'+' if sign else ''}.3g}"
    return text.replace(".", ",").replace("-", "\N{MINUS SIGN}")


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def tick(value, _position=None):
    """Écrit une graduation d'axe : quatre chiffres au plus, « 2,5·10⁻⁵ » si elle est minuscule."""
    # 0,30000000000000004 n'apprend rien à personne.
    number, _, exponent = f"{value:.4g}".replace(".", ",").partition("e")
    number = number.replace("-", "\N{MINUS SIGN}")
    if exponent:
        number += f"·10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return number
