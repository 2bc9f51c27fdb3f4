"""Le projet : réunir des photos, une hypothèse qui peut échouer, une expérience recalculée."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import gradcam_lab as gl
from gradcam_lab import lessons
from gradcam_lab.errors import ImageError

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def told(capsys):
    """Ce qu'une correction a affiché."""
    return lambda: capsys.readouterr().out


def picture(seed):
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), np.uint8)
    return Image.fromarray(small).resize((48, 40))


PHOTOS = {name: picture(k) for k, name in enumerate(NAMES)}
ZONES = dict.fromkeys(NAMES, (16, 12, 16, 12))
HYPOTHESIS = {
    "question": "Le réseau lit-il surtout le milieu ?",
    "classe": "clair",
    "zone": "le milieu",
    "prédiction": "Le score baisse plus que pour les témoins.",
    "au moins": 4,
}


class Network:
    """Deux classes : « clair », dont le score est la clarté du milieu, et « sombre »."""

    def find_class(self, name):
        if name not in ("clair", "sombre"):
            raise gl.errors.UnknownClassError(f"La classe « {name} » est inconnue.")
        return ("clair", "sombre").index(name)

    def analyze(self, image):
        light = np.asarray(image, float)[12:24, 16:32].mean() / 50
        scores = np.array([light, -light])
        probabilities = np.exp(scores) / np.exp(scores).sum()
        top = [SimpleNamespace(index=int(scores.argmax()))]
        return SimpleNamespace(scores=scores, probabilities=probabilities, top=lambda k: top)


NETWORK = Network()


def hide(photo, zone):
    x, y, w, h = zone
    hidden = np.array(photo)
    hidden[y : y + h, x : x + w] = 30
    return hidden


CHANGED = {name: hide(photo, ZONES[name]) for name, photo in PHOTOS.items()}
CONTROLS = {
    name: [hide(photo, (0, 0, 16, 12)), hide(photo, (32, 28, 16, 12))]
    for name, photo in PHOTOS.items()
}


def score(image):
    return NETWORK.analyze(image).scores[0]


TABLE = {
    name: (
        score(PHOTOS[name]),
        score(CHANGED[name]),
        np.mean([score(image) for image in CONTROLS[name]]),
    )
    for name in NAMES
}


def test_untouched_holes_are_told_kindly(told):
    holes = dict.fromkeys(HYPOTHESIS, ...)
    assert lessons.collect_photos(...) == {}
    lessons.check_photos({})
    lessons.check_hypothesis(holes, ..., {}, NETWORK, {})
    lessons.check_experiment({}, holes, {}, {}, {}, NETWORK)
    said = told()
    assert said.count("Pas encore de réponse") == 3
    assert said.count("Pas encore de photos") == 1


# --- Réunir des photos --------------------------------------------------------------------------


