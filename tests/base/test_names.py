"""Les erreurs et les suggestions de noms."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gradcam_lab import errors
from gradcam_lab.base import names as names_


@pytest.mark.parametrize("name", [n for n in errors.__all__ if n.endswith("Error")])
def test_every_error_is_a_documented_gradcam_lab_error(name):
    kind = getattr(errors, name)
    assert issubclass(kind, errors.GradcamLabError)
    assert issubclass(kind, ValueError)
    assert kind.__doc__


def test_nearest_ignores_case_accents_and_separators():
    names = ["flamant rose", "dalmatien", "étoile de mer", "block5_conv3"]
    assert names_.nearest("DALMATIAN", names) == ["dalmatien"]
    assert names_.nearest("etoile de MER", names) == ["étoile de mer"]
    assert names_.nearest("block5-conv", names) == ["block5_conv3"]


def test_nearest_finds_a_word_inside_a_long_name():
    names = ["chien esquimau du Groenland", "requin"]
    assert names_.nearest("chien", names) == ["chien esquimau du Groenland"]


def test_nearest_is_empty_when_nothing_resembles():
    assert names_.nearest("zzzz", ["dalmatien", "vgg16"]) == []
    assert names_.nearest("", ["dalmatien"]) == []


def test_nearest_gives_each_name_once_best_first_and_at_most_count():
    names = ["vgg19", "vgg16", "vgg16", "vgg1", "vgg166"]
    assert names_.nearest("vgg16", names)[0] == "vgg16"
    assert len(names_.nearest("vgg16", names, count=2)) == 2
    assert len(set(names_.nearest("vgg16", names, count=9))) == 4


def test_did_you_mean_is_a_french_question():
    assert names_.did_you_mean("vgg17", ["vgg16", "vgg19", "mini"]) == (
        "vouliez-vous dire « vgg16 » ou « vgg19 » ?"
    )
    assert names_.did_you_mean("dalmatian", ["dalmatien"]) == "vouliez-vous dire « dalmatien » ?"
    assert names_.did_you_mean("abc", ["abc1", "abc2", "abc3"]) == (
        "vouliez-vous dire « abc1 », « abc2 » ou « abc3 » ?"
    )
    assert names_.did_you_mean("zzzz", ["dalmatien"]) == ""


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("  Étoile_de-MER ", "etoile de mer"),
        ("bœuf", "boeuf"),
        ("BŒUF", "boeuf"),
        ("fou d’eau  douce", "fou d eau douce"),
        ("grue (oiseau)", "grue oiseau"),
        ("Shih-Tzu", "shih tzu"),
        ("", ""),
    ],
)
def test_fold(text, folded):
    assert names_.fold(text) == folded


WORD = st.text("abcdeéèçœ ZÉ-_'", min_size=1, max_size=12).filter(names_.fold)


@settings(max_examples=60)
@given(st.lists(WORD, min_size=1, max_size=8), st.data())
def test_nearest_always_finds_an_exact_name(names, data):
    name = data.draw(st.sampled_from(names))
    written = data.draw(st.sampled_from([str.upper, str.lower, names_.fold, str]))(name)
    first = names_.nearest(written, names)[0]
    assert names_.fold(first) == names_.fold(name)


@settings(max_examples=60)
@given(st.text(max_size=20))
@example("\N{MATHEMATICAL SANS-SERIF BOLD CAPITAL A}")
def test_folding_twice_changes_nothing(text):
    assert names_.fold(names_.fold(text)) == names_.fold(text)
