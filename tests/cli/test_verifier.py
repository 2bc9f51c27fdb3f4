"""`gradcam-lab verifier` : prête ou non, et que faire ; une page, ou une ligne de JSON."""

import errno
import json
import os
import subprocess
import types

import pytest
from packaging.requirements import Requirement

import gradcam_lab as gl
from gradcam_lab import cli
from gradcam_lab.base import downloads
from gradcam_lab.classroom import checkup
from gradcam_lab.errors import DownloadError
from gradcam_lab.models import catalogue

pytest.importorskip("jupyterlab_server")

DRAWN = {"label": "chat", "load": 4.0, "first": 1.0, "next": 0.05}


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """Une machine où tout va bien ; chaque test y dérègle une chose."""
    state = types.SimpleNamespace(
        draw=lambda: types.SimpleNamespace(returncode=0, stdout=json.dumps(DRAWN), stderr=""),
        extensions={"@jupyter-widgets/jupyterlab-manager": "5.0", "anywidget": "0.9"},
        disabled=[],
        memory=8e9,
        disk=50e9,
    )
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("MEM_LIMIT", raising=False)
    monkeypatch.setattr(
        checkup, "requirements", lambda extra: {"numpy": Requirement("numpy>=1.26")}
    )
    monkeypatch.setattr(
        "jupyterlab_server.config.get_federated_extensions",
        lambda folders: {name: {"version": v} for name, v in state.extensions.items()},
    )
    monkeypatch.setattr(
        "jupyterlab_server.config.get_page_config",
        lambda folders: {"disabledExtensions": state.disabled},
    )
    monkeypatch.setattr(
        "psutil.virtual_memory", lambda: types.SimpleNamespace(available=state.memory)
    )
    monkeypatch.setattr(
        checkup.shutil, "disk_usage", lambda path: types.SimpleNamespace(free=state.disk)
    )
    monkeypatch.setattr(checkup.subprocess, "run", lambda *a, **k: state.draw())
    return state


def found(capsys, *argv):
    """Le code de retour, et les vérifications lues dans le JSON, par sujet et par état."""
    code = cli.main(["verifier", "--json", *argv])
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1
    assert out.isascii()
    answer = json.loads(out)
    assert answer["ready"] == (code == 0)
    assert answer["machine"]
    checks = {}
    for check in answer["checks"]:
        assert check["remedy"] or check["state"] == "ok"
        checks.setdefault((check["topic"], check["state"]), []).append(check)
    return code, checks


def one(checks, topic, state="erreur"):
    (check,) = checks[topic, state]
    return check["said"], check["remedy"]


