"""Les leçons sur un réseau ordinaire d'ImageNet et la vraie photo : MobileNetV2, le dalmatien.

Les carnets sont enregistrés avec `mini` et Chelsea ; leurs `assert` doivent aussi tenir ailleurs.
"""

import nbformat
import pytest

from scripts.run_notebooks import execute
from scripts.set_repository import ROOT

LESSONS = [
    "01_predire",
    "02_gradcam_pas_a_pas",
    "03_superposer",
    "05_activations",
    "06_filtres",
    "07_chiens_et_chats",
    "08_cinq_recettes",
    "11_mesurer_la_fidelite",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs_on_an_ordinary_network(name, shared_keras_home, shared_data):
    pytest.importorskip("nbclient")
    path = ROOT / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    changed = 0
    for cell in notebook.cells:
        if cell.cell_type == "code":
            changed += cell.source.count('gl.load_model("vgg16")')
            cell.source = cell.source.replace(
                'gl.load_model("vgg16")', 'gl.load_model("mobilenet_v2", fallback=False)'
            )
    assert changed
    execute(notebook, path.parent)
    printed = "".join(
        output.get("text", "")
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    assert "remplace VGG16" not in printed
    assert "à sa place" not in printed
