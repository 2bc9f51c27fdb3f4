"""`gradcam-lab rapport` : une page complète, et une phrase pour chaque mauvaise demande."""

import re
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from gradcam_lab import cli

pytest.importorskip("nbconvert")

# Un pixel.
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADU"
    "lEQVR4nGNgYGBgAAAABQABpfZFQAAAAABJRU5ErkJggg=="
)
BADGE = (
    "[![Ouvrir dans Colab](https://colab.research.google.com/assets/colab-badge.svg)](https://x)"
)


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def code(source, *outputs, count=1, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, execution_count=count, outputs=list(outputs), metadata=metadata)


def write(path, *cells, **metadata):
    nbformat.write(new_notebook(cells=list(cells), metadata=metadata), path)
    return str(path)


@pytest.fixture
def project(tmp_path):
    figure = new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"})
    widget = {
        "application/vnd.jupyter.widget-view+json": {"model_id": "a"},
        "text/plain": "Réglage",
    }
    return write(
        tmp_path / "Mon projet.ipynb",
        new_markdown_cell(f"# Mes chats\n\n{BADGE}\n\nUne question."),
        code("secret = 1\nprint(secret)", new_output("stream", name="stdout", text="un résultat")),
        code("# Ma carte\nfigure", figure),
        code("panneau", new_output("display_data", widget)),
        code("x", new_output("stream", name="stderr", text="bruit de la machine")),
        code("corrigé", tags=["hors-rapport"]),
        widgets={"application/vnd.jupyter.widget-state+json": {"state": {}}},
    )


def page(path):
    return path.read_text(encoding="utf-8")


def refused(capsys, *argv, words):
    assert cli.main(["rapport", *map(str, argv)]) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""
    assert err.count("\n") == 1
    assert not re.search(r"[.!?] [A-ZÉ«]", err), err


# --- Ce qui doit marcher ------------------------------------------------------------------------


def test_a_page_with_everything_in_it(project, tmp_path, capsys):
    assert cli.main(["rapport", project]) == 0
    out, err = capsys.readouterr()
    assert out == f"Rapport : {tmp_path / 'Mon projet.html'}\n"
    assert err == ""
    html = page(tmp_path / "Mon projet.html")
    assert '<html lang="fr">' in html
    assert "<title>Mes chats</title>" in html
    assert "un résultat" in html
    assert "secret" in html
    assert f'<img alt="Ma carte" src="data:image/png;base64,{PNG}"/>' in html
    assert "Réglage" in html  # le texte d'un widget, qui ne vit pas hors de Jupyter
    for absent in ("bruit de la machine", "corrigé", "badge", "No description"):
        assert absent not in html


def test_the_page_asks_nothing_of_the_network(project, tmp_path):
    cli.main(["rapport", project])
    asked = r'<(?:script|link|img|iframe)[^>]*(?:src|href)="https?:|@import|import .* from .http'
    assert not re.search(asked, page(tmp_path / "Mon projet.html"))


def test_a_picture_beside_the_notebook_is_put_in_the_page(tmp_path):
    from base64 import b64decode

    (tmp_path / "chat.png").write_bytes(b64decode(PNG))
    path = write(tmp_path / "a.ipynb", new_markdown_cell("# A\n\n![un chat](chat.png)"), code("1"))
    assert cli.main(["rapport", path]) == 0
    html = page(tmp_path / "a.html")
    assert "chat.png" not in html
    assert f"data:image/png;base64,{PNG}" in html


def test_without_the_code(project, tmp_path):
    assert cli.main(["rapport", project, "--sans-code", "--sortie", "sans.html"]) == 0
    html = page(tmp_path / "sans.html")
    assert "un résultat" in html
    assert "secret" not in html


def test_a_folder_is_made_for_the_page(project, tmp_path):
    assert cli.main(["rapport", "--sortie", "rendus/groupe 1", project]) == 0
    assert (tmp_path / "rendus" / "groupe 1" / "Mon projet.html").exists()


def test_the_notebook_is_left_as_it_was(project, tmp_path):
    before = (tmp_path / "Mon projet.ipynb").read_bytes()
    cli.main(["rapport", project])
    assert (tmp_path / "Mon projet.ipynb").read_bytes() == before


