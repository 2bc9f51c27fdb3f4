"""Les recettes : les phases d'apprentissage de chaque réseau livré.

Un réseau de plus, de même architecture, est une recette de plus, un dossier de textes dans
`fiches/` et une ligne du catalogue du paquet.
"""

from typing import NamedTuple


class Phase(NamedTuple):
    """Une phase d'apprentissage."""

    steps: int
    rate: float  # taux d'apprentissage le plus haut
    small: float  # part des pas faite sur des vues réduites à 96 pixels
    series: tuple[int, ...]  # séries de vues, voir prepare_views.py
    place: float = 0.0  # poids de la leçon du lieu ; zéro : rien ne regarde les cartes
    margin: float = 0.0  # de combien la trace d'une classe absente doit rester sous zéro
    peaks: bool = False  # juger aussi chaque carte à sa case la plus chaude, voir `peak_losses`


RECIPES = {
    # L'éducation ordinaire : reconnaître, et rien d'autre.
    "mini": (Phase(6000, 3e-3, 0.55, (1,)),),
    # La même, puis trois phases qui apprennent aussi où chaque classe peut laisser une trace.
    "mini_localise": (
        Phase(4600, 3e-3, 0.55, (1,)),
        Phase(13000, 2e-3, 0.4, (1, 2), 0.1),
        Phase(6500, 1.5e-3, 0.25, (2, 3), 0.15, 1.0),
        Phase(6000, 1e-3, 0.2, (1, 2, 3), 0.15, 1.0, True),
    ),
}


def series_of(names) -> list[int]:
    """Les séries de vues dont ces réseaux ont besoin."""
    return sorted({k for name in names for phase in RECIPES[name] for k in phase.series})


def add_network_option(parser, default=None) -> None:
    """L'option `--reseau` : un seul réseau, ou tous si `default` est None."""
    parser.add_argument("--reseau", choices=RECIPES, default=default, help="un seul réseau")


def chosen(name: str | None) -> list[str]:
    """Les réseaux que demande `--reseau`."""
    return [name] if name else list(RECIPES)
