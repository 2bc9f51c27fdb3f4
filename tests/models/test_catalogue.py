"""Le catalogue : chaque réseau, ses poids, sa taille d'image, et ce qui peut mal tourner."""

import dataclasses
import hashlib
import subprocess
import sys
import threading

import numpy as np
import pytest
import tiny_models as tiny

import gradcam_lab as gl
from gradcam_lab.models import catalogue as zoo
from gradcam_lab.models import mini
from gradcam_lab.models.weights import read_weights, without_initial_values, write_weights
from gradcam_lab.network.layout import LayerInfo

NAMES = [info.name for info in gl.available_models() if not info.shipped]
DEFAULT_LAYERS = {
    "vgg16": "block5_conv3",
    "vgg19": "block5_conv4",
    "resnet50": "conv5_block3_out",
    "mobilenet_v2": "out_relu",
    "densenet121": "relu",
    "inception_v3": "mixed10",
    "xception": "block14_sepconv2_act",
    "efficientnet_b0": "top_activation",
    "convnext_tiny": "convnext_tiny_stage_3_block_2_identity:add",
}

SHIPPED = ("mini", "mini_localise")


@pytest.fixture
def keras_home(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("GRADCAM_LAB_OFFLINE", "1")
    return tmp_path / "keras"


class TestCatalogue:
    def test_names_are_those_of_the_public_face(self):
        assert [info.name for info in gl.available_models()] == [*DEFAULT_LAYERS, *SHIPPED]

    def test_addresses_and_hashes_are_those_of_keras(self):
        """Keras publie adresses et empreintes dans son propre code : elles doivent coïncider."""
        import inspect

        from keras.src.applications import (
            convnext,
            densenet,
            efficientnet,
            inception_v3,
            mobilenet_v2,
            resnet,
            vgg16,
            vgg19,
            xception,
        )

        modules = {
            "vgg16": vgg16,
            "vgg19": vgg19,
            "resnet50": resnet,
            "mobilenet_v2": mobilenet_v2,
            "densenet121": densenet,
            "inception_v3": inception_v3,
            "xception": xception,
            "efficientnet_b0": efficientnet,
            "convnext_tiny": convnext,
        }
        for name, module in modules.items():
            info, source = zoo.find_model(name), inspect.getsource(module)
            if info._hash:
                assert info._hash.partition(":")[2] in source, name
            bases = [
                value
                for key, value in vars(module).items()
                if "WEIGHT" in key and isinstance(value, str) and value.startswith("https")
            ]
            assert any(info._url.startswith(base) for base in bases), name

    @pytest.mark.parametrize("query", ["VGG16", "vgg-16", "Mobilenet-V2", "ResNet50"])
    def test_spelling_is_forgiven(self, query):
        assert zoo.find_model(query).name in NAMES

    def test_every_network_is_where_the_catalogue_says(self):
        for name in NAMES:
            assert zoo.builder(zoo.find_model(name)).__name__.casefold() == name.replace("_", "")

    def test_unknown_model_names_the_nearest(self):
        with pytest.raises(gl.errors.UnknownModelError, match="« vgg16 »"):
            gl.load_model("vgg61")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_model_explains_a_photo(name):
    model = gl.load_model(name, weights=None)
    assert model.default_layer == DEFAULT_LAYERS[name]
    assert model.input_size == zoo.find_model(name).input_size
    assert len(model.labels) == 1000
    assert model.find_class("dalmatien") == 251
    picture = np.random.default_rng(0).integers(0, 256, (120, 90, 3), dtype=np.uint8)
    analysis = model.analyze(picture)
    np.testing.assert_allclose(
        analysis.probabilities,
        np.asarray(model.model(model.preprocess(picture), training=False))[0],
        rtol=2e-3,
        atol=1e-6,
    )
    info = model.layers[-1]
    assert analysis.heatmap().shape == (info.height, info.width)
    assert model.network.forward_count == 1
    megabytes = 4 * model.model.count_params() / 1e6
    assert abs(zoo.find_model(name).megabytes - megabytes) < 0.03 * megabytes
    # Chargé une seconde fois, ses couches portent les mêmes noms.
    again = gl.load_model(name, weights=None).model
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.model.layers]


