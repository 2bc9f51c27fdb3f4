"""Ce que les tests partagent : l'isolement, et les fichiers que l'on a parfois sous la main.

Par défaut un test ne touche ni au réseau, ni aux caches de la personne qui le lance (voir
`conftest.py` à la racine). Les fixtures ci-dessous donnent accès, s'ils existent, aux vrais
poids et aux vraies photos ; sinon le test est passé, avec sa raison.
"""

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

REPOSITORY = Path(__file__).resolve().parents[1]

# Les mêmes cas à chaque lancement, sans limite de temps : une machine occupée n'est pas un défaut.
settings.register_profile("course", deadline=None, derandomize=True)
settings.load_profile("course")


def user_setting(name: str) -> str:
    """La valeur qu'avait une variable d'environnement avant l'isolement des tests."""
    return os.environ.get(f"GRADCAM_LAB_USER_{name}", "")


@pytest.fixture(autouse=True)
def _no_window(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "Agg")


@pytest.fixture(autouse=True)
def _same_random_numbers():
    """Les mêmes tirages à chaque lancement : Keras tire ses graines de `random`."""
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    if "tensorflow" in sys.modules:
        sys.modules["tensorflow"].random.set_seed(0)


@pytest.fixture(autouse=True)
def _network(request, monkeypatch):
    """Rend le réseau aux tests marqués `network`, ou les passe s'il a été interdit."""
    if request.node.get_closest_marker("network") is None:
        return
    if user_setting("GRADCAM_LAB_OFFLINE") not in ("", "0"):
        pytest.skip("demande le réseau, interdit par GRADCAM_LAB_OFFLINE=1")
    monkeypatch.delenv("GRADCAM_LAB_OFFLINE")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Le dossier de données d'essai posé à côté du dépôt, s'il y en a un (lecture seule)."""
    folder = Path(os.environ.get("GRADCAM_LAB_SHARED") or REPOSITORY.parent / "shared")
    if not (folder / "images").is_dir():
        pytest.skip("les données d'essai (dossier ../shared) ne sont pas là")
    return folder.resolve()


def _mirror(source: Path, target: Path) -> Path:
    """Des liens vers chaque fichier de `source` : ce que l'on écrit à côté va dans `target`."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            link = target / path.relative_to(source)
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return target


def use_keras_home(folder: Path, monkeypatch) -> None:
    """Fait de `folder` le dossier de Keras, même si Keras, déjà importé, en a lu un autre."""
    monkeypatch.setenv("KERAS_HOME", str(folder))
    config = sys.modules.get("keras.src.backend.config")
    if config is not None:
        monkeypatch.setattr(config, "_KERAS_DIR", str(folder), raising=False)


@pytest.fixture(scope="session")
def shared_keras_folder(shared, tmp_path_factory) -> Path:
    """Un dossier pour `KERAS_HOME` avec les poids de MobileNetV2 ; on peut y écrire."""
    if not list((shared / "keras" / "models").glob("mobilenet_v2_*")):
        pytest.skip("les poids de MobileNetV2 (../shared/keras) ne sont pas là")
    return _mirror(shared / "keras", tmp_path_factory.mktemp("keras"))


@pytest.fixture
def shared_keras_home(shared_keras_folder, monkeypatch) -> Path:
    """Comme `shared_keras_folder`, déjà choisi comme dossier de Keras."""
    use_keras_home(shared_keras_folder, monkeypatch)
    return shared_keras_folder


@pytest.fixture
def user_keras_home(monkeypatch) -> Path:
    """Le dossier de Keras de la personne qui lance les tests (`~/.keras` par défaut)."""
    folder = Path(user_setting("KERAS_HOME") or Path.home() / ".keras")
    use_keras_home(folder, monkeypatch)
    return folder


@pytest.fixture(scope="session")
def dalmatian_path(shared) -> Path:
    """La photo de la leçon, 2400 x 3000."""
    return shared / "images" / "Dalmatian.jpg"


@pytest.fixture(scope="session")
def both_path(shared) -> Path:
    """Un chien et un chat, 224 x 224."""
    return shared / "images" / "chien_et_chat.png"


@pytest.fixture
def shared_data(shared, tmp_path, monkeypatch) -> Path:
    """Un cache de photos d'exemple (`GRADCAM_LAB_DATA`) qui contient les deux photos."""
    folder = _mirror(shared / "images", tmp_path / "images")
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(folder))
    return folder
