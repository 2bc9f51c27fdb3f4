"""Les options de la commande principale, celle qui explique des photos."""

from .. import __version__
from ..base.numbers import short
from ..images import ALPHA, BLEND, COLORMAP
from .arguments import HELP, PROGRAM, Syntax, count, decimal, flag, named
from .commands import COMMANDS

__all__ = ["PHOTOS"]

_OPTIONS = {
    "Ce qu'il faut expliquer": {
        "--modele": named("NOM", "réseau (vgg16 par défaut, ou mini si vgg16 est hors d'atteinte)"),
        "--classe": named("CLASSE", "classe à expliquer (par défaut, la plus probable)"),
        "--couche": named("NOM", "couche cible (par défaut, la dernière convolution)"),
        "--methode": named("NOM", "méthode (gradcam par défaut)", "gradcam"),
        "--combien": {
            "metavar": "N", "type": count, "default": 5,
            "help": "classes à afficher (5 par défaut)",
        },
    },
    "Images écrites": {
        "--sortie": {
            "metavar": "DOSSIER", "default": ".", "help": "dossier, créé au besoin (ici par défaut)"
        },
        "--ecraser": flag("remplace les images déjà présentes"),
        "--continuer": flag("laisse de côté les photos qui ne conviennent pas"),
        "--palette": named("NOM", f"palette de couleurs ({COLORMAP} par défaut)", COLORMAP),
        "--opacite": {
            "metavar": "X", "type": decimal, "default": ALPHA,
            "help": f"de 0 à 1 ({short(ALPHA)} par défaut)",
        },
        "--melange": named(
            "NOM",
            "add ajoute la couleur à la photo, mix les mélange, ce qui reste lisible sur un fond "
            f"blanc ({BLEND} par défaut)",
            BLEND,
        ),
    },
    "Renseignements": {
        "--liste-modeles": flag("énumère les réseaux"),
        "--liste-couches": flag("énumère les couches du réseau choisi"),
        "--liste-classes": flag("énumère les classes du réseau choisi"),
        "--liste-methodes": flag("énumère les méthodes, et ce qu'elles coûtent avec ce réseau"),
        "--version": {
            "action": "version", "version": f"gradcam_lab {__version__}", "help": "dit la version"
        },
        **HELP,
    },
}  # fmt: skip

_COMMANDS = "".join(f"\n  {name} : {command.SUMMARY}" for name, command in COMMANDS.items())

PHOTOS = Syntax(
    usage=f"{PROGRAM} PHOTO [PHOTO ...] [options]",
    summary="Montre ce qui, dans une photo, a mené un réseau à sa décision (Grad-CAM).",
    title="Photos",
    words="photos",
    help="chemin, adresse http(s) ou photo d'exemple (chelsea, astronaut, ...) ; d'un dossier, "
    "toutes les photos qu'il contient, sans ses sous-dossiers",
    options=_OPTIONS,
    example=f"{PROGRAM} chien.jpg --modele mobilenet_v2 --classe dalmatien",
    more=f"\n\nAutres commandes, chacune avec son --aide :{_COMMANDS}",
)
