"""Les options de la ligne de commande, avec une aide et des erreurs en français."""

import argparse

from .. import __version__
from ..base.names import did_you_mean
from ..base.numbers import short
from ..errors import SettingError
from ..images import ALPHA, BLEND, COLORMAP

_PROGRAM = "python -m gradcam_lab"
_COLON = "\N{NO-BREAK SPACE}"  # argparse ajoute « : » aux titres, sans l'espace du français
_HELP = " ; ajoutez --aide pour voir toutes les options."
# Aucun nom de classe, de couche ou de palette n'approche cette longueur.
_LONGEST_NAME = 200


def parse(argv):
    """Renvoie les options lues dans `argv`, ou lève `SettingError`.

    `--aide` et `--version` écrivent leur texte et lèvent `SystemExit`, comme le fait argparse.
    """
    parser, actions = _parser()
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
    options.photos += rest + argv[end + 1 :]
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


def _count(text):
    try:
        number = int(text)
    except ValueError:
        raise _not("un nombre", text) from None
    if number < 1:
        raise _not("un nombre d'au moins 1", text)
    return number


def _decimal(text):
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise _not("un nombre", text) from None


def _not(expected, text):
    shown = text if len(text) < 40 else f"{text[:30]}…"
    return argparse.ArgumentTypeError(f"{expected}, et non « {shown} »")


# --- Les options --------------------------------------------------------------------------------


def _parser():
    """Renvoie l'analyseur, et la liste de ses options."""
    parser = argparse.ArgumentParser(
        prog=_PROGRAM,
        # Le mot « usage », qu'argparse met devant, se traduit ici.
        usage=argparse.SUPPRESS,
        description=f"Utilisation : {_PROGRAM} PHOTO [PHOTO ...] [options]\n\n"
        "Montre ce qui, dans une photo, a mené un réseau à sa décision (Grad-CAM).",
        epilog=f"Exemple : {_PROGRAM} chien.jpg --modele mobilenet_v2 --classe dalmatien",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        add_help=False,
        # Une abréviation acceptée aujourd'hui deviendrait ambiguë avec une option de demain.
        allow_abbrev=False,
        exit_on_error=False,
    )
    photos = parser.add_argument_group("Photos" + _COLON)
    photos.add_argument(
        "photos",
        metavar="PHOTO",
        nargs="*",
        help="chemin, adresse http(s) ou photo d'exemple (chelsea, astronaut, ...) ; d'un dossier, "
        "toutes les photos qu'il contient, sans ses sous-dossiers",
    )
    actions = []
    for title, options in _OPTIONS.items():
        group = parser.add_argument_group(title + _COLON)
        for names, settings in options.items():
            actions.append(group.add_argument(*names.split(), **settings))
    return parser, actions


def _text(metavar, help, default=None):
    return {"metavar": metavar, "type": _name, "default": default, "help": help}


def _flag(help):
    return {"action": "store_true", "help": help}


_OPTIONS = {
    "Ce qu'il faut expliquer": {
        "--modele": _text("NOM", "réseau (vgg16 par défaut, ou mini si vgg16 est hors d'atteinte)"),
        "--classe": _text("CLASSE", "classe à expliquer (par défaut, la plus probable)"),
        "--couche": _text("NOM", "couche cible (par défaut, la dernière convolution)"),
        "--methode": _text("NOM", "méthode (gradcam par défaut)", "gradcam"),
        "--combien": {
            "metavar": "N", "type": _count, "default": 5,
            "help": "classes à afficher (5 par défaut)",
        },
    },
    "Images écrites": {
        "--sortie": {
            "metavar": "DOSSIER", "default": ".", "help": "dossier, créé au besoin (ici par défaut)"
        },
        "--ecraser": _flag("remplace les images déjà présentes"),
        "--continuer": _flag("laisse de côté les photos qui ne conviennent pas"),
        "--palette": _text("NOM", f"palette de couleurs ({COLORMAP} par défaut)", COLORMAP),
        "--opacite": {
            "metavar": "X", "type": _decimal, "default": ALPHA,
            "help": f"de 0 à 1 ({short(ALPHA)} par défaut)",
        },
        "--melange": _text(
            "NOM",
            "add ajoute la couleur à la photo, mix les mélange, ce qui reste lisible sur un fond "
            f"blanc ({BLEND} par défaut)",
            BLEND,
        ),
    },
    "Renseignements": {
        "--liste-modeles": _flag("énumère les réseaux"),
        "--liste-couches": _flag("énumère les couches du réseau choisi"),
        "--liste-classes": _flag("énumère les classes du réseau choisi"),
        "--version": {
            "action": "version", "version": f"gradcam_lab {__version__}", "help": "dit la version"
        },
        "-h --aide --help": {"action": "help", "help": "affiche cette aide"},
    },
}  # fmt: skip
