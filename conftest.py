"""Réglages communs aux tests et aux carnets.

Tout tourne sans réseau et sans cache, sauf ce qui le demande (voir `tests/conftest.py`).
"""

import os
from contextlib import ExitStack

from scripts.lesson_environment import isolated

_stack = ExitStack()
# Un processus qui charge TensorFlow et VGG16, les tests les plus gourmands.
WORKER_MEMORY = 3 * 2**30


def pytest_xdist_auto_num_workers(config):
    """« -n auto » : deux processus si la machine a deux cœurs et de la mémoire pour les deux."""
    import psutil

    one_file = len(config.args) == 1 and ".py" in config.args[0]  # deux n'iraient pas plus vite
    memory = psutil.virtual_memory().available
    return 0 if one_file or os.cpu_count() < 2 or memory < 2 * WORKER_MEMORY else 2


def pytest_configure(config):
    # Les réglages de la personne qui lance les tests, pour les rares tests qui en ont besoin.
    # Ils passent par l'environnement parce que pytest-xdist exécute ce fichier plusieurs fois.
    for name in ("KERAS_HOME", "GRADCAM_LAB_OFFLINE", "GRADCAM_LAB_DATA"):
        os.environ.setdefault(f"GRADCAM_LAB_USER_{name}", os.environ.get(name, ""))
    _stack.enter_context(isolated())


def pytest_unconfigure(config):
    _stack.close()


def pytest_collectstart(collector):
    # Les images sont déjà ignorées par nbval ; le texte d'erreur et le HTML dépendent des
    # versions installées, pas de la leçon.
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html", "image/svg+xml")
