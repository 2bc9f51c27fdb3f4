"""Plusieurs cartes, plusieurs mesures, plusieurs photos : un tableau, cartes témoins comprises."""

import numpy as np

from ..base.checks import check_count
from ..base.messages import muted, say, track
from ..base.names import unknown_name
from ..base.numbers import short
from ..errors import ImageError, SettingError
from ..explain.classifier import Classifier
from ..images.hot_region import find_hot_region
from ..images.reading import load_image
from ..methods.registry import find_method
from .baselines import BASELINES, baseline_map
from .masks import check_mask, energy_inside, iou, pointing_hit
from .pixels import confidence_change, deletion, insertion

__all__ = ["Comparison", "compare"]

_THRESHOLD = 0.5


class Comparison(list):
    """Les lignes de `compare`, une par photo, par carte et par mesure : `pandas.DataFrame(lignes)`.

    Affichée, c'est le tableau des moyennes, et sous lui le protocole de chaque mesure.
    """

    def mean(self, name, metric):
        """Renvoie la moyenne d'une mesure pour une carte, sans les nan ; nan s'il n'y a rien."""
        found = [row["value"] for row in self if (row["map"], row["metric"]) == (name, metric)]
        known = [value for value in found if not np.isnan(value)]
        return float(np.mean(known)) if known else float("nan")

    def __repr__(self):
        if not self:
            return "<aucune ligne>"
        metrics = dict.fromkeys(row["metric"] for row in self)
        maps = {row["map"]: row["kind"] for row in self}
        cells = [["carte", *metrics]]
        for name, kind in maps.items():
            values = (self.mean(name, metric) for metric in metrics)
            cells.append([f"{kind} {name}", *("-" if np.isnan(v) else short(v) for v in values)])
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)).rstrip() for row in cells]
        photos = len({row["image"] for row in self})
        lines.append(f"Moyennes sur {photos} photo{'s' if photos > 1 else ''}.")
        said = dict.fromkeys((row["metric"], _for_any_class(row)) for row in self)
        return "\n".join([*lines, *(f"{metric} : {protocol}." for metric, protocol in said)])


def compare(
    classifier, images, *, methods, metrics, targets=None, masks=None, steps=50, progress=True
):
    """Mesure les cartes de plusieurs méthodes sur plusieurs photos, à côté des cartes témoins.

    Aucune mesure ne dit qu'une carte est bonne : une carte témoin, qui n'a rien demandé au réseau,
    obtient souvent mieux. Elles sont donc toujours là : « centre », « random », « edges »,
    « uniform ».

    Les mesures : « deletion » et « insertion », l'aire de la courbe ; « confidence_drop », la chute
    de `confidence_change`, et « confidence_increased », 1 si la probabilité a augmenté, sinon 0 ;
    avec des masques, « energy_inside », « pointing_hit » (tolérance 15 pixels) et « iou » (carte
    seuillée à la moitié de son maximum). Leur protocole est celui de chaque fonction.

    Ce qui change le chiffre : chaque carte est celle de la dernière couche, normalisée ; les
    témoins sont à la taille du réseau, et celui au hasard prend pour graine le rang de la photo.

    Arguments
    ---------
    classifier : un `Classifier`
    images : liste d'images, chacune tout ce que `gl.load_image` accepte
    methods : noms de `gl.METHODS`
    metrics : noms de mesures
    targets : une classe par photo ; par défaut, la plus probable
    masks : un masque booléen (H, W) par photo, pour les mesures qui en demandent
    steps : le nombre de pas de « deletion » et d'« insertion »
    progress : montrer une barre de progression ; arrêter le noyau garde les lignes déjà faites

    Rend
    ----
    Comparison, une liste de dictionnaires : « image » (le rang, à partir de 0), « map », « kind »
    (« méthode » ou « témoin »), « class », « metric », « value » (float), « protocol »

    Lève
    ----
    SettingError, UnknownMethodError, UnknownClassError
        une mesure, une méthode ou une classe n'existe pas, ou une liste n'a pas la bonne longueur
    ImageError, HeatmapError
        une photo ne se lit pas, ou un masque n'en est pas un

    Source
    ------
    Celles de chaque mesure, et Adebayo et al., *Sanity Checks for Saliency Maps*, NeurIPS 2018,
    pour l'idée de comparer à ce qui ne dépend pas du réseau

    Exemple
    -------
    >>> gl.metrics.compare(model, images, methods=["gradcam"], metrics=["deletion"])
    """
    if not isinstance(classifier, Classifier):
        raise SettingError("gl.metrics.compare attend un Classifier en premier argument.")
    if isinstance(images, (str, bytes, np.ndarray)) or not hasattr(images, "__iter__"):
        raise ImageError("compare attend une liste d'images, par exemple [photo1, photo2].")
    images, steps = [load_image(image) for image in images], check_count(steps, "steps")
    methods = [find_method(name).name for name in _names(methods, "methods")]
    metrics = _names(metrics, "metrics")
    for name in metrics:
        if name not in _METRICS:
            raise SettingError(unknown_name(f"La mesure « {name} » n'existe pas", name, _METRICS))
        if name in _ON_MASKS and masks is None:
            raise SettingError(f"La mesure « {name} » demande la place de l'objet : donnez masks=.")
    targets = _one_each(targets, images, "targets")
    if masks is not None:
        masks = [check_mask(mask) for mask in _one_each(masks, images, "masks")]
    masks = _one_each(masks, images, "masks")
    rows, total = Comparison(), len(images) * (len(methods) + len(BASELINES)) * len(metrics)
    try:
        with track(total, "comparaison", progress, "mesure") as advance:
            for rank, (image, target, mask) in enumerate(zip(images, targets, masks)):
                analysis = classifier.analyze(image)
                answer = analysis.prediction(target)
                for kind, name, heatmap in _maps(analysis, answer.index, methods, rank):
                    for metric in metrics:
                        value, protocol = _METRICS[metric](
                            analysis, heatmap, answer.index, mask, steps
                        )
                        rows.append(
                            {
                                "image": rank,
                                "map": name,
                                "kind": kind,
                                "class": answer.label_fr,
                                "metric": metric,
                                "value": float(value),
                                "protocol": protocol,
                            }
                        )
                        advance(1)
    except KeyboardInterrupt:
        say(f"Comparaison interrompue : {len(rows)} mesures sur {total} sont faites, et gardées.")
    return rows


