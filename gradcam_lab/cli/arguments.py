"""Les options de la ligne de commande, avec une aide et des erreurs en français."""

import argparse
import re

from .. import __version__
from ..base.names import did_you_mean

_HELP = " ; ajoutez --aide pour voir toutes les options."


class ArgumentsError(Exception):
    """La commande est mal écrite ; le message est une phrase en français."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    def add_usage(self, usage, actions, groups, prefix=None):
        super().add_usage(usage, actions, groups, "Utilisation : ")


class _Parser(argparse.ArgumentParser):
    """Un analyseur d'options dont les erreurs sont des phrases françaises, sans arrêt brutal."""

    def error(self, message):
        raise ArgumentsError(self._translate(message))

    def _translate(self, message):
        # argparse ne donne que ces phrases anglaises, à peu près les mêmes de Python 3.10 à 3.13.
        if found := re.match(r"unrecognized arguments: (\S+)", message):
            wrong = found[1].split("=")[0]
            hint = did_you_mean(wrong, self._option_string_actions)
            return f"L'option « {wrong} » n'existe pas : {hint}" if hint else (
                f"L'option « {wrong} » n'existe pas{_HELP}"
            )  # fmt: skip
        found = re.match(r"argument (\S+?)(?:/\S+)?: (.*)", message)
        if found and "expected" in found[2]:
            return f"L'option {found[1]} attend une valeur{_HELP}"
        if found and "ignored explicit argument" in found[2]:
            return f"L'option {found[1]} ne prend pas de valeur{_HELP}"
        if found and "invalid" in found[2]:
            value = found[2].rpartition(": ")[2].strip("'\"")
            return f"L'option {found[1]} attend un nombre, et non « {value} »{_HELP}"
        return f"La commande n'est pas comprise{_HELP}"


def _decimal(text):
    return float(text.replace(",", "."))


def make_parser():
    """Renvoie l'analyseur des options de `python -m gradcam_lab`."""
    parser = _Parser(
        prog="python -m gradcam_lab",
        usage="%(prog)s PHOTO [PHOTO ...] [options]",
        description="Montre ce qui, dans une photo, a mené un réseau à sa décision (Grad-CAM).",
        epilog="Exemple : python -m gradcam_lab chien.jpg --modele mobilenet_v2 --classe dalmatien",
        formatter_class=_Formatter,
        add_help=False,
        # Une abréviation acceptée aujourd'hui deviendrait ambiguë avec une option de demain.
        allow_abbrev=False,
    )
    photos = parser.add_argument_group("Photos")
    photos.add_argument(
        "photos", metavar="PHOTO", nargs="*", help="chemin ou adresse http(s) d'une photo"
    )
    what = parser.add_argument_group("Ce qu'il faut expliquer")
    add = what.add_argument
    add("--modele", metavar="NOM", default="vgg16", help="réseau (vgg16 par défaut)")
    add("--classe", metavar="CLASSE", help="classe à expliquer (par défaut, la plus probable)")
    add("--couche", metavar="NOM", help="couche cible (par défaut, la dernière convolution)")
    add("--methode", metavar="NOM", default="gradcam", help="méthode (gradcam par défaut)")
    add("--combien", metavar="N", type=int, default=5, help="classes à afficher (5 par défaut)")
    images = parser.add_argument_group("Images écrites")
    add = images.add_argument
    add("--sortie", metavar="DOSSIER", default=".", help="dossier, créé au besoin (ici par défaut)")
    add("--ecraser", action="store_true", help="remplace les images déjà présentes")
    add("--palette", metavar="NOM", default="jet", help="palette de couleurs (jet par défaut)")
    add("--opacite", metavar="X", type=_decimal, default=0.4, help="de 0 à 1 (0,4 par défaut)")
    more = parser.add_argument_group("Renseignements")
    add = more.add_argument
    add("--liste-modeles", action="store_true", help="énumère les réseaux")
    add("--liste-couches", action="store_true", help="énumère les couches du réseau choisi")
    add("--version", action="version", version=f"gradcam_lab {__version__}", help="dit la version")
    add("-h", "--aide", "--help", action="help", help="affiche cette aide")
    return parser
