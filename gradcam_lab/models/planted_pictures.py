"""Des images fabriquées dont on sait ce qui décide de leur classe : la bonne carte est connue.

Chaque image porte deux objets, une forme et une marque rayée, tirés sans regarder l'un l'autre. Sur
les mêmes images, on peut demander la forme ou la couleur de la marque : l'objet qui décide dans un
cas ne décide de rien dans l'autre.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..base.checks import check_count
from ..base.names import unknown_name
from ..errors import SettingError

__all__ = ["LABELS", "SIDE", "PlantedPictures", "check_cause", "draw", "planted_pictures"]

SIDE = 64  # le côté des images, en pixels
# Pour chaque cause, les noms (français, anglais) des classes.
LABELS = {
    "shape": (("disque", "disc"), ("carré", "square"), ("triangle", "triangle")),
    "mark": (
        ("marque rouge", "red mark"),
        ("marque verte", "green mark"),
        ("marque bleue", "blue mark"),
    ),
}
_MOST = 10_000  # environ 330 Mo
_MARK = 10  # le côté de la marque, en pixels
_TILT = np.radians(20)
_COLORS = np.float32([[215, 40, 40], [40, 170, 60], [50, 80, 220]])
_Y, _X = np.mgrid[:SIDE, :SIDE] + 0.5  # le centre de chaque pixel


@dataclass(frozen=True)
class PlantedPictures:
    """Des images, leur classe, et l'endroit de ce qui la décide.

    Arguments
    ---------
    pictures : uint8 (n, 64, 64, 3), RVB
    labels : entiers (n,), l'indice de la classe dans `names`
    names : les noms français des classes
    causes : booléens (n, 64, 64), vrais sur l'objet qui décide de la classe
    distractors : booléens (n, 64, 64), vrais sur l'objet qui n'en dit rien
    backgrounds : uint8 (n, 64, 64, 3), les mêmes images sans aucun objet
    """

    pictures: np.ndarray
    labels: np.ndarray
    names: tuple
    causes: np.ndarray
    distractors: np.ndarray
    backgrounds: np.ndarray


def planted_pictures(count, *, cause="shape", seed=0):
    """Fabrique des images dont on sait quels pixels décident de la classe.

    Une forme (disque, carré, triangle, de même aire) et une marque rayée (rouge, verte, bleue) sont
    posées sur un fond bruité. Lieu, taille, couleur et angle (à 20° près) de la forme, lieu de la
    marque et sens de ses rayures sont tirés au hasard ; les deux objets ne se touchent jamais. La
    même graine donne les mêmes images pour les deux causes : seules changent les classes demandées.

    Arguments
    ---------
    count : le nombre d'images, de 1 à 10 000 ; chaque classe en a autant, à une près
    cause : « shape », la forme décide et la marque n'en dit rien ; « mark », la couleur de la
        marque décide et la forme n'en dit rien
    seed : la graine du tirage, au moins 0

    Rend
    ----
    PlantedPictures

    Lève
    ----
    SettingError
        un réglage ne convient pas

    Source
    ------
    D'après M. Yang et B. Kim, *Benchmarking Attribution Methods with Relative Feature Importance*,
    2019 : deux questions posées sur les mêmes images, où chaque objet compte pour l'une seulement

    Exemple
    -------
    >>> planted = gl.metrics.planted_pictures(30, cause="mark")
    >>> analysis = gl.metrics.planted_classifier("mark").analyze(planted.pictures[0])
    """
    count, seed = check_count(count, "count"), check_count(seed, "seed", 0)
    if count > _MOST:
        raise SettingError(f"count va jusqu'à {_MOST} images à la fois, et non {count}.")
    return draw(np.random.default_rng(seed), count, check_cause(cause))


def check_cause(cause):
    """Renvoie `cause` si elle existe, sinon lève `SettingError`."""
    if not isinstance(cause, str) or cause not in LABELS:
        raise SettingError(unknown_name(f"La cause {cause!r:.40} n'existe pas", cause, LABELS))
    return cause


def draw(rng, count, cause):
    """Tire `count` images de `rng` ; la cause ne change rien aux images (voir l'en-tête)."""
    shapes, colors = (rng.permutation(np.arange(count) % 3) for _ in range(2))
    pictures, backgrounds = (np.empty((count, SIDE, SIDE, 3), np.uint8) for _ in range(2))
    where = {key: np.empty((count, SIDE, SIDE), bool) for key in LABELS}
    for i, (shape, color) in enumerate(zip(shapes, colors)):
        smooth, noise = _background(rng)
        where["shape"][i], paint, center, reach = _shape(rng, shape)
        where["mark"][i], stripes = _mark(rng, color, center, reach)
        scene = np.where(where["shape"][i][..., None], paint, smooth)
        scene = np.where(where["mark"][i][..., None], stripes, scene)
        backgrounds[i], pictures[i] = (np.clip(x + noise, 0, 255) for x in (smooth, scene))
    return PlantedPictures(
        pictures=pictures,
        labels=shapes if cause == "shape" else colors,
        names=tuple(french for french, _ in LABELS[cause]),
        causes=where[cause],
        distractors=where["mark" if cause == "shape" else "shape"],
        backgrounds=backgrounds,
    )


def _background(rng):
    """De grandes taches de couleurs voisines (H, W, 3), et un bruit fin à y ajouter."""
    spots = rng.uniform(40, 120, 3) + rng.normal(0, 18, (5, 5, 3))
    smooth = cv2.resize(np.float32(spots), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    return smooth, rng.normal(0, 8, (SIDE, SIDE, 3)).astype(np.float32)


def _shape(rng, kind):
    """Le masque d'une forme, sa couleur, son centre, et le rayon où elle tient à coup sûr."""
    side = rng.uniform(15, 20)  # celui du carré : les trois formes ont la même aire
    reach = 0.88 * side  # le rayon du cercle autour du triangle, le plus étendu des trois
    center = rng.uniform(reach, SIDE - reach, 2)
    angle = np.pi / 2 + rng.uniform(-_TILT, _TILT)
    x, y = _X - center[0], _Y - center[1]
    if kind == 0:
        inside = np.hypot(x, y) <= side / np.sqrt(np.pi)
    else:
        sides, apothem = (4, side / 2) if kind == 1 else (3, side / 27**0.25)
        turns = angle + 2 * np.pi * np.arange(sides)[:, None, None] / sides
        inside = (x * np.cos(turns) + y * np.sin(turns) <= apothem).all(axis=0)
    return inside, rng.uniform(160, 250, 3).astype(np.float32), center, reach


def _mark(rng, color, center, reach):
    """Le masque d'une marque loin de la forme, et ses rayures sur toute l'image."""
    half = _MARK / 2
    far = np.hypot(_X - center[0], _Y - center[1]) > reach + half * np.sqrt(2) + 2
    # `far` dit où le centre de la marque peut tomber ; elle doit aussi tenir dans l'image.
    rows, columns = np.nonzero(far[_MARK // 2 : -_MARK // 2, _MARK // 2 : -_MARK // 2])
    chosen = rng.integers(len(rows))
    mask = np.zeros((SIDE, SIDE), bool)
    mask[rows[chosen] :, columns[chosen] :][:_MARK, :_MARK] = True
    ramp = (_X, _Y)[rng.integers(2)]
    return mask, np.where((ramp % 4 < 2)[..., None], _COLORS[color], np.float32(245))
