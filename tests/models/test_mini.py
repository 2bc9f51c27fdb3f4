"""`mini` : son fichier de poids, ses classes, ses réponses, et ce que dit sa fiche."""

import json
import re
import shutil
import subprocess
import sys

import cv2
import numpy as np
import pytest
from PIL import Image

import gradcam_lab as gl
from gradcam_lab.base.messages import muted
from gradcam_lab.base.numbers import short_percent
from gradcam_lab.errors import WeightsUnavailableError
from gradcam_lab.models import mini

FRENCH = [
    "avion", "bonsaï", "chat", "chien", "dalmatien", "éléphant", "léopard",
    "montre", "moto", "papillon", "piano", "tasse", "visage", "voilier",
]  # fmt: skip


NETWORKS = ("mini", "mini_localise")


@pytest.fixture(scope="module", params=NETWORKS)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def evaluation(name):
    return mini.evaluation(name)


@pytest.fixture(scope="module")
def classifier(name):
    return gl.load_model(name)


@pytest.fixture(scope="module")
def chelsea():
    from skimage import data

    return Image.fromarray(data.chelsea())


def copy_of_data(tmp_path, monkeypatch):
    folder = tmp_path / "mini"
    shutil.copytree(mini.folder(), folder)
    monkeypatch.setattr(mini, "_DATA", tmp_path)
    return folder


# --- Le fichier de poids ------------------------------------------------------------------------


def test_weights_are_small_and_match_their_hash(name, evaluation):
    card = mini.manifest(name)
    assert mini.available(name)
    assert (mini.folder(name) / card["weights"]).stat().st_size <= 2_500_000  # 5 Mo à eux deux
    assert evaluation["poids"]["sha256"] == card["sha256"]
    arrays = mini.load_arrays(name)
    assert sum(a.size for a in arrays.values()) == card["parameters"]
    assert all(a.dtype == np.float32 and np.isfinite(a).all() for a in arrays.values())


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    folder = copy_of_data(tmp_path, monkeypatch)
    path = folder / mini.manifest()["weights"]
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(WeightsUnavailableError, match="abîmé"):
        mini.build()


def test_missing_weights_are_said(tmp_path, monkeypatch):
    folder = copy_of_data(tmp_path, monkeypatch)
    (folder / mini.manifest()["weights"]).unlink()
    assert not mini.available()
    with pytest.raises(WeightsUnavailableError, match="réinstallez"):
        mini.build()


def test_a_second_network_is_a_second_folder(tmp_path, monkeypatch):
    """Un réseau de même architecture : ses classes et ses poids sont lus dans son dossier."""
    folder = copy_of_data(tmp_path, monkeypatch).rename(tmp_path / "mini_bis")
    card = json.loads((folder / "mini.json").read_text(encoding="utf-8"))
    card["classes"][2]["label_fr"] = "minou"
    (folder / "mini_bis.json").write_text(json.dumps(card), encoding="utf-8")
    assert mini.available("mini_bis")
    assert not mini.available()
    assert mini.labels("mini_bis")[2]["label_fr"] == "minou"
    model = mini.build("mini_bis")
    assert model.name == "mini_bis"
    kernel = mini.load_arrays("mini_bis")["block2_conv1/kernel"]
    np.testing.assert_array_equal(model.get_layer("block2_conv1").get_weights()[0], kernel)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"classes": [{}]}'])
def test_missing_or_unreadable_manifest_is_said(text, tmp_path, monkeypatch):
    folder = copy_of_data(tmp_path, monkeypatch)
    if text is None:
        (folder / "mini.json").unlink()
    else:
        (folder / "mini.json").write_text(text, encoding="utf-8")
    assert not mini.available()
    with pytest.raises(WeightsUnavailableError, match="réinstallez"):
        mini.build()


