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
# Les demandes proportionnelles au gradient du score.
_GRADIENTS = {"gradients", "image_gradients", "guided_gradients"}
_GUIDED = ("guidé",)


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


# Celle des méthodes qui ne regardent aucune classe.
_NO_QUESTION = Question(-1)


class Evidence:
    """Les indices tirés d'une `Run` : une méthode y prend ce qu'elle déclare (`Method.needs`)."""

    def __init__(self, run, head, black):
        self._run = run
        self._head, self._black = head, black
        self._gradients = ArrayCache(_GRADIENT_BYTES)
        self._heatmaps = ArrayCache(_HEATMAP_BYTES)
        self._signed = ArrayCache(_HEATMAP_BYTES // 4)
        # Deux fils peuvent interroger la même analyse.
        self._lock = threading.RLock()

    @property
    def outputs(self):
        """Les sorties (U,) du réseau avant softmax."""
        if self._run.started:  # elles ne changent plus : inutile d'attendre un long calcul
            return self._run.outputs
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
            return self._gradient((replace(question, sign=1), layer), direction), scale

    def _gradient(self, key, direction):
        """Le gradient de la clé `(question, couche, None pour l'image, ou « guidé »)`."""
        found = self._gradients.get(key)
        if found is None:
            layer = key[1]
            if layer is None:
                found = self._run.image_gradients(direction[None])[0]
            elif layer is _GUIDED:
                found = self._run.guided_gradients(direction)
            else:
                found = self._run.gradients(direction[None], [layer])[layer][0]
            self._gradients.put(key, found)
        return found

    def heatmap(self, question, layer, method, normalized, progress=False):
        """La carte float32 (h, w), calculée une fois ; à ne pas modifier."""
        with self._lock:
            key = (_asked(question, method), layer, method.name, normalized)
            found = self._heatmaps.get(key)
            if found is None:
                signed, scale = self.signed(question, layer, method, progress)
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

    def _cotangent(self, question, outputs=None):
        outputs = self.outputs if outputs is None else outputs
        return self.head.cotangent(
            question.target, question.score, outputs, against=question.against
        )

    def signed(self, question, layer, method, progress=False):
        """`(carte, scale)` : la carte avant ReLU, à multiplier par `scale` pour son unité."""
        with self._lock, np.errstate(all="ignore"):
            scale = 1.0
            if _GRADIENTS.intersection(method.needs):
                _, scale = self._cotangent(question)
            key = (_asked(question, method), layer, method.name)
            found = self._signed.get(key)
            if found is None:
                inside = 1.0 if method.homogeneous else scale
                needs = [self._supply(need, question, layer, inside) for need in method.needs]
                extra = {"progress": progress} if method.runs else {}
                found = method.function(*needs, relu=False, **extra)
                # Trop long pour être refait au diagnostic, ou le même pour toutes les classes.
                if method.runs or not method.class_specific:
                    self._signed.put(key, found)
            return found, scale if method.homogeneous else 1.0

    def _supply(self, need, question, layer, scale):
        """Ce que demande une méthode (voir `NEEDS`), calculé seulement si elle le demande."""
        if need == "activations":
            return self.activations(layer)
        if need == "image":
            return self._run.image
        if need == "black":
            return self._black()
        if need == "image_slopes":
            return partial(self._slopes, question)
        if need == "guided_gradients":
            # Le signe entre dans le calcul : les ReLU guidées ne laissent remonter que le positif.
            direction, _ = self._cotangent(question)
            found = self._gradient((question, _GUIDED), question.sign * direction)
            return found if scale == 1 else found.astype(np.float64) * scale
        if need in _GRADIENTS:
            found, _ = self.gradients(question, layer if need == "gradients" else None)
            scale = question.sign * scale
            return found if scale == 1 else found.astype(np.float64) * scale
        score_of = self.head.score_of(question.target, question.score, against=question.against)
        run = self._run.scores_of
        if need == "map_scores":
            run = partial(self._run.scores_from, layer)
        return lambda inputs: question.sign * score_of(run(inputs))

    def _slopes(self, question, images):
        """Les gradients du score de la question en ces images, (n, H, W, C)."""
        rows = [self.outputs] * len(images)
        if question.score == "probability":
            rows = self._run.scores_of(images)
        pairs = [self._cotangent(question, row) for row in rows]
        directions, scales = np.stack([d for d, _ in pairs]), np.array([s for _, s in pairs])
        found = self._run.slopes_of(images, directions)
        return question.sign * scales[:, None, None, None] * found

    def diagnose(self, question, layer, method, name):
        """Les phrases qui disent pourquoi cette carte est vide ou douteuse ; [] si rien."""
        with self._lock:
            gradients = None
            if "gradients" in method.needs:
                gradients, _ = self.gradients(question, layer)
            return diagnose_map(
                self.activations(layer) if method.takes_layer else None,
                gradients,
                self.signed(question, layer, method)[0],
                target=name,
                sign=question.sign,
                layer=layer,
                score=question.score,
                head=self.head,
                saturated=self.head.saturated(question.target, self.outputs),
                title=method.title,
            )

    def trim(self, max_bytes):
        """Oublie les gradients les moins récents au-delà de `max_bytes`."""
        with self._lock:
            self._gradients.trim(max_bytes)
            self._run.release()


def _asked(question, method):
    """La question elle-même, ou la même pour toutes si la méthode ne regarde aucune classe."""
    return question if method.class_specific else _NO_QUESTION


def _finish(signed, scale, normalized):
    """La carte montrée : ReLU, puis division par le maximum, ou retour à l'unité du score."""
    if normalized:
        # L'échelle commune disparaît : la forme se calcule avant elle, sans perte.
        return normalize(signed)
    if not np.isfinite(signed).all():
        return np.zeros(signed.shape, np.float32)
    return np.maximum(signed * scale, 0).astype(np.float32)
