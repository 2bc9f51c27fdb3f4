"""Charger TensorFlow sans les lignes qu'il écrit, en anglais, au démarrage, et vérifier Keras."""

import contextlib
import os
import sys

from ..errors import SettingError

__all__ = ["check_backend", "load_tensorflow"]


def load_tensorflow():
    """Importe TensorFlow et fait un premier calcul, sans rien laisser paraître à l'écran.

    Ces lignes (oneDNN, instructions du processeur, carte graphique absente) viennent du C++ : elles
    passent par le descripteur 2, et un réglage ne les fait pas toutes taire. Rien n'est tu si
    TensorFlow est déjà chargé.

    Lève
    ----
    SettingError
        comme `check_backend`, ou TensorFlow ne se charge pas
    """
    _refuse_other_backend()
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        with _explained("TensorFlow"), _silent_stderr():
            import tensorflow as tf

            # La recherche d'une carte graphique, bavarde aussi, n'a lieu qu'au premier calcul.
            tf.zeros(1)
    check_backend()


def check_backend():
    """Vérifie que Keras calcule avec TensorFlow et range les canaux en dernier.

    Lève
    ----
    SettingError
        Keras est réglé autrement, ou ses réglages l'empêchent de se charger
    """
    _refuse_other_backend()
    with _explained("Keras"):
        import keras
    _refuse_other_backend()  # le fichier de réglages peut aussi le demander
    if keras.config.image_data_format() != "channels_last":
        raise SettingError(
            "Keras est réglé sur « channels_first », et gradcam_lab ne lit que des images dont les "
            f"couleurs viennent en dernier : écrivez « channels_last » dans {_settings_file()}, ou "
            'tapez keras.config.set_image_data_format("channels_last") avant de bâtir le modèle.'
        )


def _refuse_other_backend():
    keras = sys.modules.get("keras")
    # Keras lit cette variable au moment où il est importé, et seulement alors.
    wanted = os.environ.get("KERAS_BACKEND") or "tensorflow"
    backend = keras.config.backend() if keras else wanted
    if backend != "tensorflow":
        raise SettingError(
            f"Keras est réglé pour calculer avec « {backend} », et gradcam_lab n'emploie que "
            "TensorFlow : donnez à la variable KERAS_BACKEND la valeur « tensorflow », puis "
            "relancez le noyau."
        )


@contextlib.contextmanager
def _explained(library):
    """Traduit en une phrase ce qui empêche cette bibliothèque de se charger."""
    try:
        yield
    except Exception as error:  # un réglage de Keras peut échouer de bien des façons
        cause = (str(error).strip() or type(error).__name__).splitlines()[0]
        if library == "TensorFlow" and isinstance(error, ImportError):
            advice = "gl.check_installation() dit ce qu'il faut installer"
        else:
            advice = (
                f"vérifiez les réglages de Keras dans {_settings_file()} (sans ce fichier, Keras "
                "reprend ceux d'origine), puis relancez le noyau"
            )
        raise SettingError(f"{library} ne se charge pas ({cause}) : {advice}.") from error


def _settings_file():
    return os.path.join(os.environ.get("KERAS_HOME") or "~/.keras", "keras.json")


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
