"""Lire toutes les photos, refuser les autres avec une phrase, superposer, écrire sans écraser."""

import errno
import io
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from tiny_pictures import bomb_png

from gradcam_lab import images
from gradcam_lab.errors import HeatmapError, ImageError, OutputError, SettingError
from gradcam_lab.images import writing


@pytest.fixture(autouse=True)
def no_warning():
    """Aucun avertissement de PIL ne doit s'afficher, même devant un fichier piégé."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # Ce que le ramasse-miettes ferme ici peut venir d'un autre fichier de tests.
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", pytest.PytestUnraisableExceptionWarning)
        yield


@pytest.fixture
def photo():
    """Un dégradé de 40 × 30 pixels, tout en couleurs."""
    y, x = np.mgrid[0:30, 0:40]
    return Image.fromarray(np.stack([x * 6, y * 8, 255 - x * 6], axis=-1).astype(np.uint8))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def close(image, expected, tolerance=0):
    difference = np.abs(np.asarray(image, int) - np.asarray(expected, int))
    assert difference.max() <= tolerance


# --- ce qui doit se lire -----------------------------------------------------------------------


def test_every_kind_of_source_gives_the_same_picture(photo, tmp_path):
    path = tmp_path / "été à Nîmes.png"
    photo.save(path)
    data = path.read_bytes()
    array = np.asarray(photo)
    finished = io.BytesIO(data)
    finished.read()  # un objet fichier déjà lu jusqu'au bout se relit depuis le début
    sources = [path, str(path), data, bytearray(data), finished, array, array / 255.0, photo]
    for source in [*sources, (array / 255.0).astype("float16")]:
        image = images.load_image(source)
        assert type(image) is Image.Image
        assert (image.mode, image.size) == ("RGB", (40, 30))
        close(image, photo, tolerance=1)


def test_the_source_is_never_modified(photo):
    image = images.load_image(photo)
    image.putpixel((0, 0), (1, 2, 3))
    assert photo.getpixel((0, 0)) != (1, 2, 3)
    array = np.zeros((5, 5, 3), np.uint8)
    images.load_image(array).putpixel((0, 0), (9, 9, 9))
    assert not array.any()


@pytest.mark.parametrize("shape", [(8, 9), (8, 9, 1), (8, 9, 3), (8, 9, 4)])
def test_array_shapes(shape):
    array = np.full(shape, 255, np.uint8)
    assert images.load_image(array).size == (9, 8)
    assert images.load_image(array).getpixel((0, 0)) == (255, 255, 255)


def test_greyscale_and_one_bit(photo):
    grey = photo.convert("L")
    close(images.load_image(encoded(grey, "PNG")), grey.convert("RGB"))
    bits = photo.convert("1")
    close(images.load_image(encoded(bits, "PNG")), bits.convert("RGB"))


def test_transparency_is_composited_on_white(photo):
    rgba = photo.convert("RGBA")
    rgba.putalpha(Image.new("L", rgba.size, 0))
    assert images.load_image(encoded(rgba, "PNG")).getpixel((3, 3)) == (255, 255, 255)
    half = Image.new("LA", (4, 4), (0, 128))
    assert images.load_image(half).getpixel((0, 0)) == (127, 127, 127)
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([10, 20, 30, 200, 0, 0])
    palette.putpixel((1, 1), 1)
    image = images.load_image(encoded(palette, "PNG", transparency=0))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((1, 1)) == (200, 0, 0)


def test_opaque_palette(photo):
    palette = photo.quantize(64)
    close(images.load_image(encoded(palette, "PNG")), palette.convert("RGB"))


def test_cmyk_jpeg_is_not_inverted():
    red = Image.new("RGB", (16, 16), (220, 20, 30)).convert("CMYK")
    image = images.load_image(encoded(red, "JPEG", quality=95))
    close(image.getpixel((8, 8)), (220, 20, 30), tolerance=6)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_clipped(kind):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    image = images.load_image(encoded(Image.fromarray(ramp), kind))
    close(np.asarray(image)[..., 0], np.arange(256).reshape(16, 16))


def test_float_tiff():
    ramp = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    image = images.load_image(encoded(Image.fromarray(ramp), "TIFF"))
    close(np.asarray(image)[..., 0], np.rint(ramp * 255))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(photo, orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # transposition qui défait l'orientation
    stored = photo.transpose(undo[orientation]) if orientation in undo else photo
    exif = Image.Exif()
    exif[0x0112] = orientation
    image = images.load_image(encoded(stored, "PNG", exif=exif))
    close(image, photo)
    close(images.load_image(image), photo)
    assert not image.info


def test_broken_exif_does_not_hide_the_photo(photo):
    data = encoded(photo, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12")
    assert images.load_image(data).size == photo.size


def test_animated_gif_gives_its_first_frame():
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "blue")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert images.load_image(data).getpixel((4, 4)) == (255, 0, 0)


def test_color_profiles_are_ignored_as_keras_does(photo):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Le même profil, dont les primaires rouge et bleue sont échangées.
    strange = profile.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")
    for icc in (profile, strange, b"abc" * 50):
        image = images.load_image(encoded(photo, "PNG", icc_profile=icc))
        close(image, photo)
        assert "icc_profile" not in image.info


def test_the_dalmatian_keeps_the_pixels_of_its_file(dalmatian_path):
    image = images.load_image(dalmatian_path)
    assert image.size == (2400, 3000)
    close(image, Image.open(dalmatian_path).convert("RGB"))


def test_a_stream_that_cannot_go_back_is_read(photo):
    class Stream(io.BytesIO):
        def seek(self, *args):
            raise io.UnsupportedOperation("seek")

    close(images.load_image(Stream(encoded(photo, "PNG"))), photo)


# --- ce qui doit être refusé -------------------------------------------------------------------


class FileLike:
    """Un objet fichier qui rend, ou lève, ce qu'on lui donne."""

    def __init__(self, result):
        self.result = result

    def read(self, size):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


