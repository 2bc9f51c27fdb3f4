"""Lire les mots d'une commande, avec une aide et des erreurs en français.

`Syntax` décrit une commande ; `options.py` a celle des photos, et chaque fichier de `commands/` la
sienne.
"""

import argparse
from dataclasses import dataclass

from ..base.names import did_you_mean
from ..errors import SettingError

__all__ = ["HELP", "PROGRAM", "Syntax", "count", "decimal", "flag", "named", "parse"]

PROGRAM = "python -m gradcam_lab"
_COLON = "\N{NO-BREAK SPACE}"  # argparse ajoute « : » aux titres, sans l'espace du français
_HELP = " ; ajoutez --aide pour voir toutes les options."
# L'aide, à mettre parmi les options de chaque commande.
HELP = {"-h --aide --help": {"action": "help", "help": "affiche cette aide"}}
# Aucun nom de classe, de couche ou de palette n'approche cette longueur.
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Syntax:
    """Décrit les mots d'une commande.

    Arguments
    ---------
    usage : ce que l'on tape, comme « python -m gradcam_lab PHOTO [options] »
    summary : ce que fait la commande, en une ou deux phrases
    title, words, help : le titre, le nom et l'explication de ce qui n'est pas une option ; le nom
        est aussi celui de l'attribut rendu par `parse`, une liste
    options : {titre: {"-o --option": réglages d'argparse}}
    example : une commande complète
    more : ce que l'aide dit en dernier
    """

    usage: str
    summary: str
    title: str
    words: str
    help: str
    options: dict
    example: str
    more: str = ""


def parse(argv, syntax):
    """Renvoie les options lues dans `argv`, ou lève `SettingError`.

    `--aide` et `--version` écrivent leur texte et lèvent `SystemExit`, comme le fait argparse.
    """
    parser, actions = _parser(syntax)
    end = argv.index("--") if "--" in argv else len(argv)  # ensuite, rien n'est plus une option
    try:
        # « intermixed » : une option peut être écrite entre deux photos ; « known » : argparse
        # renvoie les options inconnues au lieu de les refuser dans une phrase à lui.
        options, rest = parser.parse_known_intermixed_args(argv[:end])
    except argparse.ArgumentError as error:
        raise SettingError(_refusal(error, actions)) from None
    if unknown := [word for word in rest if word.startswith("-")]:
        wrong = unknown[0].split("=")[0]
        hint = did_you_mean(wrong, [name for action in actions for name in action.option_strings])
        raise SettingError(f"L'option « {wrong} » n'existe pas" + (f" : {hint}" if hint else _HELP))
    words = getattr(options, syntax.words) + rest + argv[end + 1 :]
    setattr(options, syntax.words, words)
    return options


def _refusal(error, actions):
    """Dit en français ce qu'argparse refuse ; ses propres phrases, en anglais, ne sont pas lues."""
    option = error.argument_name.split("/")[0]  # « -h/--aide/--help »
    (action,) = [action for action in actions if option in action.option_strings]
    if action.nargs == 0:
        return f"L'option {option} ne prend pas de valeur{_HELP}"
    if isinstance(error.__context__, argparse.ArgumentTypeError):
        return f"L'option {option} attend {error.__context__}{_HELP}"
    return f"L'option {option} attend une valeur{_HELP}"


# --- Les valeurs --------------------------------------------------------------------------------


def _name(text):
    if len(text) > _LONGEST_NAME:
        raise argparse.ArgumentTypeError(f"un nom, et non {len(text)} caractères")
    return text


def count(text):
    """Lit un entier d'au moins 1."""
    try:
        number = int(text)
    except ValueError:
        raise _not("un nombre", text) from None
    if number < 1:
        raise _not("un nombre d'au moins 1", text)
    return number


def decimal(text):
    """Lit un nombre, à virgule ou à point."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise _not("un nombre", text) from None


def _not(expected, text):
    shown = text if len(text) < 40 else f"{text[:30]}…"
    return argparse.ArgumentTypeError(f"{expected}, et non « {shown} »")


# --- Les options --------------------------------------------------------------------------------


def named(metavar, help, default=None):
    """Décrit une option qui attend un nom."""
    return {"metavar": metavar, "type": _name, "default": default, "help": help}


def flag(help):
    """Décrit une option sans valeur."""
    return {"action": "store_true", "help": help}


def _parser(syntax):
    """Renvoie l'analyseur, et la liste de ses options."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        # Le mot « usage », qu'argparse met devant, se traduit ici.
        usage=argparse.SUPPRESS,
        description=f"Utilisation : {syntax.usage}\n\n{syntax.summary}",
        epilog=f"Exemple : {syntax.example}{syntax.more}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        # Une abréviation acceptée aujourd'hui deviendrait ambiguë avec une option de demain.
        allow_abbrev=False,
        exit_on_error=False,
    )
    words = parser.add_argument_group(syntax.title + _COLON)
    metavar = syntax.words.rstrip("s").upper()
    words.add_argument(syntax.words, metavar=metavar, nargs="*", help=syntax.help)
    actions = []
    for title, options in syntax.options.items():
        group = parser.add_argument_group(title + _COLON)
        for names, settings in options.items():
            actions.append(group.add_argument(*names.split(), **settings))
    return parser, actions
