"""Tirer au hasard les couches, de la dernière à la première : la carte change-t-elle ?"""

from dataclasses import dataclass

import numpy as np

from ..base.checks import check_count
from ..base.messages import muted, say, track
from ..errors import SettingError
from ..explain.classifier import Classifier
from ..images.reading import load_image
from ..models.randomizing import Twin
from .agreement import Similarity, similarity

__all__ = ["Stage", "randomization_cascade"]


@dataclass(frozen=True)
class Stage:
    """Une étape de la cascade : cette couche et toutes les suivantes sont au hasard.

    Arguments
    ---------
    layer : le nom de la couche
    heatmaps : float32 (n, h, w), une carte par graine
    similarity : la moyenne de `similarities` (nan laissés de côté ; nan s'il n'y a rien d'autre)
    similarities : une `Similarity` par graine, entre la carte du réseau et celle du jumeau
    """

    layer: str
    heatmaps: np.ndarray
    similarity: Similarity
    similarities: tuple


def randomization_cascade(
    classifier,
    image,
    target=None,
    *,
    method="gradcam",
    layer=None,
    seeds=(0, 1, 2),
    progress=False,
):
    """Tire au hasard les couches, de la dernière à la première, et refait la carte à chaque fois.

    Étape i : les couches 1 à i, comptées depuis la fin, sont au hasard ; les autres gardent ce
    qu'elles ont appris. On compare la carte à celle du réseau appris, `similarity(L_appris, L_i)`.
    Une carte qui ne change pas ne doit rien à ce que le réseau a appris ; une carte qui change peut
    pourtant ne rien expliquer (Binder et al., 2023).

    Ce qui change le chiffre : la classe expliquée reste celle de départ, même si le jumeau en
    répond une autre ; les poids viennent de l'initialiseur de chaque couche (`HeNormal` pour un
    noyau dont l'initialiseur est constant), une normalisation de lot reprend gamma 1, bêta 0,
    moyenne 0, variance 1, et les statistiques mesurées de `Normalization` restent ; les cartes sont
    normalisées, à leur propre taille ; voir aussi `similarity`. Le réseau n'est jamais touché, ni
    les tirages au hasard de Keras, de NumPy et de Python : un jumeau porte les poids au hasard.

    Arguments
    ---------
    classifier : un `Classifier`
    image : tout ce que `gl.load_image` accepte
    target : indice, identifiant ou nom d'une classe, par défaut la plus probable
    method : l'une de `gl.METHODS`
    layer : la couche dont on fait la carte, par défaut la dernière ; aucune pour les méthodes qui
        partent de l'image
    seeds : les graines, une carte par graine et par couche
    progress : montrer une barre de progression ; arrêter le noyau garde les étapes déjà faites

    Rend
    ----
    liste de `Stage`, de la dernière couche qui a des poids à la première ; interrompue, elle est
    plus courte, ou certaines étapes ont moins de cartes

    Lève
    ----
    SettingError
        ce n'est pas un Classifier, ou les graines ne conviennent pas
    ImageError, UnknownClassError, UnknownLayerError, UnknownMethodError, ModelError
        comme `analyze` et `heatmap`

    Source
    ------
    Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018, section 3 (« cascading
    randomization ») ; Binder et al., *Shortcomings of Top-Down Randomization-Based Sanity Checks*,
    CVPR 2023, pour ce que ce test ne dit pas

    Exemple
    -------
    >>> stages = gl.metrics.randomization_cascade(model, image, seeds=[0])
    >>> [(stage.layer, stage.similarity.spearman) for stage in stages]
    """
    if not isinstance(classifier, Classifier):
        raise SettingError(
            "gl.metrics.randomization_cascade attend un Classifier en premier argument."
        )
    seeds, image = _seeds(seeds), load_image(image)
    analysis = classifier.analyze(image)
    target = analysis.prediction(target).index
    wanted = {"method": method} if layer is None else {"method": method, "layer": layer}
    learned = analysis.heatmap(target, **wanted)
    twin = Twin(classifier)
    found = {name: [] for name in twin.layers}
    # Un jumeau qui n'a plus rien appris donne souvent une carte nulle : ce n'est pas un défaut.
    with muted(), track(len(found) * len(seeds), "cascade", progress, "carte") as advance:
        interrupted = not _fill(found, twin, seeds, advance, image, target, wanted)
    if interrupted:
        done = sum(map(len, found.values()))
        say(
            f"Cascade interrompue : {done} cartes sur {len(found) * len(seeds)} sont faites, et "
            "gardées."
        )
    return [_stage(name, maps, learned) for name, maps in found.items() if maps]


def _fill(found, twin, seeds, advance, image, target, wanted):
    """Range chaque carte à sa couche ; faux si le noyau a été arrêté avant la fin."""
    try:
        for seed in seeds:
            twin.restore()
            for layer, maps in found.items():
                twin.randomize(layer, seed)
                maps.append(twin.classifier.analyze(image).heatmap(target, **wanted))
                advance(1)
    except KeyboardInterrupt:
        return False
    return True


def _stage(layer, maps, learned):
    each = tuple(similarity(learned, one) for one in maps)
    mean = Similarity(_mean(s.spearman for s in each), _mean(s.ssim for s in each))
    return Stage(layer, np.stack(maps), mean, each)


def _mean(values):
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _seeds(seeds):
    if isinstance(seeds, (str, bytes)) or not hasattr(seeds, "__iter__"):
        seeds = [seeds]
    seeds = [check_count(seed, "Une graine", least=0) for seed in seeds]
    if not seeds:
        raise SettingError("seeds est vide : donnez au moins une graine, comme seeds=[0].")
    return seeds
