"""Écrire une image : les refus qui viennent du chemin, du disque et du format."""

import errno
import os

import numpy as np
import pytest
from PIL import Image

from gradcam_lab.errors import ImageError, OutputError
from gradcam_lab.images import load_image, write_image, write_images, writing

PICTURE = Image.new("RGB", (6, 4), "red")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        (None, "est un texte, par exemple"),
        (3, "et non 3"),
        (b"a.png", "est un texte, par exemple"),
        ("~inconnu/a.png", "que cet ordinateur ne connaît pas"),
        ("x" * 252 + ".png", "choisissez-en un plus court"),
        ("x" * 300 + "/a.png", "n'est pas un nom de dossier possible"),
        ("a\0b/a.png", "n'est pas un nom de dossier possible"),
        ("\ud800.png", "n'est pas un nom de fichier possible"),
    ],
)
def test_impossible_paths(tmp_path, monkeypatch, path, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError) as caught:
        write_image(PICTURE, path)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 200  # un nom de 300 lettres n'est pas répété en entier
    assert os.listdir(tmp_path) == []


def test_the_longest_possible_name_is_written(tmp_path):
    path = tmp_path / ("x" * 251 + ".png")
    assert write_image(PICTURE, path) == path
    assert load_image(path).size == (6, 4)


def test_a_folder_that_cannot_be_entered(tmp_path, monkeypatch):
    real = os.stat

    def refuse(path, **options):
        if os.fspath(path).startswith(str(tmp_path / "secret")):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path, **options)

    monkeypatch.setattr(writing.os, "stat", refuse)
    for create in (False, True):
        with pytest.raises(OutputError, match="Vous n'avez pas accès au dossier"):
            writing.check_writable([tmp_path / "secret" / "a.png"], create=create)


def test_a_folder_to_create_is_checked_without_being_created(tmp_path):
    writing.check_writable([tmp_path / "a" / "b" / "c.png"], create=True)
    assert os.listdir(tmp_path) == []
    with pytest.raises(OutputError, match="n'existe pas"):
        writing.check_writable([tmp_path / "a" / "b" / "c.png"])
    (tmp_path / "a").write_text("un fichier")
    with pytest.raises(OutputError, match="n'est pas un dossier"):
        writing.check_writable([tmp_path / "a" / "b" / "c.png"], create=True)


@pytest.mark.parametrize("kind", ["tableau", "image"])
@pytest.mark.parametrize(("name", "limit"), [("a.jpg", 65_500), ("a.webp", 16_383)])
def test_pictures_larger_than_their_format(tmp_path, name, limit, kind):
    wide = np.zeros((2, limit + 1, 3), np.uint8)
    if kind == "image":
        wide = Image.fromarray(wide)
    with pytest.raises(OutputError, match=f"n'en accepte que {limit} : donnez .*[.]png"):
        write_images([(PICTURE, tmp_path / "b.png"), (wide, tmp_path / name)])
    assert os.listdir(tmp_path) == []
    write_image(wide, tmp_path / "a.png")
    assert load_image(tmp_path / "a.png").size == (limit + 1, 2)


@pytest.mark.parametrize("image", [None, np.zeros(70_000, np.uint8), "photo.jpg"])
def test_what_is_not_a_picture(tmp_path, image):
    with pytest.raises((ImageError, OutputError)):
        write_image(image, tmp_path / "a.jpg")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_the_bytes_are_those_of_the_encoders(tmp_path, name):
    from gradcam_lab.images import jpeg_bytes, png_bytes, webp_bytes

    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    path = write_image(noise, tmp_path / name, quality=80)
    encode = {"a.png": png_bytes, "a.jpg": jpeg_bytes, "a.webp": webp_bytes}[name]
    settings = {} if name == "a.png" else {"quality": 80}
    assert path.read_bytes() == encode(noise, **settings)
