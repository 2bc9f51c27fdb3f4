"""La vérification de l'installation : ce qui est prêt, ce qui manque, que faire."""

import types
from importlib.metadata import PackageNotFoundError

import pytest

import gradcam_lab as gl
from gradcam_lab.classroom import installation


@pytest.fixture
def told(capsys):
    """Ce que la vérification a affiché."""
    return lambda: capsys.readouterr().out


def test_the_installation_is_ready(told):
    assert gl.check_installation()
    said = told()
    assert "✓ TensorFlow" in said
    assert "✓ anywidget" in said  # l'explorateur ne s'ouvre pas sans elle
    assert "Tout est prêt" in said
    assert "chelsea" in said
    assert "GRADCAM_LAB_OFFLINE vaut 1" in said


def test_each_problem_is_named_with_its_remedy(told, monkeypatch):
    def load(module):
        if module == "absente":
            raise ImportError
        if module == "abimee":
            raise RuntimeError("symbole inconnu")
        return types.SimpleNamespace(__version__="1.25.3")

    libraries = [(name, name.title(), name) for name in ("absente", "abimee", "numpy")]
    monkeypatch.setattr(installation, "_LIBRARIES", libraries)
    monkeypatch.setattr(
        installation, "requires", lambda _: ["numpy>=1.26", "x<9,>=7; extra == 'y'"]
    )
    check = gl.check_installation  # `lazy_loader` importe aussi : avant de remplacer l'import
    monkeypatch.setattr(installation.importlib, "import_module", load)
    assert not check()
    said = told()
    assert "✗ Numpy" in said
    assert "Absente manque : tapez %pip install absente" in said
    assert "%pip install --force-reinstall abimee" in said
    assert 'Numpy 1.25.3 est trop ancien : tapez %pip install "numpy>=1.26"' in said
    assert "Il reste quelque chose à installer : faites-le, puis relancez cette cellule." in said
    assert "Tout est prêt" not in said


def test_the_bounds_are_those_that_the_package_declares():
    minimums = installation._minimums()
    assert minimums["tensorflow"].startswith("2.")
    assert minimums["ipywidgets"].startswith("7.")  # et non « 9 », sa borne haute
    assert {package for _, _, package in installation._LIBRARIES} - {"keras"} <= set(minimums)


def test_sources_that_are_not_installed_have_no_bounds(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(installation, "requires", missing)
    assert installation._minimums() == {}
