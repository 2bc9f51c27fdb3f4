"""Les outils de l'entraînement qui ne demandent ni PyTorch, ni les photos : tri, mesures, fiche."""

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from gradcam_lab.models import mini

REPOSITORY = Path(__file__).resolve().parents[2]
NAMES = ("common", "recipes", "shipping", "model_card", "evaluate_mini")


@pytest.fixture(scope="module")
def training():
    """Les modules du dossier `training/`, comme les scripts les voient."""
    if not (REPOSITORY / "training").is_dir():
        pytest.skip("l'entraînement n'est que dans le dépôt")
    path = list(sys.path)
    sys.path.insert(0, str(REPOSITORY / "training"))
    try:
        yield SimpleNamespace(**{name: importlib.import_module(name) for name in NAMES})
    finally:
        sys.path[:] = path
        for name in NAMES:
            sys.modules.pop(name, None)


@pytest.fixture
def photos(training, tmp_path, monkeypatch):
    """Un petit dossier de photos, réduit à ses deux listes."""
    (tmp_path / "index.csv").write_text(
        "path,class,split,source\n"
        "train/chat/1.jpg,chat,train,x\ntest/moto/1.jpg,moto,test,x\ntrain/avion/1.jpg,avion,train,x\n",
        encoding="utf-8",
    )
    names = [f"extra/{kind}/{i}.jpg" for kind in ("chat", "chien", "fond") for i in range(40)]
    lines = [f"{name},{name.split('/')[1]},x" for name in names]
    (tmp_path / "extra.csv").write_text("path,class,source\n" + "\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(training.common, "DATA", tmp_path)
    return names


# --- Le tri des photos ----------------------------------------------------------------------------


def test_the_classes_are_those_of_the_shipped_network(training):
    assert list(training.common.CLASSES) == mini.keys()
    assert (training.common.SIZE,) * 2 == mini.INPUT_SIZE


def test_a_split_keeps_its_order_and_its_classes(training, photos):
    assert training.common.read_split("train") == [
        ("train/chat/1.jpg", 2),
        ("train/avion/1.jpg", 0),
    ]
    assert training.common.read_split("test") == [("test/moto/1.jpg", 8)]


def test_exam_photos_are_never_learned(training, photos):
    exam = training.common.read_extra(held_out=True)
    learned = training.common.read_extra(held_out=False)
    assert not {path for path, _ in exam} & {path for path, _ in learned}
    assert {path for path, _ in exam + learned} == set(photos)
    assert {label for _, label in exam} == {2, 3}
    backgrounds = [path for path, label in learned if label == training.common.BACKGROUND]
    assert len(backgrounds) == 40


def test_the_name_alone_decides_which_photo_is_kept_for_the_exam(training):
    held_out = training.common.is_held_out
    assert held_out("extra/chat/12.jpg") == held_out("ailleurs/12.jpg")
    share = np.mean([held_out(f"{i}.jpg") for i in range(4000)])
    assert share == pytest.approx(training.common.HELD_OUT, abs=0.03)


# --- Les fichiers du paquet -----------------------------------------------------------------------


def test_temperature_undoes_an_excess_of_confidence(training):
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 2, (4000, 5))
    shares = np.exp(honest) / np.exp(honest).sum(1, keepdims=True)
    labels = np.array([rng.choice(5, p=p) for p in shares])
    for factor in (0.5, 1.0, 2.0):
        found = training.shipping.fit_temperature(factor * honest.astype(np.float32), labels)
        assert found == pytest.approx(factor, rel=0.06)


def test_what_is_written_is_what_the_package_reads(training, tmp_path, monkeypatch):
    arrays, card = mini.load_arrays(), mini.manifest()
    extra = {"classes": card["classes"], "temperature": 1.5}
    journal = (mini.folder() / "journal.csv").read_text(encoding="utf-8")
    monkeypatch.setattr(mini, "_DATA", tmp_path)
    training.shipping.write_network("essai", arrays, extra, journal)
    again = mini.load_arrays("essai")
    assert again.keys() == arrays.keys()
    for key, array in arrays.items():
        np.testing.assert_array_equal(again[key], array)
    assert mini.available("essai")
    assert mini.keys("essai") == [one["key"] for one in card["classes"]]
    assert mini.manifest("essai")["parameters"] == card["parameters"]
    assert len(mini.training_log("essai")) == len(journal.splitlines()) - 1


# --- Les mesures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [(8, 10, 0.490, 0.943), (10, 10, 0.722, 1), (0, 10, 0, 0.278)],
)
def test_wilson_interval(right, total, low, high, training):
    """Valeurs publiées de l'intervalle de Wilson à 95 %."""
    assert training.evaluate_mini.wilson(right, total) == pytest.approx([low, high], abs=1e-3)


