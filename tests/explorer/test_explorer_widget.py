"""L'explorateur et ses widgets, sans navigateur : avec ipywidgets 7 comme avec la 8."""

import asyncio
import gc
import io
import os
import random
import weakref

import numpy as np
import pytest
from PIL import Image

import gradcam_lab as gl

pytest.importorskip("ipywidgets")
pytest.importorskip("anywidget")

from tiny_models import build, make_image

from gradcam_lab.explorer.views import VIEWS
from gradcam_lab.explorer.widgets.page import MAX_BYTES


@pytest.fixture(scope="module")
def mini():
    return gl.load_model("mini")


@pytest.fixture
def explorer(mini):
    opened = gl.Explorer(mini, gl.sample("chelsea"))
    yield opened
    opened.close()


@pytest.fixture
def controls(explorer):
    return explorer._controls


def living_widgets():
    import ipywidgets

    if hasattr(ipywidgets.widgets.widget, "_instances"):
        return ipywidgets.widgets.widget._instances
    return ipywidgets.Widget.widgets


def import_file(control, name, data, size=None):
    """Fait comme si la page avait envoyé ce fichier (None : elle n'a pas su le lire)."""
    content = {"name": name, "size": len(data or b"") if size is None else size}
    control._handle_custom_msg(content, [] if data is None else [memoryview(data)])


def png_bytes(color=(200, 30, 30)):
    buffer = io.BytesIO()
    Image.new("RGB", (64, 50), color).save(buffer, "PNG")
    return buffer.getvalue()


def check(explorer):
    """L'image est celle de son code, et rien ne s'est mal passé."""
    names = {}
    exec(compile(explorer.code, "cellule", "exec"), names)
    np.testing.assert_array_equal(names["picture"], explorer.picture)
    assert explorer.message.startswith("Calculé")


def test_starts_with_the_given_choices(mini):
    explorer = gl.Explorer(
        mini, gl.sample("rocket"), target="avion", layer="block3_conv1", view="compare"
    )
    assert explorer.state.photo == "rocket"
    assert explorer.state.layer == "block3_conv1"
    assert mini.labels[explorer.state.target].label_fr == "avion"
    assert explorer._controls.layer.value == "block3_conv1"
    check(explorer)
    explorer.close()


def test_starts_with_nothing():
    explorer = gl.Explorer()
    assert explorer.classifier.name == "mini"
    check(explorer)
    explorer.close()


def test_starts_with_a_keras_model():
    explorer = gl.Explorer(build("Sequential"), make_image())
    check(explorer)
    np.testing.assert_array_equal(np.asarray(explorer.image), make_image())
    explorer.close()


def test_a_page_that_runs_nothing_says_what_to_do(explorer):
    assert repr(explorer) == "Exécutez cette cellule pour faire apparaître l'explorateur."
    assert str(explorer) == "<Explorer : réseau mini, classe « chat », couche block4_conv5>"


def test_a_view_is_added_to_the_list_by_one_object(mini, monkeypatch):
    from explorer.test_explorer_state import Negative

    monkeypatch.setitem(VIEWS, "negative", Negative())
    explorer = gl.Explorer(mini, gl.sample("chelsea"), view="negative")
    controls = explorer._controls
    assert ("En négatif", "negative") in controls.view.options
    assert controls.blend.disabled
    assert "le mélange (le négatif ne se mélange pas)" in controls.message.value
    assert "Le négatif" in controls.picture_view.value
    controls.view.value = "compare"
    controls.view.value = "negative"
    check(explorer)
    explorer.close()


def test_a_bad_start_is_an_error_not_a_widget(mini):
    before = len(living_widgets())
    with pytest.raises(gl.errors.UnknownClassError, match="licorne"):
        gl.Explorer(mini, gl.sample("chelsea"), target="licorne")
    with pytest.raises(gl.errors.ImageError, match="introuvable"):
        gl.Explorer(mini, "absente.png")
    with pytest.raises(gl.errors.UnknownModelError):
        gl.Explorer("vgg61")
    with pytest.raises(gl.GradcamLabError, match="clas"):
        gl.Explorer(mini, gl.sample("chelsea"), classe="chat")
    assert len(living_widgets()) == before


