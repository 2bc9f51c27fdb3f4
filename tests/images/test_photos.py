"""Les photos d'exemple, avec et sans réseau."""

import hashlib
import os
import socket
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gradcam_lab.base import messages
from gradcam_lab.base.downloads import is_intact
from gradcam_lab.errors import ImageError
from gradcam_lab.images import photos as module
from gradcam_lab.images.photos import sample, samples

LOCAL = ["chelsea", "astronaut", "coffee", "rocket", "chat_et_tasse"]
SIZES = {
    "chelsea": (451, 300),
    "astronaut": (512, 512),
    "coffee": (600, 400),
    "rocket": (640, 427),
    "chat_et_tasse": (400, 532),
}
SENTENCE = (
    "La photo « dalmatien » demande un accès à internet : "
    "voici à sa place la photo « chelsea », un chat livré avec le cours.\n"
)


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Ni réseau, ni cache."""

    def forbidden(*args, **kwargs):
        raise AssertionError("le réseau a été touché")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(tmp_path / "cache"))


def test_the_list_says_all_about_each_photo():
    infos = samples()
    assert [info.name for info in infos] == ["dalmatien", "chien_et_chat", *LOCAL]
    for info in infos:
        assert info.title
        assert len(info.short_title) <= 15  # un bouton étroit
        assert info.licence
        assert info.credit
        assert info.offline == (info.name in LOCAL)
    infos.clear()
    assert samples()  # la liste rendue est une copie


def test_two_photos_one_above_the_other(no_network):
    image = sample("chat_et_tasse")
    assert image.size == SIZES["chat_et_tasse"]
    for part, top in (("chelsea", 0), ("coffee", 266)):
        half = image.crop((0, top, 400, top + 266))
        np.testing.assert_array_equal(half, sample(part).resize((400, 266)))
    info = module._find("chat_et_tasse")
    assert info.available
    np.testing.assert_array_equal(module.local_image(info, image.size), image)
    assert module.local_image(info, (451, 300)) is None


@pytest.mark.parametrize("name", LOCAL[:-1])
def test_photos_of_scikit_image_need_no_network(name, no_network):
    image = sample(name)
    assert (image.mode, image.size) == ("RGB", SIZES[name])
    file = Path(find_spec("skimage").origin).parent / "data" / module._find(name).file
    with Image.open(file) as stored:
        np.testing.assert_array_equal(image, stored)


def test_without_network_the_cat_comes_with_one_sentence(no_network, capfd, recwarn):
    image = sample("dalmatien")
    np.testing.assert_array_equal(image, sample("chelsea"))
    assert capfd.readouterr() == (SENTENCE, "")
    assert not recwarn.list


def test_the_sentence_is_the_same_whatever_the_cause(monkeypatch, tmp_path, capfd):
    monkeypatch.delenv("GRADCAM_LAB_OFFLINE", raising=False)
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(tmp_path))
    for variable in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)

    def unknown(*args, **kwargs):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    sample()
    assert capfd.readouterr() == (SENTENCE, "")
    assert os.listdir(tmp_path) == []


def test_without_network_and_fallback_it_is_an_error(no_network):
    with pytest.raises(ImageError, match="GRADCAM_LAB_OFFLINE interdit l'accès"):
        sample("dalmatien", fallback=False)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dalmatian", "vouliez-vous dire « dalmatien » ?"),
        ("chat", "« chien_et_chat »"),
        ("zzz", "choisissez parmi dalmatien, chien_et_chat, chelsea"),
        (None, "n'existe pas"),
    ],
)
def test_unknown_names(name, words):
    with pytest.raises(ImageError) as caught:
        sample(name)
    assert words in str(caught.value)


@pytest.mark.parametrize("name", [" Chelsea ", "CHELSÉA"])
def test_names_ignore_case_and_accents(no_network, name):
    assert sample(name).size == SIZES["chelsea"]


def fake_cache(monkeypatch, folder, filename, info_name):
    """Pose un petit fichier dans le cache et en fait la photo attendue."""
    folder.mkdir(exist_ok=True)
    Image.new("RGB", (8, 6), (1, 2, 3)).save(folder / filename, "PNG")
    digest = hashlib.sha256((folder / filename).read_bytes()).hexdigest()
    info = module._find(info_name)
    values = {**info.__dict__, "known_hash": f"sha256:{digest}"}
    monkeypatch.setattr(module, "_SAMPLES", (type(info)(**values),))


@pytest.mark.parametrize("filename", ["chien_et_chat.png", "both.png"])
def test_a_cached_photo_is_read_under_either_name(no_network, monkeypatch, tmp_path, filename):
    fake_cache(monkeypatch, tmp_path / "cache", filename, "chien_et_chat")
    monkeypatch.setattr(os, "access", lambda *a, **k: False)  # le cache est en lecture seule
    assert samples()[0].available
    assert sample("chien_et_chat", fallback=False).size == (8, 6)
    assert os.listdir(tmp_path / "cache") == [filename]


def test_a_damaged_cached_photo_is_not_used(no_network, tmp_path, capsys):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "Dalmatian.jpg").write_bytes(b"abc")
    assert not samples()[0].available
    with pytest.raises(ImageError, match="GRADCAM_LAB_OFFLINE interdit"):
        sample("dalmatien", fallback=False)
    assert sample("dalmatien").size == SIZES["chelsea"]
    assert (tmp_path / "cache" / "Dalmatian.jpg").read_bytes() == b"abc"


def test_a_file_of_the_user_is_never_replaced(no_network, monkeypatch, tmp_path, capsys):
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "Dalmatian.jpg").write_bytes(b"la mienne")

    def fetch(url, folder, file, **kwargs):
        Image.new("RGB", (8, 6)).save(folder / file, "PNG")
        return folder / file

    monkeypatch.setattr(module, "fetch", fetch)
    monkeypatch.setattr(messages, "_said", [])
    assert sample("dalmatien", fallback=False).size == (8, 6)
    assert "est laissé tel quel" in capsys.readouterr().out
    assert (cache / "Dalmatian.jpg").read_bytes() == b"la mienne"
    fake_cache(monkeypatch, cache, "gradcam_lab-Dalmatian.jpg", "dalmatien")
    assert samples()[0].available  # à l'appel suivant, elle est retrouvée


def test_a_photo_that_another_process_just_downloaded_is_taken(
    no_network, monkeypatch, tmp_path, capsys
):
    """Elle arrive entre « elle n'est pas là » et « ce nom est-il déjà pris ? »."""
    cache = tmp_path / "cache"
    fake_cache(monkeypatch, cache, "Dalmatian.jpg", "dalmatien")
    monkeypatch.setattr(module, "local_path", lambda info: None)
    assert sample("dalmatien", fallback=False).size == (8, 6)
    assert capsys.readouterr().out == ""
    assert os.listdir(cache) == ["Dalmatian.jpg"]


