"""Leçon 6 : un pas de montée, la descente, et une montée à réparer."""

import numpy as np

from ....network.engine import ChannelSlope
from ...correction import RIGHT, call, correct

__all__ = ["check_ascent_step", "check_descent", "check_mended_climb"]

_STEP = 4.0  # la longueur d'un pas, en niveaux, celle de la leçon


def check_ascent_step(function):
    """Corrige l'exercice ★ de la leçon 6 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(levels, gradient, step_size)` qui renvoie l'image après un pas de
        montée, dont la longueur est `step_size`
    """
    untouched = callable(function) and call(function, *_TRIALS[0])[0] is ...
    correct(_ascent_step, ... if untouched else function)


def check_descent(function, classifier, layer, channel):
    """Corrige l'exercice ★★ de la leçon 6 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(levels, steps)` qui renvoie l'image après `steps` pas de descente
    classifier : le `Classifier` de la leçon
    layer, channel : la couche et le numéro du canal dont l'activation doit baisser

    Lève
    ----
    UnknownLayerError
        la couche n'existe pas
    """
    path = _Path(classifier, layer, channel, sign=-1)
    untouched = callable(function) and call(function, path.start, 1)[0] is ...
    correct(_descent, ... if untouched else function, path)


def check_mended_climb(function, classifier, layer, channel):
    """Corrige l'exercice ★★★ de la leçon 6 : essaie la fonction, puis affiche une phrase.

    Arguments
    ---------
    function : une fonction de `(levels, channel, steps)` qui renvoie l'image après `steps` pas
    classifier : le `Classifier` de la leçon
    layer, channel : la couche et le numéro du canal dont l'activation doit monter

    Lève
    ----
    UnknownLayerError
        la couche n'existe pas
    """
    path = _Path(classifier, layer, channel, sign=1)
    correct(_mended_climb, function, path)


# --- ★ Un pas ---------------------------------------------------------------------------------

_GRADIENT = np.array([3.0, -4.0, 0.0, 0.0, 1.0, 2.0]).reshape(1, 1, 2, 3) * 1e-3
_LEVELS = np.full((1, 1, 2, 3), 128.0)
_TRIALS = (
    (_LEVELS, _GRADIENT, 4.0),
    (_LEVELS + 7, 50 * _GRADIENT, 1.5),
    (_LEVELS, 0 * _GRADIENT, 4.0),
)


def _ascent_step(function):
    for levels, gradient, step_size in _TRIALS:
        answer, problem = call(function, levels, gradient, step_size)
        if problem:
            return problem
        if problem := _not_this_step(answer, levels, gradient, step_size):
            return problem
    return f"{RIGHT}Chaque pas a la longueur demandée, et un gradient nul laisse l'image en place."


def _not_this_step(answer, levels, gradient, step_size):
    """Ce qui manque au pas `answer`, ou None s'il est juste."""
    found = _numbers(answer)
    if found.shape != levels.shape:
        return f"Pas encore : l'image a la forme {levels.shape}, votre réponse {found.shape}."
    if not gradient.any():
        if np.array_equal(found, levels):
            return None
        return (
            "Presque : quand le gradient est nul, sa longueur est 0, et diviser par 0 donne des "
            "nan. Renvoyez alors l'image inchangée."
        )
    moved = found - levels
    squares = np.square(gradient)
    unit = gradient / np.sqrt(squares.mean())
    for expected, sentence in (
        (step_size * unit, None),
        (-step_size * unit, "Presque : vous descendez. Pour monter, de quel signe est le pas ?"),
        (unit, "Presque : la longueur du pas, step_size, n'est pas dans votre réponse."),
        (
            step_size * gradient,
            "Presque : le gradient n'est pas normalisé. Divisez-le par sa longueur.",
        ),
        (
            step_size * gradient / squares.mean(),
            "Presque : vous divisez par la moyenne des carrés. Il manque la racine.",
        ),
        (
            step_size * gradient / np.sqrt(squares.sum()),
            "Presque : la longueur de la leçon est la racine de la moyenne des carrés, et non de "
            "leur somme.",
        ),
        (
            step_size * gradient / abs(gradient.mean()),
            "Presque : vous avez oublié les carrés. Dans une moyenne simple, les signes se "
            "compensent.",
        ),
        (
            step_size * gradient / np.sqrt(abs(gradient.mean())),
            "Presque : vous avez oublié les carrés. Dans une moyenne simple, les signes se "
            "compensent.",
        ),
        (
            step_size * gradient / np.sqrt(abs(gradient).mean()),
            "Presque : vous avez pris la valeur absolue du gradient. La formule prend son carré.",
        ),
    ):
        if np.allclose(moved, expected, rtol=1e-3, atol=1e-6):
            return sentence
    if np.allclose(found, step_size * unit, rtol=1e-3):
        return (
            "Presque : le pas est juste, mais il s'ajoute à l'image : il n'en prend pas la place."
        )
    return "Pas encore : image + step_size × gradient / longueur, avec la longueur de la section 1."


# --- ★★ et ★★★ Un chemin ----------------------------------------------------------------------


