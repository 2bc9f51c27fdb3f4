"""Leçon 2 : la carte de chaleur d'une classe, calculée à la main."""

import numpy as np

from ....methods.cam import gradcam, hirescam, normalize, pooled_gradients
from ....network.labels import as_index
from ...correction import RIGHT, call, correct

__all__ = ["check_against", "check_gradcam", "check_heatmap", "check_mended"]

_SIDES = {"logit": "avant softmax", "probability": "après softmax"}
_AGAIN = "Pas encore : reprenez les étapes une à une, du gradient à la division par le maximum."
_NEGATIVE = "Pas encore : il reste des valeurs négatives ; c'est le travail de ReLU."
_NO_WEIGHT = (
    "Pas encore : c'est la moyenne des activations ; multipliez d'abord chaque canal par son poids."
)
_NO_BATCH = (
    "Presque : regardez la moyenne des dérivées. Il n'y a plus de lot : les axes 0, 1 et 2 sont "
    "les lignes, les colonnes et les canaux ; gardez les canaux."
)
_FAULTY_LINES = {1, 4}


def check_heatmap(answer, analysis, target, *, score="logit"):
    """Corrige une carte de chaleur et affiche une phrase.

    Arguments
    ---------
    answer : la carte de chaleur proposée, (h, w), valeurs dans [0, 1]
    analysis : l'`Analysis` de la photo
    target : la classe, comme à `analysis.heatmap`
    score : le score que la carte dérive, « logit » ou « probability »

    Lève
    ----
    UnknownClassError, SettingError
        `target` ou `score` n'existe pas
    """
    correct(_heatmap, answer, analysis, target, score)


def check_gradcam(function):
    """Corrige l'exercice ★ de la leçon 2 : essaie la fonction, puis affiche une phrase.

    La fonction est essayée sur des nombres tirés au hasard, dont la dérivée change d'une case à
    l'autre, comme au-dessus d'une couche `Flatten`.

    Arguments
    ---------
    function : une fonction de `(activations, gradients)`, deux tableaux (h, w, C), qui renvoie la
        carte de chaleur (h, w), valeurs dans [0, 1]
    """
    correct(_written, ... if _untouched(function) else function, _gradcam_hints)


def check_against(answer, analysis, target):
    """Corrige l'exercice ★★ de la leçon 2 et affiche une phrase.

    Arguments
    ---------
    answer : la carte de ce qui plaide contre la classe, (h, w), valeurs dans [0, 1]
    analysis : l'`Analysis` de la photo
    target : la classe, comme à `analysis.heatmap`

    Lève
    ----
    UnknownClassError
        `target` n'existe pas
    """
    correct(_against, answer, analysis, target)


def check_mended(function, lines):
    """Corrige l'exercice ★★★ de la leçon 2 : reconnaît ce qui est réparé, et affiche une phrase.

    Arguments
    ---------
    function : la fonction réparée, de `(activations, gradients)`, comme à `check_gradcam`
    lines : les numéros des lignes où étaient les fautes
    """
    waiting = _untouched(function) and lines is ...
    correct(_mended, ... if waiting else function, lines)


# --- Les phrases ------------------------------------------------------------------------------


def _heatmap(answer, analysis, target, score):
    target = analysis.prediction(target)
    expected = analysis.heatmap(target.index, score=score)
    other_score = "probability" if score == "logit" else "logit"
    other_map = analysis.heatmap(target.index, score=other_score)

    def hints():
        for other in analysis.top(5):
            if other.index != target.index:
                yield (
                    analysis.heatmap(other.index, score=score),
                    f"Presque : c'est la carte de la classe « {other.label_fr} ». Avez-vous bien "
                    "dérivé le score de l'autre classe ?",
                )
        yield other_map, "Presque : c'est la carte de l'autre score (avant ou après softmax)."

    right = f"C'est bien la carte de chaleur de la classe « {target.label_fr} »"
    return _judge(answer, expected, right, hints(), _nothing(other_map, other_score))


