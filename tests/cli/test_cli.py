"""La ligne de commande : ce qu'elle écrit, et une phrase pour chaque mauvaise demande."""

import errno
import io
import os
import re
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from tiny_pictures import bomb_png

from gradcam_lab import cli
from gradcam_lab.cli import lists
from gradcam_lab.cli import run as command
from gradcam_lab.errors import UnknownClassError, UnknownLayerError, WeightsUnavailableError
from gradcam_lab.explain.prediction import Prediction
from gradcam_lab.images import load_image, writing

HEATMAP = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)
NAMES = ["dalmatien", "chat tigré", "théière"]


class FakeModel:
    """Un classificateur sans réseau, à trois classes et deux couches."""

    name = "vgg16"
    labels = tuple(SimpleNamespace(index=i, label=n, label_fr=n) for i, n in enumerate(NAMES))
    default_layer = "block5_conv3"
    layers = (
        SimpleNamespace(name="block1_conv1", height=224, width=224, channels=64),
        SimpleNamespace(name="block5_conv3", height=14, width=14, channels=512),
    )

    def find_class(self, query):
        if query not in NAMES:
            raise UnknownClassError(f"La classe « {query} » est inconnue.")
        return NAMES.index(query)

    def find_layer(self, name):
        if name is None:
            return self.default_layer
        if name not in [layer.name for layer in self.layers]:
            raise UnknownLayerError(f"La couche « {name} » est inconnue.")
        return name

    def analyze(self, image):
        predictions = [
            Prediction(i, None, name, name, p)
            for i, (name, p) in enumerate(zip(NAMES, (0.9992306, 0.0005, 0.0002)))
        ]
        return SimpleNamespace(
            image=load_image(image),
            top=lambda k: predictions[:k],
            prediction=lambda index: predictions[index],
            heatmap=lambda *args, **options: HEATMAP,
        )


@pytest.fixture(autouse=True)
def fake(monkeypatch, request, tmp_path):
    if "real" not in request.node.name:
        monkeypatch.setattr(command, "_load_model", lambda name: FakeModel())
        monkeypatch.setattr(lists, "_load", lambda name: FakeModel())
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "Mon chien.jpg"
    Image.new("RGB", (60, 40), (90, 120, 150)).save(path)
    return str(path)


