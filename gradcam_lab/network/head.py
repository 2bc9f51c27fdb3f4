"""Du score à la probabilité et retour : la fin d'un classificateur, en NumPy.

Un réseau calcule des scores (ou *logits*), que softmax ou sigmoïde change en probabilités.
Ce module sait passer des uns aux autres, et quel gradient demander au réseau pour dériver
le score ou la probabilité d'une classe. Tout est en float64 : là où le calcul habituel, en
float32, arrondit une probabilité à 1 et perd son gradient, celui-ci le garde.
"""

from dataclasses import dataclass

import numpy as np

from ..errors import ModelError

__all__ = ["ScoreHead"]

# Écart à 1 sous lequel une probabilité en float32 vaut exactement 1.
_FLOAT32_HALF_STEP = 2.0**-25
_FLOAT32_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class ScoreHead:
    """La fin d'un réseau : `kind` dit comment ses `units` sorties deviennent des probabilités.

    `kind` vaut « softmax », « sigmoid » ou « opaque » (une dernière opération que l'on ne
    sait pas défaire). Avec une seule unité, il y a deux classes : l'unité explique la
    classe 1, son opposé la classe 0.
    """

    kind: str
    units: int
    operation: str = ""
    repeated: bool = False

    @property
    def binary(self):
        """Vrai si le réseau n'a qu'une unité de sortie, donc deux classes."""
        return self.units == 1

    @property
    def constant(self):
        """Vrai si une seule unité est suivie de softmax : sa probabilité vaut toujours 1."""
        return self.binary and self.kind == "softmax"

    @property
    def class_count(self):
        """Nombre de classes que l'on peut expliquer."""
        return 2 if self.binary else self.units

    def scores(self, outputs):
        """Renvoie les scores float32 (K,) à partir des sorties (U,) du réseau avant softmax."""
        self._refuse_opaque(outputs)
        outputs = np.asarray(outputs, np.float64)
        return self._per_class(outputs).astype(np.float32)

    def probabilities(self, outputs):
        """Renvoie les probabilités float32 (K,) à partir des sorties (U,) du réseau."""
        return self._probabilities(outputs).astype(np.float32)

    def cotangent(self, target, score, outputs, against=None):
        """Renvoie `(direction, scale)` : le gradient voulu vaut `scale` × celui de `direction`.

        `against` : l'indice d'une classe dont on retranche le score, ou la probabilité.

        `direction` : float32 (U,), ce que la rétropropagation reçoit, d'amplitude 1 ;
        `scale` : nombre réel. Séparer les deux évite que de très petits gradients (une
        probabilité proche de 1) ne tombent à zéro en float32 dans le réseau.
        """
        outputs = np.asarray(outputs, np.float64)
        exact = self._direction(target, score, outputs)
        if against is not None:
            exact = exact - self._direction(against, score, outputs)
        scale = float(np.abs(exact).max(initial=0.0))
        if not np.isfinite(scale) or scale == 0.0:
            return np.zeros(self.units, np.float32), 0.0
        return (exact / scale).astype(np.float32), scale

    def score_of(self, target, score, against=None):
        """La fonction qui tire de sorties (n, U) le score, ou la probabilité, de la classe (n,)."""

        def way(outputs):
            if score == "probability":
                return self._probabilities(outputs)
            self._refuse_opaque(outputs)
            return self._per_class(outputs)

        def score_of(outputs):
            # En float64 : près de 1, deux probabilités voisines se confondraient.
            rows = np.array([way(row) for row in np.asarray(outputs, np.float64)])
            return rows[:, target] - (0 if against is None else rows[:, against])

        return score_of

    def agrees(self, scores, outputs, tolerance):
        """Vrai si ces scores (U,) redonnent bien `outputs` (U,), les sorties du modèle lui-même."""
        scores, outputs = np.asarray(scores, np.float64), np.asarray(outputs, np.float64)
        if self.kind == "opaque" or not np.isfinite(outputs).all():
            return True
        ways = [scores, _sigmoid(scores) if self.kind == "sigmoid" else _softmax(scores)]
        with np.errstate(divide="ignore"):
            ways.append(np.log(ways[1]))
        margin = tolerance * max(1.0, np.abs(outputs).max())
        return any(np.abs(way - outputs).max() <= margin for way in ways)

    def saturated(self, target, outputs):
        """Vrai si, en float32, la probabilité de `target` vaut exactement 0 ou 1."""
        if self._looks_like_probabilities(outputs):
            p = float(outputs[target]) if not self.binary else float(outputs[0])
            return p in (0.0, 1.0)
        own, others = self._shares(target, np.asarray(outputs, np.float64))
        return self.constant or bool(others < _FLOAT32_HALF_STEP or own < _FLOAT32_TINY)

    def _direction(self, target, score, outputs):
        if score == "logit":
            self._refuse_opaque(outputs)
            return self.unit(target)
        if self._looks_like_probabilities(outputs):
            return self.unit(target)
        own, others = self._shares(target, outputs)
        if self.kind == "sigmoid" or self.binary:  # nul si la probabilité est constante
            return own * others * self.unit(target)
        # dp_c/dz = p_c (e_c - p) ; 1 - p_c est la somme des autres, sans soustraction.
        direction = -own * _softmax(outputs)
        direction[target] = own * others
        return direction

    def unit(self, target):
        """La direction (U,) du score de cette classe : 1 sur sa sortie, 0 ailleurs."""
        direction = np.zeros(self.units)
        direction[0 if self.binary else target] = -1.0 if self.binary and target == 0 else 1.0
        return direction

    def _shares(self, target, outputs):
        """La probabilité de la classe et celle de tout le reste, chacune sans annulation."""
        if self.constant:
            return float(target), 1.0 - target
        if self.kind == "sigmoid" or self.binary:
            z = self._per_class(outputs)[target]
            return _sigmoid(z), _sigmoid(-z)
        p = _softmax(outputs)
        return p[target], np.delete(p, target).sum()

    def _per_class(self, outputs):
        return np.concatenate([-outputs, outputs]) if self.binary else outputs

    def _probabilities(self, outputs):
        outputs = np.asarray(outputs, np.float64)
        if self._looks_like_probabilities(outputs):
            return np.concatenate([1 - outputs, outputs]) if self.binary else outputs
        if self.constant:
            return np.array([0.0, 1.0])
        if self.kind == "sigmoid" or self.binary:
            return _sigmoid(self._per_class(outputs))
        return _softmax(outputs)

    def _looks_like_probabilities(self, outputs):
        """Une fin de réseau opaque a-t-elle déjà rendu des probabilités (ou une par classe) ?"""
        if self.kind != "opaque":
            return False
        outputs = np.asarray(outputs)
        return bool(((outputs >= 0) & (outputs <= 1)).all())

    def _refuse_opaque(self, outputs):
        if self._looks_like_probabilities(outputs):
            raise ModelError(
                f"La dernière opération du réseau, « {self.operation} », renvoie des probabilités "
                'et ne laisse pas voir le score qui les précède : demandez score="probability", ou '
                "terminez le réseau par une couche Dense suivie d'une couche Softmax."
            )


def _softmax(z):
    with np.errstate(invalid="ignore"):
        e = np.exp(z - np.max(z))
        return e / e.sum()


def _sigmoid(z):
    # Deux écritures de la même fonction, choisies pour que l'exponentielle ne déborde pas.
    z = np.asarray(z, np.float64)
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1.0, e) / (1.0 + e)
