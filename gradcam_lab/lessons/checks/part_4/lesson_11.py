"""Leçon 11 : l'aire sous une courbe, une carte tricheuse, et ce qui manque pour conclure."""

import numpy as np

from ....network.labels import as_index
from ...correction import RIGHT, call, correct

__all__ = ["check_cheat", "check_curve_area", "check_missing"]


def check_curve_area(function):
    """Corrige l'exercice ★ de la leçon 11 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(fractions, probabilities)`, deux tableaux (n,), qui renvoie l'aire
        par la formule des trapèzes
    """
    correct(_curve_area, ... if _unwritten(function, *_CURVES[0]) else function)


def check_cheat(function):
    """Corrige l'exercice ★★ de la leçon 11 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction d'une carte (h, w) entre 0 et 1, qui en renvoie une autre, de même ordre
        et d'au moins 0,95 partout
    """
    correct(_cheat, ... if _unwritten(function, _MAPS[0]) else function)


def check_missing(answer):
    """Corrige l'exercice ★★★ de la leçon 11 et affiche une phrase.

    Arguments
    ---------
    answer : dictionnaire `{"A": numéro, ..., "E": numéro}`, ce qui manque à chaque phrase
    """
    untouched = isinstance(answer, dict) and all(number is ... for number in answer.values())
    correct(_missing, ... if untouched else answer)


def _unwritten(function, *arguments):
    """Vrai si la fonction rend, ou manipule encore, des points de suspension."""
    if not callable(function):
        return False
    answer, problem = call(function, *arguments)
    return answer is ... or bool(problem and "ellipsis" in problem)


def _numbers(answer):
    """La réponse en tableau de nombres, ou None."""
    try:
        return np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return None


# --- ★ L'aire ---------------------------------------------------------------------------------

# Des pas irréguliers, une probabilité qui remonte ; puis une part qui ne commence pas à zéro.
_CURVES = (
    (np.array([0.0, 0.1, 0.4, 1.0]), np.array([0.9, 0.3, 0.5, 0.1])),
    (np.array([0.2, 0.3, 0.7, 0.8, 1.0]), np.array([0.8, 0.7, 0.1, 0.2, 0.05])),
)


def _curve_area(function):
    for fractions, heights in _CURVES:
        answer, problem = call(function, fractions, heights)
        if problem:
            return problem
        found = _numbers(answer)
        if found is None or found.size != 1:
            return (
                "Pas encore : une aire est un nombre. Multipliez chaque largeur par sa hauteur, "
                "puis faites la somme."
            )
        if problem := _not_this_area(float(found.ravel()[0]), fractions, heights):
            return problem
    return f"{RIGHT}Des pas irréguliers ne la trompent pas."


def _not_this_area(found, fractions, heights):
    """Ce qui manque à l'aire, ou None si elle est juste."""
    widths, middles = np.diff(fractions), (heights[1:] + heights[:-1]) / 2
    right = np.sum(widths * middles)
    for value, hint in (
        (right, None),
        (2 * right, "Presque : c'est le double. La hauteur est la moyenne de deux probabilités."),
        (-right, "Presque : le signe est à l'envers. La largeur est f[i+1] − f[i]."),
        (
            np.sum(widths * heights[:-1]),
            "Presque : vous prenez la probabilité de gauche. Il faut la moyenne avec la suivante.",
        ),
        (
            np.sum(widths * heights[1:]),
            "Presque : vous prenez la probabilité de droite. Il faut la moyenne avec la "
            "précédente.",
        ),
        (
            right / heights[0],
            "Presque : vous avez divisé par la probabilité de départ. C'est un autre protocole.",
        ),
        (
            middles.mean(),
            "Presque : les pas ne sont pas réguliers. Multipliez chaque hauteur par sa largeur.",
        ),
        (
            heights.mean(),
            "Pas encore : c'est la moyenne des probabilités. Chaque hauteur compte selon la "
            "largeur de son pas.",
        ),
        (
            np.sum(widths * np.diff(heights)),
            "Pas encore : vous prenez la différence des probabilités. Il faut leur moyenne.",
        ),
        (np.sum(middles), "Pas encore : il manque les largeurs, np.diff(fractions)."),
    ):
        if np.isclose(found, value):
            return hint
    return "Pas encore : Σ (f[i+1] − f[i]) · (p[i] + p[i+1]) / 2, section 1."


# --- ★★ La tricheuse --------------------------------------------------------------------------

