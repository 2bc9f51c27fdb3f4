"""Les figures : ce qu'elles montrent, ce qu'elles écrivent, et ce qu'elles ne dérangent pas."""

import io

import matplotlib as mpl
import numpy as np
import pytest
import tiny_models
from matplotlib.colors import to_hex
from PIL import Image

import gradcam_lab as gl
from gradcam_lab.base.palette import ACCENT, QUIET
from gradcam_lab.errors import HeatmapError, ImageError, SettingError, UnknownClassError
from gradcam_lab.explain.prediction import Prediction

SHADES = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
PREDICTIONS = [
    Prediction(0, None, "cat", "chat", 0.6),
    Prediction(1, None, "dog", "chien", 0.3),
]


@pytest.fixture(scope="module")
def analysis():
    model = gl.Classifier(
        tiny_models.build("softmax dans Dense"), labels=["chat", "chien", "lapin", "âne"]
    )
    return model.analyze(tiny_models.make_image(size=24))


def texts(figure):
    """Tous les textes d'une figure, sous-figures comprises."""
    from matplotlib.text import Text

    found = [text.get_text() for text in figure.findobj(Text)]
    return "\n".join(text for text in found if text)


def pixels(figure):
    return np.asarray(Image.open(io.BytesIO(gl.figures.to_png(figure))).convert("RGB"))


# --- gl.show ----------------------------------------------------------------------------------


def test_show_draws_four_panels_per_row(analysis):
    figure = gl.show(analysis)
    assert len(figure.axes) == 4
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["photo", "carte de chaleur 12 × 12", "superposition", "probabilité"]


def test_show_has_one_row_per_class_layer_and_method(analysis):
    figure = gl.show(
        analysis,
        targets=["chat", "âne"],
        layers=["conv1", "conv2"],
        methods=["gradcam", "layercam"],
    )
    assert len(figure.axes) == 4 * 8
    written = texts(figure)
    for expected in ("« chat », couche conv1, Grad-CAM", "« âne », couche conv2, LayerCAM"):
        assert expected in written


def test_show_takes_a_number_of_classes_and_all_methods(analysis):
    assert len(gl.show(analysis, targets=2).axes) == 8
    instant = [name for name, method in gl.METHODS.items() if method.runs is None]
    assert len(gl.show(analysis, methods="all").axes) == 4 * len(instant) >= 24


def test_show_mixes_methods_of_a_layer_and_of_the_image(analysis):
    figure = gl.show(
        analysis, targets=2, layers=["conv1", "conv2"], methods=["eigencam", "occlusion"]
    )
    titles = [part.get_suptitle() for part in figure.subfigs]
    assert len(titles) == 6  # par classe : deux couches, et l'image
    assert [", couche conv" in title for title in titles] == [True, True, False] * 2
    assert titles[2].endswith("», Occlusion")
    assert titles[0].endswith("Eigen-CAM (ne regarde aucune classe)")


def test_show_writes_french_decimals_and_the_class(analysis):
    prediction = analysis.top(1)[0]
    written = texts(gl.show(analysis))
    percent = f"{100 * prediction.probability:.2f}".replace(".", ",")
    assert f"{prediction.label_fr} : {percent}\N{NO-BREAK SPACE}%" in written


def test_show_adds_the_explained_class_when_it_is_not_among_the_first(analysis):
    last = analysis.top(4)[-1]
    assert f"{last.label_fr} : " in texts(gl.show(analysis, targets=[last.index]))


def test_show_names_the_score_when_it_is_the_probability(analysis):
    assert "gradient de la probabilité" in texts(gl.show(analysis, score="probability"))


def test_show_displays_the_colors_of_the_heatmap(analysis):
    shown = gl.show(analysis, colormap="viridis").axes[1].images[0].get_array()
    expected = gl.colorize(analysis.heatmap(), colormap="viridis")
    assert np.array_equal(shown, expected)


def test_show_displays_the_overlay_of_the_package(analysis):
    shown = gl.show(analysis, alpha=0.7, blend="mix").axes[2].images[0].get_array()
    expected = gl.superimpose(analysis.heatmap(), analysis.image, 0.7, blend="mix")
    assert np.array_equal(shown, expected)


