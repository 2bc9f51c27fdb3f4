"""Une image passée dans un réseau : prédictions, activations, gradients et cartes de chaleur."""

import numpy as np

from ..base.checks import check_count
from ..base.messages import say
from ..errors import ModelError, SettingError
from ..methods.registry import check_evidence, check_score, find_method
from .evidence import Evidence, Question
from .prediction import Prediction

__all__ = ["Analysis"]


class Analysis:
    """Le résultat de l'unique passe avant d'une image, dont on tire les cartes à la demande.

    Obtenue par `classifier.analyze(image)`. La première question fait la passe avant ; une carte
    déjà demandée ne coûte plus rien ; une autre classe ne coûte que la partie du réseau au-dessus
    de la couche. Tous les tableaux renvoyés sont des copies : on peut les modifier.
    """

    def __init__(self, classifier, image, run):
        self.classifier = classifier
        self.image = image
        self._evidence = Evidence(run, lambda: classifier.network.plan.head, self._black)
        self._said = set()

    # --- Les prédictions ----------------------------------------------------------------------

    @property
    def probabilities(self):
        """Les probabilités des K classes, float32 (K,), entre 0 et 1."""
        return self._evidence.head.probabilities(self._evidence.outputs)

    @property
    def scores(self):
        """Les scores des K classes avant softmax ou sigmoïde (*logits*), float32 (K,)."""
        return self._evidence.head.scores(self._evidence.outputs)

    def top(self, k=5):
        """Renvoie les classes les plus probables, de la plus à la moins probable.

        Arguments
        ---------
        k : nombre de classes, au moins 0 ; au-delà du nombre de classes, toutes

        Rend
        ----
        liste de `Prediction(index, wnid, label, label_fr, probability)`

        Lève
        ----
        SettingError
            k n'est pas un nombre entier
        """
        order = np.argsort(-self.probabilities, kind="stable")[: check_count(k, "k", least=0)]
        return [self.prediction(index) for index in order]

    def prediction(self, target=None):
        """Renvoie la `Prediction` d'une classe, par défaut la plus probable.

        Arguments
        ---------
        target : indice, identifiant WordNet ou nom d'une classe

        Lève
        ----
        UnknownClassError
            aucune classe ne porte ce nom
        """
        index = self._target(target)
        label = self.classifier.labels[index]
        probability = float(self.probabilities[index])
        return Prediction(index, label.wnid, label.label, label.label_fr, probability)

    # --- Les ingrédients de Grad-CAM ----------------------------------------------------------

    def activations(self, layer=None):
        """Renvoie la carte d'activation (*feature map*) d'une couche.

        Arguments
        ---------
        layer : nom de couche, par défaut `classifier.default_layer`

        Rend
        ----
        float32 (h, w, C)

        Lève
        ----
        UnknownLayerError
            le réseau n'a pas de couche explicable de ce nom
        """
        return self._evidence.activations(self._layer(layer)).copy()

    def gradients(self, target=None, layer=None, score="logit"):
        """Renvoie le gradient du score d'une classe par rapport à la carte d'une couche.

        Arguments
        ---------
        target : indice, identifiant ou nom d'une classe, par défaut la plus probable
        layer : nom de couche, par défaut `classifier.default_layer`
        score : « logit » (avant softmax) ou « probability » (après)

        Rend
        ----
        float32 (h, w, C), en unités du score par unité d'activation

        Lève
        ----
        UnknownClassError, UnknownLayerError, SettingError
            la classe, la couche ou le score n'existe pas

        Source
        ------
        « logit » : Selvaraju et al., *Grad-CAM*, ICCV 2017 ; « probability » : F. Chollet,
        *Deep Learning with Python*, 2017, section 5.4.3.
        """
        score, layer = check_score(score), self._layer(layer)
        target = self._begin(target, [layer], score)
        gradients, scale = self._evidence.gradients(Question(target, score), layer)
        return (gradients * scale).astype(np.float32)

    def image_gradients(self, target=None, score="logit"):
        """Renvoie le gradient du score d'une classe par rapport à l'entrée du réseau.

        Arguments
        ---------
        target, score : comme `gradients`

        Rend
        ----
        float32 (H, W, 3) à la taille `classifier.input_size` ((H, W, 1) en niveaux de gris), en
        unités du score par unité d'entrée, c'est-à-dire après `classifier.preprocess`

        Lève
        ----
        UnknownClassError, SettingError
            la classe ou le score n'existe pas

        Source
        ------
        Simonyan et al., *Deep Inside Convolutional Networks*, 2014, section 3.
        """
        question = Question(self._target(target), check_score(score))
        gradients, scale = self._evidence.gradients(question, None)
        return (gradients * scale).astype(np.float32)

    # --- Les cartes ---------------------------------------------------------------------------

    def heatmap(
        self,
        target=None,
        *,
        layer=None,
        method="gradcam",
        score="logit",
        against=None,
        evidence="for",
        normalize=True,
        progress=False,
    ):
        """Renvoie la carte de chaleur (*heatmap*) d'une classe.

        Arguments
        ---------
        target : indice, identifiant ou nom d'une classe, par défaut la plus probable
        layer : nom de couche, par défaut `classifier.default_layer` ; aucune pour les méthodes
            qui partent de l'image (`gl.METHODS[method].takes_layer` est faux)
        method : l'une de `gl.METHODS`
        score : « logit » (avant softmax) ou « probability » (après)
        against : une autre classe, pour expliquer l'écart entre les deux scores :
            `heatmap("chat", against="chien")` montre ce qui dit « chat plutôt que chien »
        evidence : « for », ce qui plaide pour la classe ; « against », ce qui plaide contre elle
            (les gradients changent de signe)
        normalize : diviser par le maximum ; sinon la carte reste dans l'unité du score
        progress : montrer une barre de progression, pour les méthodes qui font tourner le réseau
            de nombreuses fois (voir `classifier.runs`) ; arrêter le noyau les interrompt

        Rend
        ----
        float32 (h, w), ou (H, W) pour les méthodes de famille « image », dans [0, 1] si
        `normalize` ; une carte nulle le reste, et dit pourquoi

        Lève
        ----
        UnknownClassError, UnknownLayerError, UnknownMethodError, SettingError
            la classe, la couche, la méthode, le score ou le sens des indices n'existe pas ; ou
            `against` est la classe expliquée elle-même, ou la méthode ne prend pas ce réglage

        Source
        ------
        Selvaraju et al., *Grad-CAM*, ICCV 2017, équations (1) et (2), et section 3.3 pour
        « against » (explication contrefactuelle) ; F. Chollet, *Deep Learning with Python*, 2017,
        section 5.4.3. Les autres méthodes citent la leur.

        Exemple
        -------
        >>> heatmap = analysis.heatmap("dalmatien", layer="block5_conv3")
        """
        method, score = find_method(method), check_score(score)
        layer, sign = self._layer(layer, method), check_evidence(evidence)
        target = self._begin(target, [layer], score)
        question = self._question(method, target, score, against, sign)
        return self._shown(question, layer, method, bool(normalize), progress)

    def heatmaps(
        self,
        targets=None,
        layers=None,
        *,
        method="gradcam",
        score="logit",
        normalize=True,
        progress=False,
    ):
        """Renvoie les cartes de plusieurs classes et de plusieurs couches, en peu de passes.

        Arguments
        ---------
        targets : une classe, une liste, ou un nombre n pour les n plus probables (`targets=20`)
        layers : un nom, une liste, ou « all » pour toutes les couches
        method, score, normalize, progress : comme `heatmap`

        Rend
        ----
        dictionnaire `{(indice de la classe, nom de la couche): float32 (h, w)}` ; le nom est None
        si la méthode ne prend pas de couche

        Lève
        ----
        UnknownClassError, UnknownLayerError, UnknownMethodError, SettingError
            comme `heatmap`, ou si une liste est vide
        """
        method, score = find_method(method), check_score(score)
        layers = self._layers(layers, method)
        if targets is None or isinstance(targets, int):
            self._begin(None, layers, score)
        targets = self._targets(targets)
        self._begin(targets[0], layers, score)
        normalize = bool(normalize)
        questions = [Question(target, score) for target in targets]
        self._evidence.prepare(questions, layers, method, normalize)
        return {
            (question.target, layer): self._shown(question, layer, method, normalize, progress)
            for question in questions
            for layer in layers
        }

    def diagnose(
        self,
        target=None,
        *,
        layer=None,
        method="gradcam",
        score="logit",
        against=None,
        evidence="for",
    ):
        """Renvoie des phrases qui disent pourquoi cette carte est vide ou douteuse.

        Les causes reconnues : uniquement des indices contre la classe, probabilité saturée,
        couche morte, valeurs non finies, softmax appliqué deux fois, carte uniforme.

        Arguments
        ---------
        target, layer, method, score, against, evidence : comme `heatmap`

        Rend
        ----
        liste de phrases, vide si rien n'est à signaler

        Lève
        ----
        UnknownClassError, UnknownLayerError, UnknownMethodError, SettingError
            comme `heatmap`
        """
        method, score = find_method(method), check_score(score)
        target, layer = self._target(target), self._layer(layer, method)
        question = self._question(method, target, score, against, check_evidence(evidence))
        return self._diagnose(question, layer, method)

    def trim(self, max_bytes=0):
        """Libère de la mémoire : oublie les gradients les moins récents au-delà de `max_bytes`.

        Ils seront recalculés si on les redemande ; les cartes déjà faites restent.
        """
        self._evidence.trim(max_bytes)

    def __repr__(self):
        return f"<Analysis de {self.classifier.name} : {self.top(1)[0]}>"

    def __reduce__(self):
        raise ModelError(
            "Une analyse ne se copie pas et ne s'enregistre pas : gardez ses cartes, qui sont des "
            "tableaux NumPy, ou refaites-la avec model.analyze(image)."
        )

    # --- Les rouages --------------------------------------------------------------------------

    def _begin(self, target, layers, score):
        """Renvoie l'indice de la classe ; la première passe prépare déjà sa carte."""
        if target is not None:
            target = self.classifier.find_class(target)
        self._evidence.begin([layer for layer in layers if layer], target, score)
        return self._target(target)

    def _target(self, target):
        if target is None:
            return int(np.argmax(self.probabilities))
        return self.classifier.find_class(target)

    def _layer(self, layer, method=None):
        if method is None or method.takes_layer:
            return self.classifier.find_layer(layer)
        if layer is not None:
            raise SettingError(
                f"{method.title} part de l'image, et non d'une couche : retirez l'argument "
                f"layer={layer!r:.40}."
            )
        return None

    def _targets(self, targets):
        if isinstance(targets, (int, np.integer)) and not isinstance(targets, bool):
            return [prediction.index for prediction in self.top(check_count(targets, "targets"))]
        if isinstance(targets, (str, float)) or not hasattr(targets, "__iter__"):
            targets = [targets]
        return _some({self._target(target): None for target in targets}, "targets", "classe")

    def _layers(self, layers, method):
        if layers is None:
            return [self._layer(None, method)]
        if isinstance(layers, str) and layers == "all" and method.takes_layer:
            return [layer.name for layer in self.classifier.layers]
        if isinstance(layers, str) or not hasattr(layers, "__iter__"):
            layers = [layers]
        return _some({self._layer(layer, method): None for layer in layers}, "layers", "couche")

    def _against(self, target, against):
        """L'indice de la classe dont on retranche le score, ou None."""
        if against is None:
            return None
        found = self._target(against)
        if found == target:
            name = self.classifier.labels[target].label_fr
            raise SettingError(
                f"against est la classe expliquée elle-même, « {name} » : donnez-en une autre, "
                "dont retrancher le score."
            )
        return found

    def _question(self, method, target, score, against, sign):
        """La `Question`, si cette méthode sait y répondre."""
        if not method.class_specific and (against is not None or sign < 0):
            raise SettingError(
                f"{method.title} ne regarde aucune classe : elle ne dit ni le contre, ni « plutôt "
                "que » ; choisissez une autre méthode, comme « gradcam »."
            )
        return Question(target, score, self._against(target, against), sign)

    def _black(self):
        """La photo noire, préparée pour le réseau, float32 (H, W, C)."""
        size = (*self.classifier.input_size, 3)
        return self.classifier.preprocess(np.zeros(size, np.uint8))[0]

    def _shown(self, question, layer, method, normalize, progress=False):
        heatmap = self._evidence.heatmap(question, layer, method, normalize, progress)
        key = (question, layer, method.name)
        if not heatmap.any() and key not in self._said:
            self._said.add(key)
            for note in self._diagnose(question, layer, method):
                say(note)
        return heatmap.copy()

    def _diagnose(self, question, layer, method):
        name = self.classifier.labels[question.target].label_fr
        if question.against is not None:
            name += f" » plutôt que « {self.classifier.labels[question.against].label_fr}"
        return self._evidence.diagnose(question, layer, method, name)


def _some(names, argument, what):
    """La liste de ces noms, sans répétition ; `SettingError` si elle est vide."""
    if not names:
        raise SettingError(f"{argument} est vide : donnez au moins une {what}.")
    return list(names)
