"""Tout ce qu'une méthode peut demander (`NEEDS`), tiré au hasard, sans aucun réseau.

Le score d'une carte, ou d'une image, est linéaire : `somme(carte · gradients)`. Les gradients que
reçoivent les méthodes sont donc ceux de ce score.
"""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class World:
    """Une couche (h, w, C), une image (H, W, 3), et la pente du score en chacune."""

    activations: np.ndarray
    gradients: np.ndarray
    image: np.ndarray
    slopes: np.ndarray
    guided: np.ndarray

    def supply(self, need):
        """Ce que demande une méthode."""
        return {
            "activations": self.activations,
            "gradients": self.gradients,
            "image": self.image,
            "black": np.full_like(self.image, -0.5),
            "image_gradients": self.slopes,
            "guided_gradients": self.guided,
            "map_scores": lambda maps: (maps * self.gradients).sum(axis=(1, 2, 3)),
            "image_scores": lambda images: (images * self.slopes).sum(axis=(1, 2, 3)),
            "image_slopes": lambda images: np.broadcast_to(self.slopes, images.shape),
        }[need]

    def map(self, method, **settings):
        """La carte de cette méthode."""
        return method.function(*map(self.supply, method.needs), **settings)

    def times(self, factor):
        """Le même monde, dont le score est multiplié par `factor`."""
        return replace(
            self,
            gradients=factor * self.gradients,
            slopes=factor * self.slopes,
            guided=factor * self.guided,
        )

    def mirrored(self):
        """Le même monde, dans un miroir."""
        return World(*(array[::-1, ::-1] for array in vars(self).values()))

    def shuffled(self, order):
        """Le même monde, dont les canaux de la couche sont dans un autre ordre."""
        return replace(
            self, activations=self.activations[..., order], gradients=self.gradients[..., order]
        )


def make_world(seed=0, shape=(5, 4, 7), size=(12, 10), spread=0.1):
    """Un `World` ; `spread` : l'écart-type des gradients de la couche."""
    rng = np.random.default_rng(seed)
    return World(
        np.maximum(rng.normal(0.5, 1, shape), 0),
        rng.normal(0, spread, shape),
        rng.normal(0, 1, (*size, 3)),
        rng.normal(0, 0.1, (*size, 3)),
        rng.normal(0, 0.1, (*size, 3)),
    )
