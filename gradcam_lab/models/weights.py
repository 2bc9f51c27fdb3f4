"""Construire un grand réseau et lire ses poids sans doubler la mémoire.

Construit à la manière habituelle, VGG16 tire 553 Mo de valeurs au hasard, que les poids
remplacent aussitôt, puis garde un moment les deux copies. Ici les variables naissent vides,
et chaque tableau du fichier devient directement la mémoire de sa variable.
"""

import contextlib
import threading
from pathlib import Path

import numpy as np

from ..errors import WeightsUnavailableError

__all__ = ["read_weights", "without_initial_values"]

_building = threading.Lock()
# En dessous, une copie de passage ne compte pas.
_LARGE = 2**24
_ALIGNMENT = 64


@contextlib.contextmanager
def without_initial_values():
    """Construit les couches sans tirer de valeurs initiales ; `read_weights` doit suivre."""
    import keras
    import tensorflow as tf

    def empty(self, shape, dtype=None, **kwargs):
        # Une mémoire jamais écrite n'est pas réservée par le système.
        return tf.raw_ops.Empty(shape=shape, dtype=dtype or "float32", init=False)

    names = ("VarianceScaling", "RandomNormal", "RandomUniform", "TruncatedNormal")
    classes = [getattr(keras.initializers, name) for name in names]
    with _building:
        originals = [cls.__dict__["__call__"] for cls in classes]
        try:
            for cls in classes:
                cls.__call__ = empty
            yield
        finally:
            for cls, original in zip(classes, originals):
                cls.__call__ = original


def read_weights(model, path):
    """Remplit `model` avec le fichier de poids `path` (.h5 de Keras, ou .weights.h5).

    Lève `WeightsUnavailableError` si le fichier manque, est abîmé, ou n'est pas celui de ce
    modèle. Le modèle est alors incomplet : il ne faut pas s'en servir.
    """
    import h5py

    path = Path(path)
    if not path.is_file():
        raise WeightsUnavailableError(f"Le fichier de poids « {path} » n'existe pas.")
    try:
        with h5py.File(path, "r") as file:
            if "layer_names" in file.attrs:
                _fill(model, file)
            elif "model_weights" in file:
                _fill(model, file["model_weights"])
            else:
                model.load_weights(path)
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(f"Le fichier de poids « {path} » {error}") from None
    except (OSError, KeyError) as error:
        raise WeightsUnavailableError(
            f"Le fichier de poids « {path} » est abîmé ou incomplet : supprimez-le, puis "
            "téléchargez-le de nouveau."
        ) from error
    except ValueError as error:
        raise WeightsUnavailableError(
            f"Le fichier de poids « {path} » ne correspond pas au modèle « {model.name} »."
        ) from error


def _fill(model, file):
    """Range les tableaux du fichier dans les variables, couche par couche, dans l'ordre."""
    layers = [layer for layer in model.layers if layer.weights]
    groups = [file[_text(name)] for name in file.attrs["layer_names"]]
    groups = [group for group in groups if len(group.attrs["weight_names"])]
    if len(groups) != len(layers):
        raise WeightsUnavailableError(
            f"décrit {len(groups)} couches, et le modèle « {model.name} » en a {len(layers)} : ce "
            "n'est pas le sien."
        )
    pairs = []
    for layer, group in zip(layers, groups):
        # Keras range d'abord les variables entraînables, puis les autres.
        variables = [*layer.trainable_weights, *layer.non_trainable_weights]
        arrays = [group[_text(name)] for name in group.attrs["weight_names"]]
        shapes = [tuple(array.shape) for array in arrays]
        if [tuple(variable.shape) for variable in variables] != shapes:
            raise WeightsUnavailableError(
                f"ne correspond pas à la couche « {layer.name} » du modèle « {model.name} »."
            )
        pairs.extend(zip(variables, arrays))
    for variable, array in pairs:
        _assign(variable, array)


def _assign(variable, dataset):
    if dataset.nbytes < _LARGE or dataset.dtype != np.float32:
        variable.assign(dataset[()])
        return
    import tensorflow as tf

    # TensorFlow adopte sans copie un tableau aligné : il devient la variable elle-même.
    memory = np.empty(dataset.nbytes + _ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % _ALIGNMENT
    array = memory[start : start + dataset.nbytes].view(np.float32).reshape(dataset.shape)
    dataset.read_direct(array)
    try:
        tensor = tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    except Exception:
        # Une version de TensorFlow sans cet échange : la copie ordinaire donne le même résultat.
        tensor = array
    variable.assign(tensor)


def _text(name):
    return name.decode("utf-8") if isinstance(name, bytes) else str(name)