def test_a_blank_map_is_explained_on_the_figure(capsys):
    weights = tiny_models.make_weights()
    weights["w"] = np.abs(weights["w"])
    weights["w"][:, 2] *= -1
    model = gl.Classifier(tiny_models.build("softmax dans Dense", weights))
    blank = model.analyze(tiny_models.make_image())
    written = texts(gl.show(blank, targets=[2]))
    assert "que des indices contre la classe" in written.replace("\n", " ")
    # La phrase est sur la figure : elle n'est pas affichée une seconde fois.
    assert capsys.readouterr().out == ""


def test_heat_lost_on_a_white_photo_is_said_on_the_figure(analysis, capsys):
    white = analysis.classifier.analyze(np.full((24, 24, 3), 255, np.uint8))
    written = texts(gl.show(white, targets=3)).replace("\n", " ")
    assert 'demandez le mélange « mix » (`blend="mix"`)' in written
    assert capsys.readouterr().out == ""
    assert "mélange" not in texts(gl.show(white, targets=3, blend="mix"))


def test_show_leaves_matplotlib_as_it_was(analysis):
    import matplotlib.pyplot as plt

    before, opened = dict(mpl.rcParams), plt.get_fignums()
    gl.show(analysis)
    gl.show_maps(analysis.heatmap())
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == opened


def test_show_works_on_a_large_photo(analysis):
    photo = np.zeros((2000, 900, 3), np.uint8)
    figure = gl.show(analysis.classifier.analyze(photo))
    assert figure.axes[0].images[0].get_array().shape[0] <= 640


def test_a_figure_displays_itself_without_pyplot(analysis):
    figure = gl.show(analysis)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert figure._repr_jpeg_() is None


def test_a_figure_full_of_photos_is_a_jpeg():
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)
    figure = gl.show_images([noise] * 2)
    assert figure._repr_png_() is None
    assert figure._repr_jpeg_().startswith(b"\xff\xd8")


def test_the_same_drawing_gives_the_same_bytes(analysis):
    assert gl.figures.to_png(gl.show(analysis)) == gl.figures.to_png(gl.show(analysis))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"targets": ["chatt"]}, "chat"),
        ({"layers": ["conv9"]}, "conv"),
        ({"methods": ["gradcamm"]}, "gradcam"),
        ({"methods": []}, "aucune méthode"),
        ({"targets": []}, "targets est vide"),
        ({"layers": []}, "layers est vide"),
        ({"methods": 3}, "méthode"),
        ({"colormap": "vitridis"}, "viridis"),
        ({"alpha": 3}, "entre 0 et 1"),
    ],
)
def test_show_explains_bad_arguments(analysis, arguments, sentence):
    with pytest.raises(gl.GradcamLabError, match=sentence):
        gl.show(analysis, **arguments)


def test_show_refuses_what_is_not_an_analysis(analysis):
    with pytest.raises(gl.GradcamLabError, match=r"model\.analyze\(image\)"):
        gl.show(analysis.classifier)


def test_show_refuses_a_figure_too_long_to_read(analysis, monkeypatch):
    monkeypatch.setattr("gradcam_lab.figures.overview.MAX_ROWS", 3)
    with pytest.raises(gl.GradcamLabError, match="demandez moins de classes"):
        gl.show(analysis, targets=4)


# --- Les autres figures -----------------------------------------------------------------------


def test_show_images_titles_each_picture(analysis):
    figure = gl.show_images({"une": analysis.image, "deux": np.zeros((5, 9), np.uint8)})
    assert [axis.get_title() for axis in figure.axes] == ["une", "deux"]


