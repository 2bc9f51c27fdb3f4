"""`scripts/make_students.py` : rien ne manque, rien n'est dévoilé, rien n'est perdu."""

import re
import zipfile

import nbformat
import pytest

from scripts import make_students
from scripts.run_notebooks import execute
from scripts.set_repository import ROOT, install_cell, repository

REPO = repository()
FILES = make_students.student_files()
LESSONS = [name for name in FILES if name.endswith(".ipynb")]


def original(name):
    return nbformat.read(ROOT / "notebooks" / name, as_version=4)


def given(name):
    notebook = nbformat.reads(FILES[name].decode(), as_version=4)
    nbformat.validate(notebook)
    return notebook


def text_of(notebook):
    return "\n".join(cell.source for cell in notebook.cells)


def snapshot(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def place(tmp_path):
    """Un dossier où les carnets des élèves viennent d'être écrits."""
    make_students.write(tmp_path, FILES)
    return tmp_path


# --- Ce que reçoivent les élèves ------------------------------------------------------------------


def test_every_lesson_is_there_and_no_solution():
    written = {path.name for path in (ROOT / "notebooks").glob("*.ipynb")}
    assert set(FILES) == written | {"LICENCE.txt"}
    assert not any("solution" in name or name.endswith(".md") for name in FILES)
    assert "00_sommaire.ipynb" in written


@pytest.mark.parametrize("name", LESSONS)
def test_no_cell_is_lost_and_no_output_is_left(name):
    before, after = original(name), given(name)
    assert [cell.id for cell in after.cells] == [cell.id for cell in before.cells]
    for old, new in zip(before.cells, after.cells):
        assert new.cell_type == old.cell_type
        assert new.get("attachments") == old.get("attachments")
        if new.cell_type == "code":
            assert (new.source, new.outputs, new.execution_count) == (old.source, [], None)
    assert "widgets" not in after.metadata
    code = next(cell for cell in after.cells if cell.cell_type == "code")
    assert code.source.startswith(install_cell(REPO))


@pytest.mark.parametrize("name", LESSONS)
def test_only_links_change_in_the_text(name):
    """Hors de la phrase des solutions et du badge, chaque ligne est celle de la leçon."""
    before = set(text_of(original(name)).splitlines())
    changed = [line for line in text_of(given(name)).splitlines() if line not in before]
    assert all(make_students.ELSEWHERE in line or "github.com" in line for line in changed)


@pytest.mark.parametrize("name", LESSONS)
def test_every_link_leads_somewhere(name):
    text = text_of(given(name))
    targets = re.findall(r"\]\(([^)\s]+)\)|(?:href|src)=\"([^\"]+)\"", text)
    for target in (first or second for first, second in targets):
        assert "solutions/" not in target
        # Le badge ouvrirait la leçon du dépôt, avec ses sorties.
        assert not ("colab." in target and REPO in target)
        if not re.match(r"https?:|attachment:|#", target):
            assert target.partition("#")[0] in FILES


def test_the_lessons_do_link_to_their_solutions():
    """Sans quoi le test précédent ne dirait rien."""
    exercises = [name for name in LESSONS if "](solutions/" in text_of(original(name))]
    assert len(exercises) >= 5
    for name in exercises:
        assert make_students.ELSEWHERE in text_of(given(name))


ADDRESS = f"https://github.com/{REPO}/blob/main"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[2](02_gradcam_pas_a_pas.ipynb#exercice)", None),
        ("[article](https://arxiv.org/abs/1610.02391), [ici](#exercice)", None),
        ("![figure](attachment:ouverture.png)", None),
        ("`vector[0](absent)`", None),
        ("[fiche](../docs/carte_mini.md#test)", f"[fiche]({ADDRESS}/docs/carte_mini.md#test)"),
        ('<a href="../README.md">', f'<a href="{ADDRESS}/README.md">'),
        ("![](../docs/apercu.png)", f"![]({ADDRESS}/docs/apercu.png?raw=true)"),
        ("Elle est dans [x](solutions/x.ipynb).", f"Elle est {make_students.ELSEWHERE}."),
        (
            "sont dans le dossier\n[solutions](solutions/x.ipynb) ;",
            f"sont {make_students.ELSEWHERE} ;",
        ),
        (
            "Voyez [la solution](./solutions/x.ipynb).",
            f"Voyez la solution ({make_students.ELSEWHERE}).",
        ),
    ],
)
def test_links(text, expected):
    assert make_students.rewrite(text, "01_predire.ipynb", REPO) == (expected or text)


