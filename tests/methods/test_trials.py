"""Score-CAM, Ablation-CAM et l'occlusion : des boucles écrites d'après les articles."""

import cv2
import numpy as np
import pytest
import tiny_worlds

from gradcam_lab.base.messages import followed
from gradcam_lab.methods import ablationcam, occlusion, scorecam, trials


@pytest.fixture
def world():
    return tiny_worlds.make_world(seed=8)


def curved(slopes):
    """Un score qui n'est pas linéaire, une entrée à la fois."""
    return lambda rows: np.array([np.tanh((row * slopes).sum()) for row in rows])


class TestScoreCam:
    def test_loop_of_algorithm_1(self, world):
        image, score = world.image, curved(world.slopes)
        a, found = world.activations, []
        for k in range(a.shape[-1]):
            mask = cv2.resize(a[..., k], image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
            mask = (mask - mask.min()) / (mask.max() - mask.min())
            found.append(score([image * mask[..., None]])[0] - score([0 * image])[0])
        weights = np.exp(found) / np.sum(np.exp(found))
        expected = np.maximum(sum(w * a[..., k] for k, w in enumerate(weights)), 0)
        np.testing.assert_allclose(scorecam(a, image, score), expected, rtol=1e-5)

    def test_one_channel_has_all_the_weight(self, world):
        one = world.activations[..., :1]
        score = world.supply("image_scores")
        np.testing.assert_allclose(scorecam(one, world.image, score), one[..., 0], rtol=1e-6)

    def test_dead_channels_are_not_tried(self, world):
        a, seen = world.activations.copy(), []
        a[..., [1, 4]] = 0

        def score(images):
            seen.append(len(images))
            return world.supply("image_scores")(images)

        scorecam(a, world.image, score)
        assert sum(seen) == a.shape[-1] - 2
        assert not scorecam(np.zeros_like(a), world.image, score).any()
        assert sum(seen) == a.shape[-1] - 2

    @pytest.mark.parametrize("value", [0.7, 1 / 3, 0.1, 1e-3])
    @pytest.mark.parametrize("size", [(1, 1), (3, 2), (7, 7)])
    def test_a_constant_channel_hides_everything(self, value, size):
        """Les arrondis de l'agrandissement, étirés entre 0 et 1, feraient un masque de bruit."""
        for shape in ((12, 10), (31, 45)):
            assert not trials._mask(np.full(size, value, np.float32), shape).any()

    def test_very_different_scores_do_not_overflow(self, world):
        def score(images):
            return 1e4 * np.arange(len(images), dtype=float)

        found = scorecam(world.activations, world.image, score)
        np.testing.assert_allclose(found, world.activations[..., -1], rtol=1e-6)


class TestAblation:
    def test_loop_of_equation_4(self, world):
        a, score = world.activations, curved(world.gradients)
        expected = np.zeros(a.shape[:2])
        for k in range(a.shape[-1]):
            without = a.copy()
            without[..., k] = 0
            expected += (score([a])[0] - score([without])[0]) * a[..., k] / a.shape[-1]
        found = ablationcam(a, score, relu=False)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)
        assert expected.min() < 0 < expected.max()
        np.testing.assert_array_equal(ablationcam(a, score), np.maximum(found, 0))

    def test_behind_a_linear_score_the_weight_is_the_term(self, world):
        """`somme(A_k · g_k)` : le poids de XGrad-CAM, fois la somme de A_k."""
        a, g = world.activations, world.gradients
        terms = (a * g).sum(axis=(0, 1))
        found = ablationcam(a, world.supply("map_scores"), relu=False)
        np.testing.assert_allclose(found, a @ terms / len(terms), rtol=1e-6, atol=1e-12)

    def test_the_activations_are_left_alone(self, world):
        before = world.activations.copy()
        ablationcam(world.activations, world.supply("map_scores"))
        np.testing.assert_array_equal(world.activations, before)


class TestOcclusion:
    def test_loop_over_every_square(self, world):
        image, score = world.image[:12, :10], curved(world.slopes)
        side = 1  # round(10 / 7)
        expected = np.zeros(image.shape[:2])
        for i in range(0, 12, side):
            for j in range(0, 10, side):
                hidden = image.copy()
                hidden[i, j] = image.reshape(-1, 3).mean(axis=0)
                expected[i, j] = score([image])[0] - score([hidden])[0]
        found = occlusion(image, score, relu=False)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-12)

    def test_squares_that_overlap_are_averaged(self):
        """30 × 44 pixels : des carrés de 4, tous les 2 ; chaque point, pixel par pixel."""
        rng = np.random.default_rng(1)
        image, slopes = rng.normal(0, 1, (30, 44, 3)), rng.normal(0, 1, (30, 44, 3))
        loss = ((image - image.mean(axis=(0, 1))) * slopes).sum(axis=-1)
        tops, lefts = [*range(0, 26, 2), 26], [*range(0, 40, 2), 40]
        expected = np.empty((30, 44))
        for i in range(30):
            for j in range(44):
                expected[i, j] = np.mean(
                    [
                        loss[top : top + 4, left : left + 4].sum()
                        for top in tops
                        for left in lefts
                        if top <= i < top + 4 and left <= j < left + 4
                    ]
                )
        found = occlusion(image, lambda rows: (rows * slopes).sum(axis=(1, 2, 3)), relu=False)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)

    @pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 7), (12, 50), (29, 28), (224, 224)])
    def test_the_squares_cover_everything_and_stay_inside(self, size):
        count = np.zeros(size, int)
        places = trials.windows((*size, 3))
        for top, left, side in places:
            assert 0 <= top <= size[0] - side
            assert 0 <= left <= size[1] - side
            count[top : top + side, left : left + side] += 1
        assert count.min() >= 1
        assert len(set(places)) == len(places)

    def test_the_image_is_left_alone(self, world):
        before = world.image.copy()
        occlusion(world.image, world.supply("image_scores"))
        np.testing.assert_array_equal(world.image, before)


@pytest.mark.parametrize("name", ["scorecam", "ablationcam", "occlusion"])
def test_trials_come_in_small_parcels(world, name, monkeypatch):
    """La mémoire est bornée, et le résultat ne dépend pas de la taille des paquets."""
    method = trials.__dict__[name]
    seen = []

    def counted(rows):
        seen.append(len(rows))
        weights = world.gradients if name == "ablationcam" else world.slopes
        return (rows * weights).sum(axis=(1, 2, 3))

    given = {
        "scorecam": (world.activations, world.image),
        "ablationcam": (world.activations,),
        "occlusion": (world.image,),
    }[name]
    expected = method(*given, counted)
    size = given[-1].nbytes
    monkeypatch.setattr(trials, "_CHUNK_BYTES", 3 * size)
    seen.clear()
    np.testing.assert_allclose(method(*given, counted), expected, rtol=1e-9)
    assert max(seen) == 3
    monkeypatch.setattr(trials, "_CHUNK_BYTES", 0)  # une image plus grande que le paquet : une
    seen.clear()
    method(*given, counted)
    assert max(seen) == 1


def test_progress_is_told_to_the_end(world):
    steps = []
    with followed(lambda done, total: steps.append((done, total))):
        ablationcam(world.activations, world.supply("map_scores"))
    channels = world.activations.shape[-1]
    assert steps[-1] == (channels, channels)