def _against(answer, analysis, target):
    target = analysis.prediction(target)
    activations, gradients = analysis.activations(), analysis.gradients(target.index)
    signed = gradcam(activations, gradients, relu=False)
    expected = normalize(np.maximum(-signed, 0))

    def hints():
        yield (
            normalize(signed),
            "Presque : c'est la carte de ce qui plaide pour la classe. Où changer le signe ?",
        )
        yield (
            normalize(np.abs(signed)),
            "Presque : la valeur absolue mélange le pour et le contre ; gardez le contre.",
        )
        for other in analysis.top(5):
            if other.index != target.index:
                yield (
                    gradcam(activations, -analysis.gradients(other.index)),
                    f"Presque : c'est ce qui plaide contre « {other.label_fr} » ; il faut "
                    f"la classe « {target.label_fr} ».",
                )

    right = f"C'est bien la carte de ce qui plaide contre la classe « {target.label_fr} »"
    empty = (
        "Pas encore : votre carte est vide, et celle qu'il faut ne l'est pas. Avez-vous changé le "
        "signe avant ReLU ?"
    )
    said = _judge(answer, expected, right, hints(), empty)
    if said == _NEGATIVE and _same(normalize(answer), expected):
        return (
            "Presque : le signe est changé, mais les cases qui plaident pour la classe sont "
            "devenues négatives. Remplacez-les par zéro : c'est le travail de ReLU."
        )
    if said.startswith(RIGHT) and not signed.min() < 0 < signed.max():
        return (
            f"{said} Mais sa carte avant ReLU n'a qu'un signe, et une réponse sans ReLU, ou avec "
            "une valeur absolue, pourrait passer ici : essayez aussi une classe où il y a les deux."
        )
    return said


def _written(function, hints):
    """La phrase sur une fonction, essayée sur un cas ordinaire, puis sur un cas tout négatif."""
    activations, gradients = _trial()
    answer, problem = call(function, activations, gradients)
    if problem:
        return problem
    expected = normalize(gradcam(activations, gradients))
    right = (
        "Votre fonction calcule bien la carte de chaleur, même pour une classe que rien ne montre"
    )
    said = _judge(answer, expected, right, hints(activations, gradients), _AGAIN)
    if said == _NO_WEIGHT and not np.any(call(function, activations, 0 * gradients)[0]):
        return _NO_BATCH  # il y a bien un poids, mais un seul pour tous les canaux
    if not said.startswith(RIGHT):
        return said
    answer, problem = call(function, activations, -np.abs(gradients))
    if problem:
        return problem
    if not np.array_equal(np.asarray(answer), np.zeros(expected.shape)):
        return (
            "Presque : tout est juste, sauf quand tout plaide contre la classe. Le maximum vaut "
            "alors 0, et il ne faut pas diviser ; la carte reste à zéro."
        )
    return said


def _gradcam_hints(activations, gradients):
    weights = pooled_gradients(gradients)
    yield (
        hirescam(activations, gradients),
        "Presque : il manque la moyenne des dérivées. Avec un réseau qui finit par une moyenne "
        "globale, cela ne se verrait pas ; avec Flatten, si.",
    )
    yield (
        np.abs(gradcam(activations, gradients, relu=False)),
        "Presque : ReLU remplace le négatif par zéro, et ne le rend pas positif.",
    )
    yield (
        np.maximum(activations * weights, 0).mean(axis=-1),
        "Presque : ReLU vient après la moyenne sur les canaux, quand le pour et le contre se sont "
        "compensés.",
    )
    yield activations.mean(axis=-1), _NO_WEIGHT
    yield (
        np.maximum(gradients.mean(axis=-1), 0),
        "Pas encore : votre carte ne contient pas les activations, qui disent où est le motif.",
    )
    for keep in (np.abs, lambda values: np.maximum(values, 0)):
        yield keep((activations * gradients.mean(axis=0)).mean(axis=-1)), _NO_BATCH
        yield (
            keep(_wrong_axis(activations, gradients)),
            "Pas encore : la moyenne des dérivées se fait sur les lignes et les colonnes, et non "
            "sur les canaux. Il faut un poids par canal.",
        )


def _mended(function, lines):
    named = _numbers(lines)
    if named is None:
        return "Pas encore : écrivez les numéros des lignes dans une liste, par exemple [2, 3]."
    if _untouched(function):
        if named == _FAULTY_LINES:
            return "Presque : ce sont bien ces lignes. Il reste à écrire la fonction réparée."
        return _named(named)
    said = _written(function, _mended_hints)
    if not said.startswith(RIGHT) or named == _FAULTY_LINES:
        return said
    if lines is ...:
        return "Presque : votre fonction est réparée. Il reste à écrire les numéros des lignes."
    return f"Presque : votre fonction est réparée. {_named(named)}"


