"""Leçon 8 : étirer une somme, passer du score à la probabilité, une étape changée, une recette."""

import numpy as np

from ....images.overlay import superimpose
from ....methods import gradcam, normalize
from ...correction import RIGHT, call, correct

__all__ = [
    "check_as_the_book",
    "check_changed_step",
    "check_found_recipe",
    "check_later_overlay",
]


def check_later_overlay(function):
    """Corrige l'exercice ★ de la leçon 8 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(colors, photo)`, deux tableaux (H, W, 3) de 0 à 255, qui renvoie la
        somme `0,4 × couleur + photo` étirée de 0 à 255, uint8 (H, W, 3)
    """
    untouched = callable(function) and call(function, *_SUMS[0])[0] is ...
    correct(_later_overlay, ... if untouched else function)


def check_as_the_book(function):
    """Corrige l'exercice ★★ de la leçon 8 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(activations, gradients, probabilities, target)`, de formes
        (h, w, C), (K, h, w, C) et (K,), qui renvoie la carte (h, w) de la probabilité de `target`
    """
    untouched = callable(function) and call(function, *_CLASSES[0])[0] is ...
    correct(_as_the_book, ... if untouched else function)


def check_changed_step(answer, remake, first, second):
    """Corrige le second exercice ★★ de la leçon 8 : refait la carte, puis affiche une phrase.

    Arguments
    ---------
    answer : l'étape que l'élève désigne : "entry", "score", "channels" ou "divide"
    remake : une fonction d'un nom d'étape, qui renvoie la première carte refaite avec cette seule
        étape changée ; elle est appelée une fois par étape, puis encore une fois
    first : la première carte (h, w)
    second : la seconde, dont la recette ne diffère que par une étape
    """
    untouched = answer is ... and callable(remake) and call(remake, _STEPS[0])[0] is ...
    waiting = untouched or remake is ...
    correct(_changed_step, ... if waiting else remake, answer, first, second)


def check_found_recipe(function, lines):
    """Corrige l'exercice ★★★ de la leçon 8 : reconnaît ce qui est réparé, et affiche une phrase.

    Arguments
    ---------
    function : la recette réparée, de `(activations, gradients, photo)`, qui renvoie l'image
        uint8 (H, W, 3), en RVB
    lines : les numéros des lignes où étaient les fautes
    """
    waiting = _unwritten(function) and _blank(lines)
    correct(_found_recipe, ... if waiting else function, lines)


# --- ★ Étirer ---------------------------------------------------------------------------------


def _sums():
    rng = np.random.default_rng(8)
    colors = rng.integers(0, 256, (6, 9, 3), np.uint8)
    photo = rng.integers(40, 256, (6, 9, 3), np.uint8)
    return (colors, photo), (np.full_like(photo, 10), np.full_like(photo, 200))


_SUMS = _sums()  # une somme ordinaire, puis une somme partout la même


def _stretch(total):
    rest = total - total.min()
    return 255 * rest / rest.max() if rest.max() > 0 else rest


def _later_overlay(function):
    for colors, photo in _SUMS:
        answer, problem = call(function, colors, photo)
        if problem:
            return problem
        if problem := _not_an_image(answer, photo.shape):
            return problem
        total = 0.4 * colors.astype(float) + photo
        # Tronquer, comme array_to_img, ou arrondir : un niveau d'écart est permis.
        if not _close(answer, _stretch(total)):
            return _overlay_hint(np.asarray(answer), total, colors, photo)
    return f"{RIGHT}C'est l'image de `array_to_img`, même quand toutes les valeurs sont égales."


def _overlay_hint(answer, total, colors, photo):
    if total.max() == total.min():
        return "Presque : quand toutes les valeurs sont égales, l'image rendue est noire."
    channels = np.stack([_stretch(total[..., c]) for c in range(3)], axis=-1)
    for wrong, hint in (
        (
            np.clip(total, 0, 255),
            "Pas encore : vous avez borné. Le livre, depuis 2021, étire : le plus petit nombre "
            "devient 0, et le plus grand 255.",
        ),
        (
            255 * total / total.max(),
            "Presque : il faut d'abord retirer le plus petit nombre de la somme, pour qu'il "
            "devienne 0.",
        ),
        (
            255 * (total - total.min()) / total.max(),
            "Presque : divisez par le maximum de ce qui reste (`peak`), et non par celui de la "
            "somme.",
        ),
        (
            channels,
            "Presque : le minimum et le maximum se prennent sur toute l'image, et non couleur par "
            "couleur.",
        ),
        (
            _stretch(1.0 * colors + photo),
            "Presque : quelle part de la couleur le livre ajoute-t-il à la photo ?",
        ),
        (
            _stretch(0.4 * colors + 0.6 * photo),
            "Presque : c'est un mélange. Le livre ajoute la couleur à la photo entière.",
        ),
    ):
        if _close(answer, wrong):
            return hint
    return (
        "Pas encore : ajouter 0,4 fois la couleur à la photo, retirer le plus petit nombre, "
        "diviser par le plus grand de ceux qui restent, multiplier par 255."
    )


