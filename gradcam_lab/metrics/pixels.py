"""Retoucher la photo selon la carte, et regarder la probabilité : effacer, remettre, masquer."""

from dataclasses import dataclass

import numpy as np

from ..base.checks import check_count
from ..base.names import unknown_name
from ..errors import SettingError
from ..explain.analysis import Analysis
from ..images.overlay import check_heatmap, finite_map
from ..images.resizing import resize_for_network, resize_map

__all__ = ["ConfidenceChange", "Curve", "confidence_change", "deletion", "insertion"]

_BLUR = 20  # l'écart type du flou : le plus petit côté, divisé par ce nombre
# Ce qui remplace un pixel effacé, et comment le dire.
_BASELINES = {
    "mean": "la couleur moyenne de la photo",
    "blur": "la photo floutée (gaussienne, écart type : le plus petit côté / 20)",
    "gray": "le gris moyen (127,5)",
    "black": "le noir",
}


@dataclass(frozen=True)
class Curve:
    """La probabilité d'une classe à mesure que l'on retouche la photo.

    Arguments
    ---------
    fractions : float64 (n,), la part des pixels déjà changés, de 0 à 1
    probabilities : float32 (n,), la probabilité de la classe à chacune
    auc : l'aire sous la courbe, de 0 à 1
    protocol : une phrase : tout ce qui, changé, changerait le chiffre
    """

    fractions: np.ndarray
    probabilities: np.ndarray
    auc: float
    protocol: str = ""


@dataclass(frozen=True)
class ConfidenceChange:
    """Ce que devient la probabilité quand on ne garde de la photo que ses points chauds.

    Arguments
    ---------
    before, after : la probabilité de la classe, sur la photo entière, puis masquée
    drop : la chute, `max(0, before - after) / before` ; nan si `before` est nulle
    increased : vrai si la probabilité a augmenté
    protocol : une phrase : tout ce qui, changé, changerait le chiffre
    """

    before: float
    after: float
    drop: float
    increased: bool
    protocol: str = ""


def deletion(analysis, heatmap, target=None, *, baseline="mean", steps=50, batch_size=8):
    """Efface les pixels du plus chaud au plus froid, et renvoie la probabilité qui chute.

    `auc = Σ (f[i+1] - f[i]) · (p[i] + p[i+1]) / 2`, où `f` est la part effacée, de 0 à 1, et `p` la
    probabilité. Selon l'article, plus l'aire est petite, plus la carte montre ce que le réseau a
    utilisé ; une carte témoin (`baseline_map`) peut pourtant faire mieux : mesurez-la aussi.

    Ce qui change le chiffre : la photo est à la taille du réseau, ses pixels changent avant
    `preprocess` ; la carte est agrandie à cette taille (bilinéaire), seul son ordre compte ; à
    égalité, les pixels vont dans l'ordre de lecture (une carte uniforme efface de haut en bas) ; ce
    qui remplace un pixel ; le nombre de pas ; la probabilité (après softmax), non divisée par celle
    du départ.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    heatmap : tableau (h, w) de nombres finis
    target : indice, identifiant ou nom d'une classe, par défaut la plus probable
    baseline : ce qui remplace un pixel : « mean », la couleur moyenne de la photo ; « blur », la
        photo floutée (gaussienne d'écart type : le plus petit côté divisé par 20, 11,2 pixels pour
        224) ; « gray », le gris 127,5 ; « black », le noir
    steps : le nombre de pas, au moins 1 ; le réseau voit `steps` + 1 images
    batch_size : le nombre d'images par lot ; il ne change que la mémoire et la durée

    Rend
    ----
    Curve, de `steps` + 1 points

    Lève
    ----
    HeatmapError
        ce n'est pas une carte de nombres finis
    UnknownClassError, SettingError
        la classe n'existe pas, ou un réglage ne convient pas

    Source
    ------
    Petsiuk et al., *RISE*, BMVC 2018 (« deletion »)

    Exemple
    -------
    >>> gl.metrics.deletion(analysis, analysis.heatmap()).auc
    """
    return _curve("deletion", analysis, heatmap, target, baseline, steps, batch_size)


def insertion(analysis, heatmap, target=None, *, baseline="blur", steps=50, batch_size=8):
    """Remet les pixels du plus chaud au plus froid, et renvoie la probabilité qui remonte.

    On part de ce qui remplace la photo (`baseline`), et l'on arrive à la photo. Selon l'article,
    plus l'aire est grande, mieux c'est ; une tache au milieu de la photo en obtient souvent une
    plus grande encore : mesurez-la aussi (`baseline_map`). Tout le reste, la formule de `auc`
    comprise, est comme dans `deletion`.

    Arguments
    ---------
    analysis, heatmap, target, baseline, steps, batch_size : comme `deletion`

    Rend
    ----
    Curve, de `steps` + 1 points

    Lève
    ----
    HeatmapError, UnknownClassError, SettingError
        comme `deletion`

    Source
    ------
    Petsiuk et al., *RISE*, BMVC 2018 (« insertion ») ; le flou de leur programme est une gaussienne
    d'écart type 5, coupée à 11 pixels, pour des photos de 224
    """
    return _curve("insertion", analysis, heatmap, target, baseline, steps, batch_size)


