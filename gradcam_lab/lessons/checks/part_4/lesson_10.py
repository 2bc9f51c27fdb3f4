"""Leçon 10 : la moyenne et l'étendue, une méthode écoute-t-elle la classe, six conclusions."""

import numpy as np

from ....metrics import similarity
from ...correction import RIGHT, call, correct

__all__ = ["check_class_likeness", "check_spread", "check_trust"]


def check_spread(function):
    """Corrige l'exercice ★ de la leçon 10 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `table`, de forme (graines, étapes), où `nan` est une carte vide, qui
        renvoie trois vecteurs : la moyenne, le minimum et le maximum à chaque étape
    """
    untouched = callable(function) and _all_dots(call(function, _TABLES[0])[0])
    correct(_spread, ... if untouched else function)


def check_class_likeness(function):
    """Corrige l'exercice ★★ de la leçon 10 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `maps`, de forme (K, h, w), qui renvoie la ressemblance moyenne de
        Spearman de toutes les paires de cartes différentes
    """
    untouched = callable(function) and call(function, _CLASSES[0])[0] is ...
    correct(_class_likeness, ... if untouched else function)


def check_trust(answer):
    """Corrige l'exercice ★★★ de la leçon 10 : dit si les six verdicts sont les bons.

    Arguments
    ---------
    answer : dictionnaire `{"A": numéro, ..., "F": numéro}`, le numéro du verdict de chaque phrase
    """
    untouched = isinstance(answer, dict) and answer and _all_dots(answer.values())
    correct(_trust, ... if untouched else answer)


def _all_dots(values):
    """Vrai si la réponse n'est faite que de points de suspension."""
    if values is ...:
        return True
    try:
        values = list(values)
    except TypeError:
        return False
    return bool(values) and all(value is ... for value in values)


# --- ★ La moyenne et l'étendue ------------------------------------------------------------------


def _tables():
    rng = np.random.default_rng(10)
    full, holed = rng.uniform(-0.6, 0.9, (5, 4)), rng.uniform(-0.6, 0.9, (6, 3))
    holed[1, 0] = holed[4, 0] = holed[2, 2] = np.nan
    return full, holed


_TABLES = _tables()  # toutes les cartes sont là, puis quelques-unes sont vides
_NAMES = ("la moyenne", "le minimum", "le maximum")
_FINDERS = (np.nanmean, np.nanmin, np.nanmax)


def _spread(function):
    for table in _TABLES:
        answer, problem = call(function, table)
        if problem:
            return problem
        if not isinstance(answer, (tuple, list, np.ndarray)) or len(answer) != len(_NAMES):
            return "Pas encore : renvoyez trois vecteurs, la moyenne, le minimum et le maximum."
        if any(found is ... for found in answer):
            missing = next(name for name, found in zip(_NAMES, answer) if found is ...)
            return f"Un bon début. Il reste des points de suspension : {missing}."
        for name, finder, found in zip(_NAMES, _FINDERS, answer):
            if problem := _vector_problem(name, finder, found, table):
                return problem
    return f"{RIGHT}La moyenne ne va plus jamais sans son étendue, et une carte vide ne gâche rien."


def _vector_problem(name, finder, found, table):
    try:
        values = np.asarray(found, float)
    except (TypeError, ValueError):
        return f"Pas encore : {name} n'est pas un vecteur de nombres."
    seeds, stages = table.shape
    if values.shape == (seeds,):
        return (
            f"Presque : pour {name}, vous avez un nombre par graine. Il en faut un par étape : "
            "réduisez l'axe des graines."
        )
    if values.shape == ():
        return (
            f"Presque : pour {name}, vous avez un seul nombre pour tout le tableau. Il en faut un "
            "par étape : donnez l'axe à réduire."
        )
    if values.shape != (stages,):
        return (
            f"Pas encore : {name} doit avoir la forme {(stages,)}, un nombre par étape, et la "
            f"vôtre est de forme {values.shape}."
        )
    expected = finder(table, axis=0)
    if np.allclose(values, expected):
        return None
    if np.isnan(values).any():
        return (
            f"Presque : une carte vide donne nan, et {name} devient nan aussi. Laissez ces graines "
            "de côté."
        )
    zeroed = {"la moyenne": np.mean, "le minimum": np.min, "le maximum": np.max}[name]
    if np.allclose(values, zeroed(np.nan_to_num(table), axis=0)):
        return (
            "Presque : vous comptez une carte vide comme une ressemblance nulle. Elle ne compte "
            "pas du tout."
        )
    for other, wrong in zip(_NAMES, _FINDERS):
        if np.allclose(values, wrong(table, axis=0)):
            return f"Presque : à la place de « {name} », vous renvoyez {other}. Voyez l'ordre."
    if name == "la moyenne" and np.allclose(values, np.nanmedian(table, axis=0)):
        return "Presque : c'est la médiane. Ici, l'on demande la moyenne."
    return f"Pas encore : revoyez {name}, à prendre sur les graines, étape par étape."


# --- ★★ Une méthode écoute-t-elle la classe ? ---------------------------------------------------


