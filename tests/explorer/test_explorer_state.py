"""L'explorateur sans widgets : des choix à l'image, au code et au message."""

import io
import random
import re

import numpy as np
import pytest
from PIL import Image
from tiny_models import CLASSES, build, make_image

import gradcam_lab as gl
from gradcam_lab.explorer import Session
from gradcam_lab.explorer.files import make_files
from gradcam_lab.explorer.layers import main_layers
from gradcam_lab.explorer.views import VIEWS, View
from gradcam_lab.explorer.views.base import Drawing


@pytest.fixture(scope="module")
def mini():
    return gl.load_model("mini")


@pytest.fixture
def session(mini):
    return Session(mini, gl.sample("chelsea"))


def run(code, explorer=None):
    """Exécute le code équivalent comme dans une cellule, et rend l'image qu'il dessine."""
    names = {"explorer": explorer}
    exec(compile(code, "cellule", "exec"), names)
    return names["picture"]


def render(session, **choices):
    session.state = session.understand(session.state, choices)
    result = session.render(session.state)
    assert not result.error, result.error
    return result


# --- L'image et son code --------------------------------------------------------------------------

STATES = [
    {},
    {"target": "chat", "layer": "block3_conv2", "method": "layercam"},
    {"outline": True, "threshold": 0.3, "colormap": "viridis", "alpha": 0.75, "blend": "mix"},
    {"view": "compare", "target": "chat", "rival": "chien"},
    {"view": "compare", "common_scale": False, "method": "xgradcam"},
    {"view": "compare", "method": "gradcam++"},
    {"view": "layers", "score": "probability", "layer": "block2_conv1"},
    {"view": "channels", "layer": "block4_conv1", "target": "éléphant"},
]


@pytest.mark.slow
@pytest.mark.parametrize("choices", STATES, ids=str)
def test_code_redraws_the_picture(session, choices):
    result = render(session, **choices)
    assert result.picture.dtype == np.uint8
    assert result.picture.ndim == 3
    np.testing.assert_array_equal(run(result.code), result.picture)
    assert max(map(len, result.code.splitlines())) <= 100
    assert len(result.code.splitlines()) <= 16


def test_overlay_is_the_documented_formula(session, mini):
    result = render(session, target="chat", layer="block4_conv2")
    image = gl.sample("chelsea")
    heatmap = mini.analyze(image).heatmap("chat", layer="block4_conv2")
    expected = gl.superimpose(heatmap, image.resize((400, 266)))
    np.testing.assert_array_equal(result.picture, expected)
    np.testing.assert_array_equal(result.heatmap, heatmap)


def test_heat_lost_on_white_is_a_note_and_prints_nothing(mini, capsys):
    session = Session(mini, Image.new("RGB", (60, 60), "white"))
    layer = mini.layers[0].name  # une couche précoce trouve de quoi chauffer, même sur du blanc
    for blend, told in (("add", 1), ("mix", 0)):
        result = render(session, method="layercam", layer=layer, blend=blend)
        assert result.heatmap.any()
        assert sum('blend="mix"' in note for note in result.notes) == told
        make_files(session, result)
    assert capsys.readouterr().out == ""


def test_code_names_what_each_photo_came_from(session, tmp_path):
    path = tmp_path / "ma photo.png"
    Image.fromarray(make_image(size=40)).save(path)
    assert 'gl.sample("rocket")' in render(session, photo="rocket").code
    result = render(session, photo=path)
    assert f"gl.load_image({str(path)!r})" in result.code
    np.testing.assert_array_equal(run(result.code), result.picture)


def test_a_given_picture_is_read_from_the_explorer(session):
    class Explorer:
        image = Image.fromarray(make_image(size=40))

    result = render(session, photo=Explorer.image)
    assert "image = explorer.image  # " in result.code
    np.testing.assert_array_equal(run(result.code, Explorer), result.picture)


def test_a_sample_given_as_a_picture_is_recognised(mini):
    session = Session(mini, gl.sample("coffee"))
    assert session.state.photo == "coffee"