def test_a_page_always_has_a_first_title(tmp_path):
    hidden = new_markdown_cell("# La leçon", metadata={"tags": ["hors-rapport"]})
    path = write(tmp_path / "a.ipynb", hidden, new_markdown_cell("## Mon titre"), code("1"))
    assert cli.main(["rapport", path]) == 0
    html = page(tmp_path / "a.html")
    assert "<title>Mon titre</title>" in html
    assert "<h1" in html
    assert "<h2" not in html


def test_formulas_need_the_network_and_the_command_says_so(tmp_path, capsys):
    path = write(tmp_path / "a.ipynb", new_markdown_cell("# A\n\nSoit $y^c$."), code("1"))
    assert cli.main(["rapport", path]) == 0
    assert "MathJax" in capsys.readouterr().err
    assert "mathjax" in page(tmp_path / "a.html").lower()


def test_a_dollar_in_the_code_is_no_formula(tmp_path, capsys):
    text = "# A\n\n`$HOME et $PATH`\n\n```\n$ ls $a$\n```"
    path = write(tmp_path / "a.ipynb", new_markdown_cell(text), code("1"))
    assert cli.main(["rapport", path]) == 0
    assert capsys.readouterr().err == ""


def test_what_is_unfinished_is_told(tmp_path, capsys):
    error = new_output("error", ename="ValueError", evalue="non", traceback=["ValueError: non"])
    cells = [code("1"), code("2", count=None), code("3", error)]
    assert cli.main(["rapport", write(tmp_path / "a.ipynb", *cells)]) == 0
    err = capsys.readouterr().err
    assert "1 cellule n'a pas été exécutée." in err
    assert "1 cellule s'arrête sur une erreur" in err


def test_nothing_is_overwritten_without_asking(project, tmp_path, capsys):
    (tmp_path / "Mon projet.html").write_text("à garder")
    refused(capsys, project, words="existe déjà")
    assert page(tmp_path / "Mon projet.html") == "à garder"
    assert cli.main(["rapport", project, "--ecraser"]) == 0
    assert "Mes chats" in page(tmp_path / "Mon projet.html")


# --- Ce qui est refusé --------------------------------------------------------------------------


def test_bad_requests(project, tmp_path, capsys):
    (tmp_path / "texte.ipynb").write_text("bonjour")
    (tmp_path / "liste.ipynb").write_text("[1, 2]")
    (tmp_path / "objet.ipynb").write_text("{}")
    (tmp_path / "octets.ipynb").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "dossier.ipynb").mkdir()
    blank = write(tmp_path / "vierge.ipynb", new_markdown_cell("# A"), code("1", count=None))
    for argv, words in [
        ([], "Donnez un carnet, et un seul"),
        ([project, project], "Donnez un carnet, et un seul"),
        (["absent.ipynb"], "« absent.ipynb » n'existe pas"),
        (["dossier.ipynb"], "est un dossier"),
        (["texte.ipynb"], "n'est pas un carnet Jupyter"),
        (["liste.ipynb"], "n'est pas un carnet Jupyter"),
        (["objet.ipynb"], "n'est pas un carnet Jupyter"),
        (["octets.ipynb"], "n'est pas un carnet Jupyter"),
        (["nul\0.ipynb"], "ne se lit pas"),
        ([blank], "n'a pas encore été exécuté"),
        ([project, "--sans-cod"], "« --sans-code »"),
        ([project, "--sortie"], "attend une valeur"),
        ([project, "--sortie", "texte.ipynb"], "n'est pas un dossier"),
    ]:
        refused(capsys, *argv, words=words)
    assert not list(tmp_path.glob("*.html"))


def test_without_jupyter(project, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "nbconvert", None)  # « import nbconvert » échoue
    refused(capsys, project, words="pip install nbconvert")


def test_help_and_interruption(project, capsys, monkeypatch):
    assert cli.main(["rapport", "--aide"]) == 0
    assert "--sans-code" in capsys.readouterr().out
    assert cli.main(["--aide"]) == 0
    assert "rapport" in capsys.readouterr().out

    def stop(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("gradcam_lab.cli.commands.report._page", stop)
    assert cli.main(["rapport", project]) == 130
    assert "le rapport n'a pas été écrit" in capsys.readouterr().err


def test_a_folder_named_like_the_command(tmp_path, capsys):
    (tmp_path / "rapport").mkdir()
    assert cli.main(["./rapport"]) == 2
    assert "aucune photo" in capsys.readouterr().err
