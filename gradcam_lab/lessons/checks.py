"""La correction des exercices : chaque fonction lit une réponse et affiche une phrase.

Une réponse laissée à `...` n'est pas une faute : la phrase invite à commencer. Une réponse
fausse reçoit un indice qui dépend de l'erreur, jamais la solution.
"""

import numpy as np

from ..base.messages import say
from ..errors import GradcamLabError
from ..images import superimpose
from ..images.hot_region import find_hot_region

__all__ = ["check_heatmap", "check_mix", "check_smallest_region", "check_top_classes"]

_WAITING = "Pas encore de réponse : remplacez les points de suspension par votre code."
_RIGHT = "Exact. "


def check_top_classes(answer, analysis):
    """Leçon 1 : les indices des trois classes les plus probables, de la plus à la moins probable.

    `answer` : trois entiers ; `analysis` : l'analyse de la photo. Affiche une phrase.
    """
    say(_WAITING if answer is ... else _top_classes(answer, analysis))


def check_heatmap(answer, analysis, target, score="logit"):
    """Leçon 2 : la carte de chaleur normalisée de la classe `target`, en (h, w).

    `answer` : la carte proposée ; `score` : le score qu'elle dérive. Affiche une phrase.
    """
    say(_WAITING if answer is ... else _heatmap(answer, analysis, target, score))


def check_mix(answer, heatmap, image, alpha=0.4, colormap="jet"):
    """Leçon 3 : le mélange `alpha * couleur + (1 - alpha) * photo`, uint8 (H, W, 3), en RVB.

    `answer` : l'image proposée ; `heatmap` et `image` : ce qu'elle superpose. Affiche une phrase.
    """
    say(_WAITING if answer is ... else _mix(answer, heatmap, image, alpha, colormap))


def check_smallest_region(answer, analysis, target, threshold=0.5):
    """Leçon 4 : la couche dont la région chaude couvre la plus petite part de la photo.

    `answer` : le nom d'une couche ; `target` : la classe ; `threshold` : le seuil de la région,
    en part du maximum. Affiche une phrase.
    """
    say(_WAITING if answer is ... else _smallest_region(answer, analysis, target, threshold))


# --- Les phrases ------------------------------------------------------------------------------


def _top_classes(answer, analysis):
    expected = [prediction.index for prediction in analysis.top(3)]
    try:
        found = [int(index) for index in np.ravel(answer)]
    except (TypeError, ValueError):
        return "Pas encore : il faut une liste de trois indices, c'est-à-dire des nombres entiers."
    lowest = [int(i) for i in np.argsort(analysis.probabilities, kind="stable")[:3]]
    if found == expected:
        names = ", ".join(f"« {prediction.label_fr} »" for prediction in analysis.top(3))
        return f"{_RIGHT}Les trois classes les plus probables sont, dans l'ordre : {names}."
    if len(found) != 3:
        return f"Pas encore : il faut trois indices, et votre réponse en a {len(found)}."
    if found == lowest:
        return (
            "Pas encore : ce sont les trois classes les moins probables. np.argsort range du plus "
            "petit au plus grand."
        )
    if sorted(found) == sorted(expected):
        return "Presque : ce sont les bonnes classes, rangez-les de la plus à la moins probable."
    if max(found) >= len(analysis.probabilities) or min(found) < 0:
        return f"Pas encore : les indices vont de 0 à {len(analysis.probabilities) - 1}."
    return "Pas encore : cherchez où sont les trois plus grandes valeurs du vecteur."