def tree(folder):
    """Tous les fichiers de `folder`, avec leur contenu."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def refused(capsys, folder, *argv, words=""):
    """La commande échoue avec 2, une phrase, et ne change aucun fichier."""
    err = stopped(capsys, folder, *argv, words=words)
    assert err.endswith((".\n", "?\n"))
    assert err.count("\n") == 1
    assert not re.search(r"[.!?] [A-ZÉ«]", err), f"plusieurs phrases : {err}"
    return err


def stopped(capsys, folder, *argv, words=""):
    """La commande échoue avec 2, dit pourquoi, et ne change aucun fichier."""
    before = tree(folder)
    assert cli.main([str(arg) for arg in argv]) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""
    assert tree(folder) == before
    return err


# --- ce qui doit marcher -----------------------------------------------------------------------


def test_one_photo(photo, tmp_path, capsys):
    assert cli.main([photo, "--sortie", "résultats/ici"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "Mon chien : ce que voit vgg16",
        "    99,92 %  dalmatien",
        "     0,05 %  chat tigré",
        "     0,02 %  théière",
        "Classe expliquée : dalmatien (couche block5_conv3, méthode gradcam)",
        f"Carte de chaleur : {os.path.join('résultats', 'ici', 'Mon chien_heatmap.jpg')}",
        f"Superposition    : {os.path.join('résultats', 'ici', 'Mon chien_gradcam.jpg')}",
    ]
    assert err == ""
    written = sorted((tmp_path / "résultats" / "ici").iterdir())
    assert [path.name for path in written] == ["Mon chien_gradcam.jpg", "Mon chien_heatmap.jpg"]
    assert {load_image(path).size for path in written} == {(60, 40)}


def test_options_are_followed(photo, capsys):
    options = ["--classe", "théière", "--couche", "block1_conv1", "--methode", "layercam"]
    assert cli.main([photo, *options, "--combien", "1", "--opacite", "0,5"]) == 0
    out = capsys.readouterr().out
    assert "théière (couche block1_conv1, méthode layercam)" in out
    assert "chat tigré" not in out


def test_several_photos_show_a_progress_bar(photo, tmp_path, capsys):
    shutil.copy(photo, tmp_path / "autre.jpg")
    assert cli.main([photo, "--sortie", "s", str(tmp_path / "autre.jpg")]) == 0
    out, err = capsys.readouterr()
    assert len(os.listdir("s")) == 4
    assert "Photos: 100%" in err
    assert out.count("ce que voit") == 2


def test_overwrites_only_when_asked(photo, tmp_path, capsys):
    assert cli.main([photo]) == 0
    capsys.readouterr()
    refused(capsys, tmp_path, photo, words="--ecraser")
    assert cli.main([photo, "--ecraser"]) == 0


@pytest.mark.parametrize("kind", ["L", "P", "RGBA", "CMYK", "I;16", "EXIF"])
def test_unusual_photos_work(tmp_path, kind):
    path = tmp_path / f"photo.{'jpg' if kind in ('CMYK', 'EXIF') else 'png'}"
    if kind == "EXIF":
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.new("RGB", (60, 40)).save(path, exif=exif)
    elif kind == "I;16":
        Image.fromarray(np.full((40, 60), 40_000, np.uint16)).save(path)
    else:
        Image.new("RGB", (60, 40), "red").convert(kind).save(path)
    assert cli.main([str(path)]) == 0
    expected = (40, 60) if kind == "EXIF" else (60, 40)
    assert load_image(tmp_path / "photo_gradcam.jpg").size == expected


def test_lists(capsys):
    assert cli.main(["--liste-modeles"]) == 0
    out = capsys.readouterr().out
    assert "vgg16" in out
    assert "mini" in out
    assert cli.main(["--liste-couches"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("block1_conv1")
    assert lines[1].endswith("14 × 14 × 512  (par défaut)")
    assert cli.main(["--liste-classes"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "   1  chat tigré (chat tigré)"


def test_help_and_version_are_in_french(capsys):
    for option in ("--aide", "-h", "--help"):
        assert cli.main([option]) == 0
        out = capsys.readouterr().out
        assert "Utilisation : python -m gradcam_lab" in out
        assert "(0,4 par défaut)" in out
        for english in ("usage:", "options:", "positional", "show this", "optional"):
            assert english not in out
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gradcam_lab ")


# --- ce qui doit être refusé -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ([], "Donnez au moins une photo"),
        (["--metode", "x"], "vouliez-vous dire « --methode », « --modele » ou"),
        (["--zzz"], "L'option « --zzz » n'existe pas"),
        (["--modele"], "L'option --modele attend une valeur"),
        (["--ecraser=oui"], "L'option --ecraser ne prend pas de valeur"),
        (["--modele", "--classe", "x"], "L'option --modele attend une valeur"),
        (["-modele", "x"], "L'option « -modele » n'existe pas : vouliez-vous dire « --modele »"),
        (["a.jpg", "--zzz", "b.jpg"], "L'option « --zzz » n'existe pas"),
        (["a.jpg", "--", "--zzz"], "« a.jpg » est introuvable"),
        (["--opacite", "fort"], "L'option --opacite attend un nombre, et non « fort »"),
        (["--combien", "1.5"], "L'option --combien attend un nombre, et non « 1.5 »"),
        (["a.jpg", "--combien", "0"], "L'option --combien attend un nombre d'au moins 1"),
        (["a.jpg", "--combien", "9" * 5000], "et non « 999999999999999999999999999999… »"),
        (["a.jpg", "--classe", "9" * 5000], "attend un nom, et non 5000 caractères"),
        ([""], "Une photo a un nom vide"),
        (["http://["], "http://["),
        (["a\0b"], "n'est pas un nom de fichier possible"),
        (["x" * 300], "n'est pas un nom de fichier possible"),
        (["~inconnu/x.jpg"], "n'est pas un nom de fichier possible"),
    ],
)
def test_badly_written_commands(argv, words, tmp_path, capsys):
    if "--" in argv:
        assert "« --zzz »" in stopped(capsys, tmp_path, *argv, words=words)
    else:
        refused(capsys, tmp_path, *argv, words=words)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--modele", "vgg17"], "« vgg16 »"),
        (["--methode", "gradcamm"], "« gradcam »"),
        (["--classe", "licorne"], "licorne"),
        (["--couche", "block9"], "block9"),
        (["--palette", "virridis"], "« viridis »"),
        (["--opacite", "7"], "entre 0 et 1"),
        (["--melange", "multiply"], "choisissez"),
        (["--sortie", "~inconnu/x"], "que cet ordinateur ne connaît pas"),
        (["--sortie", "x" * 300], "n'est pas un nom de dossier possible"),
        (["--sortie", "absent/" + "x" * 300], "n'est pas un nom de dossier possible"),
        (["--sortie", "a\0b"], "n'est pas un nom de dossier possible"),
        (["--sortie", "Mon chien.jpg"], "n'est pas un dossier"),
        (["--sortie", "Mon chien.jpg/sous"], "n'est pas un dossier"),
    ],
)
def test_unknown_names(photo, tmp_path, capsys, options, words):
    refused(capsys, tmp_path, photo, *options, words=words)


def truncated_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "JPEG")
    return buffer.getvalue()[:3000]


def one_pixel():
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "est introuvable : vouliez-vous dire « Mon chien.jpg » ?"),
        ("dossier", "ne contient aucune photo"),
        (b"", "est vide"),
        (b"Ceci n'est pas une image.", "contient du texte"),
        (truncated_jpeg(), "abîmée ou incomplète"),
        (one_pixel(), "1 × 1 pixels"),
        (bomb_png(30_000, 30_000), "900 mégapixels"),
    ],
    ids=["absent", "dossier", "vide", "texte", "tronqué", "un pixel", "bombe"],
)
def test_bad_photos_stop_everything_before_any_writing(photo, tmp_path, capsys, content, words):
    bad = tmp_path / "mon chein.jpg"
    if content == "dossier":
        bad.mkdir()
    elif content is not None:
        bad.write_bytes(content)
    refused(capsys, tmp_path, bad, "--sortie", tmp_path / "s", words=words)
    # La bonne photo, donnée en premier, n'est pas traitée non plus.
    stopped(capsys, tmp_path, photo, bad, "--sortie", tmp_path / "s", words=words)


def test_two_photos_of_the_same_name(photo, tmp_path, capsys):
    (tmp_path / "b").mkdir()
    shutil.copy(photo, tmp_path / "b")
    other = tmp_path / "b" / "Mon chien.jpg"
    stopped(capsys, tmp_path, photo, other, words="donneraient les mêmes fichiers")
    # Une clé USB tient ces deux noms pour le même.
    other = other.rename(tmp_path / "b" / "MON CHIEN.png")
    stopped(capsys, tmp_path, photo, other, words="donneraient les mêmes fichiers")
    # La même photo nommée deux fois n'est qu'une photo.
    assert cli.main([photo, photo]) == 0


def test_read_only_output_folder(photo, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *a, **k: False)
    refused(capsys, tmp_path, photo, words="protégé contre l'écriture")
    refused(capsys, tmp_path, photo, "--sortie", "nouveau", words="protégé contre l'écriture")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="sans /proc, pas de dossier protégé")
@pytest.mark.parametrize("folder", ["/proc/self", "/proc/self/nouveau"])
def test_really_read_only_output_folder(photo, tmp_path, capsys, folder):
    refused(capsys, tmp_path, photo, "--sortie", folder, words="/proc/self")


def test_full_disk(photo, tmp_path, capsys, monkeypatch):
    def full(path, data):
        path.write_bytes(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing, "_write_new", full)
    refused(capsys, tmp_path, photo, "--sortie", "a/b", words="Le disque est plein")


def test_weights_out_of_reach(photo, tmp_path, capsys, monkeypatch):
    def unavailable(name):
        raise WeightsUnavailableError("Les poids ne sont pas sur cet ordinateur.")

    monkeypatch.setattr(command, "_load_model", unavailable)
    refused(capsys, tmp_path, photo, words="Les poids ne sont pas sur cet ordinateur.")


def test_real_weights_out_of_reach(photo, tmp_path, tmp_path_factory, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    err = refused(capsys, tmp_path, photo, "--modele", "resnet50", words="ResNet-50")
    assert "--modele mini" in err


def test_real_default_falls_back_to_mini(tmp_path_factory, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
    assert cli.main(["rocket", "--combien", "1"]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("« mini », livré avec le paquet, remplace VGG16.")
    assert out[1] == "rocket : ce que voit mini"


def test_interruption(photo, tmp_path, capsys, monkeypatch):
    def interrupted(self, image):
        raise KeyboardInterrupt

    monkeypatch.setattr(FakeModel, "analyze", interrupted)
    before = tree(tmp_path)
    assert cli.main([photo, "--sortie", "s"]) == 130
    assert capsys.readouterr().err.startswith("Interrompu : ")
    assert tree(tmp_path) == before


def test_a_photo_given_by_its_address_is_read_once(tmp_path, monkeypatch, capsys):
    from gradcam_lab.base import downloads

    buffer = io.BytesIO()
    Image.new("RGB", (60, 40)).save(buffer, "PNG")
    asked = []
    monkeypatch.setattr(downloads, "read_url", lambda *a: asked.append(a) or buffer.getvalue())
    assert cli.main(["https://exemple.fr/d/mon%20chat.png?taille=3"]) == 0
    assert len(asked) == 1
    assert sorted(os.listdir(tmp_path)) == ["mon chat_gradcam.jpg", "mon chat_heatmap.jpg"]


def test_a_strange_address_cannot_leave_the_output_folder(tmp_path, monkeypatch):
    from gradcam_lab.base import downloads

    buffer = io.BytesIO()
    Image.new("RGB", (60, 40)).save(buffer, "PNG")
    monkeypatch.setattr(downloads, "read_url", lambda *a: buffer.getvalue())
    (tmp_path / "s").mkdir()
    assert cli.main(["https://exemple.fr/..%2Fchat.png", "--sortie", "s"]) == 0
    assert sorted(os.listdir(tmp_path)) == ["s"]
    assert sorted(os.listdir("s")) == ["chat_gradcam.jpg", "chat_heatmap.jpg"]


# --- plusieurs photos, un dossier, une photo d'exemple -----------------------------------------


@pytest.fixture
def album(tmp_path):
    """Un dossier avec deux photos, et ce que l'on trouve à côté des photos."""
    folder = tmp_path / "album"
    (folder / "sous").mkdir(parents=True)
    for name in ("b.png", "a.JPG", "sous/c.png", ".cachée.png"):
        Image.new("RGB", (30, 20), "red").save(folder / name)
    (folder / "notes.txt").write_text("à trier")
    (folder / "livret.pdf").write_bytes(b"%PDF")
    return folder


