"""Effacer, remettre, masquer : des réseaux dont on connaît la courbe, des boucles écrites ici."""

import math

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab.errors import HeatmapError, ImageError, SettingError, UnknownClassError

M = gl.metrics
SIDE = 8
PIXELS = SIDE * SIDE


def one_pixel_counts(row, column, gain=1.0, bias=-100.0):
    """Une unité sigmoïde qui ne regarde qu'un pixel : `gain` × (R + V + B) + `bias`."""
    import keras

    inputs = keras.Input((SIDE, SIDE, 3))
    conv = keras.layers.Conv2D(1, 1, name="conv")
    dense = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(inputs, dense(keras.layers.Flatten()(conv(inputs))))
    weights = np.zeros((SIDE, SIDE))
    weights[row, column] = gain
    conv.set_weights([np.ones((1, 1, 3, 1)), np.zeros(1)])
    dense.set_weights([weights.reshape(-1, 1), np.array([bias])])
    return gl.Classifier(model)


@pytest.fixture(scope="module")
def model():
    return gl.Classifier(tiny_models.build("softmax dans Dense"))


@pytest.fixture(scope="module")
def analysis(model):
    return model.analyze(tiny_models.make_image(size=24))


RANKS = np.arange(PIXELS, 0, -1.0).reshape(SIDE, SIDE) / PIXELS  # le plus chaud en haut à gauche


# --- La courbe d'un réseau que l'on connaît ---------------------------------------------------


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (7, 7)])
def test_deletion_of_a_step_has_a_known_area(row, column):
    """La probabilité vaut 1 tant que le pixel est là, 0 ensuite."""
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    analysis = one_pixel_counts(row, column).analyze(white)
    curve = M.deletion(analysis, RANKS, 1, baseline="black", steps=PIXELS)
    rank = SIDE * row + column  # le nombre de pixels effacés avant lui
    expected = (np.arange(PIXELS + 1) <= rank).astype(float)
    np.testing.assert_allclose(curve.probabilities, expected, atol=1e-6)
    np.testing.assert_allclose(curve.fractions, np.linspace(0, 1, PIXELS + 1))
    assert curve.auc == pytest.approx((rank + 0.5) / PIXELS, abs=1e-6)


@pytest.mark.parametrize(("row", "column"), [(0, 0), (2, 5), (7, 7)])
def test_insertion_is_the_mirror_of_that_step(row, column):
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    analysis = one_pixel_counts(row, column).analyze(white)
    curve = M.insertion(analysis, RANKS, 1, baseline="black", steps=PIXELS)
    rank = SIDE * row + column
    assert curve.auc == pytest.approx(1 - (rank + 0.5) / PIXELS, abs=1e-6)


def test_equal_pixels_go_in_reading_order():
    white = np.full((SIDE, SIDE, 3), 255, np.uint8)
    for row, column in [(0, 3), (6, 1)]:
        analysis = one_pixel_counts(row, column).analyze(white)
        uniform = np.ones((3, 3))
        curve = M.deletion(analysis, uniform, 1, baseline="black", steps=PIXELS)
        assert curve.auc == pytest.approx((SIDE * row + column + 0.5) / PIXELS, abs=1e-6)


def test_a_constant_network_gives_its_probability():
    constant = one_pixel_counts(0, 0, gain=0, bias=math.log(3))  # sigmoïde : 3/4
    analysis = constant.analyze(tiny_models.make_image(size=SIDE))
    for measure in (M.deletion, M.insertion):
        for target, value in ((1, 0.75), (0, 0.25)):
            for steps in (1, 7):
                assert measure(analysis, RANKS, target, steps=steps).auc == pytest.approx(value)


# --- Une boucle écrite ici --------------------------------------------------------------------


