"""Le dépôt lui-même : ce que l'on publie, et ce qui doit rester d'accord d'un fichier à l'autre."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import run_notebooks
from scripts.set_repository import (
    FILES,
    ROOT,
    badge,
    install_cell,
    notebooks,
    repository,
    set_repository,
)

MAX_FILE_BYTES = 5_000_000
NOTEBOOKS = notebooks()
GUIDES = ("README.md", "CONTRIBUTING.md", "CONTRIBUTING.en.md")
PACKAGE = ROOT / "gradcam_lab"
MAX_ROOM_FILES = 10
# Une phrase d'un carnet ou du README qui contient l'un de ces mots serait à reprendre.
BANNED_WORDS = re.compile(r"\b(simplement|évidemment|il suffit d)", re.IGNORECASE)
PICTURE = re.compile(r'"image/(?:png|jpeg)": "[^"]*"')
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX)\b|NotImplementedError")
IMAGES = {".png", ".jpg", ".jpeg"}


def tracked() -> list[Path]:
    """Les fichiers suivis par Git ; sans Git (une archive), tous ceux qu'il suivrait."""
    if shutil.which("git") and (ROOT / ".git").exists():
        out = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout
        return [ROOT / name for name in out.split("\0") if name and (ROOT / name).is_file()]
    hidden = re.compile(r"\.venv|\.git$|__pycache__|_cache$")
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(hidden.search(part) for part in path.parts)
    ]


def text_of(path: Path) -> str:
    """Le texte d'un fichier, sans les images d'un carnet ; vide pour une image ou des poids."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""
    # Cent mille lettres au hasard finissent par écrire n'importe quel mot.
    return PICTURE.sub("", text) if path.suffix == ".ipynb" else text


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# --- L'unique endroit du propriétaire et du nom ---------------------------------------------------


def test_every_address_agrees_with_the_single_place():
    repo = repository()
    project = repo.split("/")[1]
    # Toute adresse GitHub, Colab, Binder ou nbgitpuller qui mène à un dépôt de ce nom.
    address = re.compile(
        r"(?:github\.com/|colab\.research\.google\.com/github/|mybinder\.org/v2/gh/"
        r"|github\.com%2F)([\w.-]+(?:/|%2F)" + re.escape(project) + r")(?![\w-])"
    )
    for path in [ROOT / name for name in FILES] + NOTEBOOKS:
        for found in address.findall(text_of(path)):
            assert found.replace("%2F", "/") == repo, f"{name_of(path)} : {found}"


def test_no_address_hides_elsewhere():
    """`set_repository` ne change que FILES et les carnets : rien d'autre ne nomme le dépôt."""
    repo = repository()
    known = {ROOT / name for name in FILES} | set(NOTEBOOKS)
    found = {path for path in tracked() if repo in text_of(path)}
    assert {name_of(path) for path in found - known} == set()


def test_a_fork_changes_its_owner_in_one_command(tmp_path):
    (tmp_path / "notebooks").mkdir()
    old = repository()
    for name in FILES:
        if (ROOT / name).exists():
            shutil.copy(ROOT / name, tmp_path / name)
    lesson = tmp_path / "notebooks" / "01.ipynb"
    lesson.write_text(badge("01.ipynb", old) + install_cell(old), encoding="utf-8")

    set_repository("ma-classe/cours", tmp_path)

    assert repository(tmp_path) == "ma-classe/cours"
    expected = badge("01.ipynb", "ma-classe/cours") + install_cell("ma-classe/cours")
    assert lesson.read_text(encoding="utf-8") == expected
    for path in tmp_path.rglob("*.*"):
        assert old not in text_of(path), path.name
        assert old.replace("/", "%2F") not in text_of(path), path.name
    # Et le retour donne exactement les fichiers de départ.
    set_repository(old, tmp_path)
    for name in FILES:
        if (ROOT / name).exists():
            assert (tmp_path / name).read_bytes() == (ROOT / name).read_bytes(), name


