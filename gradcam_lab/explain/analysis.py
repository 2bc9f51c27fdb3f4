"""Une image passée dans un réseau : prédictions, activations, gradients et cartes de chaleur."""

import numpy as np

from ..base.cache import ArrayCache
from ..base.messages import say
from ..errors import GradcamLabError
from ..methods import cam
from ..methods.registry import METHODS, check_score, find_method
from .diagnosis import diagnose_map
from .prediction import Prediction

__all__ = ["Analysis"]

# Ce qu'une analyse garde au plus de gradients et de cartes déjà calculés.
_GRADIENT_BYTES = 64 * 2**20
_HEATMAP_BYTES = 32 * 2**20


class Analysis:
    """Le résultat de l'unique passe avant d'une image, dont on tire les cartes à la demande.

    Obtenue par `classifier.analyze(image)`. Une carte déjà demandée ne coûte plus rien ; une
    autre classe ne coûte que la partie du réseau au-dessus de la couche. Tous les tableaux
    rendus sont des copies : on peut les modifier.
    """

    def __init__(self, classifier, image, run):
        self.classifier = classifier
        self.image = image
        self._run = run
        self._head = classifier.network.plan.head
        self._gradients = ArrayCache(_GRADIENT_BYTES)
        self._scales = {}
        self._heatmaps = ArrayCache(_HEATMAP_BYTES)
        self._said = set()

    # --- Les prédictions ----------------------------------------------------------------------

    @property
    def probabilities(self):
        """Les probabilités des K classes, float32 (K,), entre 0 et 1."""
        return self._head.probabilities(self._run.outputs)

    @property
    def scores(self):
        """Les scores des K classes avant softmax ou sigmoïde (*logits*), float32 (K,)."""
        return self._head.scores(self._run.outputs)

    def top(self, k=5):
        """Rend les `k` classes les plus probables, de la plus à la moins probable."""
        probabilities = self.probabilities
        order = np.argsort(-probabilities, kind="stable")[: max(0, int(k))]
        return [self.prediction(index) for index in order]

    def prediction(self, target=None):
        """Rend la `Prediction` de la classe `target` (par défaut, la plus probable)."""
        index = self._target(target)
        label = self.classifier.labels[index]
        return Prediction(
            index, label.wnid, label.label, label.label_fr, float(self.probabilities[index])
        )

    # --- Les ingrédients de Grad-CAM ----------------------------------------------------------

    def activations(self, layer=None):
        """Rend la carte d'activation (*feature map*) de `layer`, float32 (h, w, C).

        `layer` : nom de couche, par défaut la dernière carte de convolution. Lève
        `UnknownLayerError`.
        """
        layer = self._layer(layer)
        return self._run_for([layer]).activations(layer).copy()

    def gradients(self, target=None, layer=None, score="logit"):
        """Rend le gradient du score de `target` par rapport à `layer`, float32 (h, w, C).

        `target` : indice, identifiant ou nom d'une classe, par défaut la plus probable.
        `score` : « logit » (avant softmax, Selvaraju et al. 2017) ou « probability » (après,
        F. Chollet 2017). Lève `UnknownClassError`, `UnknownLayerError`.
        """
        target, layer = self._target(target), self._layer(layer)
        gradients, scale = self._unit_gradients(target, layer, check_score(score))
        return (gradients * scale).astype(np.float32)

    # --- Les cartes ---------------------------------------------------------------------------

    def heatmap(self, target=None, layer=None, method="gradcam", score="logit", normalize=True):
        """Rend la carte de chaleur (*heatmap*) d'une classe, float32 (h, w).

        `target` : indice, identifiant ou nom d'une classe, par défaut la plus probable ;
        `layer` : nom de couche, par défaut `classifier.default_layer` ; `method` : l'une de
        `gl.METHODS` ; `score` : « logit » (avant softmax) ou « probability » (après). Avec
        `normalize`, la carte est divisée par son maximum et tient dans [0, 1] ; sans, elle est
        dans l'unité du score. Une carte nulle le reste, et le dit.
        Lève `UnknownClassError`, `UnknownLayerError`, `UnknownMethodError`.
        Source : Selvaraju et al., *Grad-CAM*, ICCV 2017 ; F. Chollet, 2017, section 5.4.3.
        """
        target, layer = self._target(target), self._layer(layer)
        return self._heatmap(target, layer, find_method(method), check_score(score), normalize)

    def heatmaps(self, targets=None, layers=None, method="gradcam", score="logit", normalize=True):
        """Rend les cartes de plusieurs classes et couches : `{(classe, couche): (h, w)}`.

        `targets` : une classe, une liste de classes, ou un entier n pour les n classes les plus
        probables (`targets=20`) ; `layers` : un nom, une liste, ou « all » pour toutes les
        couches. Toutes les couches d'une classe sont calculées en une
        seule passe arrière, plusieurs classes d'une couche en un seul lot. Les clés sont
        `(indice de la classe, nom de la couche)`. Erreurs et unités : comme `heatmap`.
        """
        targets, layers = self._targets(targets), self._layers(layers)
        method, score = find_method(method), check_score(score)
        self._compute_together(targets, layers, method, score, normalize)
        return {
            (target, layer): self._heatmap(target, layer, method, score, normalize)
            for target in targets
            for layer in layers
        }

    def diagnose(self, target=None, layer=None, method="gradcam", score="logit"):
        """Rend des phrases qui disent pourquoi cette carte est vide ou douteuse ; [] si rien.

        Les causes reconnues : uniquement des indices contre la classe, probabilité saturée,
        couche morte, valeurs non finies, softmax appliqué deux fois, carte uniforme.
        Arguments et erreurs : comme `heatmap`.
        """
        target, layer = self._target(target), self._layer(layer)
        method, score = find_method(method), check_score(score)
        gradients, scale = self._unit_gradients(target, layer, score)
        activations = self._run_for([layer]).activations(layer)
        with np.errstate(all="ignore"):
            signed = self._signed(method, activations, gradients, scale)
        return diagnose_map(
            activations,
            gradients,
            signed,
            target=self.classifier.labels[target].label_fr,
            layer=layer,
            score=score,
            head=self._head,
            saturated=self._head.saturated(target, self._run.outputs),
        )

    def trim(self, max_bytes=0):
        """Rend de la mémoire : oublie les gradients les moins récents au-delà de `max_bytes`.

        Ils seront recalculés si on les redemande ; les cartes déjà faites restent.
        """
        self._gradients.trim(max_bytes)

    def __repr__(self):
        return f"<Analysis de {self.classifier.name} : {self.top(1)[0]}>"

    # --- Les rouages --------------------------------------------------------------------------

    def _target(self, target):
        if target is None:
            return int(np.argmax(self.probabilities))
        return self.classifier.find_class(target)

    def _layer(self, layer):
        return self.classifier.find_layer(layer)

    def _targets(self, targets):
        if targets is None:
            return [self._target(None)]
        if isinstance(targets, (int, np.integer)) and not isinstance(targets, bool):
            if targets < 1:
                raise GradcamLabError(
                    f"targets={targets} demande moins d'une classe : donnez un nombre de classes "
                    "au moins égal à 1, ou une liste de classes."
                )
            return [prediction.index for prediction in self.top(targets)]
        if isinstance(targets, str):
            targets = [targets]
        return list(dict.fromkeys(self._target(target) for target in targets))

    def _layers(self, layers):
        if isinstance(layers, str) and layers == "all":
            return [layer.name for layer in self.classifier.layers]
        if layers is None or isinstance(layers, str) or hasattr(layers, "channels"):
            layers = [layers]
        return list(dict.fromkeys(self._layer(layer) for layer in layers))

    def _run_for(self, layers):
        """La passe avant qui a gardé ces couches ; refaite si celle-ci n'en gardait qu'une."""
        if not all(self._run.holds(layer) for layer in layers):
            self._run = self.classifier.forward([self.image])[0]
        return self._run

    def _heatmap(self, target, layer, method, score, normalize):
        key = (target, layer, method.name, score, bool(normalize))
        heatmap = self._heatmaps.get(key)
        if heatmap is None:
            heatmap = self._heatmaps.put(key, self._compute(*key))
        if not heatmap.any() and key not in self._said:
            self._said.add(key)
            for note in self.diagnose(target, layer, method.name, score):
                say(note)
        return heatmap.copy()

    def _compute(self, target, layer, method, score, normalize):
        gradients, scale = self._unit_gradients(target, layer, score)
        activations = self._run_for([layer]).activations(layer)
        with np.errstate(all="ignore"):
            heatmap = self._signed(METHODS[method], activations, gradients, scale)
        if normalize:
            # L'échelle commune disparaît : la forme se calcule avant elle, sans perte.
            return cam.normalize(heatmap)
        if not np.isfinite(heatmap).all():
            return np.zeros(heatmap.shape, np.float32)
        factor = scale if METHODS[method].homogeneous else 1.0
        return np.maximum(heatmap * factor, 0).astype(np.float32)

    @staticmethod
    def _signed(method, activations, gradients, scale):
        """La carte avant ReLU, à un facteur positif près pour les méthodes homogènes."""
        if not method.homogeneous:
            gradients = gradients.astype(np.float64) * scale
        return method.function(activations, gradients, relu=False)

    def _unit_gradients(self, target, layer, score):
        """Les gradients float32 (h, w, C) d'une direction d'amplitude 1, et leur échelle."""
        key = (target, layer, score)
        if self._gradients.get(key) is None:
            self._backward([target], [layer], score)
        return self._gradients.get(key), self._scales[target, score]

    def _compute_together(self, targets, layers, method, score, normalize):
        """Calcule ensemble les cartes qui manquent, par paquets qui tiennent dans le cache."""
        rest = (method.name, score, bool(normalize))
        missing = [
            target
            for target in targets
            if any(self._heatmaps.get((target, layer, *rest)) is None for layer in layers)
        ]
        run = self._run_for(layers)
        run.recall(layers)
        size = sum(run.activations(layer).nbytes for layer in layers)
        step = max(1, _GRADIENT_BYTES // size)
        for start in range(0, len(missing), step):
            chunk = missing[start : start + step]
            if any(
                self._gradients.get((target, layer, score)) is None
                for target in chunk
                for layer in layers
            ):
                self._backward(chunk, layers, score)
            for target in chunk:
                for layer in layers:
                    key = (target, layer, *rest)
                    self._heatmaps.put(key, self._compute(*key))

    def _backward(self, targets, layers, score):
        run = self._run_for(layers)
        directions = []
        for target in targets:
            direction, self._scales[target, score] = self._head.cotangent(
                target, score, run.outputs
            )
            directions.append(direction)
        found = run.gradients(np.stack(directions), layers)
        for layer in layers:
            for target, gradients in zip(targets, found[layer]):
                self._gradients.put((target, layer, score), gradients)
