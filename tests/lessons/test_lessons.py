"""Ce que les leçons emploient : corrections, réglages, vérification, résultat publié."""

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab import lessons as exercises
from gradcam_lab.base.messages import muted


@pytest.fixture(scope="module")
def analysis():
    model = gl.Classifier(
        tiny_models.build("softmax dans Dense"), labels=["chat", "chien", "lapin", "âne"]
    )
    return model.analyze(tiny_models.make_image(size=24))


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


# --- Les corrections --------------------------------------------------------------------------


def test_an_unanswered_exercise_invites_to_start(analysis, told):
    exercises.check_top_classes(..., analysis)
    exercises.check_heatmap(..., analysis, 0)
    exercises.check_mix(..., analysis.heatmap(), analysis.image)
    assert told().count("Pas encore de réponse") == 3


def test_top_classes(analysis, told):
    order = np.argsort(analysis.probabilities)
    right = order[::-1][:3]
    for answer, sentence in [
        (right, "Exact"),
        (list(right), "Exact"),
        (order[:3], "les moins probables"),
        (right[::-1], "rangez-les"),
        (right[:2], "votre réponse en a 2"),
        ([0, 1, 9], "de 0 à 3"),
        (["chat", "chien", "âne"], "ce sont des mots"),
        ([0.9, 0.05, 0.02], "nombres entiers"),  # tronqués, ce seraient trois zéros
        (np.sort(analysis.probabilities)[::-1][:3], "ce sont les probabilités"),
        ([[1, 2], [3]], "nombres entiers"),
        (None, "nombres entiers"),
    ]:
        exercises.check_top_classes(answer, analysis)
        assert sentence in told()


def test_heatmap(analysis, told):
    first, second = [prediction.index for prediction in analysis.top(2)]
    right = analysis.heatmap(first)
    signed = gl.methods.gradcam(analysis.activations(), analysis.gradients(first), relu=False)
    for answer, sentence in [
        (right, "Exact"),
        (right[None], "dimension du lot"),
        (right * 3, "diviser la carte par son maximum"),
        (signed - 1, "ReLU"),
        (right * np.nan, "NaN"),
        (analysis.heatmap(second), "c'est la carte de la classe"),
        ("carte", "pas un tableau"),
        (np.eye(*right.shape), "reprenez les étapes"),
    ]:
        exercises.check_heatmap(answer, analysis, first)
        assert sentence in told()


@pytest.fixture
def blank_before_softmax():
    """Une analyse dont une carte est vide avant softmax, et ne l'est pas après."""
    weights = tiny_models.make_weights()
    weights["w"] = -np.abs(weights["w"])
    model = gl.Classifier(
        tiny_models.build("softmax dans Dense", weights), labels=["avion", "moto", "tasse", "âne"]
    )
    analysis = model.analyze(tiny_models.make_image(size=24))
    with muted():
        maps = analysis.heatmaps(range(4), score="probability")
    target = next(t for (t, _), heatmap in maps.items() if heatmap.any())
    return analysis, target


def test_an_empty_answer_is_never_taken_for_the_map_of_another_class(blank_before_softmax, told):
    analysis, target = blank_before_softmax
    with muted():
        before_softmax = analysis.heatmap(target, score="logit")
        assert not any(analysis.heatmap(t, score="logit").any() for t in range(4))
    for answer in (before_softmax, np.zeros_like(before_softmax)):
        exercises.check_heatmap(answer, analysis, target, score="probability")
        assert told() == (
            "Pas encore : votre carte est vide, et celle de cette classe ne l'est pas. Celle du "
            "score avant softmax serait vide : lequel avez-vous dérivé ?\n"
        )


def test_a_correction_says_one_sentence_and_no_warning_of_another_map(blank_before_softmax, told):
    analysis, target = blank_before_softmax
    wrong = np.eye(*analysis.heatmap(target, score="probability").shape)
    told()
    exercises.check_heatmap(wrong, analysis, target, score="probability")
    assert told().count("\n") == 1