def test_photos_come_from_files_folders_uploads_and_samples(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dossier").mkdir()
    picture(1).save("dossier/un.png")
    (tmp_path / "dossier" / "notes.txt").write_text("rien")
    picture(2).save("deux.jpg")
    data = (tmp_path / "deux.jpg").read_bytes()
    new = SimpleNamespace(value=({"name": "trois.jpg", "content": memoryview(data)},))
    old = SimpleNamespace(value={"quatre.jpg": {"content": data}})
    photos = lessons.collect_photos(["dossier", "deux.jpg", new, old, "chelsea"])
    assert list(photos) == ["un", "deux", "trois", "quatre", "chelsea"]
    assert photos["trois"].size == (48, 40)
    assert list(lessons.collect_photos("deux.jpg")) == ["deux"]


def test_what_is_not_a_photo_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vide").mkdir()
    picture(2).save("deux.jpg")
    for sources, words in [
        (["absente.jpg"], "absente.jpg"),
        (["vide"], "ne contient aucune photo"),
        (["deux.jpg", "deux.jpg"], "Deux photos s'appellent"),
        ([7], "et non 7"),
        (None, "et non None"),
    ]:
        with pytest.raises(ImageError, match=words):
            lessons.collect_photos(sources)


# --- Les photos ---------------------------------------------------------------------------------


def test_photos(told):
    mirror = Image.fromarray(np.asarray(PHOTOS["a"])[:, ::-1])
    smaller = PHOTOS["a"].resize((96, 80))
    for photos, sentence in [
        (PHOTOS, "Exact. 5 photos différentes"),
        ({"a": PHOTOS["a"]}, "1 photo, et il en faut au moins 5"),
        (PHOTOS | {"f": mirror}, "« a » et « f » sont la même photo"),
        (PHOTOS | {"f": smaller}, "« a » et « f » sont la même photo"),
        (PHOTOS | {"f": "absente.jpg"}, "« f » ne se lit pas"),
        ([1, 2], "collect_photos"),
        ("chat", "collect_photos"),
    ]:
        lessons.check_photos(photos)
        assert sentence in told()


# --- L'hypothèse --------------------------------------------------------------------------------


def test_hypothesis(told):
    for change, sentence in [
        ({}, "Exact. Votre hypothèse peut échouer"),
        ({"classe": "la plus probable"}, "Exact"),
        ({"au moins": ...}, "il reste à remplir « au moins »"),
        ({"question": "Le milieu compte."}, "un point d'interrogation"),
        ({"zone": " "}, "ce que vous cacherez"),
        ({"classe": "licorne"}, "ne connaît pas cette classe"),
        ({"classe": None}, "ne connaît pas cette classe"),
        ({"prédiction": "Le score baissera peut-être un peu."}, "juste quoi qu'il arrive"),
        ({"prédiction": "Il baisse."}, "par rapport à quoi"),
        ({"au moins": 2}, "plus de la moitié"),
        ({"au moins": 6}, "un entier de 1 à 5"),
        ({"au moins": True}, "un entier de 1 à 5"),
        ({"autre": 1}, "les cinq clés"),
    ]:
        lessons.check_hypothesis(HYPOTHESIS | change, ZONES, PHOTOS, NETWORK)
        assert sentence in told(), change
    lessons.check_hypothesis("les yeux", ZONES, PHOTOS, NETWORK)
    assert "les cinq clés" in told()


def test_zones(told):
    for zones, sentence in [
        (..., "une zone par photo"),
        ({"a": (1, 1, 2, 2)}, "« b » n'a pas de zone"),
        (ZONES | {"z": (1, 1, 2, 2)}, "aucune photo ne s'appelle « z »"),
        (ZONES | {"a": (1, 2, 3)}, "quatre nombres"),
        (ZONES | {"a": "ici"}, "quatre nombres"),
        (ZONES | {"a": (40, 12, 16, 12)}, "sort de la photo, qui fait 48 × 40"),
        (ZONES | {"a": (0, 0, 40, 36)}, "dépasse la moitié"),
    ]:
        lessons.check_hypothesis(HYPOTHESIS, zones, PHOTOS, NETWORK)
        assert sentence in told()


def test_the_seal_changes_with_the_text_and_the_zones(told):
    seals = set()
    for change, zones in [
        ({}, ZONES),
        ({}, dict(reversed(ZONES.items()))),  # l'ordre ne compte pas
        ({"au moins": 5}, ZONES),
        ({}, ZONES | {"a": (15, 12, 16, 12)}),
    ]:
        lessons.check_hypothesis(HYPOTHESIS | change, zones, PHOTOS, NETWORK)
        seals.add(told().rsplit("Sceau : ")[1])
    assert len(seals) == 3


def test_maps_that_exist_already_are_told(told):
    lessons.check_hypothesis(HYPOTHESIS, ZONES, PHOTOS, NETWORK, {"a": np.zeros((2, 2))})
    assert "des cartes existent déjà" in (said := told())
    assert "Exact" not in said


# --- L'expérience -------------------------------------------------------------------------------


def experiment(table=TABLE, changed=CHANGED, controls=CONTROLS, **hypothesis):
    lessons.check_experiment(table, HYPOTHESIS | hypothesis, PHOTOS, changed, controls, NETWORK)


def test_a_true_table(told):
    experiment()
    said = told()
    assert "Exact. Vos nombres sont ceux du réseau." in said
    assert "sur 5 photos sur 5" in said
    assert "résiste à cette expérience ; elle n'est pas démontrée" in said


def test_a_refuted_hypothesis_is_a_result(told):
    experiment({n: (-b, -a, -c) for n, (b, a, c) in TABLE.items()}, classe="sombre")
    assert "réfutée par cette expérience, et c'est un résultat" in told()


def test_wrong_numbers(told):
    before, after, control = TABLE["a"]
    probability = NETWORK.analyze(PHOTOS["a"]).probabilities[0]
    for row, sentence in [
        ((before, control, after), "« après » et « témoin » sont échangés"),
        ((after, before, control), "« avant » et « après » sont échangés"),
        ((before, before - after, before - control), "et non leurs baisses"),
        ((before, after, control + 1), "un autre nombre que votre « témoin »"),
        ((probability, 0.5, 0.9), "C'est une probabilité"),
        ((before, after), "trois nombres"),
        ("nombres", "trois nombres"),
        ((before, np.nan, control), "trois nombres"),
    ]:
        experiment(TABLE | {"a": row})
        assert sentence in told(), sentence
    experiment({"a": TABLE["a"]})
    assert "une ligne par photo" in told()
    experiment([1, 2])
    assert "une ligne par photo" in told()


def test_unfair_controls(told):
    photo = np.array(PHOTOS["a"])
    for changed, controls, sentence in [
        (photo, CONTROLS["a"], "rien n'y est caché"),
        (CHANGED["a"], [], "aucun témoin"),
        (CHANGED["a"], 3, "une liste de témoins"),
        (CHANGED["a"], [photo], "est intact"),
        (CHANGED["a"], [CHANGED["a"]], "cache la zone elle-même"),
        (CHANGED["a"], [hide(photo, (0, 0, 5, 5))], "ne cachent pas autant de points"),
        (CHANGED["a"][:20], CONTROLS["a"], "n'a pas la taille de la photo"),
    ]:
        experiment(changed=CHANGED | {"a": changed}, controls=CONTROLS | {"a": controls})
        assert sentence in told(), sentence


# --- Le carnet ----------------------------------------------------------------------------------


def test_the_report_keeps_the_readers_half_and_leaves_out_the_example_and_the_advice():
    path = Path(__file__).resolve().parents[2] / "notebooks" / "12_projet.ipynb"
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    left_out = {c["id"] for c in cells if "hors-rapport" in c["metadata"].get("tags", [])}
    names = [c["id"] for c in cells]
    project, conclusion = names.index("projet"), names.index("votre-conclusion")
    assert left_out.issuperset(names[:project] + names[conclusion + 1 :])
    advice = {name for name in names[project : conclusion + 1] if name.endswith("-aide")}
    assert left_out.intersection(names[project : conclusion + 1]) == advice
    assert len(advice) == 3
