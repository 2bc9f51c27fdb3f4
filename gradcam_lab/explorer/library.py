"""Les photos, les réseaux et les analyses d'un explorateur, en nombre borné.

Deux analyses et deux réseaux au plus, deux photos de l'utilisateur. Une analyse garde les résultats
de sa passe avant (environ 15 Mo pour mini, 60 Mo pour VGG16, 280 Mo pour DenseNet ou ConvNeXt),
8 Mo de gradients une fois l'image montrée, et 32 Mo de cartes.
"""

from collections import OrderedDict

from ..base.messages import muted
from ..base.numbers import megabytes
from ..errors import GradcamLabError
from ..explain.classifier import Classifier
from ..figures.strips import TILE
from ..images import fit
from ..models import catalogue as zoo
from ..models import loading
from . import sources
from .views import Scene

__all__ = ["Library"]

_MAX_NETWORKS = _MAX_OWN_PHOTOS = _MAX_SCENES = 2
_OWN = "le vôtre"
_FIRST = "chat_et_tasse"


class Library:
    """Ce que l'on peut choisir : `photos` (clé → `Photo`) et `networks` (clé → titre).

    `scenes` : (photo, réseau) → `Scene`, ce qui a déjà été calculé.
    """

    def __init__(self):
        self.photos = sources.sample_photos()
        self.networks = {info.name: _title(info) for info in zoo.available_models()}
        self.scenes = OrderedDict()
        self._own = None
        self._loaded = OrderedDict()

    def add_photo(self, source, name=None, keep=None):
        """Ajoute une photo (fichier, adresse, tableau...) et renvoie sa clé. Lève `ImageError`.

        Au-delà de deux photos de l'utilisateur, les plus anciennes sortent, sauf `keep`.
        """
        photo = sources.given_photo(source, name)
        self.photos.setdefault(photo.key, photo)
        own = [key for key, known in self.photos.items() if known.image is not None]
        for key in own[: max(0, len(own) - _MAX_OWN_PHOTOS)]:
            if key not in (keep, photo.key):
                del self.photos[key]
        self._prune()
        return photo.key

    def first_photo(self):
        """Renvoie la clé de la photo d'exemple qui s'ouvre : deux objets, donc deux réponses."""
        return _FIRST if _FIRST in self.photos else next(iter(self.photos))

    def add_model(self, model):
        """Renvoie la clé d'un réseau donné par son nom, son `Classifier` ou son modèle Keras."""
        if isinstance(model, str):
            return zoo.find_model(model).name
        if not isinstance(model, Classifier):
            model = Classifier(model)
        if model.recipe == f'gl.load_model("{model.name}")' and model.name in self.networks:
            self._loaded[model.name] = model
            return model.name
        self._own = model
        self.networks[_OWN] = f"{model.name} (le vôtre)"
        return _OWN

    def classifier(self, key):
        """Renvoie le `Classifier` de ce réseau, chargé au besoin ; deux au plus restent chargés."""
        if key == _OWN:
            return self._own
        if key not in self._loaded:
            with muted():
                self._loaded[key] = loading.load_model(key, fallback=False)
        self._loaded.move_to_end(key)
        while len(self._loaded) > 1 and len(self._loaded) + bool(self._own) > _MAX_NETWORKS:
            self._loaded.popitem(last=False)
        self._prune()
        return self._loaded[key]

    def is_loaded(self, key):
        """Renvoie vrai si ce réseau répondra tout de suite."""
        return key in self._loaded or (key == _OWN and self._own is not None)

    def scene(self, photo, network):
        """Renvoie la photo passée dans le réseau (`Scene`) ; une seule passe avant."""
        if (photo, network) not in self.scenes:
            if photo not in self.photos:
                raise GradcamLabError(
                    "Cette photo n'est plus en mémoire : choisissez-en une autre."
                )
            if network not in self.networks:
                zoo.find_model(network)
            chosen = self.photos[photo]
            image, classifier = chosen.load(), self.classifier(network)
            # La plus ancienne part avant que la nouvelle n'arrive : jamais trois à la fois.
            while len(self.scenes) >= _MAX_SCENES:
                self.scenes.popitem(last=False)
            analysis = classifier.analyze(image)
            small, tile = fit(analysis.image), fit(analysis.image, TILE)
            self.scenes[photo, network] = Scene(chosen.title, analysis, small, tile)
        self.scenes.move_to_end((photo, network))
        return self.scenes[photo, network]

    def _prune(self):
        """Oublie ce qui a été calculé avec une photo ou un réseau qui vient de sortir."""
        for photo, network in list(self.scenes):
            if photo not in self.photos or not self.is_loaded(network):
                del self.scenes[photo, network]

    def clear(self):
        """Oublie les analyses, les réseaux chargés et les photos de l'utilisateur."""
        self.__init__()


def _title(info):
    if info.cached:
        return info.title
    return f"{info.title} (à télécharger, {megabytes(info.megabytes)})"
