"""Les pages de `docs/` : chaque bloc de code tourne, et ce que l'on dit impossible l'est.

Les blocs d'une page partagent un même espace de noms, dans l'ordre, sans internet. Ce qui suit
« # → » est comparé à ce que le bloc affiche.
"""

import re

import numpy as np
import pytest

import gradcam_lab as gl
from scripts.typography import ROOT

HELP, SHEET = ROOT / "docs" / "depannage.md", ROOT / "docs" / "fiche.md"
LONGEST = {HELP: 8, SHEET: 15}
BANNED = re.compile(r"\b(simplement|évidemment|il suffit d)", re.IGNORECASE)


def blocks(page):
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.M | re.S)


def run(page, capsys):
    """Exécute les blocs d'une page, compare ce qu'ils affichent, renvoie leurs noms."""
    names = {"__name__": page.stem}
    for code in blocks(page):
        capsys.readouterr()
        exec(compile(code, page.name, "exec"), names)
        shown = capsys.readouterr().out.splitlines()
        expected = re.findall(r"# → (.*)$", code, re.MULTILINE)
        assert [line for line in shown if line in expected] == expected, code
    return names


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")


def slug(title):
    """L'ancre que GitHub donne à un titre."""
    words = title.lower().replace("\N{NO-BREAK SPACE}", "")
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


@pytest.mark.parametrize("page", [HELP, SHEET], ids=lambda page: page.stem)
def test_the_page_is_well_made(page):
    text = page.read_text(encoding="utf-8")
    assert not BANNED.findall(text)
    assert all(len(code.splitlines()) <= LONGEST[page] for code in blocks(page))
    anchors = {slug(title) for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)}
    links = re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", re.sub(r"```.*?```", "", text, flags=re.S))
    for target, anchor in links:
        if not target:
            assert anchor in anchors
        elif not target.startswith("http"):
            assert (page.parent / target).exists(), target


# --- Le dépannage ---------------------------------------------------------------------------------


def test_every_answer_runs(capsys):
    names = run(HELP, capsys)
    image, photo, model = names["image"], names["photo"], names["seen"]
    x = model.preprocess(photo)
    # La valeur fixe et la grille ne changent pas le calcul des réseaux de départ.
    np.testing.assert_allclose(model.model(x), names["vit"](x), atol=1e-4)
    both = names["two_inputs"]([x, np.array([[0.3, 1.0]], "float32")])
    np.testing.assert_allclose(names["one_input"](x), both, atol=1e-4)
    assert all(not names["analysis"].heatmap(label.index).any() for label in names["blank"])
    assert names["ready"] is True
    assert image.shape == (None, 64, 64, 3)
    # Ce que la page dit en une phrase, sans code.
    with pytest.raises(gl.errors.ModelError, match="imbriqué"):
        gl.Classifier(names["nested"]).feature_map()
    with pytest.raises(gl.errors.WeightsUnavailableError):
        gl.load_model("vgg16", fallback=False)
    swapped = names["mini"].predict(np.asarray(photo)[:, :, ::-1])[0]
    assert swapped.probability < names["mini"].predict(photo)[0].probability


def small(end, inputs=(64, 64, 3)):
    import keras
    from keras import layers

    image = keras.Input(inputs)
    maps = layers.Conv2D(4, 3, activation="relu", name="conv")(image)
    return keras.Model(image, end(layers.GlobalAveragePooling2D()(maps)))


def test_a_lambda_is_refused_then_read_on_request():
    import keras
    from keras import layers

    small(lambda f: layers.Dense(2)(layers.Lambda(lambda x: x / 255)(f))).save("mien.keras")
    with pytest.raises(gl.errors.ModelError, match="Lambda"):
        gl.load_classifier("mien.keras")
    read = keras.models.load_model("mien.keras", safe_mode=False)
    assert gl.Classifier(read).default_layer == "conv"


def test_two_outputs_are_refused_and_one_can_be_kept():
    from keras import layers

    two = small(lambda f: [layers.Dense(2, name="sorte")(f), layers.Dense(1)(f)])
    with pytest.raises(gl.errors.ModelError, match="une seule sortie"):
        gl.Classifier(two)
    import keras

    one = gl.Classifier(keras.Model(two.input, two.get_layer("sorte").output))
    assert len(one.labels) == 2


def test_a_python_class_is_refused_and_its_call_is_read():
    import keras
    from keras import layers

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = layers.Conv2D(4, 3, name="conv")
            self.pool, self.scores = layers.GlobalAveragePooling2D(), layers.Dense(2)

        def call(self, x):
            return self.scores(self.pool(self.conv(x)))

    own, x = Own(), np.ones((1, 64, 64, 3), "float32")
    own(x)
    with pytest.raises(gl.errors.ModelError, match="subclassing"):
        gl.Classifier(own)
    image = keras.Input((64, 64, 3))
    read = keras.Model(image, own.call(image))
    assert gl.Classifier(read).default_layer == "conv"
    np.testing.assert_allclose(read(x), own(x), atol=1e-5)


