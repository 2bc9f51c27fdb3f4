"""Un quiz dans JupyterLab, au clavier seul ; et la même cellule, avant d'être exécutée."""

import nbformat
import pytest

from scripts import run_notebooks

NAME = "quiz.ipynb"
SOURCE = "import gradcam_lab as gl\n\ngl.lessons.quiz('02_gradcam_pas_a_pas')"


@pytest.fixture
def lab(lab_page, lab_server):
    """Un carnet d'un quiz, enregistré comme le sont les leçons."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(SOURCE)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3 (ipykernel)"}},
    )
    nbformat.write(notebook, lab_server.root / NAME)
    run_notebooks.run(lab_server.root / NAME)
    return lab_page(NAME, height=1700)


def test_stored_then_live(lab):
    answers = lab.page.locator(".jp-OutputArea details")
    answers.first.wait_for()
    assert answers.count() == 6
    assert lab.page.locator(".gradcam-lab-quiz").count() == 0
    hidden = lab.page.get_by_text("Pourquoi pas A ?").first
    assert not hidden.is_visible()
    answers.first.locator("summary").click()
    assert hidden.is_visible()

    lab.run_all(timeout=60).assert_clean()
    lab.page.locator(".gradcam-lab-quiz").wait_for()
    assert answers.count() == 0


def test_by_the_keyboard_alone(lab):
    page = lab.run_all(timeout=60).page
    quiz = page.locator(".gradcam-lab-quiz")
    quiz.wait_for()
    height = quiz.bounding_box()["height"]
    press = page.keyboard.press

    quiz.get_by_role("button").first.focus()
    press("Enter")
    quiz.get_by_role("alert").get_by_text("Pas encore. Le lieu est dans l'activation").wait_for()
    press("Tab")
    press("Tab")
    press("Space")
    quiz.get_by_role("alert").get_by_text("Exact.").wait_for()
    assert page.evaluate("document.activeElement.innerText").startswith("✓ De combien")
    quiz.get_by_role("status").get_by_text("1 sur 6").wait_for()

    quiz.get_by_label("Réponse").focus()
    page.keyboard.type("2,0")
    press("Enter")
    quiz.get_by_role("status").get_by_text("2 sur 6").wait_for()

    assert quiz.bounding_box()["height"] == height  # rien n'a bougé
    assert lab.overflow() <= 0
    assert lab.executed() == (1, 1)  # aucune touche n'est devenue un raccourci de JupyterLab
    lab.assert_clean()
