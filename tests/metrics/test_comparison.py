"""Le tableau : les mêmes nombres que les mesures une à une, les témoins toujours là."""

import numpy as np
import pytest
import tiny_models

import gradcam_lab as gl
from gradcam_lab.errors import (
    HeatmapError,
    ImageError,
    SettingError,
    UnknownClassError,
    UnknownMethodError,
)
from gradcam_lab.metrics import comparison

M = gl.metrics
IMAGES = [tiny_models.make_image(seed, size=24) for seed in (1, 2)]
MASK = np.zeros((24, 24), bool)
MASK[4:12, 6:18] = True
MASKS = [MASK, MASK.T]


@pytest.fixture(scope="module")
def model():
    return gl.Classifier(tiny_models.build("softmax dans Dense"))


@pytest.fixture(scope="module")
def rows(model):
    return M.compare(
        model,
        IMAGES,
        methods=["gradcam", "eigencam"],
        metrics=list(comparison._METRICS),
        targets=[1, 2],
        masks=MASKS,
        steps=4,
        progress=False,
    )


def find(rows, **wanted):
    (row,) = [r for r in rows if all(r[key] == value for key, value in wanted.items())]
    return row


def test_every_map_every_metric_every_photo(rows):
    assert len(rows) == 2 * (2 + 4) * 7
    kinds = {row["map"]: row["kind"] for row in rows}
    assert kinds == {
        "gradcam": "méthode",
        "eigencam": "méthode",
        **dict.fromkeys(("centre", "random", "edges", "uniform"), "témoin"),
    }
    assert all(row["protocol"] for row in rows)
    assert all(type(row["value"]) is float for row in rows)
    assert {row["class"] for row in rows} == {"classe 1", "classe 2"}


@pytest.mark.parametrize("image", [0, 1])
def test_each_number_is_the_one_of_its_function(model, rows, image):
    analysis, target, mask = model.analyze(IMAGES[image]), image + 1, MASKS[image]
    size = model.input_size
    maps = {
        "eigencam": analysis.heatmap(target, method="eigencam"),
        "random": M.baseline_map("random", size, seed=image),
        "edges": M.baseline_map("edges", size, image=IMAGES[image]),
    }
    for name, heatmap in maps.items():
        change = M.confidence_change(analysis, heatmap, target)
        hot = gl.find_hot_region(heatmap, mask.shape, 0.5).mask
        expected = {
            "deletion": M.deletion(analysis, heatmap, target, steps=4).auc,
            "insertion": M.insertion(analysis, heatmap, target, steps=4).auc,
            "confidence_drop": change.drop,
            "confidence_increased": change.increased,
            "energy_inside": M.energy_inside(heatmap, mask),
            "pointing_hit": M.pointing_hit(heatmap, mask),
            "iou": M.iou(hot, mask),
        }
        for metric, value in expected.items():
            found = find(rows, image=image, map=name, metric=metric)["value"]
            assert found == pytest.approx(float(value), abs=1e-6), (name, metric)


def test_the_uniform_map_gets_what_is_known(rows):
    for metric, value in [("energy_inside", MASK.mean()), ("iou", MASK.mean())]:
        found = find(rows, image=0, map="uniform", metric=metric)["value"]
        assert found == pytest.approx(value)
    assert find(rows, image=0, map="uniform", metric="pointing_hit")["value"] == 0


def test_what_is_shown_has_the_means_and_the_protocol(rows):
    shown = repr(rows)
    assert "Moyennes sur 2 photos." in shown
    for name in ("méthode gradcam", "témoin centre", "témoin uniform"):
        assert name in shown
    assert shown.count("deletion : pixels du plus chaud au plus froid") == 1
    assert "probabilité de la classe expliquée" in shown
    assert "score" not in shown
    values = [r["value"] for r in rows if (r["map"], r["metric"]) == ("edges", "deletion")]
    assert rows.mean("edges", "deletion") == pytest.approx(np.mean(values))
    assert repr(M.Comparison()) == "<aucune ligne>"


def test_what_is_not_a_number_is_left_out_of_the_mean():
    rows = M.Comparison(
        {
            "map": "a",
            "metric": "m",
            "value": v,
            "image": i,
            "kind": "témoin",
            "protocol": "p",
            "class": "c",
        }
        for i, v in enumerate([float("nan"), 0.5])
    )
    assert rows.mean("a", "m") == 0.5
    assert np.isnan(rows.mean("a", "autre"))
    rows.pop()
    assert "témoin a  -" in repr(rows)


def test_the_answer_is_the_default_class(model):
    rows = M.compare(model, IMAGES, methods="gradcam", metrics="deletion", steps=2, progress=False)
    for row in rows:
        assert row["class"] == model.analyze(IMAGES[row["image"]]).prediction().label_fr


def test_an_interruption_keeps_what_is_done(model, monkeypatch, capsys):
    def tired(*arguments):
        if arguments[2:] and tired.calls == 3:
            raise KeyboardInterrupt
        tired.calls += 1
        return 0.5, "protocole"

    tired.calls = 0
    monkeypatch.setitem(comparison._METRICS, "deletion", tired)
    rows = M.compare(model, IMAGES, methods="gradcam", metrics="deletion", progress=False)
    assert [row["map"] for row in rows] == ["gradcam", "centre", "random"]
    assert "3 mesures sur 10" in capsys.readouterr().out


def test_progress_is_shown_unless_refused(model, capsys):
    settings = {"methods": "gradcam", "metrics": "deletion", "steps": 1}
    M.compare(model, IMAGES[:1], progress=False, **settings)
    assert capsys.readouterr().err == ""
    M.compare(model, IMAGES[:1], **settings)
    assert "comparaison" in capsys.readouterr().err


def test_settings_are_checked_before_anything_runs(model):
    good = {"methods": ["gradcam"], "metrics": ["deletion"], "progress": False}
    cases = [
        (SettingError, "vouliez-vous dire « deletion »", {"metrics": ["deletions"]}),
        (SettingError, "masks=", {"metrics": ["iou"]}),
        (SettingError, "methods est vide", {"methods": []}),
        (SettingError, "metrics est vide", {"metrics": []}),
        (SettingError, "il en faut 2", {"targets": [1]}),
        (SettingError, "il en faut 2", {"targets": "classe 1"}),
        (SettingError, "il en faut 2", {"masks": [MASK]}),
        (SettingError, "steps", {"steps": 0}),
        (HeatmapError, "masque", {"masks": [MASK, np.full((3, 3), 0.5)]}),
        (HeatmapError, "NoneType", {"masks": [MASK, None]}),
        (UnknownMethodError, "gradcam", {"methods": ["gradcamm"]}),
        (UnknownClassError, "licorne", {"targets": ["licorne", 1]}),
    ]
    for error, match, change in cases:
        with pytest.raises(error, match=match):
            M.compare(model, IMAGES, **{**good, **change})
    with pytest.raises(SettingError, match="Classifier"):
        M.compare(model.model, IMAGES, **good)
    for wrong in ("photo.jpg", IMAGES[0], None, [None]):
        with pytest.raises(ImageError):
            M.compare(model, wrong, **good)
