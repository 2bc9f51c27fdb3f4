"""Une image dans le réseau : ses scores, et ce que les gradients réclameront."""

from dataclasses import dataclass

import numpy as np

from ..errors import ModelError

__all__ = ["Results", "Run"]


@dataclass(frozen=True)
class Results:
    """Ce que renvoie une passe.

    `scores` : (n, U), avant softmax ; `values` et `gradients` : les résultats gardés et les
    gradients des cartes surveillées, par clé.
    """

    scores: np.ndarray
    values: dict
    gradients: dict


class Run:
    """Une image float32 (1, H, W, C) et ce que ses passes ont déjà donné.

    La première question fait la première passe, et y joint le gradient de la réponse : il ne coûte
    presque rien de plus. Les dernières cartes restent en mémoire ; les autres, le temps de servir.
    """

    def __init__(self, engine, image):
        self._engine = engine
        self._layout = engine.layout
        self._image = {engine.plan.input_key: image}
        self._outputs = None
        self._kept, self._recent, self._ready = {}, {}, {}

    @property
    def started(self):
        """Vrai si la première passe est faite."""
        return self._outputs is not None

    @property
    def outputs(self):
        """Les sorties du réseau avant softmax, float32 (U,)."""
        self.start()
        return self._outputs

    def start(self, layers=None, direction=None):
        """Fait la première passe, si elle ne l'est pas, avec les gradients demandés.

        `layers` : les couches dont on veut le gradient (par défaut la dernière) ; `direction` :
        float32 (U,), celle des scores à dériver (par défaut, la réponse la plus probable).
        """
        if self.started:
            return
        last = self._layout.layers[-1].name
        watched = tuple(self._layout.maps[name] for name in layers or [last])
        kept = dict.fromkeys((*watched, *self._engine.kept(self._layout.maps[last])))
        directions = None if direction is None else direction[None]
        try:
            found = self._engine.compute(
                self._image, watched=watched, kept=tuple(kept), directions=directions
            )
        except ModelError:
            # Une couche ne se dérive pas : les probabilités restent bonnes à prendre.
            found = self._engine.compute(self._image, kept=tuple(kept))
        self.fill(found, direction)

    def fill(self, results, direction=None):
        """Range ce qu'a donné la première passe."""
        self._outputs = results.scores[0]
        last = self._engine.kept(self._layout.maps[self._layout.layers[-1].name])
        self._kept = {key: value for key, value in results.values.items() if key in last}
        self._recent = results.values
        if direction is None:
            direction = np.eye(len(self._outputs), dtype=np.float32)[self._outputs.argmax()]
        self._ready = {(key, direction.tobytes()): g for key, g in results.gradients.items()}

    def release(self):
        """Oublie ce qui ne servait qu'à la dernière question."""
        self._recent, self._ready = {}, {}

    def activations(self, layer):
        """Les activations float32 (h, w, C) de la couche ; à ne pas modifier."""
        self.start()
        key = self._layout.maps[layer]
        self._reach(self._layout.cut(key), only=key)
        return np.asarray(self._known[key]).astype(np.float32, copy=False)[0]

    def gradients(self, directions, layers):
        """Les gradients float32 (n, h, w, C) de n directions (n, U), par nom de couche.

        Toutes les couches d'une direction en une passe ; les directions, par lots.
        """
        directions = np.asarray(directions, np.float32)
        keys = {layer: self._layout.maps[layer] for layer in layers}
        self.start(layers, directions[0])
        cut = self._layout.cut(self._layout.root(layers))
        parts = [self._ready_for(keys.values(), directions[0])]
        if parts[0] is None and any(key not in self._known for key in (*cut, *keys.values())):
            # Depuis l'image, en gardant la coupe : les directions suivantes partiront d'elle.
            kept = tuple(dict.fromkeys((*cut, *keys.values())))
            found = self._engine.compute(
                self._image, watched=tuple(keys.values()), kept=kept, directions=directions[:1]
            )
            self._recent, parts = found.values, [found.gradients]
        rest = directions[1:] if parts[0] is not None else directions
        if len(rest):
            self._reach(cut)
            given = {key: self._known[key] for key in cut}
            parts.append(self._engine.gradients(given, tuple(keys.values()), rest))
        parts = [part for part in parts if part is not None]
        return {n: _joined([part[key] for part in parts]) for n, key in keys.items()}

    def image_gradients(self, directions):
        """Les gradients float32 (n, H, W, C) de n directions (n, U) par rapport à l'image."""
        directions = np.asarray(directions, np.float32)
        (key,) = self._image
        return self._engine.gradients(self._image, (key,), directions)[key]

    def scores_from(self, layer, maps):
        """Les sorties (n, U) qu'aurait l'image si la carte de `layer` était l'une des `maps`."""
        cut = self._layout.cut(self._layout.maps[layer])
        self._reach(cut)
        around = {key: self._known[key] for key in cut[1:]}
        return self._engine.scores({cut[0]: maps}, around)

    def scores_of(self, images):
        """Les sorties (n, U) pour d'autres images (n, H, W, C), préparées comme celle-ci."""
        (key,) = self._image
        return self._engine.scores({key: np.asarray(images, np.float32)})

    def slopes_of(self, images, directions):
        """Les gradients (n, H, W, C) de n directions (n, U), chacun en sa propre image."""
        return self._engine.slopes(np.asarray(images, np.float32), directions)

    def guided_gradients(self, direction):
        """Le gradient guidé float32 (H, W, C) de cette direction (U,)."""
        (image,) = self._image.values()
        return self._engine.guided(image, direction)[0]

    @property
    def image(self):
        """L'image préparée, float32 (H, W, C) ; à ne pas modifier."""
        (image,) = self._image.values()
        return image[0]

    def bytes(self, layer):
        """Les octets de la carte de cette couche."""
        return self._layout.bytes(self._layout.maps[layer])

    @property
    def _known(self):
        return {**self._image, **self._kept, **self._recent}

    def _reach(self, cut, only=None):
        """Refait une passe depuis l'image si un résultat de la coupe (ou `only`) manque."""
        if any(key not in self._known for key in ([only] if only else cut)):
            self._recent = self._engine.compute(self._image, kept=cut).values

    def _ready_for(self, keys, direction):
        """Les gradients que la première passe a déjà donnés pour cette direction, ou None.

        Avec une seule sortie, la classe 0 est l'opposé de la classe 1 : son gradient aussi.
        """
        for sign in (1, -1):
            name = (sign * direction + 0.0).tobytes()
            if all((key, name) in self._ready for key in keys):
                found = {key: self._ready[key, name] for key in keys}
                return found if sign > 0 else {key: -value for key, value in found.items()}
        return None


def _joined(parts):
    # Une seule partie : la copie de toutes les couches coûterait un dixième de passe.
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
