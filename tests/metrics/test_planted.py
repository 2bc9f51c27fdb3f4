"""Les images à cause connue, et les réseaux entraînés sur elles : la bonne carte est connue."""

import random

import numpy as np
import pytest
from scipy.ndimage import binary_dilation
from scipy.stats import chi2_contingency, ks_2samp

from gradcam_lab.errors import SettingError
from gradcam_lab.metrics import (
    energy_inside,
    planted_classifier,
    planted_pictures,
    pointing_hit,
)
from gradcam_lab.models import planted
from gradcam_lab.models.mini import preprocess

SIDE = 64
CAUSES = ("shape", "mark")
FIELDS = ("pictures", "labels", "causes", "distractors", "backgrounds")


@pytest.fixture(scope="module", params=CAUSES)
def made(request):
    return request.param, planted_pictures(600, cause=request.param, seed=7)


def erased(planted, mask):
    """Les mêmes images, le fond à la place de ce que montre le masque."""
    return np.where(mask[..., None], planted.backgrounds, planted.pictures)


# --- Les images -------------------------------------------------------------------------------


def test_shapes_and_types(made):
    cause, found = made
    assert found.pictures.shape == found.backgrounds.shape == (600, SIDE, SIDE, 3)
    assert found.pictures.dtype == found.backgrounds.dtype == np.uint8
    assert found.causes.shape == found.distractors.shape == (600, SIDE, SIDE)
    assert found.causes.dtype == found.distractors.dtype == bool
    assert (
        found.names
        == {
            "shape": ("disque", "carré", "triangle"),
            "mark": ("marque rouge", "marque verte", "marque bleue"),
        }[cause]
    )


def test_the_masks_are_exactly_where_the_objects_are(made):
    _, found = made
    changed = (found.pictures != found.backgrounds).any(axis=-1)
    objects = found.causes | found.distractors
    assert not changed[~objects].any()
    # Un pixel peint peut tomber sur la couleur du fond, mais c'est rare.
    assert changed[objects].mean() > 0.999
    both = np.where(objects[..., None], found.backgrounds, found.pictures)
    assert (both == found.backgrounds).all()


def test_the_two_objects_never_touch(made):
    _, found = made
    around = np.ones((1, 3, 3), bool)
    assert not (binary_dilation(found.causes, around) & found.distractors).any()
    assert (found.causes.sum(axis=(1, 2)) > 0).all()
    assert (found.distractors.sum(axis=(1, 2)) > 0).all()


@pytest.mark.parametrize("count", [1, 2, 10, 600])
def test_the_classes_are_balanced(count):
    for cause in CAUSES:
        labels = planted_pictures(count, cause=cause).labels
        counts = np.bincount(labels, minlength=3)
        assert counts.sum() == count
        assert counts.max() - counts.min() <= 1


def test_the_class_is_the_one_of_the_object_under_the_mask(made):
    """Un disque, un carré et un triangle de même aire n'emplissent pas pareil leur cadre."""
    cause, found = made
    for i in range(60):
        rows, columns = np.nonzero(found.causes[i])
        if cause == "shape":
            center = np.hypot(rows - rows.mean(), columns - columns.mean())
            # Le rayon le plus long sur celui du disque de même aire : 1, 1,25 et 1,56.
            spread = center.max() / np.sqrt(len(rows) / np.pi)
            assert found.labels[i] == np.searchsorted([1.12, 1.38], spread)
        else:
            stripes = found.pictures[i, rows, columns].astype(int)
            vivid = stripes[np.ptp(stripes, axis=1) > 80].mean(axis=0)
            assert found.labels[i] == np.argmax(vivid)


def test_same_seed_same_pictures_other_seed_others():
    first, again, other = (planted_pictures(20, seed=seed) for seed in (3, 3, 4))
    assert all((getattr(first, name) == getattr(again, name)).all() for name in FIELDS)
    assert (first.pictures != other.pictures).any(axis=(1, 2, 3)).all()