@pytest.mark.parametrize("folder", ["~inconnu/photos", "x" * 300, "a/" * 2100, __file__])
def test_an_impossible_data_folder_gets_one_sentence(no_network, monkeypatch, folder):
    monkeypatch.setenv("GRADCAM_LAB_DATA", folder)
    assert not samples()[0].available
    assert sample("chelsea").size == SIZES["chelsea"]
    for fallback in (True, False):
        with pytest.raises(ImageError, match="variable GRADCAM_LAB_DATA, n'est pas un dossier"):
            sample("dalmatien", fallback=fallback)


def test_an_unreadable_data_folder_gets_the_same_sentence(no_network, monkeypatch, tmp_path):
    def refuse(path):
        raise PermissionError(13, "Permission denied")

    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(ImageError, match="n'est pas un dossier que l'on peut lire"):
        sample("dalmatien")


def test_without_the_variable_the_cache_is_the_users(monkeypatch):
    import pooch

    monkeypatch.delenv("GRADCAM_LAB_DATA", raising=False)
    assert module._cache_folder() == Path(pooch.os_cache("gradcam_lab"))


@pytest.mark.parametrize(
    ("name", "size"), [("dalmatien", (2400, 3000)), ("chien_et_chat", (224, 224))]
)
def test_the_real_photos(shared_data, monkeypatch, name, size):
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    info = module._find(name)
    assert is_intact(shared_data / info.file, info.known_hash)
    assert sample(name, fallback=False).size == size


@pytest.mark.network
@pytest.mark.parametrize("name", ["dalmatien", "chien_et_chat"])
def test_the_real_addresses(name, tmp_path, monkeypatch):
    monkeypatch.setenv("GRADCAM_LAB_DATA", str(tmp_path))
    try:
        sample(name, fallback=False)
    except ImageError as error:
        pytest.skip(str(error))
    assert len(os.listdir(tmp_path)) == 1


def test_reading_a_local_photo_loads_neither_scikit_image_nor_opencv():
    code = (
        "import sys, gradcam_lab.images.photos as s; s.sample('chelsea');"
        "sys.exit(bool({'skimage', 'cv2', 'requests', 'tensorflow'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_public_function_is_hidden_by_a_module():
    code = (
        "import gradcam_lab as gl; gl.sample('chelsea'); gl.colorize([[0.0, 1.0]]);"
        "assert callable(gl.samples) and gl.samples() and callable(gl.superimpose)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
