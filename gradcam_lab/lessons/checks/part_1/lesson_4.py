"""Leçon 4 : le masque d'une région chaude, la couche la plus précise, et ce que l'on conclut."""

import numpy as np

from ....base.numbers import short_percent
from ....errors import UnknownLayerError
from ....images.hot_region import find_hot_region
from ....images.resizing import resize_map
from ....network.labels import as_index
from ...correction import RIGHT, call, correct

__all__ = ["check_hot_mask", "check_smallest_region", "check_verdicts"]


def check_hot_mask(function):
    """Corrige l'exercice ★ de la leçon 4 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(heatmap, height, width, threshold)` qui renvoie le masque (H, W),
        vrai là où la carte agrandie atteint `threshold` fois son maximum
    """
    untouched = callable(function) and call(function, *_TRIALS[0])[0] is ...
    correct(_hot_mask, ... if untouched else function)


def check_smallest_region(answer, analysis, target, *, threshold=0.5):
    """Corrige l'exercice ★★ de la leçon 4 et affiche une phrase.

    Arguments
    ---------
    answer : le nom de la couche dont la région chaude couvre la plus petite part de la photo
    analysis : l'`Analysis` de la photo
    target : la classe, comme à `analysis.heatmap`
    threshold : le seuil de la région, en part du maximum de la carte, entre 0 et 1

    Lève
    ----
    UnknownClassError, SettingError
        `target` ou `threshold` ne convient pas
    """
    correct(_smallest_region, answer, analysis, target, threshold)


def check_verdicts(answer):
    """Corrige l'exercice ★★★ de la leçon 4 et affiche une phrase.

    Arguments
    ---------
    answer : dictionnaire `{"A": numéro, ..., "F": numéro}`, le numéro du verdict de chaque phrase
    """
    untouched = isinstance(answer, dict) and all(number is ... for number in answer.values())
    correct(_verdicts, ... if untouched else answer)


# --- ★ Le masque ------------------------------------------------------------------------------

# Une carte qui n'atteint pas 1, une photo qui n'est pas carrée ; puis une carte vide.
_TRIAL_MAP = np.array([[0.0, 0.1, 0.5], [0.3, 0.2, 0.05]], np.float32)
_TRIALS = (
    (_TRIAL_MAP, 40, 90, 0.5),
    (_TRIAL_MAP, 40, 90, 0.15),
    (np.zeros((2, 3), np.float32), 40, 90, 0.5),
)


def _hot_mask(function):
    for heatmap, height, width, threshold in _TRIALS:
        answer, problem = call(function, heatmap, height, width, threshold)
        if problem:
            return problem
        if problem := _not_this_mask(answer, heatmap, (height, width), threshold):
            return problem
    return (
        f"{RIGHT}Votre fonction donne le masque de `gl.find_hot_region`, même quand la carte est "
        "vide."
    )


def _not_this_mask(answer, heatmap, size, threshold):
    """Ce qui manque au masque `answer`, ou None s'il est juste."""
    try:
        found = np.asarray(answer)
    except ValueError:  # des lignes de longueurs différentes
        found = np.asarray(None)
    if found.shape == size[::-1]:
        return (
            "Presque : la hauteur et la largeur sont échangées. Que demande cv2.resize, la "
            "hauteur ou la largeur d'abord ?"
        )
    if found.shape == heatmap.shape:
        return "Presque : votre masque a la taille de la carte. Agrandissez d'abord la carte."
    if found.shape != size:
        return (
            f"Pas encore : un masque a la forme {size}, celle de la photo, et votre réponse est de "
            f"forme {found.shape}."
        )
    if found.dtype != bool:
        return (
            "Presque : un masque ne contient que vrai ou faux (bool). Comparez la carte au seuil, "
            "avec >=."
        )
    expected = find_hot_region(heatmap, size, threshold).mask
    if np.mean(found != expected) < 0.005:  # un point au bord du seuil peut tomber d'un côté
        return None
    if not heatmap.any():
        return (
            "Presque : sur une carte vide, votre masque est vrai partout, car 0 >= 0. Gardez "
            "seulement les points plus grands que zéro."
        )
    large = resize_map(heatmap, size)
    if np.array_equal(found, large >= threshold):
        return "Presque : le seuil est une part du maximum de la carte, et ce maximum n'est pas 1."
    if not found.any():
        return (
            "Pas encore : votre masque est faux partout. À quel nombre comparez-vous la carte, à "
            "chaque ligne ?"
        )
    if np.mean(found == ~expected) > 0.998:
        return "Presque : vous avez gardé ce qui est froid. Dans quel sens faut-il comparer ?"
    small = np.uint8(heatmap >= threshold * heatmap.max())
    if np.mean(found != (resize_map(small, size) > 0)) < 0.002:
        return "Presque : agrandissez la carte avant de comparer, et non après."
    return "Pas encore : agrandir la carte, puis la comparer au seuil multiplié par son maximum."