class ArrayLike:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("un tenseur resté sur la carte graphique")


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (None, "None"),
        (12, "de type int"),
        (b"", "est vide"),
        ("", "dossier"),
        ("a\0b.jpg", "n'est pas un nom de fichier possible"),
        ("x" * 5000 + ".jpg", "n'est pas un nom de fichier possible"),
        (b"bonjour " * 50, "contient du texte"),
        ("déjà là ".encode() * 64, "contient du texte"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"></svg>', "SVG"),
        (b"<!DOCTYPE html><html></html>", "page web"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 40, "HEIC"),
        (b"%PDF-1.7 " + b"\0" * 40, "PDF"),
        (bytes(range(128, 256)), "n'est pas une image que ce cours sait lire"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 40, "abîmée ou incomplète"),
        (bomb_png(30_000, 30_000), "900 mégapixels"),
        (bomb_png(10_001, 10_000), "101 mégapixels, et la limite est de 100 mégapixels"),
        (io.StringIO("abc"), "mode texte"),
        (np.zeros((0, 4, 3), np.uint8), "est vide"),
        (np.full((4, 4, 3), np.nan), "NaN"),
        (np.full((4, 4, 3), np.inf), "NaN ou infini"),
        (np.full((4, 4, 3), 200.0), "divisez le tableau par 255"),
        (np.full((4, 4, 3), -1.0), "entre 0 et 1"),
        (np.full((4, 4, 3), 200, np.int64), 'image.astype("uint8")'),
        (np.full((4, 4, 3), 60000, np.uint16), "image / 65535"),
        (np.full((4, 4, 3), -5, np.int64), "uint8 de 0 à 255"),
        (np.ones((4, 4), bool), 'astype("uint8") * 255'),
        (np.array([["a", "b"], ["c", "d"]]), "uint8 de 0 à 255"),
        (np.zeros((4, 4, 3), complex), "uint8 de 0 à 255"),
        (np.zeros((3, 20, 30), np.uint8), "np.transpose(image, (1, 2, 0))"),
        (np.zeros((1, 20, 30, 3), np.uint8), "image[0]"),
        (np.zeros((5, 20, 30, 3), np.uint8), "lot de 5 images"),
        (np.zeros(7, np.uint8), "(7,)"),
        (np.zeros((20, 30, 2), np.uint8), "(20, 30, 2)"),
        (np.zeros((1, 1, 3), np.uint8), "1 × 1 pixels"),
        (Image.new("RGB", (1, 50)), "1 × 50 pixels"),
        (Image.new("RGB", (0, 0)), "0 × 0 pixels"),
        ("www.example.org/x.jpg", "ressemble à une adresse : commencez-la par https://"),
        ("file:///tmp/x.jpg", "donnez le chemin d'un fichier de cet ordinateur"),
        (FileLike(KeyError("x")), "ne se lit pas"),
        (FileLike(None), "a rendu un objet de type NoneType"),
        (ArrayLike(), "n'a pas pu être converti en tableau NumPy"),
    ],
)
def test_bad_sources_get_one_french_sentence(source, words):
    with pytest.raises(ImageError) as caught:
        images.load_image(source)
    message = str(caught.value)
    assert words in message
    assert message.endswith((".", "?"))
    assert "\n" not in message
    assert len(message) < 300


