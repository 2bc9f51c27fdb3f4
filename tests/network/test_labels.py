"""La table des mille classes et la recherche d'une classe par son nom."""

import hashlib
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from gradcam_lab.base.names import fold
from gradcam_lab.errors import ModelError
from gradcam_lab.network.labels import Label, imagenet_labels, make_labels

LABELS = imagenet_labels()
# L'empreinte de « wnid label » des mille classes du fichier imagenet_class_index.json de Keras.
OFFICIAL_SHA256 = "7f39e1b849d151d8ce7ae6ce4caf65e9106e2e8d8357a6fd9d03c41ec88d9ee7"
OFFICIAL = Path(__file__).parents[2] / "shared/keras/models/imagenet_class_index.json"


# --- La table ---------------------------------------------------------------------------------


def test_ids_and_english_labels_are_those_of_keras():
    lines = "".join(f"{label.wnid} {label.label}\n" for label in LABELS)
    assert hashlib.sha256(lines.encode()).hexdigest() == OFFICIAL_SHA256


def test_table_equals_the_file_of_keras():
    if not OFFICIAL.is_file():
        pytest.skip("le fichier imagenet_class_index.json de Keras n'est pas sur cet ordinateur")
    official = json.loads(OFFICIAL.read_text(encoding="utf-8"))
    assert [[label.wnid, label.label] for label in LABELS] == [
        official[str(i)] for i in range(1000)
    ]


def test_there_are_a_thousand_classes_in_order():
    assert [label.index for label in LABELS] == list(range(1000))


def test_french_names_are_unique():
    counts = Counter(fold(label.label_fr) for label in LABELS)
    assert [name for name, count in counts.items() if count > 1] == []


def test_names_are_tidy():
    for label in LABELS:
        for name in (label.label_fr, *label.aliases):
            assert name, label
            assert name == " ".join(name.split()), label
            assert not set(name) & set('"_,;|’'), label
            assert not re.search("boeuf|coeur|noeud|oeil|oeuf", name), label


def test_an_alias_never_takes_the_main_name_of_a_class():
    names = {fold(label.label_fr) for label in LABELS}
    for label in LABELS:
        aliases = [fold(alias) for alias in label.aliases]
        assert not names & set(aliases), label
        assert len(set(aliases)) == len(aliases), label


def test_a_french_name_is_never_the_english_name_of_another_class():
    english = {}
    for label in LABELS:
        english.setdefault(fold(label.label), set()).add(label.index)
    clashes = {
        label.label_fr
        for label in LABELS
        if label.index not in english.get(fold(label.label_fr), {label.index})
    }
    assert clashes == set()
    # Le seul mot partagé : le chien Cardigan et le gilet, que la majuscule départage en anglais.
    shared = {name for name, indices in english.items() if len(indices) > 1}
    assert shared == {"cardigan", "crane", "maillot"}


def test_kinds_are_general_words_and_no_names_of_other_classes():
    names = {}
    for label in LABELS:
        for name in (label.label_fr, label.label):
            names.setdefault(fold(name), set()).add(label.index)
    kinds = {}
    for label in LABELS:
        for kind in label.kinds:
            kinds.setdefault(fold(kind), []).append(label.index)
    assert set(kinds["chat"]) == set(range(281, 286))
    for kind, indices in kinds.items():
        assert " " not in kind  # la recherche compare des mots
        assert len(set(indices)) == len(indices), kind
        # Le seul partagé : papillon est aussi, en anglais, le nom d'un épagneul.
        assert kind == "papillon" or names.get(kind, set()) <= set(indices), kind


@pytest.mark.parametrize(
    ("index", "label_fr"),
    [
        (134, "grue (oiseau)"),
        (235, "berger allemand"),
        (251, "dalmatien"),
        (281, "chat tigré (tabby)"),
        (282, "chat tigré"),
        (345, "bœuf"),
        (517, "grue (engin de levage)"),
        (639, "maillot de bain une pièce"),
        (673, "souris d'ordinateur"),
        (748, "sac à main"),
        (914, "yawl (voilier)"),
        (926, "fondue chinoise"),
        (989, "cynorhodon"),
    ],
)
def test_some_french_names(index, label_fr):
    assert LABELS[index].label_fr == label_fr


def test_the_table_needs_neither_numpy_nor_tensorflow():
    code = (
        "import sys, gradcam_lab.network.labels as labels; labels.imagenet_labels();"
        "print(sorted({'numpy', 'tensorflow', 'keras'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- make_labels ------------------------------------------------------------------------------


def test_make_labels_without_names():
    assert make_labels(None, 2) == (
        Label(0, None, "class 0", "classe 0"),
        Label(1, None, "class 1", "classe 1"),
    )


@pytest.mark.parametrize(
    "names",
    [
        ["chat", "chien"],
        ("chat", " chien "),
        np.array(["chat", "chien"]),
        pytest.param(iter(["chat", "chien"]), id="itérateur"),
        {"chat": 0, "chien": 1},
        {"chien": 1, "chat": 0},
        {1: "chien", 0: "chat"},
        {"0": "chat", "1": "chien"},
        [Label(8, None, "chat", "chat"), Label(9, None, "chien", "chien")],
        [{"label": "chat"}, {"label_fr": "chien"}],
        [["chat"], ("chien", "chien")],
    ],
    ids=repr,
)
def test_make_labels_accepts_many_forms(names):
    expected = (Label(0, None, "chat", "chat"), Label(1, None, "chien", "chien"))
    assert make_labels(names, 2) == expected


def test_make_labels_keeps_ids_and_both_languages():
    assert make_labels({"0": ["n01440764", "tench"]}, 1)[0] == Label(
        0, "n01440764", "tench", "tench"
    )
    assert make_labels([("cat", "chat")], 1)[0] == Label(0, None, "cat", "chat")
    full = Label(0, "n01440764", "tench", "tanche")
    assert make_labels([("n01440764", "tench", "tanche")], 1) == (full,)
    assert make_labels([{"wnid": "n01440764", "label": "tench", "label_fr": "tanche"}], 1) == (
        full,
    )
    assert make_labels(LABELS, 1000) == LABELS


def test_make_labels_reads_digits():
    assert [label.label_fr for label in make_labels(range(3), 3)] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["chat"], ["1 nom de classe", "3 classes"]),
        (["a", "b", "c", "d"], ["4 noms de classe", "3 classes"]),
        ([], ["0 nom de classe"]),
        ({}, ["0 nom de classe"]),
        ("chat", ["liste"]),
        (3, ["liste"]),
        (["a", "", "c"], ["classe 1"]),
        (["a", None, "c"], ["classe 1", "None"]),
        (["a", 2.5, "c"], ["classe 1", "2.5"]),
        (["a", (), "c"], ["classe 1"]),
        (["a", ("x", "y", "z"), "c"], ["classe 1"]),
        (["a", {"nom": "b"}, "c"], ["classe 1"]),
        ({"a": 0, "b": 1, "c": 1}, ["0 à 2", "répétition"]),
        ({"a": 0, "b": 1, "c": 3}, ["0 à 2"]),
        ({"a": "x", "b": "y", "c": "z"}, ["0 à 2"]),
    ],
)
def test_make_labels_explains_what_is_wrong(names, words):
    with pytest.raises(ModelError) as caught:
        make_labels(names, 3)
    message = str(caught.value)
    assert all(word in message for word in words), message
