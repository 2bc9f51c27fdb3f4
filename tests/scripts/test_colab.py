"""`scripts/colab.sh` sans Python 3.13, et les versions qu'il impose."""

import os
import re
import shutil
import subprocess

import pytest

from scripts.set_repository import ROOT

PINS = (ROOT / "tests" / "colab.txt").read_text(encoding="utf-8")


def test_each_pin_is_exact():
    lines = [line for line in PINS.splitlines() if line and not line.startswith("#")]
    assert len(lines) >= 12
    assert [line for line in lines if not re.fullmatch(r"[a-z-]+==[\d.]+", line)] == []


def test_pins_are_within_the_bounds_of_pyproject():
    """Sans cela, la première cellule remplacerait un paquet de Colab."""
    packaging = pytest.importorskip("packaging.requirements")
    pins = dict(line.split("==") for line in PINS.splitlines() if "==" in line)
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = re.findall(r'^    "([A-Za-z][^"]*)",$', text.partition("\ntest = [")[0], re.MULTILINE)
    bounds = [packaging.Requirement(line) for line in listed if re.search("[<>=~]", line)]
    shared = [bound for bound in bounds if bound.name in pins]
    assert {bound.name for bound in shared} > {"tensorflow", "numpy", "ipywidgets", "ipykernel"}
    assert [str(b) for b in shared if not b.specifier.contains(pins[b.name])] == []


@pytest.mark.skipif(os.name == "nt", reason="un script du shell POSIX")
@pytest.mark.parametrize(("required", "code"), [("", 0), ("1", 1)])
def test_without_python_3_13_it_says_so(required, code, tmp_path):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("sh", "dirname"):
        (tools / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        ["sh", str(ROOT / "scripts" / "colab.sh")],
        env={"PATH": str(tools), "HOME": str(tmp_path), "GRADCAM_LAB_REQUIRE_COLAB": required},
        capture_output=True,
        encoding="utf-8",
    )
    assert done.returncode == code, done.stderr
    assert "Python 3.13 n’est pas sur cette machine" in done.stdout
    assert done.stderr == ""