def test_show_images_fills_several_lines(analysis):
    figure = gl.show_images([analysis.image] * 5, columns=3)
    assert len(figure.axes) == 5
    assert {axis.get_subplotspec().num2 // 3 for axis in figure.axes} == {0, 1}


def test_show_images_keeps_the_colors():
    red = np.zeros((20, 20, 3), np.uint8)
    red[..., 0] = 255
    middle = pixels(gl.show_images(red))
    assert tuple(middle[middle.shape[0] // 2, middle.shape[1] // 2]) == (255, 0, 0)


def test_show_maps_centres_signed_values_on_white():
    figure = gl.show_maps({"carte": np.array([[-1.0, 0.0], [0.0, 4.0]])}, signed=True)
    shown = figure.axes[0].images[0]
    assert shown.get_clim() == (-4, 4)
    assert min(shown.cmap(shown.norm(0.0))[:3]) > 0.95


def test_show_maps_starts_at_zero():
    assert gl.show_maps(np.array([[0.5, 1.0]])).axes[0].images[0].get_clim() == (0, 1)


def test_show_channels_takes_the_most_active(analysis):
    activations = np.zeros((3, 3, 5), np.float32)
    activations[..., 3], activations[..., 1] = 2, 1
    figure = gl.show_channels(activations, count=2)
    assert [axis.get_title() for axis in figure.axes] == ["canal 3", "canal 1"]


def test_show_vector_marks_indices():
    figure = gl.show_vector(np.array([0.1, -0.5, 0.3]), xlabel="canal", ylabel="poids", marked=[2])
    assert "2" in texts(figure)
    assert (figure.axes[0].get_xlabel(), figure.axes[0].get_ylabel()) == ("canal", "poids")


def test_show_probabilities_draws_one_bar_each(analysis):
    figure = gl.show_probabilities(analysis.top(3))
    assert len(figure.axes[0].patches) == 3


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: gl.show_images([]), ImageError, "liste est vide"),
        (lambda: gl.show_images({"a": "absente.jpg"}), ImageError, "introuvable"),
        (lambda: gl.show_images(SHADES, columns=0), SettingError, "columns est un nombre entier"),
        (lambda: gl.show_maps([]), HeatmapError, "liste est vide"),
        (lambda: gl.show_maps(np.zeros((2, 2, 3))), HeatmapError, r"de forme \(h, w\), et non"),
        (lambda: gl.show_maps([[[1, 2], [3]]]), HeatmapError, "tableau de nombres"),
        (lambda: gl.show_maps(np.array([[np.nan]])), HeatmapError, "nombres finis"),
        (lambda: gl.show_maps(np.eye(2), columns="4"), SettingError, "columns"),
        (lambda: gl.show_channels(np.zeros((4, 4))), HeatmapError, r"\(h, w, C\), et non"),
        (lambda: gl.show_channels(np.zeros((4, 4, 2)), [7]), SettingError, "numérotés de 0 à 1"),
        (lambda: gl.show_channels(np.zeros((4, 4, 2)), ["a"]), SettingError, "nombres entiers"),
        (lambda: gl.show_channels(np.zeros((4, 4, 2)), []), SettingError, "channels est vide"),
        (lambda: gl.show_channels(np.zeros((4, 4, 2)), count=0), SettingError, "count"),
        (lambda: gl.show_vector(np.zeros((2, 2))), HeatmapError, r"\(n,\), et non \(2, 2\)"),
        (lambda: gl.show_vector([1, 2], marked=[2]), SettingError, "numérotés de 0 à 1, et 2"),
        (lambda: gl.show_probabilities([0.5, 0.2]), gl.GradcamLabError, "liste de prédictions"),
        (lambda: gl.show_probabilities(7), gl.GradcamLabError, "liste de prédictions"),
        (
            lambda: gl.show_probabilities(PREDICTIONS, 3),
            UnknownClassError,
            r"chat \(0\), chien \(1\)",
        ),
    ],
)
def test_other_figures_explain_bad_arguments(call, error, sentence):
    with pytest.raises(error, match=sentence):
        call()


def test_show_probabilities_takes_a_class_by_its_name():
    bars = gl.show_probabilities(PREDICTIONS, "chien").axes[0].patches
    assert [to_hex(bar.get_facecolor()) for bar in bars] == [QUIET, ACCENT]


# --- Des « $ » dans les noms : matplotlib y lirait une formule --------------------------------


@pytest.mark.parametrize("name", ["$\\frac$", "10 $ ou 20 $", "$x^2$", "a_b $ \\$ $"])
def test_a_dollar_in_a_name_is_only_a_dollar(name):
    predictions = [Prediction(0, None, name, name, 0.7), PREDICTIONS[1]]
    for figure in (
        gl.show_images({name: SHADES}),
        gl.show_maps({name: np.eye(2)}),
        gl.show_probabilities(predictions),
        gl.show_vector([1, 2], xlabel=name, ylabel=name),
    ):
        assert name in texts(figure)
        assert len(gl.figures.to_png(figure)) > 1000


def test_a_dollar_in_a_class_name_does_not_stop_show(analysis):
    name = "$\\frac$"
    model = gl.Classifier(analysis.classifier.model, labels=[name, name, name, name])
    figure = gl.show(model.analyze(analysis.image))
    assert f"« {name} »" in texts(figure)
    assert len(gl.figures.to_png(figure)) > 1000