@pytest.mark.slow
def test_each_control_changes_the_picture(explorer, controls):
    for name, value in {
        "alpha": 0.75,
        "colormap": "viridis",
        "blend": "mix",
        "outline": True,
        "threshold": 0.3,
        "method": "layercam",
        "score": "probability",
        "layer": "block3_conv1",
        "photo": "rocket",
        "view": "channels",
    }.items():
        before = explorer.picture
        getattr(controls, name).value = value
        assert getattr(explorer.state, name) == value
        assert before.shape != explorer.picture.shape or (before != explorer.picture).any(), name
        check(explorer)


def test_layer_slider_and_list_agree(explorer, controls):
    controls.layer_list.value = "block2_conv1"
    assert controls.layer.value == explorer.state.layer == "block2_conv1"
    controls.layer.value = "block4_conv1"
    assert controls.layer_list.value == "block4_conv1"


def test_class_buttons(explorer, controls):
    second = explorer._session.analysis(explorer.state).top(2)[1]
    assert controls.class_buttons[1].description == second.label_fr
    controls.class_buttons[1].click()
    assert explorer.state.target == second.index
    assert controls.class_buttons[1].icon == "check"
    assert controls.class_buttons[0].icon == ""


def test_search_then_choose(explorer, controls):
    controls.search.value = "ELEPH"
    assert [label.split(" (")[0] for label, _ in controls.found.options] == ["éléphant"]
    controls.found.value = controls.found.options[0][1]
    assert "éléphant" in str(explorer)
    controls.search.value = "zzzz"
    assert "zzzz" in explorer.message
    assert "alert" in controls.message.value
    controls.search.value = ""
    assert explorer.message.startswith("Calculé")


def test_compare_chooses_each_side(explorer, controls):
    controls.view.value = "compare"
    controls.side.value = "rival"
    controls.class_buttons[2].click()
    third = explorer._session.analysis(explorer.state).top(3)[2].index
    assert explorer.state.rival == third
    controls.side.value = "target"
    controls.class_buttons[1].click()
    assert explorer.state.rival == third
    assert controls.photo_view.layout.display == "none"
    check(explorer)


def test_readable_colors_are_one_click_away(explorer, controls):
    before = explorer.picture
    controls.readable.click()
    assert explorer.state.colormap == "viridis"
    controls.readable.click()
    np.testing.assert_array_equal(explorer.picture, before)


def test_controls_without_effect_are_disabled_with_the_reason(explorer, controls):
    assert controls.threshold.disabled
    assert "cochez d&#x27;abord" in controls.message.value
    controls.outline.value = True
    assert not controls.threshold.disabled
    controls.view.value = "channels"
    assert controls.method.disabled
    assert "les poids affichés sont ceux de Grad-CAM" in controls.message.value


def test_every_control_has_a_label_and_pictures_an_alternative(explorer, controls):
    import ipywidgets as widgets

    labelled = (widgets.Dropdown, widgets.Select, widgets.Text, widgets.SelectionSlider)
    labelled += (widgets.FloatSlider, widgets.Checkbox, widgets.Button)
    assert controls.upload.description == "Importer une photo"
    for control in vars(controls).values():
        if isinstance(control, labelled):
            assert control.description, control
    for view in (controls.photo_view, controls.picture_view):
        assert 'alt="' in view.value
        assert 'alt=""' not in view.value


def test_photos_and_palettes_are_named_in_french(controls):
    names = {name: button.description for name, (_, button) in controls.gallery.items()}
    assert names == {
        "dalmatien": "Dalmatien",
        "chien_et_chat": "Chien et chat",
        "chelsea": "Chelsea",
        "astronaut": "Astronaute",
        "coffee": "Tasse de café",
        "rocket": "Fusée",
        "chat_et_tasse": "Chat et tasse",
    }
    assert controls.colormap.options[0] == ("cividis (lisible par tous)", "cividis")
    assert [title for title, _ in controls.blend.options] == ["ajouter (le livre)", "mélanger"]


# --- Les photos données --------------------------------------------------------------------------


def test_import_a_photo(explorer, controls):
    import_file(controls.upload, "rouge.png", png_bytes())
    assert controls.photo.label == "rouge.png"
    assert explorer.image.size == (64, 50)
    check(explorer)
    import_file(controls.upload, "rouge.png", png_bytes((0, 0, 255)))
    assert explorer.image.getpixel((0, 0)) == (0, 0, 255)