def test_the_cause_changes_the_question_and_not_the_pictures():
    shape, mark = (planted_pictures(60, cause=cause, seed=2) for cause in CAUSES)
    assert (shape.pictures == mark.pictures).all()
    assert (shape.causes == mark.distractors).all()
    assert (shape.distractors == mark.causes).all()
    assert (shape.labels != mark.labels).any()


def test_the_distractor_says_nothing_of_the_class():
    """Ni sa couleur ou sa forme, ni sa place : une cause répond, l'autre fait l'hypothèse nulle."""
    shape, mark = (planted_pictures(1500, cause=cause, seed=11) for cause in CAUSES)
    table = np.zeros((3, 3), int)
    np.add.at(table, (shape.labels, mark.labels), 1)
    assert chi2_contingency(table).pvalue > 0.01
    for found in (shape, mark):
        for axis in (1, 2):
            place = found.distractors.any(axis=axis).argmax(axis=1)
            for one, two in ((0, 1), (0, 2), (1, 2)):
                samples = place[found.labels == one], place[found.labels == two]
                assert ks_2samp(*samples).pvalue > 0.01
    # Le même essai voit bien un lien, quand il y en a un : la question posée à sa propre cause.
    np.add.at(table := np.zeros((3, 3), int), (shape.labels, shape.labels), 1)
    assert chi2_contingency(table).pvalue < 1e-6


def test_the_shape_has_no_area_nor_color_of_its_own():
    found = planted_pictures(1500, seed=11)
    areas = found.causes.sum(axis=(1, 2))
    mean = [found.pictures[i][found.causes[i]].mean() for i in range(1500)]
    for values in (areas, np.array(mean)):
        for one, two in ((0, 1), (0, 2), (1, 2)):
            samples = values[found.labels == one], values[found.labels == two]
            assert ks_2samp(*samples).pvalue > 0.01


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"count": 0}, "count est un nombre entier d'au moins 1"),
        ({"count": 2.5}, "count est un nombre entier"),
        ({"count": 10_001}, "jusqu'à 10000 images"),
        ({"count": 3, "seed": -1}, "seed est un nombre entier d'au moins 0"),
        ({"count": 3, "seed": None}, "seed est un nombre entier"),
        ({"count": 3, "cause": "shap"}, "vouliez-vous dire « shape »"),
        ({"count": 3, "cause": None}, "choisissez parmi shape, mark"),
        ({"count": 3, "cause": ["mark"]}, "La cause"),
    ],
)
def test_settings_are_checked(settings, message):
    with pytest.raises(SettingError, match=message):
        planted_pictures(**settings)


def test_the_network_checks_its_settings_before_it_trains():
    with pytest.raises(SettingError, match="La cause 'forme' n'existe pas"):
        planted_classifier("forme")
    with pytest.raises(SettingError, match="seed est un nombre entier"):
        planted_classifier(seed="0")


# --- Les réseaux ------------------------------------------------------------------------------


def seed_all():
    """Pose une graine partout où un programme peut en tirer."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(5)  # Python, NumPy, TensorFlow et Keras
    tf.random.get_global_generator().reset_from_seed(5)


def next_draws():
    """Ce que Python, NumPy, TensorFlow et Keras tireraient maintenant."""
    import keras
    import tensorflow as tf

    return [
        random.random(),
        float(np.random.random()),  # noqa: NPY002
        float(tf.random.uniform(())),
        float(tf.random.get_global_generator().uniform(())),
        float(keras.random.uniform(())),
        float(keras.initializers.GlorotUniform()((1, 1))[0, 0]),
    ]


@pytest.fixture
def short(monkeypatch):
    """Un entraînement de quelques pas : ce qu'il touche ne dépend pas de sa longueur."""
    monkeypatch.setattr(planted, "_PICTURES", 96)
    monkeypatch.setattr(planted, "_EPOCHS", 1)


def test_training_leaves_every_random_draw_as_it_was(short):
    seed_all()
    expected = next_draws()
    seed_all()
    planted_classifier()
    assert next_draws() == expected


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network(short):
    first, again, other = (planted_classifier("mark", seed=seed) for seed in (4, 4, 5))
    for one, two, three in zip(*(m.model.get_weights() for m in (first, again, other))):
        np.testing.assert_allclose(one, two, atol=1e-5)
        assert np.abs(one - three).max() > 1e-3


