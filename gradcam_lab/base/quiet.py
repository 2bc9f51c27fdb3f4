"""Charger TensorFlow sans les lignes qu'il écrit, en anglais, au démarrage."""

import contextlib
import os
import sys


def load_tensorflow():
    """Importe TensorFlow et fait un premier calcul, sans rien laisser paraître à l'écran.

    Ces lignes (oneDNN, instructions du processeur, carte graphique absente) viennent du C++ : elles
    passent par le descripteur 2, et un réglage ne les fait pas toutes taire. Sans effet si
    TensorFlow est déjà chargé.
    """
    if "tensorflow" in sys.modules:
        return
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _silent_stderr():
        import tensorflow as tf

        # La recherche d'une carte graphique, bavarde aussi, n'a lieu qu'au premier calcul.
        tf.zeros(1)


@contextlib.contextmanager
def _silent_stderr():
    try:
        saved = os.dup(2)
    except OSError:  # un programme sans sortie d'erreur
        yield
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        sys.stderr.flush()
        os.dup2(sink, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(sink)