def test_an_unreadable_import_says_so_and_changes_nothing(explorer, controls):
    before, state = explorer.picture, explorer.state
    import_file(controls.upload, "notes.txt", b"bonjour, ceci est un texte")
    assert "notes.txt" in explorer.message
    assert "contient du texte" in controls.message.value
    assert explorer.state == state
    np.testing.assert_array_equal(explorer.picture, before)
    controls.alpha.value = 0.5
    check(explorer)


def test_an_address_without_network(explorer, controls):
    controls.address.value = "https://exemple.org/chat.jpg"
    assert "GRADCAM_LAB_OFFLINE" in explorer.message
    assert explorer.state.photo == "chelsea"


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (14_200_000, "« photo.tif » pèse 14\N{NO-BREAK SPACE}Mo et votre navigateur"),
        (3_000, "n'a pas pu lire le fichier « photo.tif »"),
    ],
)
def test_a_file_the_browser_cannot_read_is_said(explorer, controls, size, sentence):
    before = explorer.picture
    import_file(controls.upload, "photo.tif", None, size)
    assert sentence in explorer.message
    np.testing.assert_array_equal(explorer.picture, before)
    import_file(controls.upload, "rouge.png", png_bytes())
    assert controls.photo.label == "rouge.png"


def test_the_limit_is_announced(controls):
    words = "".join(child.value for child in controls.boxes[0].children if hasattr(child, "value"))
    assert f"plus de {MAX_BYTES // 1_000_000}\N{NO-BREAK SPACE}Mo" in words
    # Un message de plus de 10 Mo couperait la liaison entre la page et le noyau.
    assert controls.upload.max_bytes == MAX_BYTES < 8 * 2**20


def test_an_address_without_its_beginning_is_an_address(explorer, controls):
    controls.address.value = "www.exemple.org/chat.jpg"
    assert "https://www.exemple.org/chat.jpg" in explorer.message


# --- Les erreurs ---------------------------------------------------------------------------------


def test_an_unavailable_network_or_photo_keeps_the_picture(explorer, controls):
    before = explorer.picture
    controls.network.value = "vgg16"
    assert "VGG16" in explorer.message
    assert controls.network.value == "mini"
    controls.gallery["dalmatien"][1].click()
    assert "dalmatien" in explorer.message
    assert controls.photo.value == "chelsea"
    np.testing.assert_array_equal(explorer.picture, before)


def test_an_unexpected_error_is_shown(explorer, controls, monkeypatch):
    def broken(*_):
        raise RuntimeError("panne d'essai")

    with monkeypatch.context() as patch:
        patch.setattr(VIEWS[explorer.state.view], "draw", broken, raising=False)
        controls.alpha.value = 0.9
        assert "RuntimeError : panne d'essai" in explorer.message
        assert controls.alpha.value == 0.4
        patch.setattr("gradcam_lab.explorer.widgets.explorer.make_files", broken)
        controls.prepare.click()
        assert "panne d'essai" in explorer.message
    controls.alpha.value = 0.6
    check(explorer)


def test_choose_raises_in_the_cell(explorer):
    with pytest.raises(gl.errors.UnknownLayerError):
        explorer.choose(layer="block9")
    explorer.choose(layer="block4_conv1", target="chat", photo=make_image(size=30))
    assert explorer.state.layer == "block4_conv1"
    assert explorer.image.size == (30, 30)
    check(explorer)


# --- Les changements rapides ---------------------------------------------------------------------


def test_only_the_last_of_rapid_changes_is_computed(explorer, controls, monkeypatch):
    renders = []
    render = explorer._session.render
    monkeypatch.setattr(
        explorer._session, "render", lambda state: renders.append(state.alpha) or render(state)
    )

    async def drag():
        for i in range(21):
            controls.alpha.value = i / 20
        await asyncio.sleep(0.1)

    asyncio.run(drag())
    assert renders == [1.0]
    assert explorer.state.alpha == 1.0


def test_reading_the_picture_does_not_wait(explorer, controls):
    async def change_then_read():
        controls.alpha.value = 0.9
        return explorer.state.alpha

    assert asyncio.run(change_then_read()) == 0.9
    check(explorer)


# --- Les méthodes longues -------------------------------------------------------------------------