def _close(answer, expected, most=1.0):
    """Vrai si les deux images se confondent, à un niveau près."""
    return np.abs(np.asarray(answer, float) - np.floor(expected)).max() <= most


def _not_an_image(answer, shape):
    """Ce qui empêche `answer` d'être une image uint8 de cette forme, ou None."""
    try:
        found = np.asarray(answer)
    except ValueError:  # des lignes de longueurs différentes
        found = np.asarray(None)
    if found.shape != shape:
        return (
            f"Pas encore : une image a ici la forme {shape}, et votre réponse est de forme "
            f"{found.shape}."
        )
    if found.dtype != np.uint8:
        return f"Presque : une image est faite d'octets (uint8), et la vôtre est en {found.dtype}."
    return None


# --- ★★ De l'article au livre -----------------------------------------------------------------


def _classes():
    rng = np.random.default_rng(80)
    activations = rng.random((4, 5, 6)) * (rng.random((4, 5, 6)) > 0.4)
    gradients = rng.normal(size=(3, 4, 5, 6))
    probabilities = np.array([0.2, 0.5, 0.3])
    return tuple((activations, gradients, probabilities, target) for target in (1, 2))


_CLASSES = _classes()


def _as_the_book(function):
    for activations, gradients, probabilities, target in _CLASSES:
        answer, problem = call(function, activations, gradients, probabilities, target)
        if problem:
            return problem
        try:
            found = np.asarray(answer, float)
        except (TypeError, ValueError):
            return "Pas encore : votre réponse n'est pas un tableau de nombres."
        if found.shape != activations.shape[:2]:
            return (
                f"Pas encore : la carte a la forme {activations.shape[:2]}, et la vôtre est de "
                f"forme {found.shape}. Quelle est la forme de votre `gradient` ?"
            )
        average = np.tensordot(probabilities, gradients, axes=1)
        if not _same(found, activations, gradients[target] - average):
            return _book_hint(found, activations, gradients, probabilities, target)
    return (
        f"{RIGHT}La carte du livre, sans avoir dérivé softmax : une seule étape sépare les deux "
        "recettes."
    )


def _book_hint(found, activations, gradients, probabilities, target):
    average = np.tensordot(probabilities, gradients, axes=1)
    others = average - probabilities[target] * gradients[target]
    for wrong, hint in (
        (
            gradients[target],
            "Pas encore : c'est la carte de l'article. Il manque ce que softmax retire, la somme "
            "des gradients de toutes les classes.",
        ),
        (
            average - gradients[target],
            "Presque : le signe est à l'envers. Votre carte montre ce qui plaide contre la classe.",
        ),
        (
            gradients[target] - gradients.mean(axis=0),
            "Presque : les classes ne comptent pas toutes autant. Chaque gradient est multiplié "
            "par sa probabilité.",
        ),
        (
            gradients[target] - gradients.sum(axis=0),
            "Presque : chaque gradient de la somme est multiplié par sa probabilité.",
        ),
        (
            gradients[target] - others,
            "Presque : la somme porte sur toutes les classes, la vôtre comprise.",
        ),
        (
            average,
            "Pas encore : c'est la somme seule. De quoi faut-il la retirer ?",
        ),
    ):
        if _same(found, activations, wrong):
            return hint
    return (
        "Pas encore : partez du gradient de la classe, retirez-lui la somme des gradients de "
        "toutes les classes, chacun multiplié par sa probabilité."
    )


def _same(found, activations, gradients):
    expected = normalize(gradcam(activations, gradients))
    return bool(expected.any()) and np.allclose(found, expected, atol=1e-4)


# --- ★★ L'étape changée -----------------------------------------------------------------------

