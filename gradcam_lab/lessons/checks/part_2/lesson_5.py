"""Leçon 5 : la part de canaux éteints, les canaux utiles, et la mosaïque d'une couche."""

import numpy as np

from ...correction import RIGHT, call, correct

__all__ = ["check_dark_share", "check_mosaic", "check_useful_channels"]


def check_dark_share(function):
    """Corrige l'exercice ★ de la leçon 5 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction d'une carte d'activation (h, w, C), qui renvoie la part de ses canaux
        qui sont nuls partout, de 0 à 1
    """
    untouched = callable(function) and call(function, _DARK_TRIALS[0])[0] is ...
    correct(_dark_share, ... if untouched else function)


def check_useful_channels(function):
    """Corrige l'exercice ★★ de la leçon 5 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(A, gradients, k)`, deux tableaux (h, w, C) et un nombre, qui
        renvoie les numéros des `k` canaux dont le produit, poids × activation moyenne, est le plus
        grand, du plus grand au plus petit
    """
    untouched = callable(function) and call(function, *_USEFUL_TRIALS[0])[0] is ...
    correct(_useful_channels, ... if untouched else function)


def check_mosaic(function):
    """Corrige l'exercice ★★★ de la leçon 5 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(A, columns)` qui range les canaux de la carte d'activation
        (h, w, C), ligne après ligne, dans une page ; les places en trop restent à zéro
    """
    untouched = callable(function) and call(function, *_PAGE_TRIALS[0])[0] is ...
    correct(_mosaic, ... if untouched else function)


# --- ★ La part de canaux éteints --------------------------------------------------------------


def _dark_trials():
    """Une carte ordinaire, où deux canaux sur cinq sont éteints ; une autre, qui a un signe."""
    ordinary = np.zeros((3, 4, 5), np.float32)
    ordinary[0, 1, 0], ordinary[2, 2:, 2], ordinary[:, :, 4] = 0.5, 1.5, 0.2
    signed = np.zeros((3, 4, 7), np.float32)
    signed[:, ::2, [0, 5]], signed[:, 1::2, [0, 5]] = 1, -1  # une somme nulle
    signed[1, 3, 1] = -2  # rien de positif, et un maximum nul
    signed[:, :, 2], signed[:, :, [4, 6]] = 1, -1
    return ordinary, signed


_DARK_TRIALS = _dark_trials()


def _dark_share(function):
    for activations in _DARK_TRIALS:
        answer, problem = call(function, activations)
        if problem:
            return problem
        if problem := _not_this_share(answer, activations):
            return problem
    return f"{RIGHT}Votre fonction donne la même part que gl.features.sparsity."


def _not_this_share(answer, activations):
    """Ce qui manque à la part `answer`, ou None si elle est juste."""
    found = _numbers(answer)
    if found is None:
        return "Pas encore : une part est un nombre, de 0 à 1."
    dark = (activations == 0).all(axis=(0, 1))
    if found.ndim:
        if found.shape == dark.shape:
            return "Presque : il y a une réponse par canal. Quelle part d'entre elles est vraie ?"
        return (
            f"Pas encore : une part est un seul nombre, et votre réponse est de forme "
            f"{found.shape}. Quels axes sont les lignes et les colonnes ?"
        )
    for value, hint in (
        (dark.mean(), None),
        (dark.sum(), "Presque : c'est le nombre de canaux éteints. Une part va de 0 à 1."),
        (100 * dark.mean(), "Presque : c'est la part en pour cent. Donnez-la de 0 à 1."),
        (1 - dark.mean(), "Presque : c'est la part des canaux allumés."),
        (
            np.mean(activations == 0),
            "Presque : c'est la part de zéros, toutes cases confondues. Un canal n'est éteint que "
            "si toutes ses cases sont nulles : all, le long de quels axes ?",
        ),
        (
            (activations.max(axis=(0, 1)) == 0).mean(),
            "Presque : un maximum nul ne suffit pas, un canal peut avoir des nombres négatifs. "
            "Demandez que chaque case soit nulle.",
        ),
        (
            (activations == 0).any(axis=(0, 1)).mean(),
            "Presque : vous comptez tout canal qui a un zéro quelque part. Un canal éteint n'a que "
            "des zéros.",
        ),
        (
            (activations == 0).all(axis=(1, 2)).mean(),
            "Pas encore : cela compte des lignes. Les lignes et les colonnes sont les axes 0 et 1.",
        ),
        (
            (activations.sum(axis=(0, 1)) == 0).mean(),
            "Presque : une somme nulle ne suffit pas, +1 et −1 la donnent aussi. Demandez que "
            "chaque case soit nulle.",
        ),
        (
            (activations <= 0).all(axis=(0, 1)).mean(),
            "Presque : un canal négatif n'est pas nul. Comparez chaque case à zéro, avec ==.",
        ),
    ):
        if np.isclose(found, value):
            return hint
    return "Pas encore : une réponse par canal (tout y est-il nul ?), puis la part des vrais."