def test_deletion_pixel_by_pixel(model, analysis):
    """Le réseau entier, un tableau à la fois, avec `predict` de Keras."""
    heat = np.random.default_rng(3).random((12, 12)).astype(np.float32)
    photo = np.asarray(analysis.image.resize((12, 12), 1), np.float32)  # 1 : LANCZOS
    order = sorted(range(144), key=lambda i: -heat[i // 12, i % 12])
    gray, steps, expected = 127.5, 6, []
    for k in range(steps + 1):
        picture = photo.copy()
        for i in order[: k * 144 // steps]:
            picture[i // 12, i % 12] = gray
        expected.append(np.asarray(model.model(picture[None]))[0, 2])
    curve = M.deletion(analysis, heat, 2, baseline="gray", steps=steps)
    np.testing.assert_allclose(curve.probabilities, expected, rtol=1e-4)
    area = sum((expected[k] + expected[k + 1]) / 2 / steps for k in range(steps))
    assert curve.auc == pytest.approx(area, rel=1e-4)


def test_the_ends_are_the_photo_and_what_replaces_it(model, analysis):
    import cv2

    photo = np.asarray(analysis.image.resize((12, 12), 1), np.float32)
    hidden = {
        "mean": np.broadcast_to(photo.mean(axis=(0, 1)), photo.shape),
        "blur": cv2.GaussianBlur(photo, (0, 0), 12 / 20),
        "gray": np.full_like(photo, 127.5),
        "black": np.zeros_like(photo),
    }
    heat = np.random.default_rng(4).random((5, 5))
    for name, picture in hidden.items():
        end = np.asarray(model.model(picture[None]))[0, 1]
        gone = M.deletion(analysis, heat, 1, baseline=name, steps=3).probabilities
        back = M.insertion(analysis, heat, 1, baseline=name, steps=3).probabilities
        np.testing.assert_allclose([gone[0], gone[-1]], [analysis.probabilities[1], end], rtol=1e-4)
        np.testing.assert_allclose([back[0], back[-1]], [end, analysis.probabilities[1]], rtol=1e-4)


def test_insertion_is_deletion_of_the_reverse_order(analysis):
    heat = np.random.default_rng(5).permutation(144).reshape(12, 12) / 144
    back = M.insertion(analysis, heat, 1, baseline="gray", steps=12)
    gone = M.deletion(analysis, 1 - heat, 1, baseline="gray", steps=12)
    np.testing.assert_allclose(back.probabilities, gone.probabilities[::-1], rtol=1e-4)


def test_batches_do_not_change_the_curve(analysis):
    heat = np.random.default_rng(6).random((6, 6))
    curves = [M.deletion(analysis, heat, batch_size=size, steps=10) for size in (1, 3, 64)]
    for curve in curves[1:]:
        np.testing.assert_allclose(curve.probabilities, curves[0].probabilities, rtol=1e-5)


def test_the_protocol_says_what_was_chosen(analysis):
    heat = np.ones((2, 2))
    said = M.deletion(analysis, heat, 1, baseline="black", steps=5).protocol
    assert all(word in said for word in ("le noir", "5 pas", "12 × 12", "classe 1", "non divisée"))
    assert "floutée" in M.insertion(analysis, heat, steps=5).protocol
    assert "photo × carte" in M.confidence_change(analysis, heat).protocol


def test_the_answer_is_the_default_target(analysis):
    heat = np.eye(4)
    best = int(analysis.probabilities.argmax())
    assert M.deletion(analysis, heat, steps=3).auc == M.deletion(analysis, heat, best, steps=3).auc


def test_curves_refuse_what_they_cannot_do(analysis):
    heat = np.eye(4)
    for measure in (M.deletion, M.insertion):
        with pytest.raises(SettingError, match=r"model\.analyze"):
            measure(heat, heat)
        with pytest.raises(SettingError, match="vouliez-vous dire « black »"):
            measure(analysis, heat, baseline="blak")
        with pytest.raises(SettingError, match="au plus 144"):
            measure(analysis, heat, steps=145)
        for wrong in ({"steps": 0}, {"steps": 2.5}, {"batch_size": 0}):
            with pytest.raises(SettingError):
                measure(analysis, heat, **wrong)
        with pytest.raises(HeatmapError):
            measure(analysis, np.full((2, 2), np.nan))
        with pytest.raises(UnknownClassError):
            measure(analysis, heat, "licorne")


# --- La photo multipliée par la carte ---------------------------------------------------------


def test_confidence_change_by_a_loop(model, analysis):
    heat = np.random.default_rng(7).random((12, 12)).astype(np.float32)
    photo = np.asarray(analysis.image.resize((12, 12), 1), np.float32)
    masked = np.zeros_like(photo)
    for i in range(12):
        for j in range(12):
            for c in range(3):
                masked[i, j, c] = photo[i, j, c] * heat[i, j]
    after = np.asarray(model.model(masked[None]))[0]
    for target in range(4):
        before = analysis.probabilities[target]
        found = M.confidence_change(analysis, heat, target)
        assert found.before == pytest.approx(before)
        assert found.after == pytest.approx(after[target], rel=1e-4)
        assert found.drop == pytest.approx(max(0, before - after[target]) / before, abs=1e-4)
        assert found.increased is bool(after[target] > before)


def test_the_uniform_map_loses_nothing(analysis):
    found = M.confidence_change(analysis, np.ones((3, 3)))
    assert found.drop == pytest.approx(0, abs=1e-5)


def test_confidence_change_refuses_a_map_out_of_scale(analysis):
    for wrong in (np.full((2, 2), 3.0), np.full((2, 2), -1.0), np.zeros(3)):
        with pytest.raises(HeatmapError):
            M.confidence_change(analysis, wrong)
    with pytest.raises(SettingError, match=r"model\.analyze"):
        M.confidence_change(analysis.image, np.ones((2, 2)))


# --- Classifier.probabilities -----------------------------------------------------------------


def test_probabilities_of_many_pictures(model):
    pictures = np.random.default_rng(8).integers(0, 256, (11, 12, 12, 3), dtype=np.uint8)
    expected = np.asarray(model.model(pictures.astype(np.float32)))
    for given in (pictures, list(pictures), iter(pictures), pictures.astype(float)):
        found = model.probabilities(given, batch_size=4)
        assert found.shape == (11, 4)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert model.probabilities([]).shape == (0, 4)


def test_only_one_batch_is_in_memory(model):
    alive = []

    class Picture(np.ndarray):
        def __del__(self):
            alive.remove(1)

    def pictures():
        for _ in range(20):
            alive.append(1)
            assert len(alive) <= 6
            yield np.zeros((12, 12, 3)).view(Picture)

    assert len(model.probabilities(pictures(), batch_size=4)) == 20


def test_each_picture_is_prepared_like_a_photo():
    import keras

    network, seen = tiny_models.build("softmax dans Dense"), []

    def preprocess(x):
        seen.append(x.shape)
        return keras.ops.convert_to_numpy(x)[..., ::-1] / 2

    model = gl.Classifier(network, preprocess=preprocess)
    picture = tiny_models.make_image()
    expected = model.analyze(picture).probabilities
    found = model.probabilities([picture] * 3)
    np.testing.assert_allclose(found, [expected] * 3, rtol=1e-5)
    assert set(seen) == {(1, 12, 12, 3)}


def test_probabilities_refuse_what_is_not_a_picture_of_that_size(model):
    for wrong in (np.zeros((12, 12, 3)), [np.zeros((13, 12, 3))], [np.zeros((12, 12))], ["a.jpg"]):
        with pytest.raises(ImageError, match=r"\(12, 12, 3\)"):
            model.probabilities(wrong)
    for wrong in (
        np.full((12, 12, 3), 256),
        np.full((12, 12, 3), -1),
        np.full((12, 12, 3), np.nan),
    ):
        with pytest.raises(ImageError, match="de 0 à 255"):
            model.probabilities([wrong])
    for wrong in ("photo.jpg", None, 3):
        with pytest.raises(ImageError, match="liste"):
            model.probabilities(wrong)
    with pytest.raises(SettingError):
        model.probabilities([np.zeros((12, 12, 3))], batch_size=0)