_STEPS = ("entry", "score", "channels", "divide")
_NEAR = 1e-3  # part du maximum : deux exécutions de la même recette s'accordent bien mieux


def _changed_step(remake, answer, first, second):
    name = ... if answer is ... else str(answer).strip().casefold()
    if name is not ... and name not in _STEPS:
        return f"Pas encore : désignez l'une des quatre étapes : {', '.join(_STEPS)}."
    remade = {}
    for step in (*_STEPS, _STEPS[0]):
        found, problem = call(remake, step)
        if problem:
            return problem
        if found is ...:
            return "Pas encore : une réponse sans essai n'en est pas une. Écrivez `remake`."
        try:
            found = np.asarray(found, float)
        except (TypeError, ValueError):
            found = np.asarray(None)
        if found.shape != np.shape(second):
            return (
                f"Pas encore : `remake` renvoie une carte de forme {np.shape(second)}, et la vôtre "
                f"est de forme {found.shape}."
            )
        if not np.isfinite(found).all():
            return "Pas encore : la carte rendue contient des NaN ; a-t-on divisé par zéro ?"
        if step in remade and not _gap(found, remade[step]) <= _NEAR:
            return (
                "Pas encore : appelée deux fois, votre fonction rend deux cartes différentes. "
                "Change-t-elle `article` lui-même ? Travaillez sur une copie."
            )
        remade[step] = found
    gaps = {step: _gap(heatmap, second) for step, heatmap in remade.items()}
    matching = [step for step in _STEPS if gaps[step] <= _NEAR]
    if len(matching) != 1:
        return _remake_hint(remade, first, second)
    if name is ...:
        return "Votre essai désigne l'étape. Il reste à l'écrire dans `my_step`."
    if name not in matching:
        return (
            f"Pas encore : changer « {name} » ne refait pas la seconde carte. Pour quelle étape "
            "l'écart avec `second` tombe-t-il à zéro ?"
        )
    return f"{RIGHT}Changer « {name} », et rien d'autre, refait la seconde carte."


def _gap(heatmap, expected):
    """Le plus grand écart, en part du maximum de la carte attendue ."""
    most = np.abs(expected).max()
    return np.abs(heatmap - expected).max() / (most if most > 0 else 1.0)


def _remake_hint(remade, first, second):
    maps = list(remade.values())
    if all(_gap(heatmap, first) <= _NEAR for heatmap in maps):
        return (
            "Pas encore : votre fonction rend toujours la première carte. Remplacez le réglage "
            "qu'on lui nomme par celui de `changes`."
        )
    if all(_gap(heatmap, maps[0]) <= _NEAR for heatmap in maps):
        return (
            "Pas encore : votre fonction rend la même carte pour les quatre étapes. Elle doit "
            "dépendre de `step`."
        )
    if all(abs(heatmap.max() - 1) <= _NEAR for heatmap in maps):
        return (
            "Presque : vos cartes sont toutes divisées par leur maximum. L'article, ici, ne divise "
            "pas : c'est l'une des quatre étapes."
        )
    return (
        "Pas encore : aucune de vos cartes, ou plus d'une, n'est la seconde. Partez de tous les "
        "réglages de l'article, et n'en changez qu'un, celui qu'on nomme."
    )


# --- ★★★ La recette du web --------------------------------------------------------------------

_FAULTY_LINES = {3, 4, 6, 8}
_COUNT = 8


def _photos():
    rng = np.random.default_rng(800)
    activations = rng.random((4, 6, 5)).astype(np.float32)
    gradients = rng.normal(size=(4, 6, 5)).astype(np.float32)
    dark = rng.integers(0, 120, (40, 90, 3), np.uint8)
    bright = rng.integers(200, 256, (40, 90, 3), np.uint8)
    against = -np.abs(gradients)
    return {
        "ordinaire": (activations, gradients, dark),
        "négative": (activations, against, dark),
        "nulle": (activations, 0 * gradients, dark),
        "claire": (activations, gradients, bright),
    }


_PHOTOS = _photos()


def _unwritten(function):
    return function is ... or (
        callable(function) and call(function, *_PHOTOS["ordinaire"])[0] is ...
    )


def _blank(lines):
    return lines is ...