def test_a_folder_is_all_its_pictures(album, capsys):
    assert cli.main([str(album), "--sortie", "s"]) == 0
    out = capsys.readouterr().out
    assert re.findall("(.*) : ce que voit", out) == ["a", "b"]
    assert len(os.listdir("s")) == 4


def test_a_folder_can_receive_its_own_maps(album, tmp_path, capsys):
    for _ in range(2):
        assert cli.main([str(album), "--sortie", str(album), "--ecraser"]) == 0
        assert capsys.readouterr().out.count("ce que voit") == 2
    names = [name for name in os.listdir(album) if name.endswith(".jpg")]
    assert sorted(names) == ["a_gradcam.jpg", "a_heatmap.jpg", "b_gradcam.jpg", "b_heatmap.jpg"]


def test_phone_photos_of_a_folder_are_not_passed_over(album, tmp_path, capsys):
    (album / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + b"\0" * 40)
    stopped(capsys, tmp_path, album, words="HEIC")


def test_an_unreadable_folder(album, tmp_path, capsys, monkeypatch):
    from gradcam_lab.cli import photos

    def refuse(path):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(photos.os, "scandir", refuse)
    refused(capsys, tmp_path, album, words="ne se lit pas")


def test_every_bad_photo_is_named_before_anything_is_computed(album, photo, tmp_path, capsys):
    (album / "vide.png").write_bytes(b"")
    (album / "texte.png").write_text("Ceci n'est pas une image.")
    err = stopped(capsys, tmp_path, album, photo, "absent.jpg", "--sortie", "s")
    lines = [line for line in err.splitlines() if "\r" not in line]
    assert lines[0] == "3 photos sur 6 ne conviennent pas :"
    assert [re.search("[a-z]+[.](png|jpg)", line).group() for line in lines[1:4]] == [
        "texte.png", "vide.png", "absent.jpg",
    ]  # fmt: skip
    assert lines[4] == (
        "Rien n'a été écrit : corrigez ce qui précède, ou ajoutez --continuer pour traiter les "
        "autres (3)."
    )