def test_vgg16_lists_its_thirteen_convolutions():
    import keras

    from gradcam_lab.network.flatten import flatten
    from gradcam_lab.network.layout import Layout

    with without_initial_values():
        keras_model = keras.applications.VGG16(weights=None)
    network = Layout(flatten(keras_model), (224, 224))
    names = [layer.name for layer in network.layers]
    assert names == [
        f"block{b}_conv{c}" for b, n in zip(range(1, 6), (2, 2, 3, 3, 3)) for c in range(1, n + 1)
    ]
    assert network.layers[-1] == LayerInfo("block5_conv3", 14, 14, 512)


class TestWeightsFile:
    @pytest.fixture(scope="class")
    def saved(self, tmp_path_factory):
        model = gl.load_model("mobilenet_v2", weights=None)
        path = write_weights(model.model, tmp_path_factory.mktemp("poids") / "poids.h5")
        return model, path

    @pytest.mark.slow
    def test_streamed_weights_are_the_same(self, saved):
        model, path = saved
        loaded = gl.load_model("mobilenet_v2", weights=str(path))
        for mine, theirs in zip(model.model.get_weights(), loaded.model.get_weights()):
            np.testing.assert_array_equal(mine, theirs)

    @pytest.mark.slow
    def test_keras_reads_the_same_file_alike(self, saved):
        import keras

        model, path = saved
        theirs = keras.applications.MobileNetV2(weights=str(path))
        x = model.preprocess(np.zeros((224, 224, 3), np.uint8))
        np.testing.assert_array_equal(
            theirs.predict(x, verbose=0), model.model.predict(x, verbose=0)
        )

    def test_new_keras_format(self, saved, tmp_path):
        model, _ = saved
        model.model.save_weights(tmp_path / "neuf.weights.h5")
        loaded = gl.load_model("mobilenet_v2", weights=tmp_path / "neuf.weights.h5")
        np.testing.assert_array_equal(loaded.model.get_weights()[-2], model.model.get_weights()[-2])

    def test_large_arrays_are_adopted_without_copy(self, tmp_path):
        """Une grande couche dense : la mémoire du tableau lu devient celle de la variable."""
        import keras

        def build():
            return keras.Sequential([keras.Input((2100,)), keras.layers.Dense(2100)])

        model = build()
        path = write_weights(model, tmp_path / "dense.h5")
        with without_initial_values():
            other = build()
        read_weights(other, path)
        np.testing.assert_array_equal(model.get_weights()[0], other.get_weights()[0])
        # La variable reste une variable ordinaire : on peut l'entraîner.
        other.compile("sgd", "mse")
        other.fit(np.ones((4, 2100), "float32"), np.ones((4, 2100), "float32"), verbose=0)
        assert not np.array_equal(model.get_weights()[0], other.get_weights()[0])

    def test_layers_are_empty_but_keep_an_ordinary_initializer(self):
        import keras

        with without_initial_values():
            empty, again = keras.layers.Dense(50), keras.layers.Dense(50)
            empty.build((None, 50))
            again.build((None, 50))
        assert type(empty.kernel_initializer) is keras.initializers.GlorotUniform
        plain = keras.layers.Dense(50, name=empty.name)
        plain.build((None, 50))
        assert keras.layers.serialize(empty) == keras.layers.serialize(plain)
        assert np.asarray(plain.kernel).std() > 0.05

    def test_another_thread_builds_its_models_undisturbed(self):
        """Deux fils à la fois : chaque noyau de l'autre fil a l'écart type de Glorot."""
        import keras

        spreads, started, done = [], threading.Event(), threading.Event()

        def other():
            while not done.is_set():
                layer = keras.layers.Dense(64)
                layer.build((None, 64))
                spreads.append(float(np.asarray(layer.kernel).std()))
                started.set()

        thread = threading.Thread(target=other)
        with without_initial_values():
            thread.start()
            started.wait(30)
            keras.applications.VGG16(weights=None)
        done.set()
        thread.join()
        assert spreads
        np.testing.assert_allclose(spreads, np.sqrt(2 / 128), rtol=0.1)

    @pytest.mark.parametrize("path", ["absent.h5", "", "~inconnu/x.h5", "a" * 5000, "."])
    @pytest.mark.parametrize("name", ["mini"])
    def test_missing_file(self, name, path):
        with pytest.raises(gl.errors.WeightsUnavailableError, match="n'existe pas"):
            gl.load_model(name, weights=path)

    @pytest.mark.parametrize("weights", [5, True, b"poids.h5", ["poids.h5"]])
    @pytest.mark.parametrize("name", ["mini", "mobilenet_v2"])
    def test_weights_that_are_not_a_choice(self, name, weights):
        with pytest.raises(gl.errors.SettingError, match="weights est « imagenet »"):
            gl.load_model(name, weights=weights)

    def test_a_whole_model_is_not_a_weights_file(self, tmp_path):
        tiny.build("Sequential").save(tmp_path / "mien.keras")
        with pytest.raises(gl.errors.WeightsUnavailableError, match="load_classifier"):
            gl.load_model("mini", weights=tmp_path / "mien.keras")
        assert (tmp_path / "mien.keras").is_file()

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    @pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
    def test_weights_that_are_not_numbers_name_their_layer(self, bad, suffix, tmp_path):
        model = mini.build()
        layer = model.get_layer("block3_conv2")
        kernel, bias = layer.get_weights()
        kernel[0, 0, 0, 0] = bad
        layer.set_weights([kernel, bias])
        path = tmp_path / f"poids{suffix}"
        if suffix == ".h5":
            write_weights(model, path)
        else:
            model.save_weights(path)
        with pytest.raises(gl.errors.WeightsUnavailableError, match="couche « block3_conv2 »"):
            gl.load_model("mini", weights=path)

    @pytest.mark.parametrize(
        ("where", "attribute", "value"),
        [
            ("/", "layer_names", 3),
            ("/", "layer_names", [b"\xff\xfe"]),
            ("/", "layer_names", "predictions"),
            ("/", "layer_names", None),
            ("predictions", "weight_names", 1.5),
            ("predictions", "weight_names", [b"absent", b"autre"]),
            ("predictions", "weight_names", None),
        ],
    )
    def test_odd_attributes_are_said(self, where, attribute, value, tmp_path):
        import h5py

        path = write_weights(mini.build(), tmp_path / "poids.h5")
        with h5py.File(path, "r+") as file:
            del file[where].attrs[attribute]
            if value is not None:
                file[where].attrs[attribute] = value
        with pytest.raises(gl.errors.WeightsUnavailableError, match="Le fichier de poids"):
            gl.load_model("mini", weights=path)

    @pytest.mark.slow
    @pytest.mark.parametrize("kept", [0, 100, 0.5, 0.999])
    def test_truncated_file(self, saved, tmp_path, kept):
        data = saved[1].read_bytes()
        short = tmp_path / "court.h5"
        short.write_bytes(data[: int(kept if kept >= 1 else kept * len(data))])
        with pytest.raises(gl.errors.WeightsUnavailableError, match="abîmé ou incomplet"):
            gl.load_model("mobilenet_v2", weights=short)

    @pytest.mark.slow
    def test_file_of_another_model(self, saved):
        with pytest.raises(gl.errors.WeightsUnavailableError, match="efficientnetb0"):
            gl.load_model("efficientnet_b0", weights=saved[1])