class _Path:
    """Le bon chemin, de deux départs que l'élève n'a pas vus : `sign` vaut 1 si l'on monte."""

    def __init__(self, classifier, layer, channel, sign):
        self.scale, self.offset = classifier.input_scale()
        layer = classifier.find_layer(layer)
        side = max(classifier.input_size)
        self.slope = ChannelSlope(classifier.network, layer, side)
        self.channel, self.sign = int(channel), sign
        noise = np.random.default_rng(5).random((1, side, side, 3))
        self.start, self.other = 128 + 20 * noise, 140 + 20 * noise[:, ::-1]

    def gradient(self, levels):
        prepared = np.float32(levels @ self.scale + self.offset)
        return self.slope(prepared, self.channel)[1] @ self.scale.T

    def after(self, steps):
        levels = self.start
        for _ in range(steps):
            gradient = self.gradient(levels)
            if not gradient.any():
                break
            levels = levels + self.sign * _STEP * gradient / _rms(gradient)
        return levels


def _descent(function, path):
    def run(levels, steps):
        return call(function, levels, steps)

    problem = _wrong_path(run, path)
    return problem or f"{RIGHT}Chaque pas fait quatre niveaux, dans le sens qui éteint le canal."


def _mended_climb(function, path):
    def run(levels, steps):
        return call(function, levels, path.channel, steps)

    problem = _wrong_path(run, path)
    return problem or (
        f"{RIGHT}Les deux fautes sont réparées : le canal est le dernier axe, et chaque pas part "
        "de l'image où l'on est."
    )


def _wrong_path(run, path):
    """La première faute que l'on reconnaît dans le chemin de l'élève, ou None."""
    gradient = path.gradient(path.start)
    if not gradient.any():
        return "Ce canal reste éteint sur le gris de départ : choisissez-en un autre."
    ends = {}
    for name, levels, steps in (
        ("one", path.start, 1),
        ("other", path.other, 1),
        ("three", path.start, 3),
    ):
        answer, problem = run(levels, steps)
        if problem:
            return problem
        if answer is ...:
            return "Pas encore : il reste des points de suspension à remplacer."
        ends[name] = _numbers(answer)
        if ends[name].shape != path.start.shape:
            return (
                f"Pas encore : l'image a la forme {path.start.shape}, votre réponse "
                f"{ends[name].shape}."
            )
        if not np.isfinite(ends[name]).all():
            return (
                "Pas encore : votre image contient des nan. Avez-vous divisé par une longueur 0 ?"
            )
    return _wrong_first(ends, path, gradient) or _wrong_next(ends["three"], path)


def _wrong_first(ends, path, gradient):
    """Ce qui manque au premier pas, ou None s'il est juste."""
    # Deux départs qui diffèrent donnent deux images qui diffèrent de même, à un pas près.
    apart = path.other - path.start
    if np.mean((ends["other"] - ends["one"]) * apart) < 0.5 * np.mean(apart**2):
        return "Presque : partez de l'image que l'on donne à la fonction, et non d'une autre."
    moved = ends["one"] - path.start
    length = _rms(moved)
    if length < 1e-6:
        return "Pas encore : après un pas, l'image est la même qu'au départ."
    aligned = path.sign * float(np.mean(moved * gradient)) / (length * _rms(gradient))
    if aligned < -0.9:
        if path.sign < 0:
            return "Presque : votre image monte. Quel signe fait baisser l'activation ?"
        return "Presque : votre image descend. Quel signe fait monter l'activation ?"
    if length < 0.5 * _STEP or length > 2 * _STEP:
        said = f"{length:.2g}".replace(".", ",")
        return (
            f"Presque : votre premier pas fait {said} niveaux au lieu de 4. Le gradient est-il "
            "normalisé, par la racine de la moyenne de ses carrés ?"
        )
    if aligned < 0.9:
        return (
            "Pas encore : dès le premier pas, l'image ne va pas dans le sens de ce canal. Sur une "
            "carte de forme (lot, lignes, colonnes, canaux), quel axe est celui du canal ?"
        )
    if abs(length - _STEP) > 0.05 * _STEP:
        said = f"{length:.2f}".replace(".", ",")
        return f"Presque : la direction est bonne, mais le pas fait {said} niveaux au lieu de 4."
    return None


def _wrong_next(end, path):
    """Ce qui manque aux pas suivants, ou None s'ils sont justes."""
    expected = path.after(3) - path.start
    moved = end - path.start
    aligned = float(np.mean(moved * expected)) / (_rms(moved) * _rms(expected) + 1e-12)
    if aligned > 0.9 and abs(_rms(moved) / _rms(expected) - 1) < 0.05:
        return None
    if abs(_rms(moved) - _STEP) < 0.05:
        return (
            "Presque : le premier pas est juste. Mais après trois pas, l'image n'est qu'à un pas "
            "du départ : d'où part chaque pas, et sont-ils tous faits ?"
        )
    return (
        "Presque : le premier pas est juste, et pas les suivants. Le gradient est-il recalculé "
        "sur chaque nouvelle image ? Le nombre de pas est-il le bon ?"
    )


def _rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def _numbers(answer):
    """La réponse en nombres à virgule, ou un tableau vide si ce n'en sont pas."""
    try:
        return np.asarray(answer, np.float64)
    except (TypeError, ValueError):
        return np.empty(0)