def _numbers(lines):
    """Les numéros donnés, en ensemble ; vide si `...` ; None si ce n'en sont pas."""
    if _blank(lines):
        return set()
    try:
        named = [int(line) for line in lines]
        whole = all(line == number for line, number in zip(lines, named))
    except (TypeError, ValueError):
        return None
    return set(named) if whole and all(1 <= n <= _COUNT for n in named) else None


def _found_recipe(function, lines):
    named = _numbers(lines)
    if named is None:
        return (
            f"Pas encore : écrivez les numéros des lignes, de 1 à {_COUNT}, dans une liste, par "
            "exemple [1, 2, 5, 7]."
        )
    if _unwritten(function):
        if named == _FAULTY_LINES:
            return "Presque : ce sont bien ces lignes. Il reste à écrire la fonction réparée."
        return _named(named)
    for case, (activations, gradients, photo) in _PHOTOS.items():
        answer, problem = call(function, activations, gradients, photo)
        if problem:
            return problem
        if problem := _not_an_image(answer, photo.shape):
            return problem
        if _divides_by_zero(function, activations, gradients, photo):
            return (
                "Presque : il reste la carte sans rien de positif. Votre fonction y calcule 0 / 0, "
                "et un NaN devient un octet quelconque. Regardez le maximum avant de diviser."
            )
        heatmap = normalize(gradcam(activations, gradients))
        if not _alike(answer, superimpose(heatmap, photo)):
            return _recipe_hint(case, answer, activations, gradients, photo)
    if named == _FAULTY_LINES:
        return f"{RIGHT}Les quatre fautes sont trouvées, et la recette rend l'image du paquet."
    if not named:
        return "Presque : votre fonction est réparée. Il reste à écrire les numéros des lignes."
    return f"Presque : votre fonction est réparée. {_named(named)}"


def _recipe_hint(case, answer, activations, gradients, photo):
    heatmap = normalize(gradcam(activations, gradients))
    signed = gradcam(activations, gradients, relu=False)
    shifted = normalize(signed - signed.min())
    if _alike(answer, _swapped(heatmap, photo)) or _alike(answer, _swapped(shifted, photo)):
        return "Pas encore : le chaud est bleu. OpenCV rend ses couleurs en BVR."
    if _alike(answer, superimpose(shifted, photo)):
        return (
            "Pas encore : retirer le minimum n'est pas ReLU. Ce qui plaide contre la classe doit "
            "valoir zéro, et une carte toute négative doit rester froide."
        )
    if case in ("négative", "nulle"):
        return (
            "Presque : il reste la carte sans rien de positif. Elle est froide partout : que rend "
            "votre fonction quand le maximum est nul ?"
        )
    if case == "claire":
        return (
            "Presque : il reste les photos claires. Que devient une somme qui dépasse 255, quand "
            "on en fait un octet ?"
        )
    return (
        "Pas encore : ReLU, division par le maximum, valeurs agrandies, JET en RVB, 0,4 × couleur "
        "+ photo, bornée."
    )


def _divides_by_zero(function, *arguments):
    """Vrai si la fonction divise zéro par zéro : sur certaines machines, rien ne le montrerait."""
    try:
        with np.errstate(invalid="raise", divide="raise"):
            function(*(values.copy() for values in arguments))
    except FloatingPointError:
        return True
    except Exception:  # le code d'un élève peut échouer de toutes les façons
        return False
    return False


def _swapped(heatmap, photo):
    """La superposition dont les couleurs sont restées en BVR."""
    return superimpose(heatmap, photo[..., ::-1])[..., ::-1]


def _alike(answer, expected):
    # Deux façons d'arrondir la carte à un entier peuvent donner deux couleurs voisines de JET.
    gaps = np.abs(np.asarray(answer, float) - expected)
    return gaps.mean() < 0.5 and np.mean(gaps > 4) < 0.005


def _named(lines):
    """La phrase sur des numéros de lignes qui ne sont pas, ou pas tous, les bons."""
    if not lines:
        return "Il reste à trouver les quatre lignes fautives."
    right = len(lines & _FAULTY_LINES)
    if right == len(lines):
        return f"Dans votre liste, tout est fautif ; il en manque {len(_FAULTY_LINES) - right}."
    if 2 in lines:
        return "La ligne 2 est juste : normalisées, la somme et la moyenne donnent la même carte."
    if right:
        verb = "est fautive" if right == 1 else "sont fautives"
        return f"Dans votre liste, {right} des {len(lines)} lignes {verb}."
    return "Aucune des lignes de votre liste n'est fautive."