@pytest.mark.parametrize(
    "text",
    [
        '<a href="solutions/01_predire.ipynb">solution</a>',
        f"[solution]({ADDRESS}/notebooks/solutions/01_predire.ipynb)",
        "[solution](../docs/solutions.md#leçon-1-prédire)",
    ],
)
def test_a_link_that_would_give_the_solution_is_refused(text):
    with pytest.raises(ValueError, match=r"01_predire\.ipynb : .* mène aux solutions"):
        make_students.rewrite(text, "01_predire.ipynb", REPO)


def test_an_unreadable_notebook_is_named(tmp_path):
    (tmp_path / "05_essai.ipynb").write_text("<<<<<<< HEAD", encoding="utf-8")
    with pytest.raises(ValueError, match=r"05_essai\.ipynb n'est pas un carnet lisible"):
        make_students.student_version(tmp_path / "05_essai.ipynb", REPO)


# --- Écrire ---------------------------------------------------------------------------------------


def test_two_runs_give_the_same_bytes(place, capsys):
    first = snapshot(place)
    make_students.main([], place)
    assert snapshot(place) == first
    assert f"{len(LESSONS)} carnets" in capsys.readouterr().out
    with zipfile.ZipFile(place / "eleves.zip") as packed:
        assert {info.date_time for info in packed.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {name: packed.read(f"eleves/{name}") for name in FILES} == FILES
        assert len(packed.namelist()) == len(FILES)
    for name, data in FILES.items():
        assert (place / "eleves" / name).read_bytes() == data


def change_a_lesson(place):
    (place / "eleves" / "01_predire.ipynb").write_text("{}", encoding="utf-8")
    return "eleves/01_predire.ipynb"


def change_the_archive(place):
    with zipfile.ZipFile(place / "eleves.zip", "a") as packed:
        packed.writestr("eleves/devoir.txt", "à rendre lundi")
    return "eleves.zip"


def replace_the_archive(place):
    (place / "eleves.zip").write_bytes(b"pas une archive")
    return "eleves.zip"


def forget_who_wrote_the_folder(place):
    (place / "eleves" / make_students.FINGERPRINTS).unlink()
    return "eleves/00_sommaire.ipynb"


@pytest.mark.parametrize(
    "change",
    [change_a_lesson, change_the_archive, replace_the_archive, forget_who_wrote_the_folder],
)
def test_what_was_changed_is_not_overwritten(place, change):
    named = change(place)
    before = snapshot(place)
    with pytest.raises(SystemExit) as refused:
        make_students.main([], place)
    assert named in str(refused.value)
    assert "--ecraser" in str(refused.value)
    assert snapshot(place) == before

    make_students.main(["--ecraser"], place)

    assert make_students.foreign_files(place / "eleves", FILES) == []
    assert not make_students.is_foreign_zip(place / "eleves.zip")


def test_a_folder_of_the_same_name_is_kept(tmp_path):
    work = tmp_path / "eleves" / "copie_de_lea.ipynb"
    work.parent.mkdir()
    work.write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit, match="copie_de_lea"):
        make_students.main([], tmp_path)
    assert snapshot(tmp_path) == {work: b"{}"}


def test_other_files_of_the_folder_stay(place):
    own = place / "eleves" / "devoir.ipynb"
    own.write_text("{}", encoding="utf-8")
    make_students.main([], place)
    make_students.main(["--ecraser"], place)
    assert own.read_text(encoding="utf-8") == "{}"


def test_a_lesson_that_left_the_course_leaves_the_folder(place):
    fewer = {name: data for name, data in FILES.items() if name != "04_explorer.ipynb"}
    make_students.write(place, fewer)
    assert not (place / "eleves" / "04_explorer.ipynb").exists()

    # Sauf si l'enseignant l'avait changée.
    make_students.write(place, FILES)
    lesson = place / "eleves" / "04_explorer.ipynb"
    lesson.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="04_explorer"):
        make_students.write(place, fewer)
    make_students.write(place, fewer, overwrite=True)
    assert lesson.read_text(encoding="utf-8") == "{}"


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "eleves").write_text("une liste d'élèves", encoding="utf-8")
    with pytest.raises(SystemExit, match="Impossible d'écrire"):
        make_students.main(["--ecraser"], tmp_path)
    assert len(snapshot(tmp_path)) == 1


def test_git_ignores_them():
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/eleves/", "/eleves.zip"} <= set(ignored)


# --- Exécuter -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_lesson_runs_as_given(place):
    """Dans l'environnement de `lesson_environment.py`, appliqué par conftest.py."""
    path = place / "eleves" / "01_predire.ipynb"
    notebook = nbformat.read(path, as_version=4)
    execute(notebook, path.parent)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    # Ce que la leçon affiche là où elle montre quelque chose.
    for cell, old in zip(code, (c for c in original(path.name).cells if c.cell_type == "code")):
        assert bool(cell.outputs) >= bool(old.outputs)
