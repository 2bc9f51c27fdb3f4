"""Le site : ce que deviennent les pages du dépôt, et ce que la vérification refuse."""

import importlib.util
import json
import subprocess
import sys

import pytest

from scripts import build_site
from scripts.check_site import check
from scripts.set_repository import ROOT, notebooks, repository

PAGES = {"README.md", "docs/depannage.md", "notebooks/01.ipynb"}


def from_settings(name):
    """Le module `name` de docs/site, que Sphinx charge de la même façon."""
    spec = importlib.util.spec_from_file_location(name, build_site.SETTINGS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- Les liens ------------------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name in [*PAGES, "LICENSE", "docs/a.png"]:
        (tmp_path / name).touch()
    (tmp_path / "pyproject.toml").write_text('Repository = "https://github.com/moi/cours"\n')
    return tmp_path


@pytest.mark.parametrize(
    ("page", "written", "read"),
    [
        ("README.md", "[la licence](LICENSE)", "https://github.com/moi/cours/blob/main/LICENSE"),
        ("README.md", "[`docs`](docs)", "https://github.com/moi/cours/tree/main/docs"),
        ("README.md", "[ici](docs/depannage.md#a)", "docs/depannage.md#a"),
        ("docs/depannage.md", "[le README](../README.md#b)", "../index.md#b"),
        ("notebooks/01.ipynb", "[la licence](../LICENSE)", "/blob/main/LICENSE"),
        ("docs/depannage.md", "![une figure](a.png)", "(a.png)"),
        ("docs/depannage.md", "[perdu](nulle_part.md)", "(nulle_part.md)"),
        ("docs/depannage.md", "[ailleurs](https://arxiv.org/abs/1)", "(https://arxiv.org/abs/1)"),
    ],
)
def test_a_link_leads_to_a_page_or_to_the_repository(course, page, written, read):
    assert read in build_site.relink(written, page, PAGES, course)


def test_a_badge_becomes_a_link():
    text = "[![Ouvrir dans Colab](https://colab.invalid/badge.svg)](https://colab.invalid/x)"
    assert build_site.relink(text, "README.md", set()) == (
        "[Ouvrir dans Colab](https://colab.invalid/x)"
    )


def test_unclosed_brackets_are_read_at_once():
    text = "[" + "`a` [" * 2000
    assert build_site.relink(text, "README.md", PAGES) == text


def test_every_lesson_is_a_page_and_every_figure_has_a_text():
    pages = build_site.sources()
    for path in notebooks():
        name = path.relative_to(ROOT).as_posix()
        assert name in pages
        notebook = json.loads(build_site.page_text(name, set(pages)))
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        assert all(cell["metadata"]["mystnb"]["image"]["alt"] for cell in cells)
        assert "attachment:" not in "".join(
            cell["source"] for cell in notebook["cells"] if cell["cell_type"] == "markdown"
        )
        joined = build_site.pictures(name)
        assert all(content.startswith((b"\x89PNG", b"\xff\xd8")) for content in joined.values())


# --- Les docstrings -------------------------------------------------------------------------------

DOCSTRING = """Fait une chose.

Arguments
---------
a, b : deux cartes :
    même taille
k : un nombre

Rend
----
float, de 0 à 1

Lève
----
HeatmapError, ImageError
    elles ne se lisent pas

Source
------
F. Auteur, *Titre*, 2017

Exemple
-------
>>> f(a, b)
"""


def test_the_five_headings_become_fields():
    lines = from_settings("docstrings").rewrite(DOCSTRING.splitlines())
    text = "\n".join(lines).replace("\N{NO-BREAK SPACE}", " ")
    assert lines[0] == "Fait une chose."
    assert ":Arguments:\n   - **a, b** : deux cartes : même taille\n   - **k** : un nombre" in text
    assert ":returns: float, de 0 à 1" in text
    assert ":raises HeatmapError, ImageError: elles ne se lisent pas" in text
    # Sans la barre, « F. » serait le sixième point d'une liste.
    assert ":Source: F\\. Auteur, *Titre*, 2017" in text
    assert ":Exemple:\n   .. code-block:: python\n\n      f(a, b)" in text
    assert "---" not in text


def test_a_docstring_without_heading_is_kept():
    rewrite = from_settings("docstrings").rewrite
    assert rewrite([]) == [""]
    assert rewrite(["Une phrase.", ""]) == ["Une phrase.", "", ""]


# --- La vérification ------------------------------------------------------------------------------

GOOD = '<html lang="fr"><h1 id="haut">A</h1><a href="#haut">B</a><img src="a.png" alt="C"></html>'


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("</html>", "<h1>D</h1></html>", "2 titres principaux"),
        ('lang="fr"', 'lang="en"', "« en »"),
        ('alt="C"', 'alt=""', "n'a pas de texte"),
        ("#haut", "#bas", "n'a pas cette partie"),
        ("#haut", "b.html", "ne mène nulle part"),
        ("a.png", "https://ailleurs.invalid/a.png", "à un autre serveur"),
    ],
)
def test_each_fault_is_seen(old, new, fault, tmp_path):
    page = tmp_path / "index.html"
    (tmp_path / "a.png").touch()
    page.write_text(GOOD, encoding="utf-8")
    assert check(tmp_path) == []
    page.write_text(GOOD.replace(old, new), encoding="utf-8")
    (found,) = check(tmp_path)
    assert fault in found


def test_an_empty_site_is_a_fault(tmp_path):
    assert len(check(tmp_path)) == 1


# --- Le site entier -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site():
    """Le site, construit là où `make site` le met : ce qui n'a pas changé n'est pas refait."""
    for name in ("sphinx", "myst_nb", "pydata_sphinx_theme"):
        pytest.importorskip(name, reason=f"{name} n'est pas installé : lancez « make site »")
    done = subprocess.run(
        [sys.executable, "scripts/build_site.py"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return build_site.SITE


@pytest.mark.slow
def test_a_lesson_shows_its_stored_outputs_its_formulas_and_its_quiz(site):
    page = (site / "notebooks" / "02_gradcam_pas_a_pas.html").read_text(encoding="utf-8")
    assert page.count('alt="Figure : ') > 5
    assert '<math xmlns="http://www.w3.org/1998/Math/MathML"' in page
    assert page.count("<details>") >= 6 + 2  # les six réponses du quiz, et les coups de pouce


@pytest.mark.slow
def test_the_reference_comes_from_the_docstrings(site):
    page = (site / "api" / "gl.html").read_text(encoding="utf-8")
    for words in ("Arguments", "Renvoie", "Lève", "Source", "Exemple"):
        assert f">{words}<" in page, words
    assert 'id="gradcam_lab.superimpose"' in page
    assert f"https://github.com/{repository()}" in page


@pytest.mark.slow
def test_solutions_stay_out_of_the_menu_and_of_the_search(site):
    hidden = "solutions.html"
    assert hidden in (site / "docs" / "guide_enseignant.html").read_text(encoding="utf-8")
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text[text.index("{") : text.rindex("}") + 1])
    secret = {i for i, name in enumerate(index["docnames"]) if "solutions" in name}
    assert len(secret) > 5
    for places in index["terms"].values():
        assert not secret.intersection([places] if isinstance(places, int) else places)
    assert not any(index["titles"][i] for i in secret)
    menu = (site / "lecons.html").read_text(encoding="utf-8")
    assert "02_gradcam_pas_a_pas.html" in menu
    assert hidden not in menu
    assert "solutions/" not in menu