def test_a_classifier_of_the_user_is_read_from_the_explorer():
    classifier = gl.Classifier(build("Sequential"), labels=["un", "deux", "trois", "quatre"])
    session = Session(classifier, make_image())

    class Explorer:
        image = Image.fromarray(make_image())

    Explorer.classifier = classifier
    result = render(session, target="trois")
    assert "model = explorer.classifier" in result.code
    np.testing.assert_array_equal(run(result.code, Explorer), result.picture)


def test_classes_of_the_same_name_are_told_apart():
    names = ["chat", "chien", "chat", "chien"]
    session = Session(gl.Classifier(build("Sequential"), labels=names), make_image())
    result = render(session, target=2)
    assert "analysis.heatmap(2," in result.code


def test_view_functions_refuse_bad_arguments(mini):
    analysis = mini.analyze(gl.sample("chelsea"))
    with pytest.raises(gl.GradcamLabError, match="au moins une classe"):
        gl.compare_classes(analysis, [])
    with pytest.raises(gl.errors.UnknownClassError, match="chatte"):
        gl.compare_classes(analysis, ["chatte persane"])
    with pytest.raises(gl.errors.SettingError, match="palette"):
        gl.channel_strip(analysis, colormap="jett")
    with pytest.raises(gl.errors.UnknownLayerError):
        gl.layer_strip(analysis, layers=["block9"])
    with pytest.raises(gl.GradcamLabError, match="couche"):
        gl.layer_strip(analysis, layers=[])
    with pytest.raises(gl.errors.SettingError, match="nombre de canaux"):
        gl.channel_strip(analysis, count=0)
    for strip in (gl.compare_classes, gl.layer_strip, gl.channel_strip):
        with pytest.raises(gl.GradcamLabError, match=r"model\.analyze\(image\)"):
            strip(mini, "chat")


def test_one_class_is_compared_with_none(mini):
    analysis = mini.analyze(gl.sample("chelsea"))
    alone = gl.compare_classes(analysis, "chat")
    np.testing.assert_array_equal(alone, gl.compare_classes(analysis, ["chat"]))
    index = mini.find_class("chat")
    np.testing.assert_array_equal(alone, gl.compare_classes(analysis, np.int64(index)))


# --- Ce qui est calculé, et combien de fois -----------------------------------------------------


def test_one_forward_pass_per_photo(session, mini):
    before = mini.network.forward_count
    for choices in STATES:
        render(session, **choices)
    assert mini.network.forward_count == before + 1
    render(session, photo="rocket")
    render(session, photo="chelsea")
    assert mini.network.forward_count == before + 2


def test_colors_do_not_run_the_network(session, mini):
    network = mini.network
    for view in VIEWS:
        render(session, target="chat", view=view)
        before = network.forward_count, network.backward_count
        for choices in ({"alpha": 0.9}, {"colormap": "magma"}, {"blend": "mix"}, {"outline": True}):
            render(session, **choices)
        result = render(session, threshold=0.8)
        assert "le réseau n'a pas tourné" in result.status
        assert (network.forward_count, network.backward_count) == before


def test_a_class_already_seen_is_not_computed_again(session, mini):
    render(session, target="chat")
    render(session, target="chien")
    before = mini.network.backward_count
    assert "le réseau n'a pas tourné" in render(session, target="chat").status
    assert mini.network.backward_count == before


def test_memory_is_bounded(session):
    for name in ("chelsea", "rocket", "coffee", "astronaut"):
        render(session, photo=name)
        assert session.analysis_count <= 2
    for seed in range(5):
        render(session, photo=make_image(seed, 30))
    own = [key for key, photo in session.photos.items() if photo.image is not None]
    assert len(own) == 2
    assert session.state.photo in own


