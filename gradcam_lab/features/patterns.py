"""L'image qui excite le plus un canal, par montée de gradient à partir d'un gris bruité."""

import operator
from dataclasses import dataclass

import numpy as np

from ..base.checks import check_count
from ..base.messages import say
from ..errors import SettingError
from ..explain.classifier import Classifier
from ..network.engine import ChannelSlope

__all__ = ["Pattern", "maximize_channel"]

_GRAY, _NOISE = 128.0, 20.0  # le départ du livre : 128 + bruit de 0 à 20
_CONTRAST = 0.1 * 255  # l'écart type de l'image montrée, celui du livre


@dataclass(frozen=True)
class Pattern:
    """Une image synthétique, et comment le canal y a répondu.

    Arguments
    ---------
    image : uint8 (S, S, 3), RVB
    activations : float32 (pas + 1,), l'activation moyenne du canal, du départ à la fin
    layer, channel : le nom de la couche, le numéro du canal
    interrupted : vrai si le calcul a été arrêté avant la fin
    """

    image: np.ndarray
    activations: np.ndarray
    layer: str
    channel: int
    interrupted: bool


def maximize_channel(
    classifier, layer, channel, *, size=None, steps=40, step_size=1.0, seed=0, progress=False
):
    """Renvoie l'image qui excite le plus un canal, par montée de gradient (*gradient ascent*).

    On part d'un gris bruité ; à chaque pas, on ajoute à l'image le gradient de l'activation moyenne
    du canal, divisé par sa norme (la racine de la moyenne de ses carrés) : tous les pas ont ainsi
    la même longueur. Interrompre le noyau garde ce qui est fait.

    Arguments
    ---------
    classifier : un `Classifier`
    layer : nom de couche
    channel : numéro du canal, à partir de 0
    size : le côté de l'image, en pixels ; par défaut celui que le réseau attend
    steps : nombre de pas, au moins 1
    step_size : la longueur d'un pas, en niveaux de 0 à 255
    seed : la graine du bruit de départ ; la même donne la même image
    progress : montrer une barre de progression

    Rend
    ----
    Pattern

    Lève
    ----
    UnknownLayerError
        la couche n'existe pas
    SettingError
        un réglage ne convient pas
    ModelError
        le réseau s'arrête à cette taille, ou sa préparation n'est pas une échelle par couleur

    Source
    ------
    F. Chollet, *Deep Learning with Python*, 2017, section 5.4.2

    Exemple
    -------
    >>> pattern = gl.features.maximize_channel(model, "block3_conv1", 0)
    """
    if not isinstance(classifier, Classifier):
        raise SettingError("gl.features.maximize_channel attend un Classifier en premier argument.")
    layer = classifier.find_layer(layer)
    channel = _channel(classifier, layer, channel)
    size = check_count(max(classifier.input_size) if size is None else size, "size")
    steps, step_size = check_count(steps, "steps"), _positive(step_size)
    scale, offset = classifier.input_scale()
    slope = ChannelSlope(classifier.network, layer, size)
    noise = np.random.default_rng(seed).random((1, size, size, 3))
    image = _GRAY + _NOISE * noise
    means, interrupted, stuck = [], False, False
    try:
        for _ in _steps(steps, progress):
            mean, gradient = slope(np.float32(image @ scale + offset), channel)
            means.append(mean)
            gradient = gradient @ scale.T  # par rapport aux niveaux de 0 à 255
            norm = np.sqrt(np.mean(np.square(gradient)))
            if norm == 0:
                stuck = True
                means += [mean] * (steps - len(means))
                break
            image = image + step_size * gradient / norm
        means.append(slope(np.float32(image @ scale + offset), channel)[0])
    except KeyboardInterrupt:
        interrupted = True
    if stuck and means[-1] > means[0]:
        say(f"Le canal {channel} de « {layer} » est arrivé à son plafond : il ne monte plus.")
    elif stuck:
        say(
            f"Le canal {channel} de « {layer} » reste éteint : rien ne dit dans quel sens changer "
            "l'image. Essayez une autre graine (seed), une autre taille ou un autre canal."
        )
    return Pattern(_shown(image), np.float32(means), layer, channel, interrupted)


def _shown(image):
    """L'image montrée : centrée, contraste du livre, bornée à 0-255."""
    centered = image[0] - image.mean()
    values = centered / (image.std() + 1e-5) * _CONTRAST + 127.5
    return np.uint8(np.clip(values, 0, 255))


def _steps(steps, progress):
    from tqdm import tqdm

    return tqdm(range(steps), desc="montée", unit="pas", disable=not progress)


def _channel(classifier, layer, channel):
    count = next(info.channels for info in classifier.layers if info.name == layer)
    try:
        found = operator.index(channel)
    except TypeError:
        found = -1
    if isinstance(channel, bool) or not 0 <= found < count:
        raise SettingError(
            f"La couche « {layer} » a {count} canaux, numérotés de 0 à {count - 1}, et non "
            f"{channel!r:.40}."
        )
    return found


def _positive(step_size):
    try:
        value = float(step_size)
    except (TypeError, ValueError):
        value = np.nan
    if not 0 < value < np.inf:
        raise SettingError(f"step_size est un nombre positif, et non {step_size!r:.40}.")
    return value
