"""La commande de bout en bout : le vrai réseau `mini`, de vraies photos, de vrais fichiers.

Rien ne vient de ../shared : les photos sont celles de scikit-image et une image dessinée ici.
"""

import os
import re

import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab import cli
from gradcam_lab.images import jpeg_bytes


@pytest.fixture(scope="module")
def mini():
    return gl.load_model("mini")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def pictures(tmp_path):
    """Un dossier de deux photos : la chatte Chelsea, et la tasse sur un fond blanc."""
    folder = tmp_path / "photos"
    folder.mkdir()
    gl.sample("chelsea").save(folder / "chat.png")
    gl.sample("coffee").crop((40, 20, 360, 380)).save(folder / "Tasse de café.png")
    return folder


def written(kind, name, folder="."):
    return np.asarray(gl.load_image(os.path.join(folder, f"{name}_{kind}.jpg")))


def through_jpeg(picture):
    """La même image après l'aller et retour que fait le fichier .jpg."""
    return np.asarray(gl.load_image(jpeg_bytes(picture)))


def check_pictures(mini, photo, name, folder, target=None, settings=None, overlay=None):
    """Les deux fichiers écrits sont les images que l'on fait à la main avec `gl`."""
    photo = gl.load_image(photo)
    heatmap = mini.analyze(photo).heatmap(target, **(settings or {}))
    expected = gl.superimpose(heatmap, photo, **(overlay or {}))
    np.testing.assert_array_equal(written("gradcam", name, folder), through_jpeg(expected))
    colors = gl.colorize(heatmap, (photo.height, photo.width))
    np.testing.assert_array_equal(written("heatmap", name, folder), through_jpeg(colors))


@pytest.mark.slow
def test_a_folder_of_photos(mini, pictures, capsys):
    assert cli.main([str(pictures), "--modele", "mini", "--sortie", "cartes"]) == 0
    out = capsys.readouterr().out
    assert re.findall("(.*) : ce que voit mini", out) == ["Tasse de café", "chat"]
    for path in pictures.iterdir():
        answer = mini.analyze(path).top(1)[0].label_fr
        assert f"Classe expliquée : {answer} (couche block4_conv5, méthode gradcam)" in out
    assert len(os.listdir("cartes")) == 4
    for path in pictures.iterdir():
        check_pictures(mini, path, path.stem, "cartes")


def test_several_photos_with_every_setting(mini, pictures):
    argv = [str(pictures / "chat.png"), "chelsea", "--modele", "mini", "--classe", "chien"]
    argv += ["--couche", "block3_conv2", "--methode", "layercam"]
    assert cli.main([*argv, "--melange", "mix", "--opacite", "0,6"]) == 0
    settings = {"layer": "block3_conv2", "method": "layercam"}
    overlay = {"alpha": 0.6, "blend": "mix"}
    for name in ("chat", "chelsea"):
        photo = gl.sample("chelsea")
        check_pictures(mini, photo, name, ".", "chien", settings, overlay)


@pytest.mark.slow
def test_overwriting_replaces_the_maps_and_nothing_else(mini, pictures, capsys):
    photo = pictures / "chat.png"
    before = photo.read_bytes()
    argv = [str(photo), "--modele", "mini", "--sortie", str(pictures)]
    assert cli.main(argv) == 0
    check_pictures(mini, photo, "chat", pictures)
    assert cli.main([*argv, "--melange", "mix"]) == 2
    check_pictures(mini, photo, "chat", pictures)
    assert cli.main([*argv, "--melange", "mix", "--ecraser"]) == 0
    check_pictures(mini, photo, "chat", pictures, overlay={"blend": "mix"})
    assert photo.read_bytes() == before
    # Relancée sur tout le dossier par `*`, la commande ne prend pas ses cartes pour des photos.
    capsys.readouterr()
    everything = [str(path) for path in sorted(pictures.iterdir())]
    content = {path: path.read_bytes() for path in pictures.iterdir()}
    assert cli.main([*everything, *argv[1:], "--ecraser"]) == 2
    assert "qui est l'une des photos données" in capsys.readouterr().err
    assert content == {path: path.read_bytes() for path in pictures.iterdir()}


@pytest.mark.slow
def test_one_bad_photo_among_good_ones(mini, pictures, capsys):
    (pictures / "abîmée.png").write_bytes((pictures / "chat.png").read_bytes()[:5000])
    argv = [str(pictures), "--modele", "mini", "--sortie", "cartes"]
    assert cli.main(argv) == 2
    err = capsys.readouterr().err
    assert "abîmée.png » est une image abîmée" in err
    assert "Rien n'a été écrit" in err
    assert not os.path.exists("cartes")
    assert cli.main([*argv, "--continuer"]) == 0
    check_pictures(mini, pictures / "chat.png", "chat", "cartes")
    assert len(os.listdir("cartes")) == 4


@pytest.mark.slow
def test_a_blank_map_is_told_under_its_photo(mini, capsys):
    analysis = mini.analyze(gl.sample("chelsea"))
    blank = next(label.label_fr for label in mini.labels if not analysis.heatmap(label.index).any())
    capsys.readouterr()
    assert cli.main(["chelsea", "--modele", "mini", "--classe", blank]) == 0
    lines = capsys.readouterr().out.splitlines()
    told = lines.index(f"Classe expliquée : {blank} (couche block4_conv5, méthode gradcam)")
    assert lines[0] == "chelsea : ce que voit mini"
    assert "carte" in lines[told + 1]
    assert lines[-2].startswith("Carte de chaleur : ")


def test_the_classes_and_an_unknown_one(mini, capsys):
    assert cli.main(["--liste-classes", "--modele", "mini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(mini.labels) == 14
    assert lines[2] == "   2  chat (cat)"
    for query, words in (("licorne", ("« licorne »", "avion", "voilier")), ("14", ("de 0 à 13",))):
        assert cli.main(["chelsea", "--modele", "mini", "--classe", query]) == 2
        err = capsys.readouterr().err
        assert all(word in err for word in (*words, "--liste-classes"))
    assert os.listdir() == []


def test_an_unknown_layer_writes_nothing(capsys):
    argv = ["chelsea", "--modele", "mini", "--couche", "block9", "--sortie", "s"]
    assert cli.main(argv) == 2
    assert "block9" in capsys.readouterr().err
    assert os.listdir() == []


def test_the_layers_are_those_of_the_network(mini, capsys):
    assert cli.main(["--liste-couches", "--modele", "mini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [layer.name for layer in mini.layers]
    assert [line.split()[0] for line in lines if "par défaut" in line] == [mini.default_layer]


def test_the_methods_and_their_costs(mini, capsys):
    assert cli.main(["--liste-methodes", "--modele", "mini"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(gl.METHODS)
    assert lines[0].endswith("aussitôt")
    occlusion = next(line for line in lines if line.startswith("occlusion"))
    assert occlusion.endswith(f"{mini.runs('occlusion')} passes au plus")


def test_a_method_of_the_image_takes_no_layer(capsys):
    choices = ["chelsea", "--modele", "mini", "--methode", "guided_backprop"]
    assert cli.main([*choices, "--couche", "block4_conv5"]) == 2
    assert "retirez --couche" in capsys.readouterr().err
    assert os.listdir() == []
    assert cli.main(choices) == 0
    assert "chat (méthode guided_backprop)" in capsys.readouterr().out


def test_a_long_method_shows_its_progress(capsys):
    assert cli.main(["chelsea", "--modele", "mini", "--methode", "ablationcam"]) == 0
    assert "Ablation-CAM" in capsys.readouterr().err
