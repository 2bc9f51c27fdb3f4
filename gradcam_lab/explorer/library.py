"""Les photos et les réseaux d'un explorateur, en nombre borné."""

from collections import OrderedDict

from ..base.messages import muted
from ..base.numbers import megabytes
from ..explain.classifier import Classifier
from ..images.photos import samples
from ..models import catalogue as zoo
from ..models import loading
from . import sources

__all__ = ["Library"]

_MAX_NETWORKS = _MAX_OWN_PHOTOS = 2
_OWN = "le vôtre"


class Library:
    """Ce que l'on peut choisir : `photos` (clé → `Photo`) et `networks` (clé → titre)."""

    def __init__(self):
        self.photos = sources.sample_photos()
        self.networks = {info.name: _title(info) for info in zoo.available_models()}
        self._own = None
        self._loaded = OrderedDict()

    def add_photo(self, source, name=None, keep=None):
        """Ajoute une photo (fichier, adresse, tableau...) et rend sa clé. Lève `ImageError`.

        Au-delà de deux photos de l'utilisateur, les plus anciennes sortent, sauf `keep`.
        """
        photo = sources.given_photo(source, name)
        self.photos.setdefault(photo.key, photo)
        own = [key for key, known in self.photos.items() if known.image is not None]
        for key in own[: max(0, len(own) - _MAX_OWN_PHOTOS)]:
            if key not in (keep, photo.key):
                del self.photos[key]
        return photo.key

    def first_photo(self):
        """La clé de la première photo d'exemple qui se lit sans réseau."""
        return next((info.name for info in samples() if info.available), "chelsea")

    def add_model(self, model):
        """Rend la clé d'un réseau donné par son nom, son `Classifier` ou son modèle Keras."""
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
        """Rend le `Classifier` de ce réseau, chargé au besoin ; deux au plus restent chargés."""
        if key == _OWN:
            return self._own
        if key not in self._loaded:
            with muted():
                self._loaded[key] = loading.load_model(key, fallback=False)
        self._loaded.move_to_end(key)
        while len(self._loaded) > 1 and len(self._loaded) + bool(self._own) > _MAX_NETWORKS:
            self._loaded.popitem(last=False)
        return self._loaded[key]

    def is_loaded(self, key):
        """Vrai si ce réseau répondra tout de suite."""
        return key in self._loaded or (key == _OWN and self._own is not None)

    def clear(self):
        """Oublie les réseaux chargés et les photos de l'utilisateur."""
        self.__init__()


def _title(info):
    if info.cached:
        return info.title
    return f"{info.title} (à télécharger, {megabytes(info.megabytes)})"