def test_missing_file_names_its_neighbours(photo, tmp_path):
    photo.save(tmp_path / "Dalmatian.png")
    with pytest.raises(ImageError, match=r"introuvable : vouliez-vous dire « Dalmatian.png » \?"):
        images.load_image(tmp_path / "dalmatien.png")
    with pytest.raises(ImageError, match=r"le dossier .* n'existe pas"):
        images.load_image(tmp_path / "absent" / "a.png")
    with pytest.raises(ImageError, match="est un dossier"):
        images.load_image(tmp_path)


def test_special_file_never_hangs(tmp_path):
    if not hasattr(os, "mkfifo"):
        pytest.skip("ce système n'a pas de tubes nommés")
    os.mkfifo(tmp_path / "tube.jpg")
    with pytest.raises(ImageError, match="fichier ordinaire"):
        images.load_image(tmp_path / "tube.jpg")


def test_unreadable_file(photo, tmp_path, monkeypatch):
    photo.save(tmp_path / "secret.png")

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match="pas le droit de lire"):
        images.load_image(tmp_path / "secret.png")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_truncated_files(kind, kept):
    noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match="abîmée ou incomplète"):
        images.load_image(data[: int(len(data) * kept)])


def test_closed_file_object(photo, tmp_path):
    photo.save(tmp_path / "a.png")
    with open(tmp_path / "a.png", "rb") as file:
        pass
    with pytest.raises(ImageError, match="sans le fermer"):
        images.load_image(file)


