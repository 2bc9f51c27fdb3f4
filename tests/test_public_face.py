"""Les noms publics : chaque `__init__.pyi` les annonce, et le paquet les donne tous."""

import ast
import importlib
from pathlib import Path

import pytest

import gradcam_lab

ROOT = Path(gradcam_lab.__file__).parent
STUBS = sorted(ROOT.rglob("__init__.pyi"))


def read_stub(stub):
    """Les noms qu'un fichier `.pyi` importe, et ceux de son `__all__`."""
    imported, public = [], None
    for node in ast.parse(stub.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom):
            imported += [alias.asname or alias.name for alias in node.names]
        elif isinstance(node, ast.Assign) and node.targets[0].id == "__all__":
            public = ast.literal_eval(node.value)
    return imported, public


def test_the_package_its_lessons_and_its_explorer_have_a_stub():
    assert {stub.parent.relative_to(ROOT).as_posix() for stub in STUBS} >= {
        ".",
        "lessons",
        "explorer",
    }


@pytest.mark.parametrize("stub", STUBS, ids=lambda stub: stub.parent.name)
def test_a_stub_lists_what_it_imports_and_the_package_gives_it(stub):
    imported, public = read_stub(stub)
    assert sorted(imported) == sorted(public)
    assert len(set(public)) == len(public)
    folder = stub.parent.relative_to(ROOT.parent)
    package = importlib.import_module(".".join(folder.parts))
    assert sorted(package.__all__) == sorted(public)
    assert set(public) <= set(dir(package))
    for name in public:
        assert getattr(package, name) is not None, name