def test_the_good_photos_are_explained_when_asked(album, photo, capsys):
    (album / "vide.png").write_bytes(b"")
    assert cli.main([str(album), photo, "--sortie", "s", "--continuer"]) == 0
    out, err = capsys.readouterr()
    assert re.findall("(.*) : ce que voit", out) == ["a", "b", "Mon chien"]
    assert "1 photo sur 4 ne convient pas :\n- Le fichier" in err
    assert "vide.png » est vide" in err
    # Relancée, la commande ne refait que ce qui manque.
    os.remove(os.path.join("s", "a_heatmap.jpg"))
    os.remove(os.path.join("s", "a_gradcam.jpg"))
    assert cli.main([str(album), photo, "--sortie", "s", "--continuer"]) == 0
    assert capsys.readouterr().out.count("ce que voit") == 1


def test_going_on_without_any_good_photo(tmp_path, capsys):
    err = stopped(capsys, tmp_path, "a.jpg", "b.jpg", "--continuer", words="2 photos sur 2")
    assert err.endswith("Rien n'a été écrit : corrigez ce qui précède.\n")


def test_a_sample_photo_is_known_by_its_name(tmp_path, capsys):
    assert cli.main(["Chelsea"]) == 0
    assert capsys.readouterr().out.startswith("chelsea : ce que voit")
    assert load_image("chelsea_gradcam.jpg").size == (451, 300)
    # Un fichier de ce nom passe avant.
    Image.new("RGB", (30, 20)).save(tmp_path / "rocket", "PNG")
    assert cli.main(["rocket"]) == 0
    assert load_image("rocket_gradcam.jpg").size == (30, 20)
    capsys.readouterr()
    refused(capsys, tmp_path, "dalmatien", words="GRADCAM_LAB_OFFLINE")