def test_the_classifier_carries_its_names_its_size_and_its_code(short):
    found = planted_classifier("mark", seed=4)
    assert [label.label_fr for label in found.labels][2] == "marque bleue"
    assert found.find_class("red mark") == 0
    assert found.input_size == (SIDE, SIDE)
    last = found.layers[-1]
    assert (last.height, last.width) == (16, 16)
    assert found.recipe == 'gl.metrics.planted_classifier("mark", seed=4)'
    levels = np.array([[[0, 51, 255]] * SIDE] * SIDE, np.uint8)
    np.testing.assert_allclose(found.preprocess(levels)[0, 0, 0], [-1, -0.6, 1], atol=1e-6)


def test_training_shows_how_far_it_is_on_demand(short, capsys):
    planted_classifier(progress=True)
    assert "entraînement" in capsys.readouterr().err
    planted_classifier()
    assert "entraînement" not in capsys.readouterr().err


def test_training_can_be_interrupted(short, monkeypatch):
    import keras

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(keras.Model, "train_on_batch", stop)
    with pytest.raises(KeyboardInterrupt):
        planted_classifier()


@pytest.fixture(scope="module", params=CAUSES)
def trained(request):
    unseen = planted_pictures(300, cause=request.param, seed=1000)
    return planted_classifier(request.param), unseen


def answers(classifier, pictures):
    return classifier.model.predict(preprocess(pictures), verbose=0).argmax(axis=1)


@pytest.mark.slow
def test_the_network_needs_the_cause_and_not_the_distractor(trained):
    classifier, unseen = trained
    found = answers(classifier, unseen.pictures)
    assert np.mean(found == unseen.labels) >= 0.97
    # Effacer ce qui distrait ne change rien ; effacer la cause laisse deviner une fois sur trois.
    without = answers(classifier, erased(unseen, unseen.distractors))
    assert np.mean(without == unseen.labels) >= 0.97
    without = answers(classifier, erased(unseen, unseen.causes))
    assert abs(np.mean(without == unseen.labels) - 1 / 3) < 0.09


def transplanted(found, name, other):
    """Chaque image dont l'objet `name` est remplacé par celui de l'image d'après, à sa place.

    Renvoie aussi les images où l'objet venu d'ailleurs ne cache pas l'autre objet.
    """
    masks = getattr(found, name)
    giver = np.roll(np.arange(len(masks)), -1)
    arrived = masks[giver]
    scene = np.where(arrived[..., None], found.pictures[giver], erased(found, masks))
    return scene, ~(arrived & getattr(found, other)).any(axis=(1, 2)), found.labels[giver]


@pytest.mark.slow
def test_the_answer_follows_a_transplanted_cause_and_no_distractor(trained):
    classifier, unseen = trained
    scene, clear, given = transplanted(unseen, "causes", "distractors")
    assert clear.sum() > 150
    assert np.mean(answers(classifier, scene)[clear] == given[clear]) >= 0.95
    scene, clear, _ = transplanted(unseen, "distractors", "causes")
    assert np.mean(answers(classifier, scene)[clear] == unseen.labels[clear]) >= 0.95


@pytest.mark.slow
def test_the_heat_is_on_the_cause(trained):
    classifier, unseen = trained
    energies, areas, hits = [], [], []
    for analysis, cause, distractor in zip(
        classifier.analyze_batch(list(unseen.pictures[:50])), unseen.causes, unseen.distractors
    ):
        heatmap = analysis.heatmap()
        energies.append([energy_inside(heatmap, mask) for mask in (cause, distractor)])
        areas.append([cause.mean(), distractor.mean()])
        hits.append(pointing_hit(heatmap, cause, tolerance=4))
    (cause, distractor), (share, other) = np.nanmean(energies, 0), np.mean(areas, 0)
    assert cause > 3 * share
    assert distractor < 1.5 * other
    assert np.mean(hits) >= 0.8