def _mended_hints(activations, gradients):
    wrong = _wrong_axis(activations, gradients)
    yield (
        np.abs(wrong),
        "Pas encore : les deux fautes sont toujours là. Affichez la forme de chaque ligne, et le "
        "signe de ses valeurs.",
    )
    yield (
        np.maximum(wrong, 0),
        "Presque : une faute est réparée, celle du signe. L'autre : quelle forme ont vos poids ? "
        "Il en faut un par canal.",
    )
    yield (
        np.abs(gradcam(activations, gradients, relu=False)),
        "Presque : une faute est réparée, celle des poids. L'autre rend chaud ce qui plaide contre "
        "la classe.",
    )
    yield from _gradcam_hints(activations, gradients)


def _named(lines):
    """La phrase sur les numéros de lignes, qui ne sont pas les bons."""
    found = len(lines & _FAULTY_LINES)
    if found and len(lines) == 1:
        return "Cette ligne est bien fautive ; il en reste une autre."
    if found:
        return "Une des lignes fautives est dans votre liste, avec une ligne juste ou de trop."
    return "Aucune des lignes de votre liste n'est fautive."


# --- Les rouages ------------------------------------------------------------------------------


def _judge(answer, expected, right, hints, empty):
    """La phrase sur la carte `answer` ; `hints` : les cartes fausses connues, avec leur phrase."""
    try:
        found = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        found = np.float64(0)
    if found.ndim == 0:  # None, un nombre, un mot
        return "Pas encore : votre réponse n'est pas un tableau de nombres."
    if found.shape != expected.shape:
        return (
            f"Pas encore : votre carte a la forme {found.shape} au lieu de {expected.shape} ; "
            f"{_shape_hint(found.shape, expected.shape)}"
        )
    if not np.isfinite(found).all():
        return "Pas encore : votre carte contient des NaN ; avez-vous divisé par zéro ?"
    if _same(found, expected):
        return f"{RIGHT}{right}{'' if expected.any() else ' : ici, elle est vide'}."
    if found.min() < 0:
        return _NEGATIVE
    if not found.any():
        return empty
    # La forme seule : la carte d'une autre classe peut manquer elle aussi de la division.
    shape = found / found.max()
    if _same(shape, expected):
        return "Presque : la forme est la bonne, il reste à diviser la carte par son maximum."
    for wrong, sentence in hints:
        if _same(shape, normalize(wrong)):
            return sentence
    return _AGAIN


def _shape_hint(found, expected):
    if found == (1, *expected):
        return "il reste la dimension du lot."
    if found[:2] == expected:
        return "il manque la moyenne sur les canaux."
    return "sur quels axes fait-on chaque moyenne ?"


def _same(found, expected):
    """Vrai si deux cartes sont égales ; une carte vide ne l'est qu'à une carte toute à zéro."""
    if not found.any() or not expected.any():
        return found.any() == expected.any()
    return np.allclose(found, expected, atol=2e-3)


def _nothing(other_map, other_score):
    """L'indice donné à une carte toute à zéro quand la bonne ne l'est pas."""
    problem = "Pas encore : votre carte est vide, et celle de cette classe ne l'est pas."
    if other_map.any():
        return f"{problem} Que vaut la vôtre juste avant ReLU ?"
    side = _SIDES[other_score]
    return f"{problem} Celle du score {side} serait vide : lequel avez-vous dérivé ?"


def _trial():
    """Des activations et des dérivées (5, 7, 6) : pas de carré, où deux axes se confondraient."""
    random = np.random.default_rng(2)
    activations = np.maximum(random.normal(0.5, 1, (5, 7, 6)), 0).astype(np.float32)
    # Chaque canal a son signe ; au hasard pur, les moyennes seraient toutes proches de zéro. Celle
    # de l'ensemble est positive : une fonction qui n'a qu'un poids donne une carte non vide.
    gradients = random.normal([1, -1, 0.6, -0.8, 0.8, 0.2], 1, (5, 7, 6)).astype(np.float32)
    return activations, gradients


def _wrong_axis(activations, gradients):
    """La carte de la fonction suspecte avant que le négatif ne disparaisse."""
    return (activations * gradients.mean(axis=-1, keepdims=True)).mean(axis=-1)


def _untouched(function):
    """Vrai tant que la réponse est `...`, ou qu'il reste un `...` dans la fonction."""
    return function is ... or (callable(function) and call(function, *_trial())[0] is ...)


def _numbers(lines):
    """L'ensemble des numéros de `lines` ; vide pour `...`, None si ce ne sont pas des entiers."""
    if lines is ...:
        return set()
    found = [as_index(line) for line in (lines if np.iterable(lines) else [lines])]
    return None if None in found or not found else set(found)