def test_a_class_token_is_put_aside():
    """Du dernier bloc, seul le jeton de classe compte : la carte est vide ; celle d'avant, non."""
    import keras
    from keras import layers

    image = keras.Input((64, 64, 3))
    tokens = layers.Reshape((64, 16))(layers.Conv2D(16, 8, strides=8)(image))
    tokens = layers.Concatenate(axis=1)([tokens[:, :1], tokens])
    for name in ("avant", "dernier"):
        attention = layers.MultiHeadAttention(2, 8)(tokens, tokens)
        tokens = layers.Add(name=name)([tokens, attention])
    vit = keras.Model(image, layers.Dense(2)(tokens[:, 0]))
    for name, visible in (("avant", True), ("dernier", False)):
        tokens = vit.get_layer(name).output
        end = keras.Model(tokens, vit.output)
        grid = layers.Reshape((8, 8, 16), name="grille")(tokens[:, 1:])
        back = layers.Concatenate(axis=1)([tokens[:, :1], layers.Reshape((64, 16))(grid)])
        model = gl.Classifier(keras.Model(image, end(back)))
        analysis = model.analyze(gl.sample("chelsea"))
        assert analysis.gradients(0, layer="grille").any() == visible
        x = model.preprocess(gl.sample("chelsea"))
        np.testing.assert_allclose(model.model(x), vit(x), atol=1e-3, rtol=1e-3)


def unsupported(kind):
    import keras
    from keras import layers

    if kind == "segmentation":
        image = keras.Input((64, 64, 3))
        return keras.Model(image, layers.Conv2D(2, 1)(image))
    if kind == "volume":
        image = keras.Input((16, 16, 16, 1))
        pooled = layers.GlobalAveragePooling3D()(layers.Conv3D(2, 3)(image))
        return keras.Model(image, layers.Dense(2)(pooled))
    if kind == "quatre canaux":
        return small(layers.Dense(2), (64, 64, 4))
    if kind == "dense":
        image = keras.Input((64, 64, 3))
        return keras.Model(image, layers.Dense(2)(layers.Flatten()(image)))
    if kind == "SavedModel":
        small(layers.Dense(2)).export("dossier", verbose=False)
        end = layers.TFSMLayer("dossier", call_endpoint="serve")
        return keras.Sequential([keras.Input((64, 64, 3)), end])
    return object()  # ni Keras, ni rien que l'on sache lire


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("segmentation", "il faut un classificateur"),
        ("volume", "il faut des images"),
        ("quatre canaux", "il faut des images"),
        ("dense", "aucune carte d'activation"),
        ("SavedModel", "aucune carte d'activation"),
        ("PyTorch", "Donnez un modèle Keras"),
    ],
)
def test_what_is_not_supported_is_refused_in_one_sentence(kind, sentence):
    with pytest.raises(gl.errors.ModelError, match=sentence):
        _ = gl.Classifier(unsupported(kind)).default_layer


def test_a_regression_is_read_as_yes_or_no():
    from keras import layers

    assert len(gl.Classifier(small(layers.Dense(1))).labels) == 2


# --- La fiche -------------------------------------------------------------------------------------


def test_the_fifteen_lines_give_the_same_map(capsys):
    names = run(SHEET, capsys)
    (code,) = (code for code in blocks(SHEET) if code.startswith("def "))
    assert len(code.splitlines()) == 15
    model, photo = names["model"], names["photo"]
    analysis, x = model.analyze(photo), model.preprocess(photo)
    for target in range(len(model.labels)):
        by_hand = names["gradcam"](model.model, x, model.default_layer, target)
        np.testing.assert_allclose(by_hand, analysis.heatmap(target), atol=1e-4)
    # Une base gelée ne change rien : c'est la photo que le ruban surveille.
    model.model.trainable = False
    frozen = names["gradcam"](model.model, x, model.default_layer, 2)
    np.testing.assert_allclose(frozen, analysis.heatmap(2), atol=1e-4)


def test_they_read_vgg16_too(capsys):
    """L'architecture de VGG16, pour de petites images : ses poids entiers pèsent 554 Mo."""
    import keras

    network = keras.applications.VGG16(weights=None, input_shape=(64, 64, 3), classes=10)
    model = gl.Classifier(network, preprocess=keras.applications.vgg16.preprocess_input)
    photo = gl.sample("chelsea")
    by_hand = run(SHEET, capsys)["gradcam"](network, model.preprocess(photo), "block5_conv3", 3)
    expected = model.analyze(photo).heatmap(3, layer="block5_conv3")
    np.testing.assert_allclose(by_hand, expected, atol=1e-3)
