"""Leçon 9 : cacher un carré, la part de chaleur dans un masque, le raccourci d'un réseau."""

import numpy as np

from ....base.numbers import short_percent
from ....images.resizing import resize_map
from ...correction import RIGHT, call, correct

__all__ = ["check_cover", "check_heat_inside", "check_suspect"]


def check_cover(function):
    """Corrige l'exercice ★ de la leçon 9 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(image, top, left, size)` qui renvoie une copie de l'image, où le
        carré de `size` pixels au coin (`top`, `left`) a la couleur moyenne de l'image
    """
    untouched = callable(function) and call(function, *_COVER_TRIALS[0])[0] is ...
    correct(_cover, ... if untouched else function)


def check_heat_inside(function):
    """Corrige l'exercice ★★ de la leçon 9 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(heatmap, mask)` qui renvoie la part de la chaleur dans le masque,
        entre 0 et 1 (0 si la carte est vide)
    """
    untouched = callable(function) and call(function, *_HEAT_TRIALS[0])[0] is ...
    correct(_heat_inside, ... if untouched else function)


def check_suspect(answer, trial):
    """Corrige l'exercice ★★★ de la leçon 9 et affiche une phrase.

    Arguments
    ---------
    answer : le nom du suspect que l'élève accuse : "pastille", "trait", "lumière" ou "grain"
    trial : une fonction d'un nom de suspect, qui renvoie l'exactitude du réseau (de 0 à 1) quand
        ce suspect est posé sur les triangles seulement ; elle est appelée une fois par suspect
    """
    untouched = answer is ... and callable(trial) and call(trial, _SUSPECTS[0])[0] is ...
    correct(_suspect, ... if untouched or trial is ... else trial, answer)


# --- ★ Cacher un carré ------------------------------------------------------------------------

# Une image qui n'est pas carrée, de canaux différents ; le second carré touche deux bords.
_PHOTO = np.random.default_rng(9).integers(0, 256, (20, 30, 3), np.uint8)
_PHOTO[..., 0] //= 4
_COVER_TRIALS = ((_PHOTO, 3, 11, 6), (_PHOTO, 12, 22, 8))


def _cover(function):
    for image, top, left, size in _COVER_TRIALS:
        answer, problem = call(function, image, top, left, size)
        if problem:
            return problem
        if problem := _not_this_cover(answer, image, top, left, size):
            return problem
    given = _PHOTO.copy()
    function(given, 3, 11, 6)
    if not np.array_equal(given, _PHOTO):
        return (
            "Presque : votre fonction change l'image qu'on lui donne. Travaillez sur une copie, "
            "`image.copy()`."
        )
    return f"{RIGHT}Le carré est caché, et l'image d'origine n'a pas changé."


def _not_this_cover(answer, image, top, left, size):
    """Ce qui manque à l'image `answer`, ou None si elle est juste."""
    found = _array(answer)
    if found is None or found.shape != image.shape:
        shape = () if found is None else found.shape
        return f"Pas encore : renvoyez toute l'image, de forme {image.shape}, et non {shape}."
    mean = image.mean(axis=(0, 1))
    if _near(found, _covered(image, top, left, size, mean)):
        return None
    if np.array_equal(found, image):
        return "Pas encore : l'image n'a pas changé. Quel carré faut-il remplacer ?"
    if _near(found, _covered(image, left, top, size, mean)):
        return "Presque : `top` et `left` sont échangés. Les lignes d'abord, puis les colonnes."
    if _near(found, _covered(image, top, left, size, image.mean())):
        return (
            "Presque : une seule moyenne pour les trois canaux donne du gris. Il en faut une par "
            "canal : sur quels axes faire la moyenne ?"
        )
    if np.array_equal(found[:top], image[:top]) and np.array_equal(
        found[top : top + size, left : left + size],
        np.zeros_like(image[top : top + size, left : left + size]),
    ):
        return "Presque : le carré est noir. Donnez-lui la couleur moyenne de l'image."
    outside = np.ones(image.shape[:2], bool)
    outside[top : top + size, left : left + size] = False
    if not _near(found[outside], image[outside]):
        return (
            "Presque : vous avez changé des points hors du carré. Il finit `size` pixels après "
            "`top` et `left`."
        )
    inside = found[top : top + size, left : left + size]
    if not (inside == inside[0, 0]).all():
        return (
            "Presque : une partie du carré n'est pas cachée, ou pas de la même couleur partout. Il "
            "finit en `top + size` et `left + size`."
        )
    return "Pas encore : ce n'est pas la couleur moyenne de toute l'image, canal par canal."


def _covered(image, top, left, size, color):
    covered = np.float64(image)
    covered[top : top + size, left : left + size] = color
    return covered


# --- ★★ La part de chaleur --------------------------------------------------------------------