def test_two_networks_at_most_stay_loaded(session, monkeypatch, mini):
    from gradcam_lab.explorer import library

    def load(name, **_):
        loaded = gl.Classifier(mini.model, labels=None, name=name)
        loaded.recipe = f'gl.load_model("{name}")'
        return loaded

    monkeypatch.setattr(library.loading, "load_model", load)
    for name in ("vgg16", "resnet50", "xception"):
        assert render(session, network=name, layer=None).caption.startswith(f"Réseau {name}")
        assert len(session._library._loaded) <= 2
    assert session.analysis_count <= 2


def test_a_thin_photo_is_shown_in_every_view(session):
    thin = Image.fromarray(np.full((3, 900, 3), 90, np.uint8))
    session.state = session.understand(session.state, {"photo": thin})
    for view in VIEWS:
        assert render(session, view=view).picture.ndim == 3


def test_a_huge_photo_is_reduced(session):
    big = Image.fromarray(np.zeros((4200, 4000, 3), np.uint8))
    key = session.add_photo(big)
    assert max(session.photos[key].image.size) == 2400


@pytest.mark.slow
def test_a_hundred_random_changes_keep_picture_and_code_together(session):
    rng = random.Random(0)
    layers = [layer.name for layer in session.classifier("mini").layers]
    values = {
        "photo": ["chelsea", "rocket", "coffee", "astronaut"],
        "target": range(14),
        "rival": range(14),
        "layer": layers,
        "method": list(gl.METHODS),
        "score": ["logit", "probability"],
        "colormap": list(gl.colormaps()),
        "alpha": [0.0, 0.15, 0.4, 0.65, 1.0],
        "blend": ["add", "mix"],
        "outline": [True, False],
        "threshold": [0.0, 0.2, 0.55, 1.0],
        "view": list(VIEWS),
        "common_scale": [True, False],
    }
    for i in range(100):
        name = rng.choice(list(values))
        result = render(session, **{name: rng.choice(values[name])})
        if i % 4 == 0:
            np.testing.assert_array_equal(run(result.code), result.picture)


# --- Ce que l'explorateur dit -------------------------------------------------------------------


def test_caption_and_alternative_text(session):
    result = render(session, target="chat", outline=True)
    for word in ("mini", "chat", "block4_conv5", "16 × 16", "Grad-CAM", "avant softmax"):
        assert word in result.caption
    assert "chat" in result.alt
    assert "Chelsea" in result.alt
    assert "La région la plus chaude est" in result.alt
    assert "couvre" in " ".join(result.notes)


def test_diagnosis_is_shown(mini):
    blank = gl.Classifier(build("Sequential"))
    blank.model.get_layer("dense").set_weights([-np.ones((6, CLASSES)), np.zeros(CLASSES)])
    result = Session(blank, make_image()).render(Session(blank, make_image()).state)
    assert any("indices contre" in note or "nulles" in note for note in result.notes)


def test_disabled_controls_have_a_reason(session):
    for view in VIEWS:
        for name, reason in render(session, view=view).disabled.items():
            assert name in session.state.__dataclass_fields__
            assert len(reason) > 10
    assert "score" not in render(session, view="overlay").disabled
    assert "threshold" in render(session, outline=False).disabled
    assert "threshold" not in render(session, outline=True).disabled
    assert "common_scale" in render(session, view="compare", method="gradcam++").disabled


def test_a_control_of_one_view_is_idle_in_the_others(session):
    owners = {
        "rival": {"compare", "rather"},
        "outline": {"overlay", "rather"},
        "common_scale": {"compare"},
    }
    for control, own in owners.items():
        for view in VIEWS:
            reason = render(session, view=view).disabled.get(control, "")
            for owner in own:
                assert (VIEWS[owner].title in reason) == (view not in own)