class TestImageNetWeights:
    @pytest.fixture
    def mobilenet_path(self, keras_home):
        path = zoo.find_model("mobilenet_v2").weights_path
        assert path.parent == keras_home / "models"
        path.parent.mkdir(parents=True)
        return path

    @pytest.mark.parametrize(
        "content", [b"\x89HDF\r\n\x1a\n" + b"0" * 1000, b"<html>Portail</html>", b""]
    )
    def test_a_cached_file_that_is_not_weights_blocks_nothing(
        self, content, mobilenet_path, capsys
    ):
        """Une page de portail ou un transfert coupé : dit, gardé, et remplacé par « mini »."""
        mobilenet_path.write_bytes(content)
        with pytest.raises(gl.errors.WeightsUnavailableError, match="abîmé"):
            gl.load_model("mobilenet_v2", fallback=False)
        assert gl.load_model("mobilenet_v2").name == "mini"
        assert "abîmé" in capsys.readouterr().out
        assert mobilenet_path.read_bytes() == content

    def test_a_cached_file_of_another_hash_is_not_believed(self, keras_home):
        """Les poids publiés de VGG16 ont une empreinte : un fichier qui en diffère est refusé."""
        path = zoo.find_model("vgg16").weights_path
        path.parent.mkdir(parents=True)
        write_weights(tiny.build("Sequential"), path)
        with pytest.raises(gl.errors.WeightsUnavailableError, match="abîmé ou incomplet"):
            gl.load_model("vgg16", fallback=False)

    def test_a_verified_file_is_verified_again_only_when_it_changes(
        self, mobilenet_path, monkeypatch
    ):
        from gradcam_lab.base import downloads

        hashed = []
        intact = downloads.is_intact
        monkeypatch.setattr(
            downloads, "is_intact", lambda path, known: hashed.append(path) or intact(path, known)
        )
        write_weights(tiny.build("Sequential"), mobilenet_path)
        digest = hashlib.md5(mobilenet_path.read_bytes()).hexdigest()
        info = dataclasses.replace(zoo.find_model("mobilenet_v2"), _hash=f"md5:{digest}")
        for _ in range(3):
            assert zoo.weights_file(info) == mobilenet_path
        assert len(hashed) == 1
        with open(mobilenet_path, "ab") as file:
            file.write(b"x")
        with pytest.raises(gl.errors.WeightsUnavailableError, match="abîmé"):
            zoo.weights_file(info)

    @pytest.mark.parametrize("home", ["~inconnu/keras", "/" + "a" * 5000, "/dev/null/keras"])
    def test_a_strange_keras_home_is_one_sentence(self, home, keras_home, monkeypatch, capsys):
        monkeypatch.setenv("KERAS_HOME", home)
        assert [info.name for info in gl.available_models() if info.cached] == [*SHIPPED]
        with pytest.raises(gl.errors.WeightsUnavailableError):
            gl.load_model("vgg16", fallback=False)
        assert gl.load_model("vgg16").name == "mini"
        assert len(capsys.readouterr().out.splitlines()) == 1

    def test_no_network_and_no_fallback(self, keras_home):
        with pytest.raises(gl.errors.WeightsUnavailableError, match="VGG16"):
            gl.load_model("vgg16", fallback=False)
        assert not keras_home.exists()

    def test_no_network_falls_back_on_mini(self, keras_home, capsys):
        model = gl.load_model("vgg16")
        assert model.name == "mini"
        assert "« mini »" in capsys.readouterr().out

    @pytest.mark.slow
    def test_efficientnet_is_prepared_as_keras_does(self, keras_home, tmp_path, monkeypatch):
        """Keras ajoute une couche pour ces poids-là ; nous faisons le même calcul sur l'image."""
        import keras
        from keras.src.applications import efficientnet

        info = zoo.find_model("efficientnet_b0")
        bare = keras.applications.EfficientNetB0(weights=None)
        # Les poids publiés portent la moyenne et l'écart type des couleurs d'ImageNet.
        mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
        normalization = bare.get_layer("normalization")
        count = normalization.get_weights()[2:]
        normalization.set_weights([mean, std**2, *count])
        info.weights_path.parent.mkdir(parents=True)
        path = write_weights(bare, info.weights_path)
        monkeypatch.setitem(zoo._CATALOGUE, info.name, dataclasses.replace(info, _hash=None))
        monkeypatch.setattr(efficientnet.file_utils, "get_file", lambda *a, **k: str(path))
        official = keras.applications.EfficientNetB0(weights="imagenet")
        picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8)
        expected = official.predict(picture[None].astype("float32"), verbose=0)[0]
        found = gl.load_model("efficientnet_b0").analyze(picture).probabilities
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-7)


