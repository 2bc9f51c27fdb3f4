"""Chaque carnet, exécuté en entier dans JupyterLab comme le ferait un élève."""

import nbformat
import pytest

from scripts.set_repository import ROOT, notebooks

NOTEBOOKS = [path.relative_to(ROOT).as_posix() for path in notebooks()]
WIDTHS = (1280, 1024)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_notebook_runs_without_error(lab_page, notebook):
    lab = lab_page(notebook).run_all()
    lab.assert_clean()
    for width in WIDTHS:
        lab.page.set_viewport_size({"width": width, "height": 900})
        assert lab.overflow() <= 0, f"une sortie dépasse du carnet à {width} pixels"


def write(lab_server, name, *sources):
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        # Sans nom de noyau, JupyterLab ouvrirait une fenêtre pour le demander.
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, lab_server.root / name)
    return name


def test_an_error_would_be_seen(lab_page, lab_server):
    name = write(lab_server, "erreur.ipynb", "1 + 1", "raise ValueError('un essai')", "2 + 2")
    lab = lab_page(name).run_all(timeout=60)
    assert lab.errors() == ["ValueError: un essai"]
    assert "un essai" in "".join(lab.shown_errors())
    with pytest.raises(AssertionError):
        lab.assert_clean()


def test_a_warning_would_be_seen(lab_page, lab_server):
    name = write(lab_server, "alerte.ipynb", "import sys; print('attention', file=sys.stderr)")
    lab = lab_page(name).run_all(timeout=60)
    assert lab.errors() == ["attention\n"]
    assert "attention" in "".join(lab.shown_errors())


def test_a_cell_left_behind_would_be_seen(lab_page, lab_server):
    name = write(lab_server, "reste.ipynb", "1 + 1", "2 + 2")
    lab = lab_page(name)
    assert lab.executed() == (0, 2)
    with pytest.raises(AssertionError):
        lab.assert_clean()
    assert lab.run_all(timeout=60).executed() == (2, 2)
