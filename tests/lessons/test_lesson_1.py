"""Les corrections de la leçon 1 : les bords horizontaux et la bonne préparation."""

import cv2
import numpy as np
import pytest
import tiny_models
from PIL import Image

import gradcam_lab as gl
from gradcam_lab import lessons

EDGE = np.array([[-1, 0, 1]] * 3, np.float32)


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- Les bords horizontaux --------------------------------------------------------------------


@pytest.fixture(scope="module")
def gray():
    return np.random.default_rng(0).integers(0, 256, (20, 30)).astype("float32")


def edges(gray, kernel):
    return cv2.filter2D(gray, -1, kernel)


def test_horizontal_edges(gray, told):
    full = edges(gray, EDGE.T.copy())
    right = full[1:-1, 1:-1]
    for answer, sentence in [
        (right, "Exact"),
        (right.tolist(), "Exact"),
        (-right, "signe est inversé"),
        (np.abs(right), "gardez le signe"),
        (right / 3, "sans division"),
        (edges(gray, EDGE)[1:-1, 1:-1], "ce sont les bords verticaux"),
        (-edges(gray, EDGE)[1:-1, 1:-1], "ce sont les bords verticaux"),
        (right + edges(gray, EDGE)[1:-1, 1:-1], "remplie de zéros"),
        (full, "ôtez une ligne"),
        (EDGE.T, "c'est un filtre"),
        (right[:-1], "on attend une carte (18, 28)"),
        (right * np.nan, "nombres finis"),
        (np.zeros_like(right), "pas les bonnes valeurs"),
        ("bords", "nombres finis"),
        ([[1], [2, 3]], "nombres finis"),
        (None, "nombres finis"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_edges(answer, gray)
        assert sentence in (said := told())
        assert said.count("\n") == 1


# --- Les trois premières ----------------------------------------------------------------------


def test_names_are_not_indices(analysis, told):
    names = [prediction.label_fr for prediction in analysis.top(3)]
    for answer, sentence in [
        (names, "ce sont des mots"),
        ([prediction.index for prediction in analysis.top(3)], "Exact"),
        ([1.5, 0, 1], "une liste de trois indices"),
    ]:
        lessons.check_top_classes(answer, analysis)
        assert sentence in (said := told())
        assert said.count("\n") == 1


# --- La bonne préparation ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def model():
    keras_model = tiny_models.build("softmax dans Dense")
    return gl.Classifier(keras_model, preprocess=lambda x: 3 * x - 300)


@pytest.fixture(scope="module")
def analysis(model):
    return model.analyze(tiny_models.make_image(size=24))


@pytest.mark.slow
def test_preparation(model, analysis, told):
    small = analysis.image.resize(model.input_size[::-1], Image.Resampling.LANCZOS)
    raw = np.asarray(small, np.float32)[None]

    def answer(x):
        return model.model.predict(x, verbose=0)[0]

    prepared = model.preprocess(analysis.image)
    right = answer(prepared)
    for given, sentence in [
        (right, "Exact"),
        (right.tolist(), "Exact"),
        (answer(raw), "ne sont plus échangés"),
        (answer(prepared[..., ::-1]), "encore échangés"),
        (answer(raw[..., ::-1]), "aucune réparation"),
        (answer(raw / 255), "de 0 à 1"),
        (right[None], "l'axe du lot"),
        (right[:2], "(2,)"),
        (int(right.argmax()), "une probabilité par classe"),
        (answer, "Appelez-la"),
        (right[::-1], "bien préparée"),
        (right * np.inf, "nombres finis"),
        ("chat", "nombres finis"),
        (None, "nombres finis"),
        (..., "Pas encore de réponse"),
    ]:
        lessons.check_preparation(given, analysis)
        assert sentence in (said := told()), (sentence, said)
        assert said.count("\n") == 1


def test_a_network_that_prepares_itself_needs_only_the_colours(told):
    """Sans `preprocess`, de 0 à 255 est la bonne échelle : on ne réclame rien de plus."""
    model = gl.Classifier(tiny_models.build("softmax dans Dense"))
    analysis = model.analyze(tiny_models.make_image(size=24))
    raw = np.asarray(model.preprocess(analysis.image))
    lessons.check_preparation(model.model.predict(raw, verbose=0)[0], analysis)
    assert "Exact" in told()


def test_a_network_that_wants_blue_first_has_one_fault_to_mend(told):
    """Pour VGG16, le bleu vient déjà en tête : on ne lui compte pas deux fautes."""
    network = tiny_models.build("softmax dans Dense")
    model = gl.Classifier(network, preprocess=lambda x: 3 * x[..., ::-1] - 300)
    analysis = model.analyze(tiny_models.make_image(size=24))
    prepared = np.asarray(model.preprocess(analysis.image))
    hurried = (prepared + 300) / 3
    for x, sentence in [
        (hurried, "sans aucune réparation"),
        (3 * hurried - 300, "Exact"),
        (prepared[..., ::-1], "encore échangés"),
    ]:
        lessons.check_preparation(model.model.predict(x, verbose=0)[0], analysis)
        assert sentence in (said := told())
        assert "deux" not in said


def test_preparation_tells_confident_answers_apart(told):
    """0,9999 et 0,999999 se ressemblent : la correction ne les confond pas."""
    model = gl.load_model("mini")
    analysis = model.analyze(gl.sample("chelsea"))
    swapped = model.analyze(np.asarray(analysis.image)[..., ::-1])
    lessons.check_preparation(swapped.probabilities, analysis)
    assert "encore échangés" in told()
