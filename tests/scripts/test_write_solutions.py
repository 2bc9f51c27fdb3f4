"""`scripts/write_solutions.py` : la page dit ce que disent les carnets et les quiz."""

import re

import nbformat
import pytest

from gradcam_lab.lessons.quizzes.questions import Choice, read_questions, shipped
from scripts import write_solutions
from scripts.typography import ROOT, no_break

PAGE = write_solutions.PAGE.read_text(encoding="utf-8")
SOLVED = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))
# Une leçon de plus, son solutionnaire et ce que la page en garde.
LESSON = ["# Leçon 20. Essai", "## Exercices\n\n### ★ Compter\n\nComptez.\n\n<details>2</details>"]
SOLUTION = [
    "# Solutions de la leçon 20. Essai\n\n[![badge](b.svg)](c)\n\n[← Retour](../20_essai.ipynb)",
    "## ★ Compter\n\n**L'idée.** Un, deux ([leçon](../20_essai.ipynb), [fiche](../../docs/f.md)).",
]


def notebook(texts, *code):
    cells = [nbformat.v4.new_markdown_cell(text) for text in texts]
    for name, source, said in code:
        cell = nbformat.v4.new_code_cell(source, id=name)
        cell.outputs = [nbformat.v4.new_output("stream", text=said)] if said else []
        cells.append(cell)
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Un dossier de carnets où il n'y a que la leçon 20, sans quiz."""
    (tmp_path / "solutions").mkdir()
    picture = nbformat.v4.new_output("display_data", {"image/png": "aWNp"})
    solved = notebook(
        SOLUTION,
        ("solution", "# La solution\ncheck(2)", "Exact.\n"),
        ("voir", "# Un tableau\nprint(2)", "2\n"),
        ("figure", "# Une figure\nshow()", ""),
        ("muette", "# Rien à voir\nx = 2", ""),
    )
    solved.cells[-2].outputs = [picture]
    nbformat.write(notebook(LESSON), tmp_path / "20_essai.ipynb")
    nbformat.write(solved, tmp_path / "solutions" / "20_essai.ipynb")
    monkeypatch.setattr(write_solutions, "LESSONS", tmp_path)
    monkeypatch.setattr(write_solutions, "shipped", list)
    return tmp_path


# --- La page du cours ---------------------------------------------------------------------------


def test_the_page_is_up_to_date():
    assert write_solutions.is_current(), (
        f"python scripts/write_solutions.py : {write_solutions.AGAIN}"
    )


@pytest.mark.parametrize("path", SOLVED, ids=lambda path: path.stem)
def test_every_answer_is_there(path):
    cells = nbformat.read(path, as_version=4).cells
    checks = [cell.source for cell in cells if "gl.lessons.check_" in cell.source]
    assert checks
    assert all(code in PAGE for code in checks)
    starred = [re.search(r"★+ .*", c.source) for c in cells if c.cell_type == "markdown"]
    assert all(f"### {no_break(head[0])}" in PAGE for head in starred if head)


@pytest.mark.parametrize("name", shipped())
def test_every_question_has_its_answer(name):
    for question in read_questions(name):
        assert no_break(question.text) in PAGE
        right = question.answer if isinstance(question, Choice) else None
        why = question.choices[right] if right else question.right
        assert no_break(why) in PAGE
        assert right is None or no_break(f"**{right}**") in PAGE


def test_the_page_holds_no_picture_and_every_link_leads_somewhere():
    text = re.sub(r"^```.*?^```", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert "![" not in PAGE
    assert "attachment:" not in PAGE
    assert "google.colab" not in PAGE
    titles = re.findall(r"^## (.*)$", text, re.MULTILINE)
    anchors = {write_solutions.anchor(title) for title in titles}
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]*))?\)", text):
        if not target:
            assert anchor in anchors
        elif not target.startswith("http"):
            assert (write_solutions.PAGE.parent / target).exists(), target


# --- Une leçon de plus --------------------------------------------------------------------------


def test_a_new_lesson_enters_the_page(folder):
    text = write_solutions.page()
    assert "- [Leçon 20. Essai](#leçon-20-essai)" in text
    assert "### ★ Compter\n\n**L'énoncé.** Comptez.\n\n**L'idée.**" in text
    assert "[leçon](../notebooks/20_essai.ipynb), [fiche](f.md)" in text
    assert "```python\n# La solution\ncheck(2)\n```\n\n```text\nExact.\n```" in text
    assert "*Un tableau* (ce que le carnet affiche)" in text
    assert "*Une figure* (figure, dans le carnet)." in text
    for hidden in ("print(2)", "show()", "Rien à voir", "badge", "Retour", "<details>", "aWNp"):
        assert hidden not in text


def test_a_quiz_without_solutions_enters_too(folder, monkeypatch):
    (folder / "solutions" / "20_essai.ipynb").unlink()
    monkeypatch.setattr(write_solutions, "shipped", lambda: ["20_essai"])
    asked = {"question": "Un ?", "answer": 1, "right": "C'est un.", "hint": "Comptez."}
    monkeypatch.setattr(write_solutions, "read_questions", lambda _: read_questions([asked]))
    assert "## Leçon 20. Essai" in write_solutions.page()
    assert "1. Un\N{NO-BREAK SPACE}?\n\n   **1.** C'est un." in write_solutions.page()


def test_check_writes_nothing_and_says_what_to_do(folder, tmp_path, capsys):
    page = tmp_path / "solutions.md"
    with pytest.raises(SystemExit, match="n'est plus d'accord"):
        write_solutions.main(["--check"], page)
    assert not page.exists()
    write_solutions.main([], page)
    first = page.read_bytes()
    write_solutions.main(["--check"], page)
    assert "à jour" in capsys.readouterr().out
    page.write_bytes(first + b"\n")
    with pytest.raises(SystemExit, match="write_solutions"):
        write_solutions.main(["--check"], page)
    write_solutions.main([], page)
    assert page.read_bytes() == first