@pytest.mark.parametrize("name", ["", "seul", "a/b/c", "a b/c", "https://github.com/a/b"])
def test_a_wrong_owner_is_refused(name, tmp_path):
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with pytest.raises(ValueError, match="PROPRIETAIRE/NOM"):
        set_repository(name, tmp_path)


# --- Ce que l'on publie ---------------------------------------------------------------------------


def test_no_large_file():
    large = [name_of(path) for path in tracked() if path.stat().st_size > MAX_FILE_BYTES]
    assert not large


def test_no_machine_path():
    # Un vrai dossier d'une vraie machine ; `/home/eleve` ou `/chemin/vers` sont des exemples.
    machine = re.compile(r"(?<![\w.:/])/(?:root|work|Users|home/(?!eleve|jovyan))/?\w")
    allowed = {"tests/test_repository.py", "scripts/run_notebooks.py"}
    wrong = [
        f"{name_of(path)} : {found.group()}"
        for path in tracked()
        if name_of(path) not in allowed
        for found in machine.finditer(text_of(path))
    ]
    assert not wrong


def test_nothing_is_left_unfinished():
    wrong = [
        f"{name_of(path)} : {found.group()}"
        for path in tracked()
        if name_of(path) != "tests/test_repository.py" and path.suffix not in IMAGES
        for found in UNFINISHED.finditer(text_of(path))
    ]
    assert not wrong


def test_versions_agree():
    """pyproject.toml fait foi ; le journal s'ouvre sur la même version, la citation la reprend."""
    version = re.search(r'^version = "(.+)"', text_of(ROOT / "pyproject.toml"), re.MULTILINE)[1]
    latest = re.search(r"^## \[(.+?)\]", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)[1]
    cited = re.search(r"^version: (.+)$", text_of(ROOT / "CITATION.cff"), re.MULTILINE)[1]
    assert latest == version
    assert cited == version


def test_licences_are_there():
    assert text_of(ROOT / "LICENSE").startswith("MIT License")
    assert "CC BY 4.0" in text_of(ROOT / "LICENSE-textes")


# --- Les commandes et les environnements ----------------------------------------------------------


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", text_of(ROOT / "Makefile"), re.MULTILINE))


@pytest.mark.parametrize("name", GUIDES)
def test_documented_commands_exist(name):
    text = text_of(ROOT / name)
    code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    named = {target for part in code for target in re.findall(r"\bmake ([a-z]+)", part)}
    assert named
    assert named <= make_targets()
    for script in set(re.findall(r"scripts[/\\][a-z_]+\.(?:py|sh)", text)):
        assert (ROOT / script.replace("\\", "/")).is_file(), script


@pytest.mark.parametrize("name", [*GUIDES, "CHANGELOG.md"])
def test_local_links_lead_somewhere(name):
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", text_of(ROOT / name)):
        assert (ROOT / link).exists(), link


@pytest.mark.slow
def test_readme_code_runs(tmp_path):
    """Le premier exemple du README, tel quel et sans réseau."""
    code = re.search(r"```python\n(.*?)```", text_of(ROOT / "README.md"), re.DOTALL).group(1)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert b"%)" in done.stdout  # « chat (99,97 %) », et non un objet Python
    assert b"Prediction" not in done.stdout
    written = {path.name for path in tmp_path.iterdir()}
    assert written == {"dalmatien_heatmap.jpg", "dalmatien_gradcam.jpg"}