def test_an_empty_map_may_be_the_right_one(blank_before_softmax, told):
    analysis, target = blank_before_softmax
    shape = analysis.heatmap(target, score="probability").shape
    exercises.check_heatmap(np.zeros(shape), analysis, target, score="logit")
    assert "Exact" in (said := told())
    assert said.endswith(": ici, elle est vide.\n")


def test_an_empty_answer_is_sent_back_to_relu(analysis, told):
    first = analysis.top(1)[0].index
    exercises.check_heatmap(np.zeros_like(analysis.heatmap(first)), analysis, first)
    assert "Que vaut la vôtre juste avant ReLU ?" in told()


def test_a_map_too_pale_is_compared_by_its_shape(analysis, told):
    first, second = [prediction.index for prediction in analysis.top(2)]
    exercises.check_heatmap(1e-4 * analysis.heatmap(second), analysis, first)
    assert "c'est la carte de la classe" in told()


def test_smallest_region(analysis, told):
    shares = {
        layer: gl.find_hot_region(heatmap, (24, 24)).share
        for (_, layer), heatmap in analysis.heatmaps([1], "all").items()
    }
    smallest, largest = min(shares, key=shares.get), max(shares, key=shares.get)
    for answer, sentence in [
        (smallest, "Exact"),
        (largest, "une autre couche fait moins"),
        ("conv9", "Pas encore. "),
        (7, "Pas encore. "),
    ]:
        exercises.check_smallest_region(answer, analysis, 1)
        assert sentence in told()


# --- Le réglage -------------------------------------------------------------------------------


def test_a_panel_follows_its_control():
    widgets = pytest.importorskip("ipywidgets")
    shade = widgets.IntSlider(value=10, max=255)
    panel = gl.lessons.panel(shade, lambda v: (np.full((4, 4, 3), v, np.uint8), f"teinte {v}"))
    before = bytes(panel.picture.value)
    shade.value = 200
    assert before.startswith(b"\x89PNG")
    assert bytes(panel.picture.value) != before
    assert "teinte 200" in panel.text.value


def test_a_panel_sends_no_more_pixels_than_a_screen_shows():
    widgets = pytest.importorskip("ipywidgets")
    panel = gl.lessons.panel(widgets.IntSlider(), lambda v: np.zeros((3000, 2400, 3), np.uint8))
    assert max(gl.load_image(bytes(panel.picture.value)).size) <= 640


def test_a_panel_shows_the_errors_of_its_drawing():
    widgets = pytest.importorskip("ipywidgets")

    def draw(value):
        if value:
            raise gl.errors.ImageError("Cette photo <n'existe> pas.")
        return 1 / value

    panel = gl.lessons.panel(widgets.IntSlider(value=0), draw)
    assert "ZeroDivisionError" in panel.text.value
    panel.control.value = 5
    assert "Cette photo &lt;n" in panel.text.value


def test_a_panel_has_a_short_text_for_pages_that_run_nothing():
    widgets = pytest.importorskip("ipywidgets")
    panel = gl.lessons.panel(widgets.IntSlider(), str)
    assert repr(panel) == "Exécutez cette cellule pour faire apparaître le réglage."
    with pytest.raises(gl.GradcamLabError, match="un réglage"):
        gl.lessons.panel("curseur", str)


# --- Le résultat publié -----------------------------------------------------------------------


def test_the_published_result():
    published = gl.lessons.published_vgg16()
    assert [p.index for p in published.top] == [251, 246, 210]
    assert [p.wnid for p in published.top] == ["n02110341", "n02109047", "n02100236"]
    assert published.top[0].label_fr == "dalmatien"
    assert published.top[0].probability == 0.9992306
    assert published.heatmap.shape == (14, 14)
    assert (published.heatmap.min(), published.heatmap.max()) == (0, 1)
    assert np.unravel_index(published.heatmap.argmax(), (14, 14)) == (6, 9)
    assert "tkeldenich/Keras_GradCam" in published.source


def test_the_published_result_is_the_one_given_to_us(shared):
    given = np.loadtxt(shared / "reference_vgg16" / "heatmap_14x14.csv", delimiter=",")
    assert np.allclose(gl.lessons.published_vgg16().heatmap, given)