def test_a_bomb_is_refused_before_it_takes_memory():
    tracemalloc = pytest.importorskip("tracemalloc")
    tracemalloc.start()
    with pytest.raises(ImageError):
        images.load_image(bomb_png(30_000, 30_000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


# --- vers le réseau ----------------------------------------------------------------------------


def test_resize_for_network_squashes_with_lanczos(photo):
    batch = images.resize_for_network(photo, (12, 20))
    assert (batch.shape, batch.dtype) == ((1, 12, 20, 3), np.float32)
    close(batch[0], photo.resize((20, 12), Image.Resampling.LANCZOS))
    assert images.resize_for_network(photo, (30, 40)).max() > 1  # de 0 à 255, et non de 0 à 1


# --- couleurs et superposition -----------------------------------------------------------------


def book_overlay(heatmap, photo, alpha=0.4):
    """Le listing du livre, mot pour mot, en BVR comme OpenCV."""
    import cv2

    image = np.asarray(photo)[:, :, ::-1]
    resized = cv2.resize(heatmap, (image.shape[1], image.shape[0]))
    colored = cv2.applyColorMap(np.uint8(255 * resized), cv2.COLORMAP_JET)
    return np.clip(colored * float(alpha) + image, 0, 255).astype(np.uint8)[:, :, ::-1]


@pytest.fixture
def heatmap():
    values = np.random.default_rng(1).random((7, 5), dtype=np.float32)
    return values / values.max()


@pytest.mark.parametrize("alpha", [0, 0.25, 0.4, 1])
def test_superimpose_is_the_formula_of_the_book(heatmap, photo, alpha):
    result = images.superimpose(heatmap, photo, alpha)
    assert (result.dtype, result.shape) == (np.uint8, (30, 40, 3))
    np.testing.assert_array_equal(result, book_overlay(heatmap, photo, alpha))


def test_superimpose_works_band_by_band(heatmap):
    tall = np.random.default_rng(2).integers(0, 256, (700, 9, 3), dtype=np.uint8)
    np.testing.assert_array_equal(images.superimpose(heatmap, tall), book_overlay(heatmap, tall))


def test_mix_keeps_a_share_of_the_photo(heatmap, photo):
    color = images.colorize(heatmap, (30, 40), colormap="viridis")
    mixed = images.superimpose(heatmap, photo, 0.3, colormap="viridis", blend="mix")
    close(mixed, 0.3 * color + 0.7 * np.asarray(photo), tolerance=1)


def test_hot_is_red_and_cold_is_blue():
    ends = images.colorize(np.array([[0.0, 1.0]]))
    assert ends.shape == (1, 2, 3)
    assert ends[0, 0].tolist() == [0, 0, 128]
    assert ends[0, 1].tolist() == [128, 0, 0]


def test_every_colormap_paints_and_some_are_colorblind_safe(heatmap):
    assert {"jet", "viridis", "turbo", "inferno"} <= set(images.colormaps())
    assert set(images.COLORBLIND_SAFE) <= set(images.colormaps())
    for name in images.colormaps():
        assert images.colorize(heatmap, (9, 8), colormap=name).shape == (9, 8, 3)
    np.testing.assert_array_equal(
        images.colorize(heatmap, colormap="JET"), images.colorize(heatmap, colormap="jet")
    )


@pytest.mark.parametrize("name", images.COLORBLIND_SAFE)
def test_colorblind_safe_colormaps_grow_lighter(name):
    ramp = images.colorize(np.linspace(0, 1, 32)[None], colormap=name)[0]
    lightness = ramp @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) > -1).all()
    assert lightness[-1] - lightness[0] > 120


def test_a_blank_map_gives_a_cold_picture(photo):
    result = images.superimpose(np.zeros((4, 4)), photo)
    np.testing.assert_array_equal(result, book_overlay(np.zeros((4, 4), np.float32), photo))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"heatmap": np.zeros((2, 2, 2))}, "deux dimensions"),
        ({"heatmap": np.zeros((0, 3))}, "deux dimensions"),
        ({"heatmap": np.array([[np.nan, 0]])}, "NaN"),
        ({"heatmap": np.array([[0.0, 3.0]])}, "normalize=True"),
        ({"heatmap": np.array([[-0.5, 1.0]])}, "normalize=True"),
        ({"heatmap": np.array([[0, 200]], np.uint8)}, "divisez-la par 255"),
        ({"heatmap": np.array([["a"]])}, "des nombres"),
        ({"heatmap": None}, "deux dimensions"),
        ({"alpha": 1.5}, "entre 0 et 1"),
        ({"alpha": -0.1}, "entre 0 et 1"),
        ({"alpha": float("nan")}, "entre 0 et 1"),
        ({"alpha": "fort"}, "entre 0 et 1"),
        ({"colormap": "virridis"}, "vouliez-vous dire « viridis »"),
        ({"colormap": "zzz"}, "autumn"),
        ({"colormap": None}, "n'existe pas"),
        ({"blend": "multiply"}, '"add" ou "mix"'),
        ({"image": None}, "None"),
    ],
)
def test_superimpose_refuses_in_french(photo, change, words):
    arguments = {"heatmap": np.eye(3), "image": photo, **change}
    with pytest.raises((HeatmapError, ImageError, SettingError)) as caught:
        images.superimpose(**arguments)
    assert words in str(caught.value)