def requirements(section: str) -> dict[str, str]:
    """Les dépendances d'une liste de pyproject.toml : {nom: bornes}."""
    text = text_of(ROOT / "pyproject.toml")
    body = re.search(rf"^{section} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL).group(1)
    found = re.findall(r'^\s*"([A-Za-z0-9_-]+)([^"\[]*)",', body, re.MULTILINE)
    return dict(found)


def test_binder_has_the_same_bounds():
    text = text_of(ROOT / "binder" / "environment.yml")
    found = dict(re.findall(r"^      - ([A-Za-z0-9_-]+)(.*)$", text, re.MULTILINE))
    expected = {**requirements("dependencies"), **requirements("lab")}
    expected["tensorflow-cpu"] = expected.pop("tensorflow")
    assert found == expected
    assert "- python=3.11\n" in text


@pytest.mark.skipif(os.name == "nt", reason="Windows n'a pas de bit d'exécution")
@pytest.mark.parametrize("name", [".ci/run", "binder/postBuild", "binder/start"])
def test_scripts_are_executable(name):
    assert os.access(ROOT / name, os.X_OK)


def test_import_is_light():
    code = (
        "import sys, gradcam_lab; dir(gradcam_lab); gradcam_lab.__version__;"
        "heavy = {'tensorflow', 'keras', 'cv2', 'matplotlib', 'ipywidgets', 'skimage', 'PIL'};"
        "sys.exit(' '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# --- Les pièces du paquet -------------------------------------------------------------------------


def rooms() -> list[str]:
    """Les pièces du contrat d'import-linter, de la plus haute à la plus basse."""
    text = text_of(ROOT / "pyproject.toml")
    return re.findall(r'"(\w+)"', re.search(r"^layers = \[(.*?)^\]", text, re.M | re.S).group(1))


def imports_checked(folder: Path) -> subprocess.CompletedProcess:
    """Le verdict d'import-linter sur la copie du paquet qui est dans `folder`."""
    run = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", run, "--no-cache"],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
    )


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("images/arrays.py", "from ..figures import common"),
        ("methods/cam.py", "import tensorflow"),
        ("figures/common.py", "import ipywidgets"),
    ],
)
def test_an_arrow_turned_round_is_refused(path, line, tmp_path):
    pytest.importorskip("importlinter")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    copy = tmp_path / "gradcam_lab"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "data"))
    assert imports_checked(tmp_path).returncode == 0

    with (copy / path).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")

    refused = imports_checked(tmp_path)
    assert refused.returncode != 0
    assert "gradcam_lab." + path.removesuffix(".py").replace("/", ".") in refused.stdout


def test_make_test_checks_the_arrows():
    recipe = re.search(r"^test:.*\n((?:\t.*\n)+)", text_of(ROOT / "Makefile"), re.MULTILINE)[1]
    assert re.search(r"^\t@\S*lint-imports\b(?!.*\|\|)", recipe, re.MULTILINE)


HEADINGS = {"Arguments", "Rend", "Lève", "Source", "Exemple"}


def docstring_faults(text: str) -> list[str]:
    """Ce qui manque aux intertitres d'une docstring : le mot, le soulignement, la ligne vide."""
    lines = text.splitlines()
    found = []
    for above, title, under in zip(["", *lines], lines, lines[1:], strict=False):
        if re.fullmatch(r"-{3,}", under):
            if title not in HEADINGS:
                found.append(f"intertitre « {title} »")
            if len(under) != len(title):
                found.append(f"« {title} » mal souligné")
            if above:
                found.append(f"pas de ligne vide avant « {title} »")
    return found


@pytest.mark.parametrize("folder", rooms())
def test_docstrings_have_the_same_headings(folder):
    sources = (PACKAGE / folder).rglob("*.py") if folder != "errors" else [PACKAGE / "errors.py"]
    wrong = []
    for path in sources:
        for node in ast.walk(ast.parse(text_of(path))):
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                text = ast.get_docstring(node) or ""
                wrong += [f"{name_of(path)} {node.name} : {f}" for f in docstring_faults(text)]
                if re.match("Rend ", text):
                    wrong.append(f"{name_of(path)} {node.name} : « Renvoie », et non « Rend »")
    assert not wrong


def packages() -> list[Path]:
    return sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