# --- ★★ Les canaux utiles ---------------------------------------------------------------------


def _useful_trials():
    """Deux couples (activations, gradient) dont tous les classements diffèrent."""
    trials = []
    for seed, k in ((26, 3), (43, 4)):
        random = np.random.default_rng(seed)
        activity, slope = random.random((3, 4, 7)), random.normal(size=(3, 4, 7))
        activations = np.maximum(activity * random.uniform(0.2, 3, 7) - 0.3, 0)
        gradients = slope + random.normal(size=7)  # le gradient change d'une case à l'autre
        trials.append((activations.astype(np.float32), gradients.astype(np.float32), k))
    return trials


_USEFUL_TRIALS = _useful_trials()


def _useful_channels(function):
    for activations, gradients, k in _USEFUL_TRIALS:
        answer, problem = call(function, activations, gradients, k)
        if problem:
            return problem
        if problem := _not_these_channels(answer, activations, gradients, k):
            return problem
    return f"{RIGHT}Un canal est utile quand son motif plaide pour la classe et qu'il est présent."


def _not_these_channels(answer, activations, gradients, k):
    """Ce qui manque au classement `answer`, ou None s'il est juste."""
    found = _numbers(answer)
    if found is None or found.ndim != 1:
        return "Pas encore : la réponse est une liste de numéros de canaux."
    if len(found) != k:
        return f"Presque : on demande {k} canaux, et votre réponse en a {len(found)}."
    if not np.array_equal(found, np.round(found)):
        return "Presque : ce sont les valeurs. On demande les numéros des canaux : np.argsort."
    activity, weights = activations.mean(axis=(0, 1)), gradients.mean(axis=(0, 1))
    product = activity * weights
    for values, hint in (
        (product, None),
        (-product, "Presque : ce sont les canaux les moins utiles. D'où vient le signe moins ?"),
        (activity, "Pas encore : ce sont les plus actifs. Il manque leur poids pour la classe."),
        (weights, "Pas encore : ce sont les plus lourds. Il manque leur activation moyenne."),
        (
            np.abs(product),
            "Presque : la valeur absolue mêle ceux qui plaident contre à ceux qui plaident pour.",
        ),
        (
            activity * np.abs(weights),
            "Presque : la valeur absolue mêle ceux qui plaident contre à ceux qui plaident pour.",
        ),
        (
            (activations * gradients).mean(axis=(0, 1)),
            "Presque : vous avez fait le produit case par case, puis la moyenne. Grad-CAM fait "
            "d'abord la moyenne du gradient : faites les deux moyennes, puis leur produit.",
        ),
        (activity + weights, "Presque : vous avez fait la somme. On demande le produit."),
    ):
        if np.array_equal(found, np.argsort(-values, kind="stable")[:k]):
            return hint
    if set(found) == set(np.argsort(-product, kind="stable")[:k]):
        return "Presque : ce sont les bons canaux. Rangez-les, du plus utile au moins utile."
    return "Pas encore : la moyenne du gradient, fois l'activation moyenne, un nombre par canal."


