"""Enregistrer la carte et la superposition : les deux ou aucune, sans rien écraser."""

import os
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from gradcam_lab.errors import OutputError, SettingError
from gradcam_lab.figures.saving import output_paths, save
from gradcam_lab.images import colorize, load_image, superimpose

HEATMAP = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def analysis():
    """Une analyse sans réseau : une photo de 50 × 36 et une carte de 3 × 4."""
    y, x = np.mgrid[0:36, 0:50]
    photo = Image.fromarray(np.stack([x * 5, y * 7, x + y], axis=-1).astype(np.uint8))
    asked = []

    def heatmap(target=None, **settings):
        asked.append((target, settings))
        return HEATMAP

    return SimpleNamespace(image=photo, heatmap=heatmap, asked=asked)


def test_both_pictures_at_the_size_of_the_photo(analysis, tmp_path):
    (tmp_path / "chien.png").write_bytes(b"la photo")
    settings = {"layer": "conv", "method": "layercam", "score": "probability"}
    paths = save(analysis, tmp_path / "chien.png", "dalmatien", **settings)
    assert paths == (tmp_path / "chien_heatmap.png", tmp_path / "chien_gradcam.png")
    assert analysis.asked == [("dalmatien", {**settings, "progress": False})]
    np.testing.assert_array_equal(load_image(paths[0]), colorize(HEATMAP, (36, 50)))
    np.testing.assert_array_equal(load_image(paths[1]), superimpose(HEATMAP, analysis.image))
    assert (tmp_path / "chien.png").read_bytes() == b"la photo"
    assert len(os.listdir(tmp_path)) == 3


def test_colors_and_opacity_are_followed(analysis, tmp_path):
    first, second = save(analysis, str(tmp_path / "a.png"), alpha=0.9, colormap="viridis")
    np.testing.assert_array_equal(
        load_image(first), colorize(HEATMAP, (36, 50), colormap="viridis")
    )
    expected = superimpose(HEATMAP, analysis.image, 0.9, colormap="viridis")
    np.testing.assert_array_equal(load_image(second), expected)


def test_the_blend_is_followed(analysis, tmp_path):
    added, mixed = (
        load_image(save(analysis, tmp_path / f"{blend}.png", blend=blend)[1])
        for blend in ("add", "mix")
    )
    np.testing.assert_array_equal(mixed, superimpose(HEATMAP, analysis.image, blend="mix"))
    assert np.any(np.asarray(added) != np.asarray(mixed))


@pytest.mark.parametrize("taken", ["a_heatmap.jpg", "a_gradcam.jpg"])
def test_neither_is_written_when_one_exists(analysis, tmp_path, taken):
    (tmp_path / taken).write_bytes(b"precieux")
    with pytest.raises(OutputError, match="existe déjà"):
        save(analysis, tmp_path / "a.jpg")
    assert os.listdir(tmp_path) == [taken]
    assert analysis.asked == []  # rien n'a été calculé pour rien
    save(analysis, tmp_path / "a.jpg", overwrite=True)
    assert sorted(os.listdir(tmp_path)) == ["a_gradcam.jpg", "a_heatmap.jpg"]
    assert load_image(tmp_path / taken).size == (50, 36)


def test_output_paths(tmp_path):
    heatmap, overlay = output_paths("mes photos/été.2026.jpeg")
    assert (heatmap.name, overlay.name) == ("été.2026_heatmap.jpeg", "été.2026_gradcam.jpeg")
    assert heatmap.parent.name == "mes photos"
    assert output_paths("chien")[0].name == "chien_heatmap.jpg"
    for folder in (tmp_path, "", ".", "/"):
        with pytest.raises(OutputError, match="donnez aussi un nom"):
            output_paths(folder)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"path": "absent/a.jpg"}, OutputError, "n'existe pas"),
        ({"path": "a.txt"}, OutputError, "L'extension"),
        ({"path": None}, OutputError, "est un texte, par exemple"),
        ({"path": "x" * 300}, OutputError, "choisissez-en un plus court"),
        ({"path": "x" * 250 + ".png"}, OutputError, "choisissez-en un plus court"),
        ({"path": "a\0b.png"}, OutputError, "n'est pas un nom de fichier possible"),
        ({"path": "~inconnu/a.png"}, OutputError, "que cet ordinateur ne connaît pas"),
        ({"path": "x" * 300 + "/a.png"}, OutputError, "n'est pas un nom de dossier possible"),
        ({"path": "a.jpg", "blend": "xor"}, SettingError, "mélange"),
        ({"path": "a.jpg", "alpha": 3}, SettingError, "entre 0 et 1"),
        ({"path": "a.jpg", "colormap": "gris"}, SettingError, "n'existe pas"),
    ],
)
def test_refusals_write_nothing(analysis, tmp_path, monkeypatch, options, kind, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=words):
        save(analysis, **options)
    assert os.listdir(tmp_path) == []
    assert analysis.asked == []  # rien n'a été calculé pour rien


@pytest.mark.parametrize(
    ("name", "limit"), [("a.jpg", 65_500), ("a.jpeg", 65_500), ("a.webp", 16_383)]
)
def test_a_photo_too_large_for_its_format_is_refused_before_the_computation(
    analysis, tmp_path, name, limit
):
    analysis.image = Image.new("RGB", (2, limit + 1))
    with pytest.raises(OutputError, match=f"n'en accepte que {limit} : donnez .*[.]png"):
        save(analysis, tmp_path / name)
    assert analysis.asked == []
    assert os.listdir(tmp_path) == []
    save(analysis, tmp_path / "a.png")
    # À la limite, le fichier s'écrit et se relit.
    analysis.image = Image.new("RGB", (2, limit))
    assert load_image(save(analysis, tmp_path / name)[0]).size == (2, limit)


def test_something_else_than_an_analysis(tmp_path):
    with pytest.raises(SettingError, match="attend d'abord une analyse"):
        save(HEATMAP, tmp_path / "a.png")


def test_a_blank_map_is_saved_and_its_cause_is_said(tmp_path, capsys):
    import keras

    from gradcam_lab.explain.classifier import Classifier

    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(2, 3, activation="relu", kernel_initializer="ones")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    # Des poids tous négatifs pour la classe 0 : la couche ne contient que des indices contre elle.
    outputs = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(-1.0))(x)
    model = Classifier(keras.Model(inputs, outputs))
    analysis = model.analyze(np.full((20, 30, 3), 200, np.uint8))
    heatmap, overlay = save(analysis, tmp_path / "vide.png", target=0)
    assert "indices contre la classe" in capsys.readouterr().out
    np.testing.assert_array_equal(load_image(heatmap), colorize(np.zeros((6, 6)), (20, 30)))
    assert load_image(overlay).size == (30, 20)