def test_one_class_rather_than_another(session):
    """La carte est celle de l'écart ; la légende, le fichier et l'erreur le disent."""
    result = render(session, view="rather", target="chat", rival="chien")
    analysis = session.analysis(result.state)
    assert np.array_equal(result.heatmap, analysis.heatmap("chat", against="chien"))
    assert not np.array_equal(result.heatmap, analysis.heatmap("chat"))
    assert re.search(r"« chat » \(.*\) plutôt que « chien »", result.caption)
    assert "plutôt que" in result.alt
    assert "against=" in result.code
    files = make_files(session, result)
    values = next(data for name, data in files.items() if name.endswith("valeurs.npy"))
    raw = analysis.heatmap("chat", against="chien", normalize=False)
    assert np.array_equal(np.load(io.BytesIO(values)), raw)
    same = session.understand(session.state, {"view": "rather", "target": "chat", "rival": "chat"})
    assert "deux classes" in session.render(same).error
    assert (
        "ne regarde aucune classe"
        in render(session, view="rather", method="eigencam").disabled["method"]
    )
    assert "sans la photo" in render(session, view="channels").disabled["alpha"]


def test_a_network_that_hides_its_scores_uses_the_probability():
    import keras

    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(3, activation="softmax")(x)
    # Des probabilités, mais par un chemin que personne ne sait remonter jusqu'au score.
    x = keras.layers.Lambda(lambda p: p**2 / keras.ops.sum(p**2, axis=-1, keepdims=True))(x)
    classifier = gl.Classifier(keras.Model(inputs, x))
    with pytest.raises(gl.errors.ModelError):
        _ = classifier.analyze(make_image()).scores
    session = Session(classifier, make_image())
    result = session.render(session.state)
    assert not result.error
    assert "avant softmax" in result.disabled["score"]
    assert result.state.score == "probability"
    assert 'score="probability"' in result.code


# --- Une vue de plus -----------------------------------------------------------------------------


class Negative(View):
    """Une vue d'essai : la photo en négatif là où la carte est chaude."""

    name, title, file = "negative", "En négatif", "negatif"
    own = ("outline",)
    heading = "Le négatif"

    def idle(self, state):
        return {"blend": "le négatif ne se mélange pas"}

    def draw(self, content, state, scene, shown):
        alt = f"Négatif de la classe {shown[0].label_fr} sur la photo : {scene.title}"
        picture = 255 - gl.superimpose(content.heatmap, scene.photo, alpha=state.alpha)
        return Drawing(picture, alt, ["ceci est un essai"])

    def code(self, state, names, layers, size):
        return [
            f"heatmap = analysis.heatmap({names[0]}, layer={state.layer!r})",
            "photo = image.resize((400, 266))",
            f"picture = 255 - gl.superimpose(heatmap, photo, alpha={state.alpha})",
        ]


def test_a_view_is_added_by_one_object(session, monkeypatch):
    monkeypatch.setitem(VIEWS, "negative", Negative())
    result = render(session, view="negative", target="chat", alpha=0.7)
    np.testing.assert_array_equal(run(result.code), result.picture)
    assert result.alt == "Négatif de la classe chat sur la photo : Chelsea, une chatte tigrée"
    assert "ceci est un essai" in result.notes
    assert result.disabled["blend"] == "le négatif ne se mélange pas"
    assert "outline" not in result.disabled
    assert "Deux classes" in result.disabled["rival"]
    assert "« chat »" in result.caption
    assert any("_negatif.png" in name for name in make_files(session, result))
    # Les vues qui ignorent ce réglage disent désormais où il sert.
    assert "outline" in render(session, view="layers").disabled


@pytest.mark.parametrize(
    ("choices", "expected"),
    [
        ({"view": "vue"}, "La vue « vue »"),
        ({"threshold": 2}, "Le seuil"),
        ({"alpha": "fort"}, "L'opacité"),
        ({"colormap": "viridi"}, "viridis"),
        ({"method": "grad"}, "gradcam"),
        ({"couche": "x"}, "pas de choix « couche »"),
        ({"target": "licorne"}, "licorne"),
        ({"layer": "block9_conv9"}, "block9_conv9"),
        ({"network": "vgg61"}, "vgg16"),
        ({"photo": "nulle_part.png"}, "nulle_part.png"),
    ],
    ids=str,
)
def test_impossible_choices_are_french_sentences(session, choices, expected):
    with pytest.raises(gl.GradcamLabError, match=expected):
        session.understand(session.state, choices)


