"""L'environnement dans lequel les carnets sont exécutés, vérifiés et enregistrés.

Les sorties d'un carnet dépendent de ce que la machine a déjà téléchargé. Pour qu'elles soient
les mêmes partout, chaque exécution part de dossiers vides et se passe du réseau : les leçons
tournent alors avec le petit réseau livré dans le paquet et les photos de scikit-image.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def lesson_environment(folder: Path) -> dict[str, str]:
    """Les variables d'une exécution sans réseau et sans cache ; `folder` recevra les dossiers."""
    keras_home, data = folder / "keras", folder / "images"
    for path in (keras_home, data):
        path.mkdir(parents=True, exist_ok=True)
    return {
        "GRADCAM_LAB_OFFLINE": "1",
        "GRADCAM_LAB_DATA": str(data),
        "KERAS_HOME": str(keras_home),
        "KERAS_BACKEND": "tensorflow",
        # Une carte graphique calcule dans un autre ordre : les derniers chiffres changeraient.
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }


@contextmanager
def isolated() -> Iterator[dict[str, str]]:
    """Applique `lesson_environment` à ce processus et à ses noyaux, puis remet tout en place."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="gradcam_lab_", ignore_cleanup_errors=True) as folder:
        values = lesson_environment(Path(folder))
        os.environ.update(values)
        # Fixé par un autre programme, il empêcherait les figures d'apparaître dans les carnets.
        os.environ.pop("MPLBACKEND", None)
        try:
            yield values
        finally:
            os.environ.clear()
            os.environ.update(before)
