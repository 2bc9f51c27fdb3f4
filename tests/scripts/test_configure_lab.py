"""`scripts/configure_lab.py` et `scripts/lesson_environment.py`."""

import json
import os
from pathlib import Path

from scripts.configure_lab import configure
from scripts.lesson_environment import isolated


def test_jupyterlab_is_french_and_quiet(tmp_path):
    other = tmp_path / "etc" / "jupyter" / "jupyter_config.json"
    other.parent.mkdir(parents=True)
    other.write_text("{}")
    configure(tmp_path)
    configure(tmp_path)  # une seconde installation ne change rien

    folder = tmp_path / "etc" / "jupyter" / "labconfig"
    settings, page = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("default_setting_overrides.json", "page_config.json")
    )
    assert settings["@jupyterlab/translation-extension:plugin"]["locale"] == "fr_FR"
    assert page["disabledExtensions"]["@jupyterlab/apputils-extension:announcements"] is True
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.parent for path in written - {other}} == {folder}
    assert other.read_text() == "{}"


def test_lessons_run_offline_in_empty_folders_and_leave_no_trace(monkeypatch):
    monkeypatch.setenv("KERAS_HOME", "celui de l'élève")
    monkeypatch.setenv("MPLBACKEND", "pdf")
    before = dict(os.environ)
    with isolated() as values:
        assert os.environ["GRADCAM_LAB_OFFLINE"] == "1"
        assert "MPLBACKEND" not in os.environ
        folders = [Path(values[name]) for name in ("KERAS_HOME", "GRADCAM_LAB_DATA")]
        assert all(folder.is_dir() and not list(folder.iterdir()) for folder in folders)
    assert dict(os.environ) == before
    assert not any(folder.exists() for folder in folders)