class TestLoadClassifier:
    def test_saved_model(self, tmp_path):
        keras_model = tiny.build("Sequential")
        keras_model.save(tmp_path / "mien.keras")
        model = gl.load_classifier(tmp_path / "mien.keras", labels=list("abcd"))
        assert model.name == "mien"
        image = tiny.make_image()
        np.testing.assert_allclose(
            model.analyze(image).heatmap(2),
            gl.Classifier(keras_model).analyze(image).heatmap(2),
            atol=1e-6,
        )

    def test_missing_file_names_its_neighbours(self, tmp_path):
        tiny.build("Sequential").save(tmp_path / "mien.keras")
        with pytest.raises(gl.errors.ModelError, match=r"mien\.keras"):
            gl.load_classifier(tmp_path / "mein.keras")

    @pytest.mark.parametrize("path", [None, 5, ["mien.keras"]])
    def test_what_is_not_a_path(self, path):
        with pytest.raises(gl.errors.ModelError, match="path est le chemin"):
            gl.load_classifier(path)

    def test_a_folder_is_not_a_file(self, tmp_path):
        tiny.build("Sequential").save(tmp_path / "mien.keras")
        with pytest.raises(gl.errors.ModelError, match=r"est un dossier.*mien\.keras"):
            gl.load_classifier(tmp_path)
        (tmp_path / "saved_model.pb").write_bytes(b"")
        with pytest.raises(gl.errors.ModelError, match="SavedModel"):
            gl.load_classifier(tmp_path)

    @pytest.mark.parametrize("path", ["a" * 5000, "~inconnu/x.keras", "a\0b.keras"])
    def test_strange_paths(self, path):
        with pytest.raises(gl.errors.ModelError, match="n'existe pas"):
            gl.load_classifier(path)

    @pytest.mark.parametrize("suffix", [".keras", ".h5"])
    def test_a_layer_unknown_to_keras_is_named(self, suffix, tmp_path):
        """Le fichier est bon : c'est la couche de l'utilisateur que Keras ne retrouve pas."""
        import keras

        class MaCouche(keras.layers.Layer):
            def call(self, x):
                return x

        inputs = keras.Input((8, 8, 3))
        x = keras.layers.GlobalAveragePooling2D()(MaCouche()(keras.layers.Conv2D(2, 3)(inputs)))
        path = tmp_path / f"mien{suffix}"
        keras.Model(inputs, x).save(path)
        with pytest.raises(gl.errors.ModelError, match="emploie « MaCouche »") as caught:
            gl.load_classifier(path)
        assert "@keras.saving.register_keras_serializable()" in str(caught.value)
        with keras.saving.custom_object_scope({"MaCouche": MaCouche}):
            assert gl.load_classifier(path).name == "mien"

    def test_not_a_model(self, tmp_path):
        (tmp_path / "faux.keras").write_text("bonjour")
        with pytest.raises(gl.errors.ModelError, match=r"lisible \(.+\) : ") as caught:
            gl.load_classifier(tmp_path / "faux.keras")
        assert "\n" not in str(caught.value)

    def test_code_inside_is_refused(self, tmp_path):
        import keras

        keras_model = keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Lambda(lambda x: x * 2),
                keras.layers.Conv2D(2, 3),
                keras.layers.GlobalAveragePooling2D(),
            ]
        )
        keras_model.save(tmp_path / "lambda.keras")
        with pytest.raises(gl.errors.ModelError, match="Lambda"):
            gl.load_classifier(tmp_path / "lambda.keras")