def _classes():
    rng = np.random.default_rng(100)
    shared = rng.random((6, 7))
    mixed = np.stack([shared + strength * rng.random((6, 7)) for strength in (0.2, 0.8, 1.5, 3.0)])
    return mixed, np.stack([shared, shared, shared])


_CLASSES = _classes()  # quatre cartes ordinaires, puis trois fois la même


def _pairs(maps, kind="spearman"):
    """La ressemblance de chaque carte avec chacune, (K, K)."""
    return np.array([[getattr(similarity(a, b), kind) for b in maps] for a in maps])


def _class_likeness(function):
    for maps in _CLASSES:
        answer, problem = call(function, maps)
        if problem:
            return problem
        try:
            found = float(answer)
        except (TypeError, ValueError):
            return "Pas encore : la fonction renvoie un seul nombre, la moyenne sur les paires."
        if np.isnan(found):
            return (
                "Pas encore : la moyenne est nan. Votre liste est-elle vide ? Où commence la "
                "seconde boucle ?"
            )
        table = _pairs(maps)
        if not np.isclose(found, table[np.triu_indices(len(maps), 1)].mean(), atol=1e-6):
            return _likeness_hint(found, maps, table)
    return f"{RIGHT}Une méthode sourde à la classe obtient 1 ; essayez-la sur celles de la leçon."


def _likeness_hint(found, maps, table):
    upper = np.triu_indices(len(maps), 1)
    for wrong, hint in (
        (
            table[np.triu_indices(len(maps))].mean(),
            "Presque : vous comparez aussi chaque carte à elle-même, ce qui ajoute des 1. La "
            "seconde boucle commence juste après la première.",
        ),
        (
            table.mean(),
            "Presque : vous comparez chaque carte à toutes, elle-même comprise, et chaque paire "
            "deux fois.",
        ),
        (
            table[:, 1:].mean(),
            "Presque : votre seconde boucle commence toujours à 1. Elle commence juste après la "
            "première, à i + 1.",
        ),
        (
            table[0, 1:].mean(),
            "Presque : vous ne comparez que la première carte aux autres. Il faut toutes les "
            "paires.",
        ),
        (
            _pairs(maps, "ssim")[upper].mean(),
            "Presque : c'est SSIM, la ressemblance de structure. L'énoncé demande Spearman.",
        ),
        (
            table[upper].sum(),
            "Presque : c'est la somme sur les paires. Il reste à en faire la moyenne.",
        ),
        (
            np.mean([np.corrcoef(maps[i].ravel(), maps[j].ravel())[0, 1] for i, j in zip(*upper)]),
            "Presque : c'est la corrélation des valeurs. Spearman prend celle de leurs rangs.",
        ),
    ):
        if np.isclose(found, wrong, atol=1e-6):
            return hint
    return (
        "Pas encore : pour chaque paire de classes différentes, comptée une fois, la ressemblance "
        "de Spearman ; puis leur moyenne."
    )


# --- ★★★ Les verdicts ---------------------------------------------------------------------------

_COUNT = 6  # les verdicts sont numérotés de 1 à 6
_VERDICTS = {"A": 2, "B": 4, "C": 3, "D": 5, "E": 6, "F": 1}
_LOOK = {
    "A": "Combien de réseaux au hasard cette phrase a-t-elle essayés ?",
    "B": "Quelle autre carte de la section 5 obtient ces mêmes nombres ?",
    "C": "Où est la classe dans la formule de cette carte ?",
    "D": "Que sait-on de la réponse quand l'image convainc ? Relisez la fin de « Attention ».",
    "E": "De quoi parle chaque carte : du chat, ou de son réseau ?",
    "F": "Cette phrase dit-elle plus que ce qui a été mesuré, et sur quoi ?",
}


def _trust(answer):
    if not isinstance(answer, dict) or {str(key).strip().upper() for key in answer} != set(
        _VERDICTS
    ):
        return (
            'Pas encore : écrivez un numéro par phrase, {"A": 1, "B": 2, ...}, pour les six '
            "phrases de A à F."
        )
    given = {str(key).strip().upper(): _number(number) for key, number in answer.items()}
    missing = [letter for letter in _VERDICTS if given[letter] is None]
    if missing:
        return f"Pas encore : le verdict de {missing[0]} est un numéro de 1 à {_COUNT}."
    wrong = [letter for letter, right in _VERDICTS.items() if given[letter] != right]
    if not wrong:
        return f"{RIGHT}Une seule de ces six phrases s'en tient à ce qui a été mesuré."
    if all(number == 1 for number in given.values()):
        return "Pas encore : cinq de ces phrases vont plus loin que leurs nombres. Laquelle non ?"
    count = len(_VERDICTS) - len(wrong)
    start = f"{count} sur {len(_VERDICTS)}" if count else "Aucun verdict n'est juste pour l'instant"
    return f"Pas encore : {start}. Revoyez {wrong[0]}. {_LOOK[wrong[0]]}"


def _number(value):
    """Le numéro d'un verdict, ou None si ce n'en est pas un."""
    try:
        number = int(value)
    except (TypeError, ValueError):
        return None
    return number if number == value and 1 <= number <= _COUNT else None