def confidence_change(analysis, heatmap, target=None):
    """Multiplie la photo par la carte, et renvoie ce que la probabilité a perdu ou gagné.

    `drop = max(0, before - after) / before`, où `after` est la probabilité de la photo multipliée,
    pixel par pixel, par la carte. L'article en donne la moyenne sur de nombreuses photos, en pour
    cent (*average drop*), et la part des photos où `increased` est vrai (*increase in confidence*).
    Une carte qui ne dit rien, comme l'uniforme, a une chute nulle : mesurez-la aussi.

    Ce qui change le chiffre : la photo est à la taille du réseau, la carte y est agrandie
    (bilinéaire) ; le produit se fait en niveaux de 0 à 255, avant `preprocess` : le froid devient
    noir, le tiède sombre ; la carte n'est ni seuillée, ni renormalisée après l'agrandissement.

    Arguments
    ---------
    analysis : le résultat de `model.analyze(image)`
    heatmap : tableau (h, w), valeurs dans [0, 1]
    target : indice, identifiant ou nom d'une classe, par défaut la plus probable

    Rend
    ----
    ConfidenceChange

    Lève
    ----
    HeatmapError
        ce n'est pas une carte, ou ses valeurs sortent de [0, 1]
    UnknownClassError, SettingError
        la classe n'existe pas, ou `analysis` n'est pas une analyse

    Source
    ------
    Chattopadhyay et al., *Grad-CAM++*, WACV 2018, section 4.1
    """
    check_analysis(analysis, "confidence_change")
    answer, size = analysis.prediction(target), analysis.classifier.input_size
    photo = resize_for_network(analysis.image, size)[0]
    masked = photo * resize_map(check_heatmap(heatmap), size)[..., None]
    before = answer.probability
    after = float(analysis.classifier.probabilities([masked])[0, answer.index])
    return ConfidenceChange(
        before,
        after,
        max(0.0, before - after) / before if before else float("nan"),
        after > before,
        f"photo × carte, en niveaux avant preprocess, {_seen(size, answer)} ; chute divisée par la "
        "probabilité de départ",
    )


def check_analysis(analysis, name):
    """Lève `SettingError` si ce n'est pas une analyse."""
    if not isinstance(analysis, Analysis):
        raise SettingError(
            f"gl.metrics.{name} attend le résultat de model.analyze(image), et non un objet de "
            f"type {type(analysis).__name__}."
        )


def _curve(name, analysis, heatmap, target, baseline, steps, batch_size):
    check_analysis(analysis, name)
    heat = finite_map(heatmap)
    if baseline not in _BASELINES:
        raise SettingError(
            unknown_name(f"Le fond « {baseline} » n'existe pas", baseline, _BASELINES)
        )
    classifier, size = analysis.classifier, analysis.classifier.input_size
    pixels = size[0] * size[1]
    if check_count(steps, "steps") > pixels:
        raise SettingError(f"steps vaut au plus {pixels}, le nombre de pixels, et non {steps}.")
    answer = analysis.prediction(target)
    photo = resize_for_network(analysis.image, size)[0]
    hidden = _hidden(photo, baseline)
    # Un tri stable : à égalité, les pixels gardent l'ordre de lecture.
    order = np.argsort(-resize_map(heat, size), axis=None, kind="stable")
    counts = np.arange(steps + 1) * pixels // steps
    start, end = (photo, hidden) if name == "deletion" else (hidden, photo)
    pictures = _steps(start, end, order, counts)
    found = classifier.probabilities(pictures, batch_size=batch_size)[:, answer.index]
    fractions, heights = counts / pixels, found.astype(np.float64)
    # Écrit en toutes lettres : NumPy 2 a renommé `trapz`.
    area = float(np.sum(np.diff(fractions) * (heights[1:] + heights[:-1]) / 2))
    way = "remplacés par" if name == "deletion" else "remis sur"
    return Curve(
        fractions,
        found,
        area,
        f"pixels du plus chaud au plus froid, {way} {_BASELINES[baseline]}, en {steps} pas, "
        f"{_seen(size, answer)} ; aire par trapèzes, non divisée",
    )


def _steps(start, end, order, counts):
    """Les images, une à une : `start`, où les premiers pixels de `order` viennent de `end`."""
    picture, end, done = start.reshape(-1, 3).copy(), end.reshape(-1, 3), 0
    for count in counts:
        changed = order[done:count]
        picture[changed], done = end[changed], count
        yield picture.reshape(start.shape).copy()


def _hidden(photo, baseline):
    """Ce qui remplace la photo, float32 (H, W, 3), en niveaux de 0 à 255."""
    if baseline == "blur":
        import cv2

        return cv2.GaussianBlur(photo, (0, 0), min(photo.shape[:2]) / _BLUR).clip(0, 255)
    color = {"gray": 127.5, "black": 0.0}.get(baseline)
    if color is None:
        color = photo.mean(axis=(0, 1), dtype=np.float64)
    return np.full_like(photo, color)


def _seen(size, answer):
    """Ce que le réseau a vu, et ce que l'on y a lu."""
    height, width = size
    return f"{height} × {width} pixels, probabilité de « {answer.label_fr} »"