# --- ★★ La couche -----------------------------------------------------------------------------


def _smallest_region(answer, analysis, target, threshold):
    if answer is None:  # pour find_layer, None est la dernière couche
        return "Pas encore : rangez le nom d'une couche dans votre réponse, qui vaut None."
    try:
        answer = analysis.classifier.find_layer(answer)
    except UnknownLayerError as error:
        return f"Pas encore. {error}"
    size = (analysis.image.height, analysis.image.width)
    shares = {}
    for (_, layer), heatmap in analysis.heatmaps([target], "all").items():
        if heatmap.any():  # une carte vide n'a pas de région chaude
            shares[layer] = find_hot_region(heatmap, size, threshold).share
    if answer not in shares:
        return "Pas encore : la carte de cette couche est vide, elle n'a pas de région chaude."
    share = short_percent(shares[answer])
    smaller = sum(value < shares[answer] for value in shares.values())
    if smaller == 0:
        return f"{RIGHT}La région chaude de « {answer} » couvre {share} de la photo."
    others = "une autre couche fait" if smaller == 1 else f"{smaller} autres couches font"
    return f"Pas encore : celle de « {answer} » couvre {share} de la photo, et {others} moins."


# --- ★★★ Les verdicts -------------------------------------------------------------------------

_COUNT = 6  # les verdicts sont numérotés de 1 à 6
_VERDICTS = {"A": 2, "B": 4, "C": 3, "D": 5, "E": 1, "F": 6}
_LOOK = {
    "A": "Lisez ce qui est écrit sous les deux images : par quoi chacune est-elle divisée ?",
    "B": "Que sait-on quand la chaleur est sur l'objet ? Relisez ce qui suit les deux astronautes.",
    "C": "Que devient le rectangle quand on change le nombre choisi par l'auteur de la phrase ?",
    "D": "Quelle couche a-t-on regardée, et que voit-on à cette profondeur ?",
    "E": "Cette phrase compare deux cartes à échelle commune. Que lui reproche-t-on ?",
    "F": "Combien de photos faudrait-il pour dire « toujours » ?",
}


def _verdicts(answer):
    if not isinstance(answer, dict) or {str(key).strip().upper() for key in answer} != set(
        _VERDICTS
    ):
        return (
            'Pas encore : écrivez un numéro par phrase, {"A": 1, "B": 2, ...}, pour les six '
            "phrases de A à F."
        )
    given = {str(key).strip().upper(): as_index(number) for key, number in answer.items()}
    missing = [letter for letter in _VERDICTS if given[letter] not in range(1, _COUNT + 1)]
    if missing:
        return f"Pas encore : le verdict de {missing[0]} est un numéro de 1 à {_COUNT}."
    wrong = [letter for letter, right in _VERDICTS.items() if given[letter] != right]
    if not wrong:
        return f"{RIGHT}Une seule de ces six phrases s'en tient à ce que sa carte montre."
    if all(number == 1 for number in given.values()):
        return "Pas encore : cinq de ces phrases vont plus loin que leur carte. Laquelle non ?"
    count = len(_VERDICTS) - len(wrong)
    start = f"{count} sur {len(_VERDICTS)}" if count else "Aucun verdict n'est juste pour l'instant"
    return f"Pas encore : {start}. Revoyez {wrong[0]}. {_LOOK[wrong[0]]}"