class TestRealWeights:
    """MobileNetV2 et ses poids d'ImageNet, sur la photo de la leçon."""

    @pytest.fixture(scope="class")
    def analysis(self, shared):
        import os

        old = os.environ.get("KERAS_HOME")
        os.environ["KERAS_HOME"] = str(shared / "keras")
        try:
            model = gl.load_model("mobilenet_v2", fallback=False)
        finally:
            os.environ.pop("KERAS_HOME")
            if old is not None:
                os.environ["KERAS_HOME"] = old
        return model.analyze(shared / "images" / "Dalmatian.jpg")

    def test_the_dalmatian_comes_first(self, analysis):
        best = analysis.top(1)[0]
        assert (best.index, best.wnid, best.label_fr) == (251, "n02110341", "dalmatien")
        assert best.probability == pytest.approx(0.92, abs=0.03)

    # L'occlusion, avec son carré, trouve aussi un bord de la photo : elle n'y est pas tenue.
    @pytest.mark.parametrize("method", [name for name in gl.METHODS if name != "occlusion"])
    def test_the_warm_region_lies_on_the_dog(self, analysis, method):
        """Sur cette photo le chien occupe le milieu et la droite ; les bords sont du décor."""
        heatmap = analysis.heatmap("dalmatien", method=method)
        height, width = heatmap.shape
        rows, columns = np.mgrid[0:height, 0:width]
        rows, columns = rows / (height - 1), columns / (width - 1)
        weight = heatmap / heatmap.sum()
        assert 0.25 < (rows * weight).sum() < 0.75
        assert 0.35 < (columns * weight).sum() < 0.8
        peak = np.unravel_index(heatmap.argmax(), heatmap.shape)
        assert 0.15 < rows[peak] < 0.85
        assert 0.3 < columns[peak] < 0.85

    def test_nothing_to_diagnose(self, analysis):
        assert analysis.diagnose("dalmatien") == []