def test_render_never_raises(session, monkeypatch):
    from dataclasses import replace

    assert "poids" in session.render(replace(session.state, network="vgg16")).error
    assert "Impossible" in session.render(replace(session.state, photo="dalmatien")).error
    assert "mémoire" in session.render(replace(session.state, photo="perdue")).error

    def broken(*_):
        raise RuntimeError("panne")

    view = VIEWS[session.state.view]
    monkeypatch.setattr(view, "draw", broken, raising=False)
    assert "RuntimeError : panne" in session.render(session.state).error
    monkeypatch.setattr(view, "draw", lambda *_: 1 / 0)
    assert "erreur imprévue" in session.render(session.state).error


def test_changing_photo_or_network_resets_what_depends_on_it(session):
    state = session.state.change(target=3, rival=2, layer="block1_conv1")
    assert state.change(photo="rocket").target is None
    assert state.change(photo="rocket").layer == "block1_conv1"
    assert state.change(network="vgg16").layer is None
    assert state.change(alpha=0.5).target == 3


def test_search_finds_french_and_english_names(session):
    for text in ("éléphant", "ELEPHANT", "Elépha"):
        assert session.search(text, session.state)[0].label_fr == "éléphant"
    assert session.search("butterfly", session.state)[0].label_fr == "papillon"
    assert session.search("qqqq", session.state) == []


# --- Les couches du curseur ---------------------------------------------------------------------


def test_a_small_network_shows_every_layer(mini):
    assert main_layers(mini) == [layer.name for layer in mini.layers]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "last"), [("mobilenet_v2", "out_relu"), ("resnet50", "conv5_block3_out")]
)
def test_a_large_network_shows_ends_of_blocks(name, last):
    classifier = gl.load_model(name, weights=None)
    names = main_layers(classifier)
    everything = [layer.name for layer in classifier.layers]
    assert names[-1] == last
    assert 8 <= len(names) <= 30
    assert names == [n for n in everything if n in names]
    sizes = {(layer.height, layer.width) for layer in classifier.layers}
    kept = {(x.height, x.width) for x in classifier.layers if x.name in names}
    assert kept == sizes
    session = Session(classifier, gl.sample("chelsea"))
    assert len(session.render(session.state).layers) == len(names)
    assert len(session.render(session.state.change(all_layers=True)).layers) == len(everything)


# --- La région chaude -----------------------------------------------------------------------------


def test_hot_region_by_hand():
    heatmap = np.zeros((8, 8), np.float32)
    heatmap[1:3, 2:6] = 1.0
    heatmap[6, 0] = 0.9
    region = gl.find_hot_region(heatmap, (8, 8), 0.5)
    assert region.box == (2, 1, 4, 2)
    assert region.pieces == 2
    assert region.share == pytest.approx(9 / 64)
    assert gl.find_hot_region(heatmap, (8, 8), 0.95).pieces == 1
    drawn = gl.draw_hot_region(np.full((8, 8, 3), 100, np.uint8), region)
    assert (drawn == 255).all(-1).any()


def test_hot_region_of_a_blank_map_is_empty():
    region = gl.find_hot_region(np.zeros((4, 4)), (20, 30), 0)
    assert region.box is None
    assert region.share == 0
    picture = np.full((20, 30, 3), 7, np.uint8)
    np.testing.assert_array_equal(gl.draw_hot_region(picture, region), picture)


def test_hot_region_refuses_bad_arguments():
    with pytest.raises(gl.errors.SettingError, match="seuil"):
        gl.find_hot_region(np.ones((4, 4)), (8, 8), 1.5)
    with pytest.raises(gl.errors.HeatmapError, match="NaN"):
        gl.find_hot_region(np.full((4, 4), np.nan), (8, 8))
    region = gl.find_hot_region(np.ones((4, 4)), (8, 8))
    with pytest.raises(gl.errors.ImageError, match="taille de l'image"):
        gl.draw_hot_region(np.zeros((9, 9, 3), np.uint8), region)
