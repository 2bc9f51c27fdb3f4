"""`scripts/prefetch.py`, sans réseau."""

import subprocess
import sys

import pytest

import gradcam_lab as gl
from scripts import prefetch
from scripts.set_repository import ROOT


def test_each_sample_is_told_ready_or_not(capsys):
    assert not prefetch.fetch_samples()
    out, err = capsys.readouterr()
    titles = {info.name for info in gl.samples()}
    ready = {name for name in titles if f"« {name} » : prête." in out}
    missing = {name for name in titles if f"« {name} » : " in err}
    assert "chelsea" in ready
    assert "dalmatien" in missing
    assert ready | missing == titles
    assert not ready & missing


def test_all_samples_at_hand(capsys, monkeypatch):
    monkeypatch.setattr(gl, "sample", lambda name, *, fallback: None)
    assert prefetch.fetch_samples()
    assert capsys.readouterr().err == ""


def test_weights_at_hand(monkeypatch, capfd):
    monkeypatch.setattr(prefetch, "LOAD", "import sys; print(sys.argv[1])")
    assert prefetch.fetch_weights("vgg16")
    out, err = capfd.readouterr()
    assert out == "Poids de « vgg16 »...\nvgg16\n"
    assert err == ""


@pytest.mark.parametrize(
    ("load", "said"),
    [("raise ValueError('le serveur est injoignable')", "le serveur est injoignable"),
     ("raise SystemExit(3)", "échec")],
)  # fmt: skip
def test_only_the_reason_is_shown_when_weights_are_missing(load, said, monkeypatch, capsys):
    monkeypatch.setattr(prefetch, "LOAD", load)
    assert not prefetch.fetch_weights("vgg16")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert said in err
    assert "Traceback" not in err


def test_the_exit_status_tells_that_something_is_missing():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "prefetch.py")], capture_output=True
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr.decode("utf-8", "replace")