def test_calibration_error(training):
    error = training.evaluate_mini.calibration_error
    confident = np.array([[0.75, 0.25]] * 4)
    assert error(confident, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert error(confident, np.array([0, 0, 0, 0])) == pytest.approx(0.25)


def test_score_counts_each_class(training):
    probabilities = np.full((4, 14), 0.01)
    for row, answer in enumerate((0, 0, 2, 2)):
        probabilities[row, answer] = 0.87
    found = training.evaluate_mini.score(probabilities, np.array([0, 0, 2, 8]))
    assert found["exactitude"] == 0.75
    assert found["exactitude_moyenne"] == pytest.approx(2 / 3)
    assert found["par_classe"]["avion"]["justes"] == 2
    assert found["confusion"][8][2] == 1


def test_share_of_heat_inside_an_outline(training):
    inside, left_half = training.evaluate_mini.inside_share, [[0, 0], [0.5, 0], [0.5, 1], [0, 1]]
    heat = np.zeros((8, 8), np.float32)
    assert inside(heat, (160, 80), left_half) == 0
    heat[:, :3] = 1
    assert inside(heat, (160, 80), left_half) == pytest.approx(1, abs=0.01)
    heat[:] = 1
    assert inside(heat, (160, 80), left_half) == pytest.approx(0.5, abs=0.01)
    assert training.evaluate_mini.area(left_half) == pytest.approx(0.5, abs=0.01)


# --- La fiche -------------------------------------------------------------------------------------


def test_mistakes_are_sorted_by_their_number(training):
    confusion = np.zeros((14, 14), int)
    confusion[2, 3], confusion[3, 2], confusion[0, 0] = 1, 5, 90
    assert training.model_card.mistakes(confusion.tolist()).splitlines() == [
        "- « chien », réponse « chat » : 5 fois",
        "- « chat », réponse « chien » : 1 fois",
    ]
    assert "aucune erreur" in training.model_card.mistakes(np.eye(14, dtype=int).tolist())


def test_a_wrong_answer_is_not_hidden(training):
    answers = [["chat", 0.6], ["chien", 0.4]]
    rows = training.model_card.example_table(
        {
            "a": {"attendu": "chien ou chat", "trouve": answers},
            "b": {"attendu": "moto", "trouve": answers},
        }
    ).splitlines()
    assert rows[2].endswith("juste |")
    assert "chat 60,0" in rows[2]
    assert rows[3].endswith("**faux** |")


def test_powers_of_ten_are_written_as_in_a_book(training):
    assert training.model_card.power(4.7e-07) == "5 × 10⁻⁷"
    assert training.model_card.power(2e-12) == "2 × 10⁻¹²"


def test_a_rounded_probability_is_never_certain(training):
    write = training.model_card.probability
    assert write(1.0) == "> 99,9\N{NO-BREAK SPACE}%"
    assert write(0.0) == "< 0,1\N{NO-BREAK SPACE}%"
    assert write(0.7534) == "75,3\N{NO-BREAK SPACE}%"


def test_empty_maps_are_told_in_agreement(training):
    maps = {
        "reponses": 50,
        "reponses_vides": 3,
        "vides_et_fausses": 2,
        "confiance_des_vides": 0.45,
    }
    write = training.model_card.emptiness
    assert write(maps) == "3 sur 50, dont 2 fausses (confiance moyenne 45\N{NO-BREAK SPACE}%)"
    assert "dont aucune fausse " in write({**maps, "vides_et_fausses": 0})
    assert write({**maps, "reponses_vides": 0}) == "aucune sur 50"


@pytest.mark.parametrize("name", ["mini", "mini_localise"])
def test_the_card_is_the_one_its_generator_writes(name, training, shared, tmp_path, monkeypatch):
    """Un nombre retouché à la main, ou une fiche oubliée après une mesure, se voit ici."""
    if not (shared / "mini_vgg" / "index.csv").is_file():
        pytest.skip("la liste des photos (../shared/mini_vgg) n'est pas là")
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(training.common, "DATA", shared / "mini_vgg")
    monkeypatch.setattr(training.model_card, "REPO", tmp_path)
    training.model_card.write_card(name)
    written = (tmp_path / "docs" / f"carte_{name}.md").read_text(encoding="utf-8")
    assert written == (REPOSITORY / "docs" / f"carte_{name}.md").read_text(encoding="utf-8")


# --- Les recettes ---------------------------------------------------------------------------------


def test_the_shipped_networks_followed_their_recipe(training):
    """Ce que dit la description livrée avec les poids est ce que demande `recipes.py`."""
    for name, phases in training.recipes.RECIPES.items():
        told = [
            (p["pas"], p["taux"], p["part_a_96_pixels"], tuple(p["series"]), p["lieu"], p["marge"],
             p["pointes"])
            for p in mini.manifest(name)["phases"]
        ]  # fmt: skip
        assert told == [tuple(phase) for phase in phases]
        last = [row["pas"] for row in mini.training_log(name) if row["phase"] == len(phases)][-1]
        assert last == phases[-1].steps


def test_only_the_series_that_are_needed_are_prepared(training):
    assert training.recipes.series_of(["mini"]) == [1]
    assert training.recipes.series_of(training.recipes.chosen(None)) == [1, 2, 3]