@pytest.mark.parametrize("folder", packages(), ids=name_of)
def test_a_folder_opens_with_one_sentence_and_stays_small(folder):
    first = text_of(folder / "__init__.py").partition("\n")[0]
    assert re.fullmatch(r'"""[A-ZÀÉÊŒ].{10,95}[.…]("{3})?', first), first
    files = [path.name for path in folder.glob("*.py")]
    assert len(files) <= MAX_ROOM_FILES, files


def test_every_room_is_in_the_drawing():
    drawing = re.search(r"```text\n(.*?)```", text_of(ROOT / "CONTRIBUTING.md"), re.DOTALL)[1]
    drawn = [name for name in re.findall(r"\w+", drawing) if name in rooms()]
    assert set(drawn) == set(rooms())
    folders = {path.name for path in packages() if path.parent == PACKAGE}
    assert folders | {"errors"} == set(rooms())


# --- Les carnets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_form(path):
    assert run_notebooks.check(path) == []


@pytest.mark.parametrize("path", [ROOT / "README.md", *NOTEBOOKS], ids=name_of)
def test_words(path):
    assert BANNED_WORDS.findall(text_of(path)) == []


def links(path: Path) -> list[Path]:
    """Les fichiers du dépôt vers lesquels un carnet renvoie."""
    found = re.findall(r"\]\(([\w./-]+\.\w+)(?:#[^)]*)?\)", text_of(path))
    return [(path.parent / link).resolve() for link in found]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name_of)
def test_notebook_links_lead_somewhere(path):
    assert [str(link) for link in links(path) if not link.exists()] == []


def test_index_lists_every_lesson():
    index = ROOT / "notebooks" / "00_sommaire.ipynb"
    lessons = {path for path in NOTEBOOKS if path.parent == index.parent} - {index}
    assert lessons <= set(links(index))


def test_every_notebook_is_reachable():
    linked = {link for path in NOTEBOOKS for link in links(path)}
    assert {name_of(path) for path in set(NOTEBOOKS) - linked} <= {"notebooks/00_sommaire.ipynb"}


def test_notebook_names():
    for path in NOTEBOOKS:
        assert re.fullmatch(r"(\d\d|annexe)_[a-z0-9_]+\.ipynb", path.name), name_of(path)


def test_form_checker_sees_what_is_wrong(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    monkeypatch.setattr(run_notebooks, "ROOT", tmp_path)
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "notebooks" / "01_essai.ipynb"
    v4 = nbformat.v4
    output = v4.new_output("stream", text="/ho" + "me/eleve/photo.jpg")
    error = v4.new_output("error", ename="ValueError", evalue="", traceback=[])
    cells = [
        v4.new_markdown_cell("Sans titre"),
        v4.new_code_cell("\n".join(["x = 1"] * 13), execution_count=None),
        v4.new_code_cell("2", execution_count=2, outputs=[output, error]),
    ]
    nbformat.write(v4.new_notebook(cells=cells), path)
    found = "\n".join(run_notebooks.check(path))
    for wanted in ("13 lignes", "pas exécuté", "chemin d'une machine", "ValueError", "titre"):
        assert wanted in found
    assert "Colab" in found


@pytest.mark.slow
def test_running_twice_gives_the_same_bytes(tmp_path):
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("nbclient")
    pytest.importorskip("ipywidgets")
    path = tmp_path / "essai.ipynb"
    sources = [
        "import ipywidgets as widgets\nwidgets.Image(value=b'abc', format='png')",
        "import sys\nprint(1)\nprint('non', file=sys.stderr)\nprint(2, flush=True)",
        "import os\nos.environ['GRADCAM_LAB_OFFLINE']",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])
    nbformat.write(notebook, path)
    assert run_notebooks.run(path)
    first = path.read_bytes()
    assert not run_notebooks.run(path)
    assert path.read_bytes() == first
    assert b"widget-view" not in first
    assert b"stderr" not in first.split(b'"source"')[0]