@pytest.mark.slow
@pytest.mark.network
class TestPublishedVgg16:
    """Les chiffres publiés par l'auteur du tutoriel, avec les vrais poids de VGG16."""

    @pytest.fixture(scope="class")
    def analysis(self):
        try:
            model = gl.load_model("vgg16", fallback=False)
            photo = gl.sample("dalmatien", fallback=False)
        except gl.GradcamLabError as error:
            pytest.skip(str(error))
        return model.analyze(photo)

    def test_published_probabilities(self, analysis):
        published = {251: 0.9992306, 246: 0.00025052085, 210: 7.192213e-05}
        for index, probability in published.items():
            assert analysis.probabilities[index] == pytest.approx(probability, rel=0.5, abs=2e-3)
        assert analysis.top(1)[0].index == 251

    def test_published_heatmap(self, analysis, shared):
        published = np.loadtxt(shared / "reference_vgg16" / "heatmap_14x14.csv", delimiter=",")
        found = analysis.heatmap(251, score="probability")
        assert np.corrcoef(found.ravel(), published.ravel())[0, 1] > 0.9


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="/proc n'existe que sous Linux")
def test_peak_memory_of_vgg16(tmp_path):
    """Construire VGG16, lire ses poids, expliquer une photo : moins de 1,5 Gio."""
    path = write_weights(gl.load_model("vgg16", weights=None).model, tmp_path / "poids.h5")
    code = (
        "import pathlib, sys, numpy as np, gradcam_lab as gl\n"
        "model = gl.load_model('vgg16', weights=sys.argv[1])\n"
        "model.analyze(np.zeros((224, 224, 3), np.uint8)).heatmap(251)\n"
        # `ru_maxrss` compterait aussi le processus qui lance celui-ci.
        "status = pathlib.Path('/proc/self/status').read_text()\n"
        "print(int(status.split('VmHWM:')[1].split()[0]) / 2**20)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
    )
    assert float(result.stdout.split()[-1]) < 1.5