async def until(condition, seconds=60):
    """Laisse tourner la boucle jusqu'à ce que `condition()` soit vraie."""
    for _ in range(int(seconds * 100)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("trop long")


@pytest.fixture
def rows(mini, monkeypatch):
    """Le nombre d'images de chaque lot que le réseau reçoit des méthodes longues."""
    seen, scores = [], type(mini.network).scores

    def counted(self, changed, around=None):
        seen.append(len(next(iter(changed.values()))))
        return scores(self, changed, around)

    monkeypatch.setattr(type(mini.network), "scores", counted)
    return seen


def test_a_new_photo_is_said_to_have_run_the_network(explorer, controls):
    controls.photo.value = "coffee"
    assert "passe avant" in explorer.message
    assert "n'a pas tourné" not in explorer.message


def test_the_list_says_what_each_method_costs(explorer, controls):
    titles = {name: title for title, name in controls.method.options}
    assert titles["gradcam"] == "Grad-CAM"
    assert titles["scorecam"] == "Score-CAM (256 passes)"
    explorer.choose(layer="block1_conv1")
    titles = {name: title for title, name in controls.method.options}
    channels = next(x.channels for x in explorer.classifier.layers if x.name == "block1_conv1")
    assert titles["ablationcam"] == f"Ablation-CAM ({channels + 1} passes)"


def test_a_long_method_leaves_the_tool_free(explorer, controls):
    """La boucle tourne pendant le calcul, qui avance ; l'image est ensuite celle du code."""
    before, seen = explorer.picture, []

    async def ask():
        controls.method.value = "occlusion"
        await until(lambda: explorer._aside.running)
        assert "197 passes" in controls.message.value
        assert np.array_equal(explorer._display.result.picture, before)
        while explorer._aside.running:
            seen.append(controls.message.value)
            await asyncio.sleep(0.005)

    asyncio.run(ask())
    assert len({message for message in seen if "Essai" in message}) > 2
    assert explorer.state.method == "occlusion"
    assert controls.layer.disabled
    assert controls.layer_list.disabled
    assert "image entière" in controls.caption.value
    assert "le réseau n'a pas tourné" not in explorer.message  # le calcul fait à côté compte
    check(explorer)


def test_another_choice_stops_a_long_method(explorer, controls, rows):
    async def ask():
        controls.method.value = "scorecam"
        await until(lambda: rows)
        controls.method.value = "layercam"
        await until(lambda: not explorer._aside.running)
        await asyncio.sleep(0.05)

    asyncio.run(ask())
    assert sum(rows) < 256
    assert explorer.state.method == "layercam"
    check(explorer)


def test_colors_do_not_start_a_long_method_again(mini, explorer, controls, rows):
    async def ask():
        controls.method.value = "occlusion"
        await until(lambda: rows)
        controls.alpha.value = 0.9
        await until(lambda: not explorer._aside.running)
        await asyncio.sleep(0.05)

    asyncio.run(ask())
    assert sum(rows) == mini.runs("occlusion")
    assert (explorer.state.method, explorer.state.alpha) == ("occlusion", 0.9)
    check(explorer)


def test_reading_waits_for_the_long_method(explorer, controls):
    async def ask():
        controls.method.value = "occlusion"
        await until(lambda: explorer._aside.running)
        return explorer.state.method

    assert asyncio.run(ask()) == "occlusion"


def test_views_say_which_methods_they_refuse(explorer):
    explorer.choose(method="occlusion", view="layers")
    assert explorer.state.method == "gradcam"
    assert "part de l'image" in explorer._display.result.disabled["method"]
    explorer.choose(view="overlay")
    assert explorer.state.method == "occlusion"
    check(explorer)
    explorer.choose(method="eigencam", view="balance")
    assert "ne distingue pas" in explorer._display.result.disabled["method"]


def test_closing_during_a_long_method(mini):
    opened = gl.Explorer(mini, gl.sample("chelsea"))

    async def ask():
        opened._controls.method.value = "scorecam"
        await until(lambda: opened._aside.running)
        opened.close()
        await asyncio.sleep(0.1)

    asyncio.run(ask())
    assert "fermé" in repr(opened)


# --- Plusieurs explorateurs, et la fin -----------------------------------------------------------


@pytest.mark.slow
def test_explorers_do_not_disturb_each_other(mini, explorer):
    other = gl.Explorer(mini, gl.sample("rocket"), alpha=0.9)
    before = explorer.picture
    other._controls.view.value = "layers"
    other._controls.layer.value = "block2_conv1"
    np.testing.assert_array_equal(explorer.picture, before)
    assert gl.Explorer.opened(other.number) is other
    assert gl.Explorer.opened(explorer.number) is explorer
    check(other)
    other.close()
    check(explorer)


@pytest.mark.slow
def test_closing_frees_everything():
    before = len(living_widgets())
    explorer = gl.Explorer(None, gl.sample("chelsea"))
    analysis = weakref.ref(explorer._session.analysis(explorer.state))
    classifier = weakref.ref(explorer.classifier)
    number = explorer.number
    assert len(living_widgets()) > before
    explorer.close()
    explorer.close()
    gc.collect()
    assert len(living_widgets()) == before
    assert analysis() is None
    assert classifier() is None
    assert "fermé" in repr(explorer)
    assert "fermé" in str(explorer)
    with pytest.raises(gl.GradcamLabError, match="est fermé"):
        _ = explorer.message
    with pytest.raises(gl.GradcamLabError, match="est fermé"):
        _ = explorer.picture
    with pytest.raises(gl.GradcamLabError, match="est fermé"):
        gl.Explorer.opened(number)
    with pytest.raises(gl.GradcamLabError, match="est fermé"):
        explorer.choose(alpha=0.5)


# --- Les fichiers --------------------------------------------------------------------------------


def test_files(explorer, controls):
    explorer.choose(target="chat")
    files = explorer.files()
    overlay, heatmap, values = files
    assert all(
        name.startswith("chelsea-une-chatte-tigree_mini_chat_block4-conv5") for name in files
    )
    image = gl.sample("chelsea")
    full = np.asarray(Image.open(io.BytesIO(files[overlay])))
    np.testing.assert_array_equal(full, gl.superimpose(explorer.heatmap, image))
    assert Image.open(io.BytesIO(files[heatmap])).width >= 400
    raw = np.load(io.BytesIO(files[values]))
    expected = explorer.classifier.analyze(image).heatmap("chat", normalize=False)
    np.testing.assert_array_equal(raw, expected)


def test_download_links(explorer, controls):
    controls.prepare.click()
    assert controls.links.value.count("download=") == 3
    controls.alpha.value = 0.9
    assert controls.links.value == ""


# --- La mémoire -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_hundred_random_changes_keep_the_memory(explorer, controls):
    def resident():
        gc.collect()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize() / 2**20

    resource = pytest.importorskip("resource")
    if not os.path.exists("/proc/self/statm"):
        pytest.skip("la mémoire d'un processus se lit autrement sur ce système")
    rng = random.Random(2)
    samples = ["chelsea", "rocket", "coffee", "astronaut"]
    moves = [
        lambda: setattr(controls.photo, "value", rng.choice(samples)),
        lambda: controls.class_buttons[rng.randrange(5)].click(),
        *(lambda name=name: _choose_one(getattr(controls, name), rng) for name in _LISTS),
        lambda: setattr(controls.alpha, "value", rng.random()),
        lambda: setattr(controls.outline, "value", not controls.outline.value),
        lambda: setattr(controls.threshold, "value", rng.random()),
    ]
    # Deux photos, toutes les vues, toutes les couches : ce que l'explorateur garde de toute façon.
    for photo in samples[:2]:
        for view in controls.view.options:
            explorer.choose(photo=photo, view=view[1])
    for layer in controls.layer.options:
        controls.layer.value = layer
    before = resident()
    for _ in range(100):
        rng.choice(moves)()
        assert explorer.message.startswith("Calculé"), explorer.message
    check(explorer)
    assert resident() - before < 50


_LISTS = ("layer", "method", "score", "colormap", "blend", "view")


def _choose_one(control, rng):
    option = rng.choice(control.options)
    control.value = option[1] if isinstance(option, tuple) else option


def test_a_view_with_its_own_colors_has_no_ramp(explorer, controls):
    explorer.choose(view="overlay")
    assert "froid" in controls.caption.value
    explorer.choose(view="balance")
    assert "froid" not in controls.caption.value
    assert "Grad-CAM" in controls.caption.value