# Une carte et un masque qui ne sont pas carrés, une carte qui n'atteint pas 1 ; puis une vide.
_MAP = np.array([[0.0, 0.1, 0.5], [0.3, 0.2, 0.05]], np.float32)
_MASK = np.zeros((20, 45), bool)
_MASK[:7, 28:] = True
_SAME = np.zeros((2, 3), bool)
_SAME[0, 2] = True
_HEAT_TRIALS = ((_MAP, _MASK), (_MAP, _SAME), (np.zeros((2, 3), np.float32), _MASK))


def _heat_inside(function):
    for heatmap, mask in _HEAT_TRIALS:
        answer, problem = call(function, heatmap, mask)
        if problem and "IndexError" in problem:
            return (
                "Pas encore : la carte n'a pas la forme du masque. Agrandissez la carte avant de "
                "compter ; OpenCV demande (largeur, hauteur), dans cet ordre."
            )
        if problem:
            return problem
        if problem := _not_this_share(answer, heatmap, mask):
            return problem
    return f"{RIGHT}La part est juste, même quand la carte est vide."


def _not_this_share(answer, heatmap, mask):
    """Ce qui manque à la part `answer`, ou None si elle est juste."""
    found = _array(answer)
    if found is None or found.shape != ():
        return "Pas encore : la réponse est un seul nombre, une part entre 0 et 1."
    if not heatmap.any():
        if found == 0:
            return None
        return (
            "Presque : sur une carte vide, la part doit valoir 0, et non le résultat d'une "
            "division par zéro."
        )
    large = resize_map(heatmap, mask.shape)
    inside, total = float(large[mask].sum()), float(large.sum())
    for value, sentence in [
        (inside / total, None),
        (100 * inside / total, "Presque : c'est la part en pour cent ; elle va ici de 0 à 1."),
        (1 - inside / total, "Presque : c'est la chaleur hors du masque."),
        (inside, "Presque : divisez la chaleur du masque par celle de toute la carte."),
        (
            inside / (total - inside),
            "Presque : vous divisez par la chaleur du dehors. Divisez par celle de toute la carte.",
        ),
        (
            float(mask.mean()),
            "Presque : c'est la part de la surface, sans la chaleur. Additionnez les valeurs de la "
            "carte.",
        ),
        (
            float(large[mask].mean()),
            "Presque : c'est la chaleur moyenne dans le masque. Additionnez, puis divisez par "
            "toute la chaleur.",
        ),
    ]:
        if abs(found - value) < 2e-3:
            return sentence
    return (
        "Pas encore : additionnez les points de la carte agrandie dans le masque, et divisez par "
        "la somme de tous ses points."
    )


# --- ★★★ Le suspect ---------------------------------------------------------------------------

_SUSPECTS = ("pastille", "trait", "lumière", "grain")
_GAP = 0.2  # ce qui sépare, au moins, l'essai du coupable de ceux des innocents


def _suspect(trial, answer):
    name = str(answer).strip().casefold() if answer is not ... else ...
    if name is not ... and name not in _SUSPECTS:
        return f"Pas encore : accusez l'un des quatre suspects : {', '.join(_SUSPECTS)}."
    scores = {}
    for suspect in _SUSPECTS:
        score, problem = call(trial, suspect)
        if problem:
            return problem
        if score is ...:
            return "Pas encore : un verdict sans essai n'en est pas un. Écrivez d'abord `trial`."
        score = _array(score)
        if score is None or score.shape != () or not 0 <= score <= 1:
            return "Pas encore : `trial` renvoie une exactitude, un seul nombre de 0 à 1."
        scores[suspect] = float(score)
    lowest, second, *_, highest = sorted(scores, key=scores.get)
    if scores[highest] - scores[lowest] < _GAP:
        return (
            "Pas encore : votre essai donne presque la même exactitude aux quatre suspects. "
            "Posez-vous bien celui qu'on nomme, et sur une seule classe ?"
        )
    if scores[highest] > 0.85:
        return (
            "Presque : votre essai pose un suspect sur les carrés, comme à l'apprentissage, et le "
            "réseau réussit. Posez-le sur les triangles, là où il doit le tromper."
        )
    if scores[second] - scores[lowest] < _GAP:
        return (
            "Pas encore : plusieurs suspects font chuter l'exactitude. N'en posez qu'un à la fois, "
            "sur des images qui n'en ont aucun autre."
        )
    if name is ...:
        return "Votre essai départage les suspects. Il reste à écrire votre verdict."
    if name != lowest:
        return (
            f"Pas encore : avec « {name} » sur les triangles, l'exactitude est de "
            f"{short_percent(scores[name])}, et un autre suspect la fait tomber bien plus bas."
        )
    return (
        f"{RIGHT}Avec « {name} » sur les triangles, l'exactitude tombe à "
        f"{short_percent(scores[name])} ; avec chacun des trois autres, elle reste d'au moins "
        f"{short_percent(scores[second])}."
    )


# --- Communs ----------------------------------------------------------------------------------


def _array(answer):
    """La réponse en tableau de nombres réels, ou None si elle n'en est pas un."""
    try:
        return np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return None


def _near(found, expected):
    return bool(np.all(np.abs(found - np.float64(expected)) <= 1))