_LEAST = 0.95
_MAPS = (
    np.random.default_rng(11).permutation(np.linspace(0, 1, 42)).reshape(6, 7).astype(np.float32),
    np.array([[0.0, 0.0, 0.3], [0.3, 0.6, 0.1]], np.float32),  # des égalités, et un maximum bas
)


def _cheat(function):
    for heatmap in _MAPS:
        answer, problem = call(function, heatmap)
        if problem:
            return problem
        if problem := _not_this_cheat(_numbers(answer), heatmap):
            return problem
    return f"{RIGHT}Mêmes aires, et presque toute la lumière passe : elle n'a pourtant rien appris."


def _not_this_cheat(found, heatmap):
    """Ce qui manque à la tricheuse, ou None si elle triche bien."""
    if found is None or found.shape != heatmap.shape:
        shape = "autre chose" if found is None else f"un tableau de forme {found.shape}"
        return f"Pas encore : la carte a la forme {heatmap.shape}, et vous rendez {shape}."
    if not np.isfinite(found).all():
        return "Pas encore : la carte contient des NaN ou des infinis."
    if np.ptp(found) == 0:
        return (
            "Pas encore : la même valeur partout. La chute est nulle, mais l'ordre des pixels est "
            "perdu."
        )
    # Deux points de même chaleur le restent ; deux points rangés le restent.
    before = np.sign(np.subtract.outer(heatmap.ravel(), heatmap.ravel()))
    after = np.sign(np.subtract.outer(found.ravel(), found.ravel()))
    if (after == -before).all():
        return "Presque : l'ordre est à l'envers, le plus froid partirait le premier."
    if found.max() > 1 + 1e-6 or found.min() < 0:
        return (
            "Presque : des valeurs sortent de [0, 1]. Faites moins de place à la carte avant "
            "d'ajouter."
        )
    if (after != before).any():
        return (
            "Pas encore : l'ordre a changé. Des pixels qui étaient rangés sont à égalité, ou "
            "l'inverse ; borner, par exemple, les confond."
        )
    if found.min() < _LEAST - 1e-6:
        return (
            "Presque : l'ordre est gardé, mais la plus petite valeur est "
            f"{found.min():.2f}".replace(".", ",")
            + " : il faut au moins 0,95 partout."
        )
    return None


# --- ★★★ Ce qui manque ------------------------------------------------------------------------

_NOTHING, _WITNESSES, _PROTOCOL, _PHOTOS, _TRUTH = range(1, 6)
_MISSING = {"A": _WITNESSES, "B": _PROTOCOL, "C": _PHOTOS, "D": _NOTHING, "E": _TRUTH}
_LOOK = {
    "A": "0,28 est-il petit ? Qu'obtient, sur ces photos, une carte qui ne sait rien ?",
    "B": "Deux articles, deux façons de remplir : la section 5 a changé un chiffre ainsi.",
    "C": "Sur combien de photos ? Comptez les vainqueurs de la section 4, photo par photo.",
    "D": "Va-t-elle au-delà de ce qui a été mesuré ? Elle nomme les photos et le protocole.",
    "E": "Battre des témoins ne dit pas où est la cause. D'où la connaîtrait-on ?",
}


def _missing(answer):
    if not isinstance(answer, dict) or {str(key).strip().upper() for key in answer} != set(
        _MISSING
    ):
        return (
            'Pas encore : écrivez un numéro par phrase, {"A": 1, "B": 2, ...}, pour les cinq '
            "phrases de A à E."
        )
    given = {str(key).strip().upper(): number for key, number in answer.items()}
    if blank := [letter for letter in _MISSING if given[letter] is ...]:
        return f"Bon début : il reste à répondre pour {', '.join(blank)}."
    given = {letter: as_index(number) for letter, number in given.items()}
    outside = [letter for letter in _MISSING if given[letter] not in range(1, 6)]
    if outside:
        return f"Pas encore : la réponse de {outside[0]} est un numéro de 1 à 5."
    wrong = [letter for letter, right in _MISSING.items() if given[letter] != right]
    if not wrong:
        return f"{RIGHT}Une seule de ces phrases s'en tient à ce qui a été mesuré."
    if all(number == _NOTHING for number in given.values()):
        return "Pas encore : quatre de ces phrases vont plus loin que leurs chiffres. Lesquelles ?"
    count = len(_MISSING) - len(wrong)
    start = f"{count} sur {len(_MISSING)}" if count else "aucune réponse n'est juste pour l'instant"
    return f"Pas encore : {start}. Revoyez {wrong[0]}. {_LOOK[wrong[0]]}"