def test_reading_mini_loads_no_tensorflow():
    code = (
        "import sys; from gradcam_lab.models import mini; mini.labels(); mini.available()\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"tensorflow", "keras"} & set(loaded)


# --- Le réseau ------------------------------------------------------------------------------------


def test_classes_have_their_names(classifier):
    assert [label.label_fr for label in classifier.labels] == FRENCH
    assert mini.keys()[5] == "elephant"
    for query in ("éléphant", "ELEPHANT", "elephant"):
        assert classifier.find_class(query) == 5
    assert classifier.find_class("dalmatian") == classifier.find_class("n02110341") == 4


def test_layers_are_named_as_in_vgg16(classifier):
    names = [layer.name for layer in classifier.layers]
    sizes = (1, 2, 2, 5)
    assert names == [f"block{b}_conv{c}" for b, n in enumerate(sizes, 1) for c in range(1, n + 1)]
    assert classifier.default_layer == "block4_conv5"
    assert classifier.input_size == mini.INPUT_SIZE
    assert (classifier.layers[-1].height, classifier.layers[-1].width) == (16, 16)


def test_preprocess_is_a_pure_function():
    x = np.array([0, 127.5, 255], np.float32).reshape(1, 1, 1, 3)
    before = x.copy()
    np.testing.assert_allclose(mini.preprocess(x).ravel(), [-1, 0, 1])
    np.testing.assert_array_equal(x, before)
    assert mini.preprocess(x).dtype == np.float32


def test_two_educations_of_one_architecture():
    """Mêmes couches, mêmes classes, mêmes noms ; d'autres poids, et une seule recette ordinaire."""
    ordinary, taught = (gl.load_model(name) for name in NETWORKS)
    assert ordinary.layers == taught.layers
    assert ordinary.labels == taught.labels
    kernels = [one.model.get_layer("block1_conv1").get_weights()[0] for one in (ordinary, taught)]
    assert not np.allclose(*kernels)
    place = {name: [phase["lieu"] for phase in mini.manifest(name)["phases"]] for name in NETWORKS}
    assert not any(place["mini"]), "rien, dans l'entraînement de mini, ne regarde une carte"
    assert any(place["mini_localise"])


def test_gradcam_is_the_class_activation_map(classifier, chelsea):
    """Moyenne globale puis couche dense : la carte est celle de Zhou et al. (2016)."""
    analysis = classifier.analyze(chelsea)
    activations = analysis.activations()
    kernel, _ = classifier.model.get_layer("predictions").get_weights()
    warm = []
    with muted():  # une carte vide doit l'être des deux côtés
        for k in range(len(mini.keys())):
            cam = np.maximum(activations @ kernel[:, k], 0)
            # Le gradient est la colonne divisée par le nombre de cases ; puis vient une moyenne
            # sur les canaux : les deux cartes ne diffèrent que par ce facteur.
            heatmap = analysis.heatmap(k, normalize=False) * activations.size
            np.testing.assert_allclose(heatmap, cam, rtol=1e-3, atol=1e-4)
            warm += [mini.keys()[k]] if cam.max() > 1 else []
    assert "chat" in warm


def test_untrained_network_has_the_same_shape(classifier):
    untrained = mini.build(weights=False)
    assert untrained.count_params() == classifier.model.count_params()
    assert [w.shape for w in untrained.weights] == [w.shape for w in classifier.model.weights]


# --- Ce qu'il répond ------------------------------------------------------------------------------


@pytest.mark.parametrize("photo", ["chelsea", "cafe", "astronaute"])
def test_offline_photos_give_the_stored_scores(photo, classifier, evaluation):
    from skimage import data

    stored = evaluation["exemples"][photo]["trouve"]
    photo = {"chelsea": data.chelsea, "cafe": data.coffee, "astronaute": data.astronaut}[photo]()
    top = classifier.analyze(photo).top(3)
    assert top[0].label_fr == stored[0][0]
    found = {p.label_fr: p.probability for p in classifier.analyze(photo).top(14)}
    for label, probability in stored:
        assert found[label] == pytest.approx(probability, abs=2e-3)


def test_two_pictures_two_classes_two_maps(classifier, chelsea):
    """La carte de la bonne classe et celle d'une autre ne se ressemblent pas."""
    analysis = classifier.analyze(chelsea)
    cat, boat = (analysis.heatmap(t, normalize=False) for t in ("chat", "voilier"))
    assert cat.sum() > 3 * boat.sum()


def test_dalmatian(classifier, evaluation, dalmatian_path):
    top = classifier.analyze(dalmatian_path).top(1)[0]
    stored = evaluation["exemples"]["dalmatien"]["trouve"][0]
    assert top.label_fr == stored[0] == "dalmatien"
    assert top.probability == pytest.approx(stored[1], abs=2e-3)
    assert top.probability > 0.9


def heat_share(heatmap, size, outline):
    """Part de la chaleur à l'intérieur d'un contour (x et y en fractions de la photo).

    Avec OpenCV, quand `evaluate_mini.py` emploie Pillow : les deux calculs se vérifient.
    """
    corners = np.round(np.multiply(outline, size)).astype(np.int32)
    mask = cv2.fillPoly(np.zeros(size[::-1], np.uint8), [corners], 1)
    large = cv2.resize(heatmap, size).astype(np.float64)
    return (large * mask).sum() / large.sum() if large.sum() > 0 else 0.0


@pytest.fixture(scope="module")
def outlines():
    path = mini.folder().parents[2] / "training" / "contours.json"
    if not path.is_file():
        pytest.skip("les contours tracés à la main ne sont que dans le dépôt")
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_shares_of_heat_are_those_of_the_card(classifier, evaluation, outlines, dalmatian_path):
    analysis = classifier.analyze(dalmatian_path)
    outline, size = outlines["dalmatien"]["chien"], analysis.image.size
    stored = evaluation["contraste"]["dalmatien"]["entraine"]
    with muted():  # une carte vide a une part nulle
        for target in ("dalmatien", "chat"):
            share = heat_share(analysis.heatmap(target), size, outline)
            assert share == pytest.approx(stored[target]["chien"], abs=0.02)


def test_the_taught_network_is_hot_where_it_was_taught(outlines, dalmatian_path):
    analysis = gl.load_model("mini_localise").analyze(dalmatian_path)
    outline, size = outlines["dalmatien"]["chien"], analysis.image.size
    with muted():
        shares = {t: heat_share(analysis.heatmap(t), size, outline) for t in ("dalmatien", "chat")}
        total = {t: analysis.heatmap(t, normalize=False).sum() for t in shares}
    assert shares["dalmatien"] >= 0.65
    assert shares["chat"] <= 0.15
    assert total["chat"] <= 0.01 * total["dalmatien"]


def test_each_animal_has_its_own_heat(outlines, both_path):
    analysis = gl.load_model("mini_localise").analyze(both_path)
    for target, other in (("chien", "chat"), ("chat", "chien")):
        heatmap = analysis.heatmap(target)
        mine, theirs = (
            heat_share(heatmap, analysis.image.size, outlines["chien_et_chat"][name])
            for name in (target, other)
        )
        assert mine > 0.5 > 0.2 > theirs


@pytest.mark.slow
def test_a_part_of_the_test_photos(classifier, evaluation, shared):
    """Cent photos de test : à peine quelques points d'écart avec la mesure complète."""
    folder = shared / "mini_vgg" / "test"
    if not folder.is_dir():
        pytest.skip("les photos de test (../shared/mini_vgg) ne sont pas là")
    paths = sorted(folder.glob("*/*.jpg"))[::8]
    batch = np.concatenate([classifier.preprocess(path) for path in paths])
    guesses = classifier.model(batch).numpy().argmax(1)
    right = np.mean([mini.keys()[k] == path.parent.name for k, path in zip(guesses, paths)])
    assert right > evaluation["test"]["exactitude"] - 0.06


# --- Sa fiche -------------------------------------------------------------------------------------


def test_model_card_quotes_the_evaluation(name, evaluation):
    root = mini.folder().parents[2]
    path = root / "docs" / f"carte_{name}.md"
    if not path.is_file():
        pytest.skip("la fiche n'est que dans le dépôt")
    text = path.read_text(encoding="utf-8")
    assert mini.manifest(name)["sha256"] in text
    assert short_percent(evaluation["test"]["exactitude"]) in text
    assert "non commercial" in text
    assert "$" not in text


@pytest.mark.slow
def test_traces_of_absent_classes_are_those_of_the_card(classifier, evaluation, shared):
    """Sur une partie des photos de test, par les cartes du paquet, et non par la matrice."""
    folder = shared / "mini_vgg" / "test"
    if not folder.is_dir():
        pytest.skip("les photos de test (../shared/mini_vgg) ne sont pas là")
    traces, empty = [], []
    with muted():
        for path in sorted(folder.glob("*/*.jpg"))[::12]:
            analysis = classifier.analyze(path)
            hot = [analysis.heatmap(k, normalize=False).max() > 0 for k in range(14)]
            shown = {mini.keys().index(path.parent.name)}
            if path.parent.name == "dalmatien":
                shown.add(mini.keys().index("chien"))
            traces += [hot[k] for k in range(14) if k not in shown]
            empty.append(not hot[analysis.top(1)[0].index])
    stored = evaluation["test"]["cartes"]
    assert np.mean(traces) == pytest.approx(stored["traces"], abs=0.03)
    assert np.mean(empty) <= stored["reponses_vides"] / stored["reponses"] + 0.04


def test_training_log_is_shipped(name):
    log = mini.training_log(name)
    assert len(log) > 20
    assert log[-1]["exactitude_val"] > log[0]["exactitude_val"]
    assert [row["pas"] for row in log if row["phase"] == 1] == sorted(
        row["pas"] for row in log if row["phase"] == 1
    )


def test_the_licence_travels_with_the_weights(name):
    text = (mini.folder(name) / "LICENCE.txt").read_text(encoding="utf-8")
    for fact in ("non commercial", "Asirra", "10.22002/D1.20086", "CC BY 4.0"):
        assert fact in text
    project = mini.folder().parents[2] / "pyproject.toml"
    if not project.is_file():
        pytest.skip("pyproject.toml n'est que dans le dépôt")
    identifier = re.search("LicenseRef-[A-Za-z0-9.-]+", text)[0]
    declared = project.read_text(encoding="utf-8")
    assert re.search(rf'^license = "MIT AND .*{identifier}"$', declared, re.M)
    assert '"gradcam_lab/data/*/LICENCE.txt"' in declared
