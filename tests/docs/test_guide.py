"""Le guide de l'enseignant cite les leçons telles qu'elles sont : titres, nombres et durées."""

import re
from itertools import pairwise

import nbformat
import pytest

import gradcam_lab as gl
from scripts.typography import ROOT
from scripts.write_solutions import anchor

GUIDE = ROOT / "docs" / "guide_enseignant.md"
NOTEBOOKS = ROOT / "notebooks"
BANNED = re.compile(r"\b(simplement|évidemment|il suffit d)", re.IGNORECASE)
NUMBER = re.compile(r"\d+(?:[ ,.]\d+)*")
PARTS = (
    "**But.**",
    "**Durée.**",
    "**À préparer.**",
    "**À demander.**",
    "| On entend | On répond |",
)


def plain(text):
    return re.sub(r"\s+", " ", text.replace("\N{NO-BREAK SPACE}", " "))


TEXT = GUIDE.read_text(encoding="utf-8")
PLAIN = TEXT.replace("\N{NO-BREAK SPACE}", " ")
# {titre: texte} des leçons, et des parcours.
SECTIONS = dict(re.findall(r"^### (.*?)\n(.*?)(?=^##|\Z)", PLAIN, re.MULTILINE | re.DOTALL))
PATHS = dict(re.findall(r"^## (En .*?)\n(.*?)(?=^## |\Z)", PLAIN, re.MULTILINE | re.DOTALL))


def notebook_of(title):
    """Le carnet dont parle la section `title`."""
    number = re.match(r"Leçon (\d+)", title)
    start = f"{int(number[1]):02d}_" if number else {"S": "00_", "A": "annexe_"}[title[0]]
    return next(NOTEBOOKS.glob(f"{start}*.ipynb"), None)


# Une section écrite avant sa leçon attend qu'elle arrive.
LANDED = [title for title in SECTIONS if notebook_of(title)]


def contents(path):
    """Tout ce qui se lit dans un carnet et sa solution, figures mises à part."""
    texts = []
    for one in (path, NOTEBOOKS / "solutions" / path.name):
        if one.exists():
            for cell in nbformat.read(one, as_version=4).cells:
                texts.append(cell.source)
                texts += [out.text for out in cell.get("outputs", []) if "text" in out]
    return plain("\n".join(texts))


def index():
    """{nom du carnet: durée}, d'après le plan du sommaire."""
    cells = nbformat.read(NOTEBOOKS / "00_sommaire.ipynb", as_version=4).cells
    plan = next(cell.source for cell in cells if cell.id == "plan")
    rows = re.findall(r"^\| \[.*?\]\(([^)]+)\) \|.*\| (.*?) \|$", plan, re.MULTILINE)
    return {name: plain(duration) for name, duration in rows}


def test_the_page_is_well_made():
    assert not BANNED.findall(TEXT)
    anchors = {anchor(title) for title in re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)}
    for target, mark in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", TEXT):
        if not target:
            assert mark in anchors
        elif not target.startswith("http"):
            page = GUIDE.parent / target
            assert page.exists(), target
            titles = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            assert not mark or mark in {anchor(title) for title in titles}, mark


def test_every_command_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`[^`]*\bmake ([a-z]+)`", TEXT):
        assert f"\n{target}:" in makefile, target
    for script in re.findall(r"scripts/\w+\.py", TEXT):
        assert (ROOT / script).is_file(), script
    for name in re.findall(r"`[^`]*\bgl\.(\w+)", TEXT):
        assert hasattr(gl, name), name


def test_every_lesson_of_the_index_has_its_section():
    found = {notebook_of(title).name for title in LANDED}
    assert set(index()) | {"00_sommaire.ipynb"} <= found


def test_the_lessons_that_ask_for_vgg16_are_named():
    asking = [
        path for path in NOTEBOOKS.glob("[0-9]*.ipynb") if 'load_model("vgg16")' in contents(path)
    ]
    named = re.search(r"Le sommaire et les leçons ([\d, et]+) demandent VGG16", plain(TEXT))[1]
    expected = {int(path.name[:2]) for path in asking} - {0}
    assert {int(number) for number in re.findall(r"\d+", named)} >= expected


@pytest.mark.parametrize("title", LANDED)
def test_a_section_is_complete(title):
    text, name = SECTIONS[title], notebook_of(title).name
    assert all(part in text for part in PARTS)
    assert "**Plus vite**" in text
    assert "**Plus" in text.split("**Plus vite**")[1]
    duration = re.search(r"\*\*Durée\.\*\* (\d+ h \d+|\d+ h|\d+ minutes)", text)[1]
    assert index().get(name, duration).startswith(duration)
    assert len(text.splitlines()) <= 50


@pytest.mark.parametrize("title", LANDED)
def test_what_is_quoted_is_in_the_lesson(title):
    """Chaque morceau de code, et chaque nombre des questions et des réponses."""
    text, known = SECTIONS[title], contents(notebook_of(title))
    for code in re.findall(r"`([^`]+)`", text):
        assert plain(code) in known or code.startswith("gl."), code
    asked = plain(text.partition("**À demander.**")[2].partition("**Plus vite**")[0])
    for number in NUMBER.findall(asked):
        assert re.search(rf"(?<![\d,]){re.escape(number)}", known), number


@pytest.mark.parametrize("title", PATHS)
def test_the_minutes_follow_each_other(title):
    """Chaque tableau commence à 0:00, n'a ni trou ni chevauchement, et finit à 2:00."""
    clock = r"^\| (\d):(\d\d) – (\d):(\d\d) \|"
    tables = PATHS[title].split("| minute |")[1:]
    for table in tables:
        rows = [tuple(map(int, row)) for row in re.findall(clock, table, re.MULTILINE)]
        spans = [(60 * a + b, 60 * c + d) for a, b, c, d in rows]
        assert spans[0][0] == 0
        assert spans[-1][1] == 120
        assert all(end == start for (_, end), (start, _) in pairwise(spans))
        assert all(start < end for start, end in spans)
    assert len(tables) == {"En deux heures": 1, "En six heures": 3}.get(title, 0)


def test_the_self_study_table_agrees_with_the_index():
    rows = re.findall(r"^\| (\w+).*? \| (\d+) \| ?(\d*) ?\|", PATHS["En autonomie"], re.MULTILINE)
    minutes = {lesson: int(course) + int(rest or 0) for lesson, course, rest in rows}
    for name, duration in index().items():
        if not name.startswith("12"):  # le projet dure ce que l'on veut
            hours, _, rest = duration.rpartition("h")
            found = re.search(r"\d+", rest)
            expected = 60 * int(hours or 0) + (int(found[0]) if found else 0)
            lesson = str(int(name[:2])) if name[:2].isdigit() else "Annexe"
            assert minutes[lesson] == expected, name