def psnr(first, second):
    error = np.mean((np.asarray(first, float) - np.asarray(second, float)) ** 2)
    return 10 * np.log10(255**2 / error)


@pytest.fixture
def published(shared):
    """Les figures publiées par l'auteur du tutoriel, à ±1/255 près."""
    folder = shared / "reference_vgg16"
    return folder, np.loadtxt(folder / "heatmap_14x14.csv", delimiter=",", dtype=np.float32)


def test_the_published_overlay_is_ours(published, dalmatian_path):
    folder, heatmap = published
    expected = Image.open(folder / "Dalmatian_GradCam.jpg")
    assert psnr(images.superimpose(heatmap, dalmatian_path), expected) > 45


def test_the_stored_heatmap_and_the_photo_give_the_stored_picture(published, dalmatian_path):
    # Sa carte est enregistrée déjà colorée : il reste à appliquer l'opacité et l'addition.
    folder, _ = published
    color = np.asarray(Image.open(folder / "Dalmatian_heatmap.jpg"))
    photo = np.asarray(images.load_image(dalmatian_path))
    ours = np.clip(0.4 * color + photo, 0, 255).astype(np.uint8)
    assert psnr(ours, Image.open(folder / "Dalmatian_GradCam.jpg")) > 45
    # Avec les canaux rouge et bleu échangés, l'accord disparaît : le test voit l'ordre BVR.
    swapped = np.clip(0.4 * color[:, :, ::-1] + photo, 0, 255)
    assert psnr(swapped, Image.open(folder / "Dalmatian_GradCam.jpg")) < 20


def test_the_published_heatmap_is_ours(published):
    folder, heatmap = published
    expected = np.asarray(Image.open(folder / "Dalmatian_heatmap.jpg"))
    ours = images.colorize(heatmap, expected.shape[:2])
    # Un écart de 1/255 sur la carte fait déjà 4 niveaux de couleur : l'accord plafonne ici.
    assert psnr(ours, expected) > 39


# --- écrire ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.webp"])
def test_write_image_gives_back_the_picture(photo, tmp_path, name):
    path = images.write_image(np.asarray(photo), str(tmp_path / name))
    assert path == tmp_path / name
    close(images.load_image(path), photo, tolerance=0 if name == "a.png" else 40)
    assert os.listdir(tmp_path) == [name]
    assert path.stat().st_mode & 0o444 == 0o444  # lisible par les autres, comme tout fichier


def test_never_overwrites_unless_asked(photo, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"precieux")
    with pytest.raises(OutputError, match="existe déjà"):
        images.write_image(photo, path)
    assert path.read_bytes() == b"precieux"
    images.write_image(photo, path, overwrite=True)
    assert images.load_image(path).size == photo.size
    assert os.listdir(tmp_path) == ["a.png"]


@pytest.mark.parametrize("links", [True, False])
def test_a_file_that_appears_meanwhile_is_not_overwritten(photo, tmp_path, monkeypatch, links):
    path = tmp_path / "a.png"
    if not links:
        monkeypatch.setattr(os, "link", lambda *a: (_ for _ in ()).throw(OSError(errno.EPERM, "")))
    monkeypatch.setattr(writing, "check_writable", lambda *a, **k: path.write_bytes(b"precieux"))
    with pytest.raises(OutputError, match="existe déjà"):
        images.write_image(photo, path)
    assert path.read_bytes() == b"precieux"
    assert os.listdir(tmp_path) == ["a.png"]