def _heatmap(answer, analysis, target, score):
    try:
        found = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError):
        return "Pas encore : votre réponse n'est pas un tableau de nombres."
    expected = analysis.heatmap(target, score=score).astype(np.float64)
    if found.shape != expected.shape:
        hint = "faut-il une moyenne de plus ?"
        if found.ndim > 2:
            hint = "il reste la dimension du lot."
        return (
            f"Pas encore : votre carte a la forme {found.shape} au lieu de {expected.shape} ; "
            f"{hint}"
        )
    if not np.isfinite(found).all():
        return "Pas encore : votre carte contient des NaN ; avez-vous divisé par zéro ?"
    if np.allclose(found, expected, atol=2e-3):
        name = analysis.prediction(target).label_fr
        return f"{_RIGHT}C'est bien la carte de chaleur de la classe « {name} »."
    if found.min() < 0:
        return "Pas encore : il reste des valeurs négatives ; c'est le travail de ReLU."
    peak = found.max()
    if peak > 0 and np.allclose(found / peak, expected, atol=2e-3):
        return "Presque : la forme est la bonne, il reste à diviser la carte par son maximum."
    for prediction in analysis.top(5):
        other = analysis.heatmap(prediction.index, score=score)
        if prediction.index != target and np.allclose(found, other, atol=2e-3):
            return (
                f"Presque : c'est la carte de la classe « {prediction.label_fr} ». Avez-vous bien "
                "dérivé le score de l'autre classe ?"
            )
    wrong_score = "probability" if score == "logit" else "logit"
    if np.allclose(found, analysis.heatmap(target, score=wrong_score), atol=2e-3):
        return "Presque : c'est la carte de l'autre score (avant ou après softmax)."
    return "Pas encore : reprenez les étapes une à une, du gradient à la division par le maximum."


def _mix(answer, heatmap, image, alpha, colormap):
    found = np.asarray(answer)
    expected = superimpose(heatmap, image, alpha, colormap=colormap, blend="mix")
    if found.shape != expected.shape:
        return (
            f"Pas encore : votre image a la forme {found.shape} au lieu de {expected.shape}, celle "
            "de la photo."
        )
    if found.dtype != np.uint8:
        if np.issubdtype(found.dtype, np.number) and _near(found, expected):
            return 'Presque : il reste à convertir en octets, avec .astype("uint8").'
        return f"Pas encore : une image est en uint8, et la vôtre est en {found.dtype}."
    if _near(found, expected):
        return f"{_RIGHT}Rien ne dépasse 255 : une moyenne de deux octets reste entre 0 et 255."
    if _near(found, superimpose(heatmap, image, alpha, colormap=colormap, blend="add")):
        return "Presque : c'est la formule du livre ; multipliez aussi la photo, par 1 - alpha."
    if _near(found, superimpose(heatmap, image, 1 - alpha, colormap=colormap, blend="mix")):
        return "Presque : les deux poids sont échangés ; alpha va à la couleur."
    if _near(found[..., ::-1], expected) or _near(found, _swapped(heatmap, image, alpha, colormap)):
        return "Presque : le rouge et le bleu sont échangés ; OpenCV colore en BVR."
    return "Pas encore : alpha fois la couleur, plus (1 - alpha) fois la photo, puis uint8."


def _swapped(heatmap, image, alpha, colormap):
    """L'erreur la plus courante : la couleur laissée en BVR, sur une photo en RVB."""
    mixed = superimpose(heatmap, image, alpha, colormap=colormap, blend="mix").astype(np.float32)
    kept = superimpose(heatmap, image, 0.0, colormap=colormap, blend="mix").astype(np.float32)
    photo_part = (1 - alpha) * kept
    return np.clip(photo_part + (mixed - photo_part)[..., ::-1], 0, 255)


def _near(found, expected):
    difference = np.abs(found.astype(np.float32) - np.asarray(expected, np.float32))
    return bool((difference <= 2).mean() > 0.99)


def _smallest_region(answer, analysis, target, threshold):
    try:
        answer = analysis.classifier.find_layer(answer)
    except GradcamLabError as error:
        return f"Pas encore. {error}"
    height, width = analysis.image.height, analysis.image.width
    shares = {}
    for (_, layer), heatmap in analysis.heatmaps([target], "all").items():
        if heatmap.any():  # une carte vide n'a pas de région chaude
            shares[layer] = find_hot_region(heatmap, (height, width), threshold).share
    if answer not in shares:
        return "Pas encore : la carte de cette couche est vide, elle n'a pas de région chaude."
    share = f"{100 * shares[answer]:.1f} %".replace(".", ",")
    smaller = sum(value < shares[answer] for value in shares.values())
    if smaller == 0:
        return f"{_RIGHT}La région chaude de « {answer} » couvre {share} de la photo."
    others = "une autre couche fait" if smaller == 1 else f"{smaller} autres couches font"
    return f"Pas encore : celle de « {answer} » couvre {share} de la photo, et {others} moins."
