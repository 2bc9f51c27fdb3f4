"""Leçon 1 : les trois classes les plus probables, les bords horizontaux, la bonne préparation."""

import numpy as np
from PIL import Image

from ....network.labels import as_index
from ...correction import RIGHT, correct

__all__ = ["check_edges", "check_preparation", "check_top_classes"]


def check_top_classes(answer, analysis):
    """Corrige le premier exercice de la leçon 1 et affiche une phrase.

    Arguments
    ---------
    answer : les indices (entiers) des trois classes les plus probables, de la plus à la moins
        probable
    analysis : l'`Analysis` de la photo
    """
    correct(_top_classes, answer, analysis)


def _top_classes(answer, analysis):
    top, count = analysis.top(3), len(analysis.probabilities)
    expected = [prediction.index for prediction in top]
    try:
        values = np.ravel(answer)
    except ValueError:  # des listes de longueurs différentes
        values = [None]
    found = [as_index(value) for value in values]
    if None in found:
        if len(values) == 3 and np.allclose(_numbers(values), [p.probability for p in top]):
            return "Presque : ce sont les probabilités ; il faut les indices de leurs classes."
        if all(isinstance(value, str) for value in values):
            return "Pas encore : ce sont des mots ; il faut les indices des classes, des nombres."
        return "Pas encore : il faut une liste de trois indices, c'est-à-dire des nombres entiers."
    lowest = [int(i) for i in np.argsort(analysis.probabilities, kind="stable")[:3]]
    if found == expected:
        names = ", ".join(f"« {prediction.label_fr} »" for prediction in top)
        return f"{RIGHT}Les trois classes les plus probables sont, dans l'ordre : {names}."
    if len(found) != 3:
        return f"Pas encore : il faut trois indices, et votre réponse en a {len(found)}."
    if found == lowest:
        return (
            "Pas encore : ce sont les trois classes les moins probables. np.argsort range du plus "
            "petit au plus grand."
        )
    if sorted(found) == sorted(expected):
        return "Presque : ce sont les bonnes classes, rangez-les de la plus à la moins probable."
    if max(found) >= count or min(found) < 0:
        return f"Pas encore : les indices vont de 0 à {count - 1}."
    return "Pas encore : cherchez où sont les trois plus grandes valeurs du vecteur."


def check_edges(answer, gray):
    """Corrige le deuxième exercice de la leçon 1 et affiche une phrase.

    Arguments
    ---------
    answer : la carte (H - 2, W - 2) des bords horizontaux, positive là où l'image s'éclaircit
        quand on descend
    gray : la photo en gris (H, W)
    """
    correct(_edges, answer, gray)


def _edges(answer, gray):
    gray = np.asarray(gray, np.float64)
    found = _array(answer)
    if found is None:
        return "Pas encore : votre réponse n'est pas un tableau de nombres finis."
    right = np.zeros((gray.shape[0] - 2, gray.shape[1] - 2))
    for j in range(3):
        right += gray[2:, j : j + right.shape[1]] - gray[:-2, j : j + right.shape[1]]
    if found.shape == gray.shape:
        return (
            "Presque : votre carte a la taille de l'image. Sur le bord, le filtre dépasse : ôtez "
            "une ligne et une colonne de chaque côté, avec [1:-1, 1:-1]."
        )
    if found.shape == (3, 3):
        return "Presque : c'est un filtre. Faites-le passer sur l'image pour obtenir une carte."
    if found.shape != right.shape:
        return f"Pas encore : on attend une carte {right.shape}, et la vôtre est {found.shape}."
    vertical = _vertical(gray)
    turned = "Pas encore : ce sont les bords verticaux. Le filtre est-il tourné ?"
    for known, sentence in (
        (right, f"{RIGHT}Ces bords horizontaux sont ceux de l'image."),
        (-right, "Presque : le signe est inversé. La ligne du bas du filtre porte les 1."),
        (np.abs(right), "Presque : gardez le signe, np.abs l'efface."),
        (right / 3, "Presque : les poids du filtre sont -1, 0 et 1, sans division par 3."),
        (vertical, turned),
        (-vertical, turned),
        (
            right + vertical,
            "Presque : les bords verticaux sont restés dans le résultat. Partez d'une carte "
            "remplie de zéros.",
        ),
    ):
        if np.allclose(found, known, atol=0.5):
            return sentence
    return (
        "Pas encore : votre carte a la bonne taille, mais pas les bonnes valeurs. Vérifiez les "
        "neuf poids du filtre, puis la boucle."
    )


