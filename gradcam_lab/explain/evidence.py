"""Ce que l'on a calculé d'une photo : gradients et cartes, chacun une fois, en mémoire bornée.

Ici les classes sont des indices et les couches des noms exacts ; `Analysis` traduit les mots de
l'utilisateur, et parle.
"""

import threading
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from ..base.cache import ArrayCache
from ..methods.cam import normalize
from .diagnosis import diagnose_map

__all__ = ["Evidence", "Question"]

# Ce qu'une analyse garde au plus de gradients et de cartes déjà calculés.
_GRADIENT_BYTES = 64 * 2**20
_HEATMAP_BYTES = 32 * 2**20
# Ce que plusieurs couches ou plusieurs classes peuvent occuper ensemble, le temps d'une passe.
_TOGETHER_BYTES = 96 * 2**20


@dataclass(frozen=True)
class Question:
    """Ce que l'on dérive : le score d'une classe, ou ce qui la sépare d'une autre.

    `target` et `against` : des indices ; `score` : « logit » ou « probability » ; `sign` : -1 pour
    ce qui plaide contre, par les gradients de signe contraire.
    """

    target: int
    score: str = "logit"
    against: int | None = None
    sign: int = 1


class Evidence:
    """Les indices tirés d'une `Run` : une méthode y prend ce qu'elle déclare (`Method.needs`)."""

    def __init__(self, run, head):
        self._run = run
        self._head = head
        self._gradients = ArrayCache(_GRADIENT_BYTES)
        self._heatmaps = ArrayCache(_HEATMAP_BYTES)
        # Deux fils peuvent interroger la même analyse.
        self._lock = threading.RLock()

    @property
    def outputs(self):
        """Les sorties (U,) du réseau avant softmax."""
        with self._lock:
            return self._run.outputs

    @property
    def head(self):
        """La `ScoreHead` du réseau, telle que la première passe l'a confirmée."""
        _ = self.outputs
        return self._head()

    def begin(self, layers, target, score):
        """Prépare la première passe, si elle n'est pas faite, pour ce que l'on va demander."""
        with self._lock:
            if not self._run.started:
                direction = None
                if target is not None and score == "logit":
                    direction = self._head().unit(target).astype(np.float32)
                self._run.start(layers, direction)

    def activations(self, layer):
        """Les activations float32 (h, w, C) ; à ne pas modifier."""
        with self._lock:
            return self._run.activations(layer)

    def gradients(self, question, layer):
        """`(gradients, scale)` : float32 (h, w, C) d'une direction d'amplitude 1, et l'échelle.

        Les séparer évite que de très petits gradients (une probabilité proche de 1) ne s'annulent.
        `layer` vaut None pour le gradient par rapport à l'image. Le signe de la question n'y est
        pas.
        """
        with self._lock:
            direction, scale = self._cotangent(question)
            key = (replace(question, sign=1), layer)
            found = self._gradients.get(key)
            if found is None:
                if layer is None:
                    found = self._run.image_gradients(direction[None])[0]
                else:
                    found = self._run.gradients(direction[None], [layer])[layer][0]
                self._gradients.put(key, found)
            return found, scale

    def heatmap(self, question, layer, method, normalized):
        """La carte float32 (h, w), calculée une fois ; à ne pas modifier."""
        with self._lock:
            key = (question, layer, method.name, normalized)
            found = self._heatmaps.get(key)
            if found is None:
                signed, scale = self.signed(question, layer, method)
                found = self._heatmaps.put(key, _finish(signed, scale, normalized))
            return found

    def prepare(self, questions, layers, method, normalized):
        """Calcule ensemble les cartes qui manquent : couches en une passe, classes par lots."""
        with self._lock:
            missing = [
                question
                for question in questions
                if any(
                    self._heatmaps.get((question, layer, method.name, normalized)) is None
                    for layer in layers
                )
            ]
            if not missing or "gradients" not in method.needs or len(layers) * len(missing) == 1:
                return
            for group in self._groups(layers):
                size = sum(self._run.bytes(layer) for layer in group)
                step = max(1, _TOGETHER_BYTES // (2 * size))
                for start in range(0, len(missing), step):
                    self._prepare(missing[start : start + step], group, method, normalized)
                self._run.release()

    def _prepare(self, questions, layers, method, normalized):
        pairs = [self._cotangent(question) for question in questions]
        found = self._run.gradients(np.stack([direction for direction, _ in pairs]), layers)
        for layer in layers:
            for question, gradients in zip(questions, found[layer]):
                self._gradients.put((question, layer), gradients)
                signed, scale = self.signed(question, layer, method)
                key = (question, layer, method.name, normalized)
                self._heatmaps.put(key, _finish(signed, scale, normalized))

    def _groups(self, layers):
        """Les couches en paquets dont les cartes tiennent ensemble en mémoire, dans l'ordre."""
        groups, size = [[]], 0
        for layer in layers:
            size += self._run.bytes(layer)
            if groups[-1] and size > _TOGETHER_BYTES:
                groups.append([])
                size = self._run.bytes(layer)
            groups[-1].append(layer)
        return groups

    def _cotangent(self, question):
        return self.head.cotangent(
            question.target, question.score, self.outputs, against=question.against
        )

    def signed(self, question, layer, method):
        """`(carte, scale)` : la carte avant ReLU, à multiplier par `scale` pour son unité."""
        with self._lock, np.errstate(all="ignore"):
            scale = 1.0
            if {"gradients", "image_gradients"} & set(method.needs):
                _, scale = self._cotangent(question)
            inside = question.sign * (1.0 if method.homogeneous else scale)
            needs = [self._supply(need, question, layer, inside) for need in method.needs]
            return method.function(*needs, relu=False), scale if method.homogeneous else 1.0

    def _supply(self, need, question, layer, scale):
        """Ce que demande une méthode (voir `NEEDS`), calculé seulement si elle le demande."""
        if need == "activations":
            return self.activations(layer)
        if need == "image":
            return self._run.image
        if need in ("gradients", "image_gradients"):
            found, _ = self.gradients(question, layer if need == "gradients" else None)
            return found if scale == 1 else found.astype(np.float64) * scale
        score_of = self.head.score_of(question.target, question.score, against=question.against)
        run = self._run.scores_of
        if need == "map_scores":
            run = partial(self._run.scores_from, layer)
        return lambda inputs: question.sign * score_of(run(inputs))

    def diagnose(self, question, layer, method, name):
        """Les phrases qui disent pourquoi cette carte est vide ou douteuse ; [] si rien."""
        with self._lock:
            gradients, _ = self.gradients(question, layer)
            return diagnose_map(
                self.activations(layer),
                gradients,
                self.signed(question, layer, method)[0],
                target=name,
                sign=question.sign,
                layer=layer,
                score=question.score,
                head=self.head,
                saturated=self.head.saturated(question.target, self.outputs),
            )

    def trim(self, max_bytes):
        """Oublie les gradients les moins récents au-delà de `max_bytes`."""
        with self._lock:
            self._gradients.trim(max_bytes)
            self._run.release()


def _finish(signed, scale, normalized):
    """La carte montrée : ReLU, puis division par le maximum, ou retour à l'unité du score."""
    if normalized:
        # L'échelle commune disparaît : la forme se calcule avant elle, sans perte.
        return normalize(signed)
    if not np.isfinite(signed).all():
        return np.zeros(signed.shape, np.float32)
    return np.maximum(signed * scale, 0).astype(np.float32)