def test_a_ready_machine_on_one_page(capsys):
    assert cli.main(["verifier"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.endswith("Cette machine est prête.\n")
    assert len(out.splitlines()) <= 24
    for topic in ("Python", "Bibliothèques", "Widgets", "Poids", "Photos", "Mémoire", "Disque",
                  "Internet", "Carte"):  # fmt: skip
        assert topic in out
    assert "TensorFlow chargé en 4,0\N{NO-BREAK SPACE}s" in out
    assert "à réparer" not in out


def test_what_is_to_mend_has_its_remedy_on_one_line(machine, capsys):
    del machine.extensions["anywidget"]
    assert cli.main(["verifier"]) == 1
    out = capsys.readouterr().out
    line = next(i for i, text in enumerate(out.splitlines()) if text.startswith("à réparer"))
    assert "JupyterLab n'a pas anywidget" in out.splitlines()[line]
    assert "-m pip install --force-reinstall anywidget" in out.splitlines()[line + 1]
    assert "1 ligne est à réparer" in out


def test_libraries(capsys, monkeypatch):
    wanted = {name: Requirement(name) for name in ("numpy>=1.26", "numpy>=99", "inconnue<9,>=7")}
    monkeypatch.setattr(checkup, "requirements", lambda extra: wanted)
    code, checks = found(capsys)
    assert code == 1
    assert one(checks, "Bibliothèques", "ok")[0].startswith("NumPy ")
    old, missing = checks["Bibliothèques", "erreur"]
    assert "est trop ancien" in old["said"]
    assert old["remedy"].endswith("-m pip install 'numpy>=99'" if os.name != "nt" else "numpy>=99")
    assert missing["said"] == "inconnue manque"
    monkeypatch.setattr(checkup, "requirements", lambda extra: {})
    assert "n'est pas installé" in one(found(capsys)[1], "Bibliothèques")[0]


def test_an_unsupported_python(capsys, monkeypatch):
    monkeypatch.setattr(checkup.platform, "python_version", lambda: "3.8.10")
    said, remedy = one(found(capsys)[1], "Python")
    assert said.startswith("3.8.10")
    assert "il faut Python >=3.10" in remedy


@pytest.mark.parametrize("entry", ["anywidget", "anywidget:plugin"])
def test_a_disabled_extension(machine, capsys, entry):
    machine.disabled = [entry]
    said, remedy = one(found(capsys)[1], "Widgets")
    assert said == "anywidget est désactivé dans JupyterLab"
    assert remedy.endswith("labextension enable anywidget")


def test_the_real_notebook_server_shows_the_widgets(monkeypatch):
    monkeypatch.undo()
    assert [state for state, *_ in checkup._widgets()] == ["ok"]


def test_missing_weights_are_an_error_only_when_asked_for(capsys):
    code, checks = found(capsys)
    assert code == 0
    assert "preparer vgg16" in one(checks, "Poids", "attention")[1]
    code, checks = found(capsys, "vgg16")
    assert code == 1
    said, remedy = one(checks, "Poids")
    assert said == "ceux de VGG16 manquent"
    assert remedy.endswith("-m gradcam_lab preparer vgg16")


def test_damaged_weights_are_an_error(capsys):
    path = catalogue.find_model("mobilenet_v2").weights_path
    path.parent.mkdir(parents=True)
    path.write_bytes(b"<html>")
    code, checks = found(capsys)
    assert code == 1
    assert one(checks, "Poids")[0] == "ceux de MobileNetV2 sont abîmés"


def test_photos(capsys, monkeypatch):
    assert "dalmatien" in one(found(capsys)[1], "Photos", "attention")[0]
    infos = gl.samples()
    monkeypatch.setattr("gradcam_lab.images.photos.find_spec", lambda name: None)
    code, checks = found(capsys)
    assert code == 1
    assert "scikit-image" in one(checks, "Photos")[1]
    monkeypatch.setattr("gradcam_lab.images.photos.SampleInfo.available", True)
    assert one(found(capsys)[1], "Photos", "ok")[0] == f"les {len(infos)} photos sont prêtes"


def test_memory_and_disk(machine, capsys, monkeypatch):
    machine.memory, machine.disk = 1.5e9, 0.5e9
    code, checks = found(capsys)
    assert code == 0
    assert one(checks, "Mémoire", "attention")[0] == "1,5 Go libres"
    assert "VGG16" in one(checks, "Disque", "attention")[1]
    machine.memory, machine.disk = 8e9, 0.05e9
    monkeypatch.setenv("MEM_LIMIT", str(512 * 2**20))  # la part d'un élève sur JupyterHub
    code, checks = found(capsys)
    assert code == 1
    assert one(checks, "Mémoire")[0].startswith("537")
    assert "enregistrés" in one(checks, "Disque")[1]


def test_the_network_is_probed_shortly_and_never_when_forbidden(capsys, monkeypatch):
    asked = []

    def receive(url, label, limit=None, method="GET"):
        asked.append((method, limit))
        yield None

    monkeypatch.setattr(downloads, "_receive", receive)
    assert "GRADCAM_LAB_OFFLINE" in one(found(capsys)[1], "Internet", "ok")[0]
    assert asked == []
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "0")
    assert "peuvent être téléchargés" in one(found(capsys)[1], "Internet", "ok")[0]
    assert asked == [("HEAD", 5.0)]

    def unreachable():
        raise DownloadError("Impossible de télécharger « x » : le serveur est injoignable.")

    monkeypatch.setattr(checkup, "probe_weights", unreachable)
    code, checks = found(capsys)
    assert code == 0  # une salle sans réseau peut être prête
    assert one(checks, "Internet", "attention")[0] == "le serveur est injoignable"


@pytest.mark.parametrize(
    ("code", "stdout", "stderr", "words"),
    [
        (-4, "", "", "ce processeur"),
        (0xC000001D, "", "", "ce processeur"),
        (-9, "", "", "code -9"),
        (1, "bruit\n", "Traceback...\nImportError: libGL.so.1", "ImportError: libGL.so.1"),
        (0, '{"problem": "Keras est réglé pour « jax »"}', "", "Keras est réglé pour « jax »"),
    ],
)
def test_a_map_that_cannot_be_drawn(machine, capsys, code, stdout, stderr, words):
    done = types.SimpleNamespace(returncode=code, stdout=stdout, stderr=stderr)
    machine.draw = lambda: done
    status, checks = found(capsys)
    assert status == 1
    assert words in one(checks, "Carte")[0]


def test_a_map_that_never_comes(machine, capsys):
    def late():
        raise subprocess.TimeoutExpired("python", 300)

    machine.draw = late
    assert "pas de carte en" in one(found(capsys)[1], "Carte")[0]


def test_a_check_that_fails_does_not_stop_the_others(capsys, monkeypatch):
    def broken(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(checkup.shutil, "disk_usage", broken)
    code, checks = found(capsys)
    assert code == 1
    assert "cette vérification n'a pas abouti (OSError" in one(checks, "Disque")[0]
    assert ("Carte", "ok") in checks


def test_bad_requests_and_interruption(capsys, monkeypatch):
    for argv, words in [(["vgg61"], "« vgg16 »"), (["--jsn"], "« --json »")]:
        assert cli.main(["verifier", *argv]) == 2
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert words in err
    assert cli.main(["verifier", "--aide"]) == 0
    assert "--json" in capsys.readouterr().out

    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr(checkup, "_memory", stop)
    assert cli.main(["verifier"]) == 130
    assert "n'est pas finie" in capsys.readouterr().err


def test_the_map_is_real(capsys):
    checkup.draw_map()
    drawn = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert drawn["label"]
    assert min(drawn["first"], drawn["next"]) > 0


@pytest.mark.slow
def test_the_map_is_drawn_in_another_program(monkeypatch):
    monkeypatch.undo()
    ((state, said),) = checkup._map()
    assert state == "ok"
    assert "la première carte en" in said