def _vertical(gray):
    """La carte des bords verticaux, celle de la leçon."""
    rows = gray.shape[0] - 2
    return sum(gray[i : i + rows, 2:] - gray[i : i + rows, :-2] for i in range(3))


def check_preparation(answer, analysis):
    """Corrige le troisième exercice de la leçon 1 et affiche une phrase.

    Arguments
    ---------
    answer : les probabilités (K,) du réseau pour la photo, une fois la préparation corrigée
    analysis : l'`Analysis` de la photo
    """
    correct(_preparation, answer, analysis)


def _preparation(answer, analysis):
    right = analysis.probabilities
    if callable(answer):
        return "Presque : c'est la fonction elle-même. Appelez-la : votre_fonction(image)."
    found = _array(answer)
    if found is None:
        return "Pas encore : votre réponse n'est pas un tableau de nombres finis."
    if found.shape == (1, len(right)):
        return "Presque : il reste l'axe du lot. Prenez la première ligne, avec [0]."
    if found.shape != right.shape:
        return (
            f"Pas encore : on attend une probabilité par classe, un vecteur {right.shape}, et "
            f"votre réponse est de forme {found.shape}."
        )
    answers = _known_answers(analysis)
    distances = [_distance(found, known) for known, _ in answers]
    # Un réseau qui se prépare lui-même donne deux fois la bonne réponse, aux arrondis près.
    nearest = 0 if distances[0] < 1e-3 else int(np.argmin(distances))
    if distances[nearest] > 0.1:
        return (
            "Pas encore : ces probabilités ne sont pas celles de la photo bien préparée. Comparez "
            "chaque ligne à celles de la section 4."
        )
    return answers[nearest][1]


def _known_answers(analysis):
    """La bonne réponse, puis celles des fautes connues, chacune avec sa phrase."""
    classifier, photo = analysis.classifier, np.asarray(analysis.image)
    height, width = classifier.input_size
    small = analysis.image.resize((width, height), Image.Resampling.LANCZOS)
    raw = np.asarray(small, np.float32)[None]

    def answer(x):
        # Une préparation fausse peut faire déborder le calcul : ce n'est alors aucune réponse.
        return np.asarray(classifier.model.predict(x, verbose=0)[0], np.float64)

    return [
        (analysis.probabilities, f"{RIGHT}C'est la réponse du réseau à la photo bien préparée."),
        (
            answer(raw),
            "Presque : le rouge et le bleu ne sont plus échangés, mais le réseau reçoit encore des "
            "nombres de 0 à 255. Il manque sa propre préparation.",
        ),
        (
            answer(classifier.preprocess(photo[..., ::-1])),
            "Presque : l'échelle est la bonne, mais le rouge et le bleu sont encore échangés.",
        ),
        # Un réseau qui attend le bleu d'abord n'y voit qu'une faute : on ne les compte pas.
        (
            answer(raw[..., ::-1]),
            "Pas encore : c'est la réponse du programme, sans aucune réparation.",
        ),
        (
            answer(raw / 255),
            "Pas encore : de 0 à 1 n'est pas l'échelle de ce réseau. Que fait la section 4 ?",
        ),
    ]


def _distance(found, known):
    """L'écart entre deux vecteurs de probabilités, grand aussi entre 0,9999 et 0,999999."""
    if found.shape != known.shape or not np.isfinite(known).all():
        return np.inf
    logs = [np.log(np.clip(values, 1e-9, 1)) for values in (found, known)]
    return float(np.abs(logs[0] - logs[1]).mean())


# --- Les rouages ------------------------------------------------------------------------------


def _array(answer):
    """`answer` en tableau de nombres finis, ou None."""
    try:
        array = np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return None
    return array if array.size and np.isfinite(array).all() else None


def _numbers(values):
    """Les nombres de `values`, ou NaN à la place de ce qui n'en est pas un."""
    try:
        return np.asarray(values, np.float64)
    except (TypeError, ValueError):
        return np.full(len(values), np.nan)