@pytest.mark.parametrize("end", ["vouliez-vous dire « a » ?", "essayez un mot voisin."])
def test_an_unknown_class_says_how_to_see_them_all(photo, tmp_path, capsys, monkeypatch, end):
    def unknown(self, query):
        raise UnknownClassError(f"Aucune classe ne s'appelle « {query} » : {end}")

    monkeypatch.setattr(FakeModel, "find_class", unknown)
    refused(capsys, tmp_path, photo, "--classe", "licorne", words="(--liste-classes")


# --- ne rien perdre ----------------------------------------------------------------------------


@pytest.mark.parametrize("link", [None, "symbolique", "dur"])
@pytest.mark.parametrize("overwrite", [[], ["--ecraser"]])
def test_an_output_is_never_one_of_the_photos(tmp_path, capsys, link, overwrite):
    for name in ("x.jpg", "x_heatmap.jpg"):
        Image.new("RGB", (30, 20)).save(tmp_path / name)
    second = tmp_path / "x_heatmap.jpg"
    if link:
        second = tmp_path / "autre.jpg"
        (tmp_path / "x_heatmap.jpg").rename(second)
        make = os.symlink if link == "symbolique" else os.link
        make(second, tmp_path / "x_heatmap.jpg")
    words = "remplacerait « x_heatmap.jpg », qui est l'une des photos données"
    stopped(capsys, tmp_path, "x.jpg", second, *overwrite, words=words)


def test_an_output_that_differs_from_a_photo_by_its_case_only(tmp_path, capsys, monkeypatch):
    from gradcam_lab.cli import photos

    for name in ("x.jpg", "X_HEATMAP.JPG"):
        Image.new("RGB", (30, 20)).save(tmp_path / name)
    real = os.stat

    def insensitive(path, **options):
        """Le disque d'un Mac ou de Windows : il retrouve un fichier quelle que soit la casse."""
        name = os.path.basename(str(path)).casefold()
        match = [n for n in os.listdir(tmp_path) if n.casefold() == name]
        return real(tmp_path / match[0] if match else path, **options)

    monkeypatch.setattr(photos.os, "stat", insensitive)
    words = "qui est l'une des photos données"
    stopped(capsys, tmp_path, "x.jpg", "X_HEATMAP.JPG", "--ecraser", words=words)