# --- ★★★ La mosaïque --------------------------------------------------------------------------


def _page_trials():
    """Deux cartes qui ne sont pas carrées : avec des places en trop, puis sans ; un canal noir."""
    random = np.random.default_rng(3)
    trials = []
    for shape, columns in (((3, 4, 5), 3), ((4, 2, 6), 2)):
        activations = random.random(shape).astype(np.float32) * np.arange(1, shape[2] + 1)
        activations[:, :, 1] = 0
        trials.append((activations, columns))
    return trials


_PAGE_TRIALS = _page_trials()
_OWN_SCALE = (
    "chaque canal est divisé par son propre maximum, et un canal presque éteint brille comme les "
    "autres. Quelle échelle faut-il à toute la page ?"
)
_MIXED = (
    "les axes sont mêlés : chaque vignette contient un peu de plusieurs canaux. Dans quel ordre "
    "reshape lit-il les nombres, et quel axe faut-il mettre d'abord ?"
)


def _page(activations, columns, *, own=False, mixed=False, turned=False, down=False):
    """La mosaïque, juste, ou avec les fautes que l'on demande."""
    height, width, count = activations.shape
    rows = -(-count // columns)
    full = np.zeros((height, width, rows * columns))
    full[:, :, :count] = activations
    if own:
        full /= np.maximum(full.max(axis=(0, 1)), 1e-7)
    ordered = full if mixed else full.transpose(2, 0, 1)
    if down:  # de haut en bas, une colonne après l'autre
        tiles = ordered.reshape(columns, rows, height, width).transpose(1, 0, 2, 3)
    else:
        tiles = ordered.reshape(rows, columns, height, width)
    if turned:
        tiles = tiles.transpose(0, 1, 3, 2)
        height, width = width, height
    return tiles.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)


def _mosaic(function):
    for activations, columns in _PAGE_TRIALS:
        answer, problem = call(function, activations, columns)
        if problem:
            return problem
        if problem := _not_this_page(answer, activations, columns):
            return problem
    return f"{RIGHT}Chaque canal est à sa place, entier, et toute la page a la même échelle."


def _not_this_page(answer, activations, columns):
    """Ce qui manque à la page `answer`, ou None si elle est juste."""
    found = _numbers(answer)
    right = _page(activations, columns)
    if found is None:
        return "Pas encore : une page est un tableau de nombres."

    def is_page(**faults):
        other = _page(activations, columns, **faults)
        return found.shape == other.shape and np.allclose(found, other, atol=1e-5)

    if is_page():
        return None
    if is_page(own=True, mixed=True):
        return f"Pas encore : il reste deux fautes. Pour commencer : {_MIXED}"
    if is_page(mixed=True):
        return f"Presque : il reste une faute, {_MIXED}"
    if is_page(own=True):
        return f"Presque : il reste une faute, {_OWN_SCALE}"
    if is_page(turned=True) or is_page(turned=True, own=True):
        return "Presque : chaque vignette est couchée, ses lignes et ses colonnes sont échangées."
    if is_page(down=True) or is_page(down=True, own=True):
        return "Presque : les canaux se suivent de haut en bas ; on les range ligne après ligne."
    if found.shape != right.shape:
        return (
            f"Pas encore : pour une carte de forme {activations.shape} et {columns} canaux par "
            f"ligne, la page a la forme {right.shape}, et la vôtre {found.shape}."
        )
    if np.allclose(found * right.max(), right * found.max(), atol=1e-5):
        return (
            "Presque : les canaux sont à leur place et se comparent, mais toute la page a été "
            "divisée par un nombre. Elle doit garder les valeurs de la couche."
        )
    return (
        "Pas encore : la page a la bonne forme, mais les nombres n'y sont pas à leur place. "
        "Essayez sur un tableau minuscule, comme le dit l'indice."
    )


def _numbers(answer):
    """La réponse en tableau de nombres finis, ou None."""
    try:
        found = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return None
    return found if found.size and np.isfinite(found).all() else None
