"""Retrouver une classe : `find` en désigne une, `search` en propose."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcam_lab.base.names import fold
from gradcam_lab.errors import SettingError, UnknownClassError
from gradcam_lab.network.class_search import find, search
from gradcam_lab.network.labels import imagenet_labels, make_labels

LABELS = imagenet_labels()


# --- find -------------------------------------------------------------------------------------


def test_every_french_name_finds_its_class():
    for label in LABELS:
        assert find(LABELS, label.label_fr) == label.index
        assert find(LABELS, label.label_fr.upper()) == label.index


def test_every_english_label_finds_its_class():
    for label in LABELS:
        if label.label not in ("crane", "maillot"):
            assert find(LABELS, label.label) == label.index


def test_every_wordnet_id_finds_its_class():
    assert [find(LABELS, label.wnid) for label in LABELS] == list(range(1000))


@pytest.mark.parametrize(
    "query",
    [251, np.int64(251), np.uint8(251), "251", " 251 ", "dalmatien", "DALMATIEN", "Dalmatian",
     "n02110341", "N02110341", LABELS[251]],
)  # fmt: skip
def test_find_a_dalmatian(query):
    found = find(LABELS, query)
    assert found == 251
    assert type(found) is int


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("etoile de mer", 327),
        ("boeuf", 345),
        ("Souris d’ordinateur", 673),
        ("great white shark", 2),
        ("VTT", 671),
        ("hot dog", 934),
        ("chat tabby", 281),
        ("grue oiseau", 134),
        ("titi", 380),
        ("westie", 203),
        ("cardigan", 474),
        ("CARDIGAN", 474),
        ("Cardigan", 264),
    ],
)
def test_find_a_name(query, index):
    assert find(LABELS, query) == index


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("crane", ["Plusieurs classes s'appellent « crane »", "grue (oiseau) (134)",
                   "grue (engin de levage) (517)", "donnez l'indice"]),
        ("grue", ["Plusieurs", "134", "517"]),
        ("Maillot", ["Plusieurs", "638", "639"]),
        ("portable", ["Plusieurs", "téléphone portable (487) ou ordinateur portable (620)"]),
        ("dalmatin", ["Aucune classe ne s'appelle « dalmatin »",
                      "vouliez-vous dire dalmatien (251)"]),
        ("girafe", ["Aucune classe", "ne connaît peut-être pas", "de 0 à 999"]),
        ("n00000000", ["Aucune classe"]),
        (1000, ["1000", "de 0 à 999"]),
        ("1000", ["1000", "de 0 à 999"]),
        (-1, ["-1", "de 0 à 999"]),
        ("-1", ["-1", "de 0 à 999"]),
        ("", ["vide", "dalmatien"]),
        ("   ", ["vide"]),
        (True, ["True", "indice entier"]),
        (np.bool_(True), ["indice entier"]),
        (251.0, ["251.0", "indice entier"]),
        (np.float32(251), ["indice entier"]),
        (float("nan"), ["indice entier"]),
        (None, ["None", "indice entier"]),
        ([251], ["indice entier"]),
        (b"chat", ["indice entier"]),
    ],
)  # fmt: skip
def test_find_explains_what_is_wrong(query, words):
    with pytest.raises(UnknownClassError) as caught:
        find(LABELS, query)
    message = str(caught.value)
    assert all(word in message for word in words), message
    assert message.endswith((".", "?"))


def test_a_name_made_of_digits_comes_before_an_index():
    labels = make_labels(["7", "3"], 2)
    assert find(labels, "7") == 0
    assert find(labels, 1) == 1
    assert find(labels, "1") == 1


def test_find_in_a_short_list_never_mentions_imagenet():
    with pytest.raises(UnknownClassError, match=r"« chat » ou 0"):
        find(make_labels(["chat", "chien"], 2), None)


# --- search -----------------------------------------------------------------------------------


def test_search_puts_french_beginnings_first():
    found = [LABELS[i].label_fr for i in search(LABELS, "chat")]
    assert found[:4] == ["chat tigré (tabby)", "chat tigré", "chat persan", "chat siamois"]
    assert "château fort" in found


@pytest.mark.parametrize(
    "text", ["dal", "Dalm", "DALMATI", "dalmatien", "dalmatian", "251", "n02110341"]
)
def test_search_as_one_types(text):
    assert search(LABELS, text)[0] == 251


def test_search_puts_an_exact_name_first():
    assert search(LABELS, "lion")[0] == 291
    assert search(LABELS, "vtt")[0] == 671
    assert search(LABELS, "ear")[0] == 998


def test_search_falls_back_on_english_then_on_resemblance():
    assert 207 in search(LABELS, "retriever")
    assert search(LABELS, "sheepdog")[:2] == [229, 230]
    assert search(LABELS, "flamand roze")[0] == 130
    assert search(LABELS, "dalmatin") == [251]
    assert search(LABELS, "chien dalmatien")[0] == 251


def test_search_finds_scattered_words():
    assert search(LABELS, "berger chien anglais") == [229]


def test_search_respects_the_limit():
    assert len(search(LABELS, "e", limit=3)) == 3
    assert search(LABELS, "chat", limit=0) == []


@pytest.mark.parametrize("text", ["", "  ", "zzzzzzzz"])
def test_search_may_find_nothing(text):
    assert search(LABELS, text) == []


def first_names(text, count=5):
    return [LABELS[i].label_fr for i in search(LABELS, text)[:count]]


def test_search_puts_whole_words_before_parts_of_words():
    found = first_names("cat")
    assert "catamaran" not in found
    assert "écran" not in found
    assert search(make_labels(["catamaran", "tiger cat"], 2), "cat") == [1, 0]


@pytest.mark.parametrize("text", ["chat", "chats", "cat", "Cats"])
def test_search_gives_the_five_cats_for_the_general_word(text):
    assert search(LABELS, text)[:5] == [281, 282, 283, 284, 285]


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        ("chien", range(151, 269), 118),
        ("oiseaux", [*range(7, 25), *range(80, 101), *range(127, 147)], 59),
        ("fish", [*range(7), *range(389, 398)], 16),
        ("voiture", {436, 468, 511, 609, 627, 656, 661, 751, 817}, 9),
    ],
)
def test_search_gives_first_all_the_classes_of_a_kind(text, kind, count):
    assert set(search(LABELS, text, limit=count)) == set(kind)


def test_search_puts_first_those_of_a_kind_that_say_it_themselves():
    assert search(LABELS, "poisson")[:4] == [1, 392, 393, 397]


@pytest.mark.parametrize(
    ("text", "index"), [("vache", 345), ("cows", 345), ("pingouin", 145), ("torchon", 533)]
)
def test_a_thing_that_no_class_shows_finds_its_neighbour_without_taking_its_name(text, index):
    assert search(LABELS, text)[0] == index
    with pytest.raises(UnknownClassError, match=rf"vouliez-vous dire [^,]* \({index}\)"):
        find(LABELS, text)


@pytest.mark.parametrize(
    ("plural", "singular"), [("chats", "chat"), ("chevaux", "cheval"), ("oiseaux", "oiseau")]
)
def test_search_takes_a_plural_for_its_singular(plural, singular):
    found = search(LABELS, plural)
    assert found
    assert set(found) <= set(search(LABELS, singular, limit=1000))


@pytest.mark.parametrize(
    ("text", "word"),
    [("chein", "chien"), ("pingouin", "manchot"), ("guitarre", "guitare"), ("retreiver", "retrie")],
)
def test_search_forgives_a_typing_error_in_one_word(text, word):
    assert word in fold(first_names(text)[0])


def test_search_reads_a_number_as_an_index_and_nothing_else():
    assert search(LABELS, "1") == [1]
    assert search(LABELS, 1) == [1]
    assert search(LABELS, "-1") == []  # replié, « -1 » donnerait le poisson rouge
    assert search(LABELS, "1000") == []
    floors = make_labels(["étage 2", "étage 1", "étage 0"], 3)
    assert search(floors, "2") == [2, 0]


def test_find_reads_a_number_as_an_index_and_nothing_else():
    digits = make_labels(range(10), 10)
    assert find(digits, "1") == 1
    with pytest.raises(UnknownClassError, match="-1 n'existe pas : les classes vont de 0 à 9"):
        find(digits, "-1")


@pytest.mark.parametrize(
    "query", ["9" * 5000, 10**5000, "-" + "9" * 4000], ids=["texte", "entier", "négatif"]
)
def test_a_number_of_thousands_of_digits_gets_a_sentence(query):
    with pytest.raises(UnknownClassError) as caught:
        find(LABELS, query)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("limit", [None, -1, 2.5, "3"])
def test_search_explains_a_bad_limit(limit):
    with pytest.raises(SettingError, match="limit est un nombre entier d'au moins 0"):
        search(LABELS, "chat", limit)


def test_an_unknown_class_of_a_small_network_lists_them_all():
    with pytest.raises(UnknownClassError) as caught:
        find(make_labels(["chat", "chien", "tasse"], 3), "girafe")
    assert str(caught.value) == (
        "Aucune classe ne s'appelle « girafe » : choisissez parmi chat (0), chien (1) et tasse (2)."
    )


# --- Des propriétés, sur des classes tirées au hasard -----------------------------------------


NAMES = [
    {fold(n) for n in (label.label_fr, label.label_fr.split(" (")[0], label.label, *label.aliases)}
    for label in LABELS
]
MAIN_NAMES = Counter(name for one in LABELS for name in {fold(one.label_fr), fold(one.label)})
CASES = st.sampled_from([str.upper, str.lower, str.title, fold, lambda text: f"  {text} "])


@settings(max_examples=50)
@given(st.sampled_from(LABELS), CASES)
def test_every_class_is_found_by_its_names_unless_several_share_them(label, written):
    for name in (label.label_fr, label.label):
        # Le nom français d'une classe l'emporte ; un nom anglais peut en désigner deux.
        others = [
            o for o in LABELS if o is not label and fold(name) in (fold(o.label_fr), fold(o.label))
        ]
        if name == label.label_fr or not others:
            assert find(LABELS, written(name)) == label.index


@settings(max_examples=50)
@given(st.sampled_from(LABELS))
def test_search_gives_first_the_class_that_bears_the_name(label):
    for name in (label.label_fr, label.label.replace("_", " "), *label.aliases):
        assert fold(name) in NAMES[search(LABELS, name, limit=1)[0]]
        assert label.index in search(LABELS, name, limit=1000)


@settings(max_examples=30)
@given(st.text("abceinorst é-'19", max_size=12), st.integers(0, 12))
def test_any_text_gives_a_short_list_without_repetition(text, limit):
    found = search(LABELS, text, limit)
    assert len(found) <= limit
    assert len(set(found)) == len(found)
    assert all(0 <= index < 1000 for index in found)
    assert search(LABELS, text, 12)[:limit] == found


@given(st.text(max_size=40) | st.integers() | st.none() | st.floats())
def test_find_gives_an_index_or_one_sentence(query):
    try:
        assert 0 <= find(LABELS, query) < 1000
    except UnknownClassError as error:
        assert str(error).endswith((".", "?"))  # noqa: PT017