def test_disks_without_links_work(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "link", lambda *a: (_ for _ in ()).throw(OSError(errno.EPERM, "")))
    images.write_image(photo, tmp_path / "a.png")
    assert images.load_image(tmp_path / "a.png").size == photo.size


@pytest.mark.parametrize("overwrite", [False, True])
def test_both_or_none(photo, tmp_path, monkeypatch, overwrite):
    first, second = tmp_path / "a.png", tmp_path / "b.png"
    if overwrite:
        first.write_bytes(b"un")
        second.write_bytes(b"deux")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    fail_on = "replace" if overwrite else "link"
    real = getattr(os, fail_on)

    def failing(source, target):
        if Path(target) == second and Path(source).suffix == ".tmp":
            monkeypatch.setattr(os, fail_on, real)
            raise OSError(errno.EROFS, "Read-only file system")
        return real(source, target)

    monkeypatch.setattr(os, fail_on, failing)
    if not overwrite:
        # Sans liens, le nom est réservé puis remplacé : cet échec-là aussi doit tout défaire.
        monkeypatch.setattr(os, "replace", lambda *a: (_ for _ in ()).throw(OSError(errno.EIO, "")))
    with pytest.raises(OutputError):
        images.write_images([(photo, first), (photo, second)], overwrite=overwrite)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def full_disk(path, data):
    """Écrit la moitié des octets, puis fait comme un disque plein."""
    path.write_bytes(data[: len(data) // 2])
    raise OSError(errno.ENOSPC, "No space left on device")


def test_full_disk_leaves_nothing(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_write_new", full_disk)
    with pytest.raises(OutputError, match="Le disque est plein"):
        images.write_image(photo, tmp_path / "a.png")
    assert os.listdir(tmp_path) == []


def test_a_really_full_disk(tmp_path):
    mount = tmp_path / "plein"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(mount)]
    try:
        done = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        done = False
    if not done:
        pytest.skip("monter un petit disque demande les droits d'administration")
    try:
        noise = np.random.default_rng(0).integers(0, 256, (400, 400, 3), dtype=np.uint8)
        (mount / "ancien.png").write_bytes(b"precieux")
        for name in ("a.png", "ancien.png"):
            with pytest.raises(OutputError, match="Le disque est plein"):
                images.write_image(noise, mount / name, overwrite=True)
        assert os.listdir(mount) == ["ancien.png"]
        assert (mount / "ancien.png").read_bytes() == b"precieux"
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_read_only_folder(photo, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    with pytest.raises(OutputError, match="protégé contre l'écriture"):
        images.write_image(photo, tmp_path / "a.png")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="sans /proc, pas de dossier protégé")
def test_a_really_read_only_folder(photo):
    # Même l'administrateur ne crée pas de fichier ici.
    with pytest.raises(OutputError, match=r"protégé contre l'écriture|n'a pas pu être écrit"):
        images.write_image(photo, "/proc/self/a.png")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.xyz", "L'extension de « a.xyz »"),
        ("a", ".jpg, .jpeg, .png, .webp"),
        ("absent/a.png", "n'existe pas"),
        ("fichier/a.png", "n'est pas un dossier"),
        ("dossier.png", "est un dossier"),
        ("x" * 300 + ".png", "n'est pas un nom de fichier possible"),
        ("a\0b.png", "n'est pas un nom de fichier possible"),
    ],
)
def test_bad_output_paths(photo, tmp_path, name, words):
    (tmp_path / "fichier").write_text("")
    (tmp_path / "dossier.png").mkdir()
    with pytest.raises(OutputError) as caught:
        images.write_image(photo, tmp_path / name)
    assert words in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == ["dossier.png", "fichier"]


def test_write_image_refuses_floats(tmp_path):
    with pytest.raises(ImageError, match="uint8"):
        images.write_image(np.zeros((4, 4, 3)), tmp_path / "a.png")


def test_importing_images_does_not_load_opencv():
    code = "import sys, gradcam_lab.images; sys.exit('cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
