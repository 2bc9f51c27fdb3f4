"""La vérification de l'installation : ce qui est prêt, ce qui manque, que faire."""

import sys
import types
from importlib import metadata

import pytest
from packaging.requirements import Requirement

import gradcam_lab as gl
from gradcam_lab.classroom import installation, libraries


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


@pytest.fixture
def modules(monkeypatch):
    """De faux modules : un absent, un abîmé, et d'autres de la version voulue."""
    check = gl.check_installation  # `lazy_loader` importe aussi : avant de remplacer l'import

    def load(module):
        if module == "absente":
            raise ImportError
        if module == "abimee":
            raise RuntimeError("symbole inconnu")
        return types.SimpleNamespace(__version__="1.25.3")

    monkeypatch.setattr(libraries, "import_module", load)
    return check


def test_each_problem_is_named_with_its_remedy(told, modules, monkeypatch):
    monkeypatch.setattr(installation, "_SHOWN", ("absente", "abimee", "numpy", "x"))
    declared = {"numpy": Requirement("numpy>=1.26"), "x": Requirement("x<1.2,>=0.7")}
    monkeypatch.setattr(installation, "requirements", lambda extra: declared)
    assert not modules()
    said = told()
    assert "✗ NumPy" in said
    assert "absente manque : tapez %pip install absente dans une cellule." in said
    assert "%pip install --force-reinstall abimee" in said
    assert 'NumPy 1.25.3 est trop ancien : tapez %pip install "numpy>=1.26"' in said
    assert 'x 1.25.3 est trop récent : tapez %pip install "x<1.2,>=0.7" dans une cellule.' in said
    assert "Il reste quelque chose à installer : faites-le, puis relancez cette cellule." in said
    assert "Tout est prêt" not in said


def test_the_bounds_are_those_that_the_package_declares():
    declared = libraries.requirements("lab")
    assert str(declared["tensorflow"].specifier).startswith(">=2.")
    assert "<9" in str(declared["ipywidgets"].specifier)
    assert set(installation._SHOWN) <= set(declared)
    assert "ipywidgets" not in libraries.requirements()
    assert "pytest" not in declared


def test_sources_that_are_not_installed_have_no_bounds(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(libraries.metadata, "requires", missing)
    assert libraries.requirements("lab") == {}


@pytest.mark.parametrize(
    ("version", "fault"),
    [("1.26", ""), ("1.26.0rc1", "old"), ("2.0", "new"), ("1.9", "old"), ("v1.30", ""), ("?", "")],
)
def test_versions_are_compared_as_versions(monkeypatch, version, fault):
    monkeypatch.setitem(sys.modules, "exemple", types.SimpleNamespace(__version__=version))
    assert libraries.examine(Requirement("exemple<2,>=1.26")).fault == fault


def test_a_heavy_library_is_not_imported(monkeypatch):
    monkeypatch.setattr(libraries, "import_module", None)
    found = libraries.examine(Requirement("tensorflow>=2.16"), load=False)
    assert (found.title, found.fault) == ("TensorFlow", "")
    # Le même module, d'un autre paquet : celui que prend Binder.
    monkeypatch.setattr(libraries.metadata, "version", {"tensorflow-cpu": "2.1"}.__getitem__)
    found = libraries.examine(Requirement("tensorflow>=2.16"), load=False)
    assert (found.version, found.fault) == ("2.1", "old")


def test_a_package_of_another_name_is_found(monkeypatch):
    wanted = Requirement("jupyterlab-language-pack-fr-fr>=4")
    pytest.importorskip("jupyterlab_language_pack_fr_FR")
    assert libraries.examine(wanted).fault == ""
