"""Les essais dans un vrai navigateur : `make browser`.

`lab_page` rend un `LabPage` (voir `lab.py`) sur un JupyterLab qui sert une copie des carnets.
"""

import os

import pytest

from .lab import LabPage, LabServer, copy_notebooks, find_chromium


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


def _unavailable(reason: str) -> None:
    """Passe l'essai ; l'intégration continue, elle, exige un navigateur."""
    if os.environ.get("GRADCAM_LAB_REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def browser_type_launch_args():
    chromium = find_chromium()
    if chromium is None:
        _unavailable("Chromium n'est pas installé (Debian : sudo apt install chromium)")
    return {
        "executable_path": chromium,
        "args": [
            # Chromium refuse de tourner en « root » dans son bac à sable, et un conteneur n'a
            # souvent que 64 Mo de mémoire partagée.
            *("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"),
            # Aucune connexion de son propre chef.
            *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
            *("--no-first-run", "--disable-quic"),
        ],
    }


@pytest.fixture(scope="session")
def lab_server(tmp_path_factory):
    """Un JupyterLab pour toute la séance, sur une copie des carnets."""
    pytest.importorskip("jupyterlab")
    root = copy_notebooks(tmp_path_factory.mktemp("cours"))
    with LabServer(root, tmp_path_factory.mktemp("jupyter")) as server:
        yield server


@pytest.fixture
def lab_page(lab_server, page):
    """Ouvre un carnet : `lab_page("notebooks/X.ipynb", width=1280)`."""
    opened = []

    def open_notebook(notebook: str, *, width: int = 1280, height: int = 900) -> LabPage:
        page.set_viewport_size({"width": width, "height": height})
        lab = LabPage(page, lab_server).open(notebook)
        opened.append(lab)
        return lab

    yield open_notebook
    for lab in opened:
        lab.close()
