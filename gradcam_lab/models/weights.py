"""Construire un grand réseau et lire ses poids sans doubler la mémoire.

Construit à la manière habituelle, VGG16 tire 553 Mo de valeurs au hasard, que les poids
remplacent aussitôt, puis garde un moment les deux copies. Ici les variables naissent vides,
et chaque tableau du fichier devient directement la mémoire de sa variable.
"""

import contextlib
import os
from pathlib import Path

import numpy as np

from ..errors import WeightsUnavailableError

__all__ = ["read_weights", "without_initial_values", "write_weights"]

# En dessous, une copie de passage ne compte pas.
_LARGE = 2**24
_ALIGNMENT = 64


@contextlib.contextmanager
def without_initial_values():
    """Construit les couches sans tirer leurs noyaux au hasard ; `read_weights` doit suivre.

    Le bloc donne à Keras un autre « glorot_uniform », celui que ses couches emploient d'ordinaire.
    Keras garde ce choix fil par fil : un modèle bâti ailleurs au même moment n'en sait rien.
    """
    import keras
    import tensorflow as tf

    class Empty(keras.initializers.GlorotUniform):
        def __call__(self, shape, dtype=None):
            # Vide une seule fois : la couche garde un objet de Keras, que l'on peut enregistrer.
            self.__class__ = keras.initializers.GlorotUniform
            # Une mémoire jamais écrite n'est pas réservée par le système.
            return tf.raw_ops.Empty(shape=shape, dtype=dtype or "float32", init=False)

    with keras.utils.custom_object_scope({"glorot_uniform": Empty}):
        yield


def read_weights(model, path):
    """Remplit `model` avec un fichier de poids.

    Arguments
    ---------
    model : keras.Model, à remplir sur place
    path : le fichier, .h5 de Keras ou .weights.h5

    Lève
    ----
    WeightsUnavailableError
        le fichier manque, est abîmé, n'est pas celui de ce modèle ou contient des valeurs qui ne
        sont pas des nombres. Le modèle est alors incomplet : il ne faut pas s'en servir.
    """
    path = Path(os.path.expanduser(path))
    if not os.path.isfile(path):
        raise WeightsUnavailableError(
            f"Le fichier de poids « {path} » n'existe pas : donnez le chemin d'un fichier .h5, "
            "« imagenet », ou None pour des poids au hasard."
        )
    if path.suffix == ".keras":
        raise WeightsUnavailableError(
            f"Le fichier « {path} » contient un modèle entier, et non des poids : ouvrez-le avec "
            "gl.load_classifier."
        )
    try:
        _read(model, path)
        _refuse_non_finite(model)
    except WeightsUnavailableError as error:
        raise WeightsUnavailableError(f"Le fichier de poids « {path} » {error}") from None
    except ValueError as error:
        raise WeightsUnavailableError(
            f"Le fichier de poids « {path} » ne correspond pas au modèle « {model.name} »."
        ) from error
    except Exception as error:  # un fichier abîmé peut échouer de bien des façons
        raise WeightsUnavailableError(
            f"Le fichier de poids « {path} » est abîmé ou incomplet : supprimez-le, puis "
            "téléchargez-le de nouveau."
        ) from error


def _read(model, path):
    import h5py

    with h5py.File(path, "r") as file:
        if "layer_names" in file.attrs:
            _fill(model, file)
        elif "model_weights" in file:
            _fill(model, file["model_weights"])
        else:
            model.load_weights(path)


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
        variables = _variables(layer)
        arrays = [group[_text(name)] for name in group.attrs["weight_names"]]
        shapes = [tuple(array.shape) for array in arrays]
        if [tuple(variable.shape) for variable in variables] != shapes:
            raise WeightsUnavailableError(
                f"ne correspond pas à la couche « {layer.name} » du modèle « {model.name} »."
            )
        pairs.extend(zip(variables, arrays))
    for variable, array in pairs:
        _assign(variable, array)


def _variables(layer):
    # Dans ces fichiers, Keras range d'abord les variables entraînables, puis les autres.
    return [*layer.trainable_weights, *layer.non_trainable_weights]


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


def _refuse_non_finite(model):
    import tensorflow as tf

    for layer in model.layers:
        for variable in layer.weights:
            # Une somme garde la trace d'un NaN ou d'un infini, sans copier le tableau.
            total = tf.reduce_sum(tf.cast(variable, tf.float32))
            if not tf.math.is_finite(total):
                raise WeightsUnavailableError(
                    "contient des valeurs qui ne sont pas des nombres (NaN ou infini) dans la "
                    f"couche « {layer.name} » : supprimez-le, ou prenez-en un autre."
                )


def write_weights(model, path):
    """Écrit les poids de `model` dans l'ancien format .h5, celui des fichiers publiés par Keras.

    Keras ne l'écrit plus ; les tests et les mesures en ont besoin.

    Rend
    ----
    path
    """
    import h5py

    with h5py.File(path, "w") as file:
        for layer in model.layers:
            group = file.create_group(layer.name)
            keys = []
            for i, variable in enumerate(_variables(layer)):
                keys.append(f"{layer.name}/w{i}")
                group[keys[-1]] = np.asarray(variable)
            group.attrs["weight_names"] = [key.encode() for key in keys]
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
    return path


def _text(name):
    return name.decode("utf-8") if isinstance(name, bytes) else str(name)
