"""Keras réglé autrement : une phrase au chargement, jamais une pile d'erreurs en anglais."""

import os
import subprocess
import sys

import pytest

import gradcam_lab as gl
from gradcam_lab.base.quiet import check_backend

LOAD = """
import gradcam_lab as gl
for _ in range(2):  # la seconde fois, Keras est à moitié importé
    try:
        gl.load_model("mini")
        print("chargé")
    except gl.errors.SettingError as error:
        print(error)
"""


def load_in_a_new_process(**environment):
    inherited = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD],
        capture_output=True,
        text=True,
        check=True,
        env={**inherited, **environment},
    )
    first, second = done.stdout.splitlines()
    assert first == second
    return first


@pytest.mark.parametrize("backend", ["jax", "torch", "nimporte"])
def test_another_backend_is_refused_before_anything_is_loaded(backend):
    message = load_in_a_new_process(KERAS_BACKEND=backend)
    assert f"« {backend} »" in message
    assert "KERAS_BACKEND" in message


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('{"image_data_format": "channels_first"}', "« channels_last »"),
        ('{"floatx": "float8"}', "keras.json"),
        ('{"backend": "jax"}', "keras.json"),
        ("[]", "keras.json"),
        ("{", "chargé"),  # Keras reprend alors de lui-même ses réglages d'origine
    ],
)
def test_a_broken_settings_file_is_said(settings, said, tmp_path):
    (tmp_path / "keras.json").write_text(settings, encoding="utf-8")
    assert said in load_in_a_new_process(KERAS_HOME=str(tmp_path))


@pytest.mark.slow
def test_an_unreadable_settings_file_is_said(tmp_path):
    (tmp_path / "keras.json").mkdir()
    assert "keras.json" in load_in_a_new_process(KERAS_HOME=str(tmp_path))


def test_channels_first_in_this_process_is_refused():
    import keras

    check_backend()
    keras.config.set_image_data_format("channels_first")
    try:
        with pytest.raises(gl.errors.SettingError, match="channels_last"):
            gl.load_model("mini")
    finally:
        keras.config.set_image_data_format("channels_last")
