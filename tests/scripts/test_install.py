"""`scripts/install.sh`, avec un faux Python : rien n'est téléchargé ni installé."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.set_repository import ROOT

pytestmark = pytest.mark.skipif(os.name == "nt", reason="un script du shell POSIX")

# Le faux Python note chaque appel ; `-m venv DOSSIER` s'y copie, comme le vrai y place un Python.
FAKE_PYTHON = """#!/bin/sh
printf '%s\\n' "$*" >>"$CALLS"
case "$*" in
*version_info\\[*) exit "${UNSUPPORTED:-0}" ;;
*version_info*) echo 3.12 ;;
"-m venv "*)
    [ -z "${NO_VENV:-}" ] || exit 1
    for folder in "$@"; do :; done
    mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" ;;
"-m virtualenv "* | *"--target "*) exit 1 ;;
*"--editable "*) exit "${NO_INTERNET:-0}" ;;
esac
"""


class Course:
    """Un dossier du cours où `install.sh` ne voit que le faux Python et les outils du système."""

    def __init__(self, folder: Path):
        self.folder = folder / "le cours"  # avec une espace, comme chez beaucoup d'élèves
        self.calls = folder / "appels"
        self.python = folder / "bin" / "python3"
        (self.folder / "scripts").mkdir(parents=True)
        for name in ("pyproject.toml", "scripts/install.sh"):
            shutil.copy(ROOT / name, self.folder / name)
        self.python.parent.mkdir()
        for path, text in ((self.python, FAKE_PYTHON), (folder / "bin" / "apt-get", "exit 1")):
            path.write_text(text, encoding="utf-8")
            path.chmod(0o755)

    def install(self, extra="lab", **variables) -> subprocess.CompletedProcess:
        self.calls.write_text("")
        environment = {
            "PATH": f"{self.python.parent}{os.pathsep}/usr/bin{os.pathsep}/bin",
            "PYTHON": str(self.python),
            "CALLS": str(self.calls),
            **variables,
        }
        return subprocess.run(
            ["sh", str(self.folder / "scripts" / "install.sh"), extra],
            env=environment,
            capture_output=True,
            encoding="utf-8",
        )

    def installed(self) -> list[str]:
        """Ce que pip a dû installer au dernier lancement."""
        calls = self.calls.read_text(encoding="utf-8").splitlines()
        return [call.split("--editable ")[1] for call in calls if "--editable " in call]


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path)


def test_first_then_nothing_to_do(course):
    first = course.install()
    assert first.returncode == 0, first.stderr
    assert "Python 3.12 dans .venv" in first.stdout
    assert "Installation terminée." in first.stdout
    assert course.installed() == [".[lab]"]

    again = course.install()
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert course.installed() == []


def test_a_larger_set_contains_the_smaller(course):
    course.install("test")
    assert course.install("lab").stdout == ""
    course.install("site")
    assert course.installed() == [".[site]"]
    course.install("browser")
    assert course.installed() == [".[browser]"]
    assert course.install("site").stdout == ""


def test_a_changed_pyproject_or_a_new_constraint_installs_again(course, tmp_path):
    course.install()
    with (course.folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("# une dépendance de plus\n")
    course.install()
    assert course.installed() == [".[lab]"]
    pins = tmp_path / "versions.txt"
    pins.write_text("numpy==2.1.3\n", encoding="utf-8")
    course.install(PIP_CONSTRAINT=str(pins))
    assert course.installed() == [".[lab]"]


def test_a_moved_folder_is_rebuilt(course, tmp_path):
    course.install()
    course.folder = course.folder.rename(tmp_path / "ailleurs")
    moved = course.install()
    assert "Création d'un environnement" in moved.stdout
    assert course.installed() == [".[lab]"]


def test_an_unsupported_python_is_told_with_what_to_do(course):
    refused = course.install(UNSUPPORTED="1")
    assert refused.returncode == 1
    assert "Il faut Python 3.10, 3.11, 3.12 ou 3.13" in refused.stderr
    assert "https://www.python.org/downloads/" in refused.stderr
    assert not (course.folder / ".venv").exists()


def test_a_python_that_cannot_make_an_environment(course):
    refused = course.install(NO_VENV="1")
    assert refused.returncode == 1
    assert "python3-venv" in refused.stderr
    assert not (course.folder / ".venv").exists()


def test_without_internet_nothing_is_believed_installed(course):
    refused = course.install(NO_INTERNET="1")
    assert refused.returncode == 1
    assert "L'installation n'a pas abouti." in refused.stderr
    assert "Vérifiez la connexion à Internet" in refused.stderr
    course.install()
    assert course.installed() == [".[lab]"]