@pytest.mark.parametrize("size", [(65_501, 2), (2, 65_501)])
def test_a_photo_too_wide_for_jpeg_is_refused_before_the_computation(
    tmp_path, capsys, monkeypatch, size
):
    Image.new("RGB", size).save(tmp_path / "longue.png")
    monkeypatch.setattr(command, "_load_model", None)  # chargé, il lèverait une autre erreur
    refused(capsys, tmp_path, "longue.png", words="65501 pixels, et un fichier .jpg n'en accepte")


@pytest.mark.parametrize("name", ["é" * 125 + ".png", "x" * 251 + ".png", "x" * 253 + ".a"])
@pytest.mark.parametrize("folder", [".", "nouveau"])
def test_a_photo_whose_name_leaves_no_room_is_refused_before_the_computation(
    tmp_path, capsys, monkeypatch, name, folder
):
    Image.new("RGB", (30, 20)).save(tmp_path / "p.png")
    (tmp_path / "p.png").rename(tmp_path / name)
    monkeypatch.setattr(command, "_load_model", None)
    refused(capsys, tmp_path, name, "--sortie", folder, words="choisissez-en un plus court")


# --- pour de vrai, dans un autre processus -----------------------------------------------------


def run(argv, **environment):
    command = [sys.executable, "-m", "gradcam_lab", *map(str, argv)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": cli.__file__.rsplit("gradcam_lab", 1)[0],
             "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


def test_real_errors_are_quick_and_load_no_tensorflow(tmp_path):
    done = run(["absent.jpg"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Le fichier « absent.jpg » est introuvable")
    code = (
        "import sys; from gradcam_lab.cli import main; main(['absent.jpg']);"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_real_dalmatian(dalmatian_path, shared_keras_folder, tmp_path):
    done = run(
        [dalmatian_path, "--modele", "mobilenet_v2", "--sortie", "s"],
        KERAS_HOME=str(shared_keras_folder),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[1].endswith("%  dalmatien")
    for kind in ("heatmap", "gradcam"):
        assert load_image(tmp_path / "s" / f"Dalmatian_{kind}.jpg").size == (2400, 3000)


@pytest.mark.slow
def test_real_bad_weights(photo, shared_keras_folder, tmp_path, tmp_path_factory):
    models = tmp_path_factory.mktemp("keras") / "models"
    models.mkdir()
    name = next((shared_keras_folder / "models").glob("mobilenet_v2_*")).name
    data = (shared_keras_folder / "models" / name).read_bytes()
    (models / name).write_bytes(data[: len(data) // 2])
    before = tree(tmp_path)
    for model, words in (("mobilenet_v2", "abîmé"), ("vgg16", "GRADCAM_LAB_OFFLINE")):
        done = run(
            [photo, "--modele", model], KERAS_HOME=str(models.parent), GRADCAM_LAB_OFFLINE="1"
        )
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert done.stderr.count("\n") == 1
        assert tree(tmp_path) == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="sans /dev/full, pas de sortie pleine")
@pytest.mark.parametrize("argv", [["--aide"], ["--version"], ["--liste-modeles"]])
def test_real_full_output(argv):
    command = [sys.executable, "-m", "gradcam_lab", *argv]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, encoding="utf-8", check=False,
            env={**os.environ, "PYTHONIOENCODING": "utf-8"},
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("Le texte de la commande n'a pas pu être écrit")
    assert done.stderr.count("\n") == 1


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows n'a pas de SIGPIPE")
def test_real_reader_that_leaves(tmp_path):
    read, write = os.pipe()
    os.close(read)  # `| head -1`, après sa première ligne
    command = [sys.executable, "-m", "gradcam_lab", "rocket", "chelsea", "--modele", "mini"]
    with os.fdopen(write, "w") as broken:
        done = subprocess.run(
            command, stdout=broken, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 0
    assert "Error" not in done.stderr
    # Le texte n'a plus de lecteur, mais les images sont là.
    assert len(os.listdir(tmp_path)) == 4