def _for_any_class(row):
    """Le protocole d'une ligne, sans le nom de sa classe : une phrase pour toutes les photos."""
    return row["protocol"].replace(f"« {row['class']} »", "la classe expliquée")


def _maps(analysis, target, methods, rank):
    """Les (genre, nom, carte) d'une photo, une à une : les méthodes, puis les témoins."""
    for name in methods:
        with muted():  # une carte nulle se mesure aussi
            heatmap = analysis.heatmap(target, method=name)
        yield "méthode", name, heatmap
    for name in BASELINES:
        size = analysis.classifier.input_size
        yield "témoin", name, baseline_map(name, size, image=analysis.image, seed=rank)


def _area(measure):
    def value(analysis, heatmap, target, mask, steps):
        curve = measure(analysis, heatmap, target, steps=steps)
        return curve.auc, curve.protocol

    return value


def _change(field):
    def value(analysis, heatmap, target, mask, steps):
        change = confidence_change(analysis, heatmap, target)
        return getattr(change, field), change.protocol

    return value


def _on_mask(measure, protocol):
    def value(analysis, heatmap, target, mask, steps):
        return measure(heatmap, mask), f"{protocol}, carte agrandie à la taille du masque"

    return value


def _overlap(heatmap, mask):
    return iou(find_hot_region(heatmap, mask.shape, _THRESHOLD).mask, mask)


_ON_MASKS = {
    "energy_inside": _on_mask(energy_inside, "part de la chaleur dans le masque"),
    "pointing_hit": _on_mask(
        pointing_hit, "1 si le point le plus chaud est à 15 pixels du masque au plus, sinon 0"
    ),
    "iou": _on_mask(_overlap, "carte seuillée à 0,5 fois son maximum, contre le masque"),
}
_METRICS = {
    "deletion": _area(deletion),
    "insertion": _area(insertion),
    "confidence_drop": _change("drop"),
    "confidence_increased": _change("increased"),
    **_ON_MASKS,
}


def _names(names, argument):
    """La liste de ces noms, sans répétition ; `SettingError` si elle est vide."""
    found = [names] if isinstance(names, str) or not hasattr(names, "__iter__") else list(names)
    if not found:
        raise SettingError(f"{argument} est vide : donnez au moins un nom.")
    return list(dict.fromkeys(map(str, found)))


def _one_each(values, images, argument):
    """Une valeur par photo, ou None pour chacune."""
    values = [None] * len(images) if values is None else values
    if isinstance(values, str) or not hasattr(values, "__len__") or len(values) != len(images):
        raise SettingError(f"{argument} a une valeur par photo : il en faut {len(images)}.")
    return list(values)
