"""Les quiz : ceux du cours sont complets et justes, et l'on y répond."""

import json
import math
import re
import sys

import nbformat
import numpy as np
import pytest

import gradcam_lab as gl
from gradcam_lab.errors import SettingError
from gradcam_lab.lessons.quizzes.page import rich
from gradcam_lab.lessons.quizzes.questions import (
    Calculation,
    Choice,
    french,
    read_number,
    read_questions,
    shipped,
)
from scripts.run_notebooks import clean_output

VIEW = "application/vnd.jupyter.widget-view+json"
LESSONS = [
    "01_predire",
    "02_gradcam_pas_a_pas",
    "03_superposer",
    "04_explorer",
    "05_activations",
    "06_filtres",
    "07_chiens_et_chats",
    "08_cinq_recettes",
    "09_votre_reseau",
    "10_peut_on_croire_une_carte",
    "11_mesurer_la_fidelite",
    "12_projet",
    "annexe_entrainer_mini",
]
QUESTIONS = {name: read_questions(name) for name in shipped()}
CHOICES = [(n, q) for n, asked in QUESTIONS.items() for q in asked if isinstance(q, Choice)]
COLORS = {
    "question": "Combien de nombres décrivent un pixel en couleurs ?",
    "choices": {
        "Un": "C'est une photo en noir et blanc.",
        "Trois": "Rouge, vert, bleu.",
        "256": "C'est le nombre de `valeurs` < 256.",
    },
    "answer": "Trois",
}
HALF = {
    "question": "Que vaut la moitié de 1 ?",
    "answer": "0,5",
    "right": "1 / 2 = 0,5.",
    "wrong": {"2": "C'est le double."},
    "hint": "Divisez 1 par 2.",
}


# --- Les quiz du cours ------------------------------------------------------------------------


def test_each_lesson_has_its_quiz():
    assert shipped() == LESSONS


@pytest.mark.parametrize("name", LESSONS)
def test_a_quiz_of_the_course_is_complete(name):
    asked = QUESTIONS[name]
    calculations = [q for q in asked if isinstance(q, Calculation)]
    assert 5 <= len(asked) <= 6
    assert len(calculations) == 1
    assert len(calculations[0].wrong) >= 3
    for question in asked:
        assert question.text.endswith(" ?")
        assert isinstance(question, Calculation) or 3 <= len(question.choices) <= 4
        sentences = question.explanations
        assert len(set(sentences)) == len(sentences)
        for sentence in sentences:
            assert re.fullmatch(r"[A-ZÀÉÊ0-9].{30,}[.»]", sentence), sentence
            assert len(sentence) < 260, sentence  # quatre lignes à l'écran


def test_the_right_choice_is_not_given_away():
    places = [list(q.choices).index(q.answer) for _, q in CHOICES]
    assert all(places.count(place) >= 4 for place in range(3))
    longest = sum(q.answer == max(q.choices, key=len) for _, q in CHOICES)
    assert longest <= len(CHOICES) / 2


def calculation(name):
    return next(q for q in QUESTIONS[name] if isinstance(q, Calculation))


def computed():
    """Pour chaque leçon, la bonne réponse et les fausses, calculées."""
    cat, dog = np.log([6.0, 2.0])
    softmax = math.exp(cat) / (math.exp(cat) + math.exp(dog))
    alpha, activation = np.array([2.0, -1.0]), np.array([3.0, 4.0])
    terms = alpha * activation
    color, photo = 200, 220
    added = 0.4 * color + photo
    h, w, channels, classes = 4, 4, 8, 3
    slope, step = np.array([3.0, 4.0, 0.0, 0.0]), 5
    length, total = np.sqrt(np.mean(slope**2)), np.sqrt(np.sum(slope**2))
    region, box, common = 30, 20, 10
    union = region + box - common
    return {
        "01_predire": (
            softmax,
            [6 / 2, 2 / 6, 1 - softmax, 100 * softmax, 6 - 2, 1 / (1 + math.exp(2 - 6))],
        ),
        "02_gradcam_pas_a_pas": (
            max(0, terms.sum()),
            [
                np.abs(terms).sum(),
                np.maximum(terms, 0).sum(),
                terms.mean(),
                activation.sum(),
                -terms.sum(),
                0,
            ],
        ),
        "03_superposer": (
            np.clip(added, 0, 255),
            [
                added,
                added - 256,
                0.4 * color + 0.6 * photo,
                color + photo,
                color + 0.4 * photo,
                0.4 * (color + photo),
            ],
        ),
        "04_explorer": (
            0.02 / 0.08,
            [0.02 / 0.02, 0.08 / 0.02, 0.02, 0.02 / (0.08 + 0.02), 25, 0.08 - 0.02],
        ),
        "05_activations": (
            0.1 * 2,
            [0.5 * 0.2, 2, 0.5, 0.1 + 2, 0.5 + 0.2, 0.5 * 0.2 + 0.1 * 2],
        ),
        "06_filtres": (
            step * 4 / length,
            [
                step * 4,
                step * 4 / total,
                step * 4 / length**2,
                4 / length,
                step * 3 / length,
                -step * 4 / length,
                step,
            ],
        ),
        "07_chiens_et_chats": (
            common / union,
            [
                common / (region + box),
                common / box,
                round(common / region, 2),
                union / common,
                100 * common / union,
                union,
                common,
            ],
        ),
        "08_cinq_recettes": (
            255 * 204 / 340,
            [204, 204 / 340, 255, 204 - 85, 204 * 340 / 255],
        ),
        "09_votre_reseau": (
            5 * (256 + 1),
            [5 * 256, 256 + 5, 3 * (256 + 1), 5 * 256 + 1, 6 * 256, 256],
        ),
        "10_peut_on_croire_une_carte": (
            100 / 2**4,
            [100 / 2, 100 / 2**3, 100 / 4, 1 / 2**4, 4 * 100 / 2],
        ),
        "11_mesurer_la_fidelite": (
            (0.8 - 0.6) / 0.8,
            [0.8 - 0.6, 0.6 / 0.8, round((0.8 - 0.6) / 0.6, 2), 25, (0.6 - 0.8) / 0.8],
        ),
        "12_projet": (
            2**6,
            [2 * 6, 6, 2**5, 6 * 6, 2**7],
        ),
        "annexe_entrainer_mini": (
            channels * classes,
            [
                h * w * channels * classes,
                h * w * channels,
                (channels + 1) * classes,
                h * w * classes,
                channels,
                channels + classes,
            ],
        ),
    }


@pytest.mark.parametrize("name", LESSONS)
def test_a_calculation_agrees_with_its_computation(name):
    question = calculation(name)
    right, wrong = computed()[name]
    assert question.near(question.answer, right)
    assert len(question.wrong) == len(wrong)
    for value in wrong:
        assert any(question.near(value, known) for known in question.wrong), value


def test_what_the_explanations_claim_is_true():
    # Leçon 2 : la dérivée d'une probabilité s'éteint près de 1, celle du score non.
    def probability(score):
        return math.exp(score) / (math.exp(score) + math.exp(0.0))

    def slope(score, step=1e-4):
        return (probability(score + step) - probability(score - step)) / (2 * step)

    assert probability(12) > 0.99999
    assert slope(12) < 1e-5 < slope(1)
    # Leçon 2 : moyenne ou somme, la carte normalisée est la même.
    rng = np.random.default_rng(0)
    stack = rng.normal(size=(4, 4, 6)) * rng.normal(size=6)
    mean, total = np.maximum(stack.mean(-1), 0), np.maximum(stack.sum(-1), 0)
    np.testing.assert_allclose(mean / mean.max(), total / total.max())
    # Leçon 3 : à mi-chemin du bleu et du rouge de JET, une couleur hors de la palette.
    palette = gl.colorize(np.linspace(0, 1, 256, dtype="float32")[None], colormap="jet")[0]
    middle = palette[[0, -1]].mean(axis=0)
    assert np.abs(palette - middle).max(axis=1).min() > 60
    # Leçon 3 : un mélange ne dépasse jamais 255, quatre dixièmes et la photo entière si.
    assert 0.4 * 255 + 0.6 * 255 == 255 < 0.4 * 255 + 255
    # Annexe : neuf réussites sur neuf, à trois chances sur quatre chacune.
    assert round(1 / 0.75**9) == 13
    assert round(100 * 8 / 9) == 89


def test_lesson_2_asks_about_the_softmax():
    asked = [q.text for q in QUESTIONS["02_gradcam_pas_a_pas"]]
    assert any("après softmax" in text for text in asked)


# --- Répondre ---------------------------------------------------------------------------------


def click(card, choice):
    card.buttons[choice].click()


def shown(card):
    """La phrase visible sous une question."""
    return card.feedback.value.rsplit("<div", 1)[1].partition(">")[2].removesuffix("</div></div>")


def test_a_wrong_choice_is_explained_and_one_may_try_again():
    quiz = gl.lessons.quiz([COLORS, HALF])
    card = quiz.cards[0]
    assert shown(card) == "Choisissez une réponse."
    click(card, "Un")
    assert shown(card) == "Pas encore. C'est une photo en noir et blanc."
    assert card.buttons["Un"].description == "✕ Un"
    assert card.buttons["Trois"].description == "○ Trois"
    assert "0 sur 2" in quiz.score.value
    click(card, "Trois")
    assert shown(card) == "Exact. Rouge, vert, bleu."
    assert card.buttons["Trois"].description == "✓ Trois"
    assert "1 sur 2" in quiz.score.value
    # Curieux, on lit encore l'explication d'un autre choix : la question reste trouvée.
    click(card, "256")
    assert shown(card) == "Pas encore. C'est le nombre de <code>valeurs</code> &lt; 256."
    assert "1 sur 2" in quiz.score.value


@pytest.mark.parametrize(
    ("slips", "score"),
    [
        ([], "Quiz terminé : 4 questions sur 4 du premier coup."),
        ([1], "Quiz terminé : 3 questions sur 4 du premier coup."),
        ([0, 1, 2], "Quiz terminé : 1 question sur 4 du premier coup."),
        ([0, 1, 2, 3], "Quiz terminé : 0 question sur 4 du premier coup."),
    ],
)
def test_the_score_counts_first_answers(slips, score):
    quiz = gl.lessons.quiz([COLORS] * 4)
    for number, card in enumerate(quiz.cards):
        assert "Quiz terminé" not in quiz.score.value
        if number in slips:
            click(card, "Un")
        click(card, "Trois")
    assert score in quiz.score.value


def test_a_number_is_read_as_it_is_written():
    for text, value in [
        ("0,5", 0.5),
        (" 0.5 ", 0.5),
        ("50 %", 0.5),
        ("-2", -2),
        ("−2", -2),
        ("21 600 000", 21_600_000),
        ("21\N{NARROW NO-BREAK SPACE}600", 21_600),
        ("abc", None),
        ("", None),
        ("nan", None),
        ("1e999", None),
        ("3 cases", None),
    ]:
        assert read_number(text) == value, text
    assert french(21600) == "21\N{NO-BREAK SPACE}600"
    assert (french(0.75), french(-2.0)) == ("0,75", "−2")


def test_a_calculation_answers_each_mistake():
    quiz = gl.lessons.quiz([HALF])
    (card,) = quiz.cards
    check = card.box.children[1].children[1]
    assert shown(card) == "Écrivez un nombre, puis Entrée."
    check.click()
    assert shown(card) == "Écrivez un nombre, puis Entrée."
    card.entry.value = "un <demi>"
    assert shown(card).startswith("« un &lt;demi&gt; » ne se lit pas comme un nombre")
    assert card.first is None  # ce n'était pas une réponse
    card.entry.value = "2"
    assert shown(card) == "Pas encore. C'est le double."
    card.entry.value = "7"
    assert shown(card) == "Pas encore. Divisez 1 par 2."
    card.entry.value = "0,5"
    assert shown(card) == "Exact. 1 / 2 = 0,5."
    check.click()  # après Entrée, le bouton ne change rien
    assert shown(card) == "Exact. 1 / 2 = 0,5."
    assert "0 question sur 1 du premier coup" in quiz.score.value
    card.entry.value = ""
    assert shown(card) == "Écrivez un nombre, puis Entrée."


def test_a_tolerance_accepts_what_is_near():
    near = gl.lessons.quiz([{**HALF, "tolerance": 0.01}]).cards[0]
    near.entry.value = "0,505"
    assert near.first is True
    exact = gl.lessons.quiz([HALF]).cards[0]
    exact.entry.value = "0,505"
    assert exact.first is False


def test_the_place_of_every_sentence_is_kept():
    """Toutes les explications sont posées au même endroit, et une seule se voit et se lit."""
    card = gl.lessons.quiz([COLORS]).cards[0]
    for choice in (None, *COLORS["choices"]):
        if choice:
            click(card, choice)
        html = card.feedback.value
        for sentence in COLORS["choices"].values():
            assert f"Pas encore. {rich(sentence)}" in html
        assert html.count("grid-area:1/1") == 5
        assert html.count('aria-hidden="true"') == html.count("visibility:hidden") == 4
        assert html.count('role="alert"') == bool(choice)


# --- Sans noyau -------------------------------------------------------------------------------


def bundle_of(quiz):
    """Ce que la dernière ligne d'une cellule envoie à la page."""
    formatters = pytest.importorskip("IPython.core.formatters")
    return formatters.DisplayFormatter().format(quiz)[0]


def test_a_cell_gives_the_widget_and_the_page():
    bundle = bundle_of(gl.lessons.quiz("01_predire"))
    assert set(bundle) == {"text/plain", "text/html", VIEW}
    again = bundle_of(gl.lessons.quiz("01_predire"))
    assert bundle["text/plain"] == again["text/plain"]
    assert bundle["text/plain"].startswith("Quiz (5 questions)")
    assert repr(gl.lessons.quiz([COLORS])).startswith("Quiz (1 question) :")
    assert bundle["text/html"] == again["text/html"]
    assert bundle[VIEW] != again[VIEW]  # le reste est donc bien le texte de la leçon


def test_colab_gets_the_widget_only(monkeypatch):
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert set(bundle_of(gl.lessons.quiz("01_predire"))) == {"text/plain", VIEW}


def test_a_stored_notebook_keeps_the_page():
    quiz = gl.lessons.quiz([COLORS])
    data = bundle_of(quiz)
    output = nbformat.v4.new_output("execute_result", data=data, execution_count=1)
    kept = clean_output(output).data
    assert set(kept) == {"text/plain", "text/html"}


def test_the_page_folds_every_answer():
    page = gl.lessons.quiz([COLORS, HALF])._page
    first, second = page.split("<details>")[1:]
    assert page.startswith(
        "<p><b>1. Combien de nombres décrivent un pixel en couleurs ?</b></p>"
        "<p>A. Un<br>B. Trois<br>C. 256</p><details><summary>Réponse</summary>"
        "<p><b>Réponse : B.</b> Rouge, vert, bleu.</p>"
        "<p><b>Pourquoi pas A ?</b> C'est une photo en noir et blanc.</p>"
    )
    assert "<b>Pourquoi pas C ?</b> C'est le nombre de <code>valeurs</code> &lt; 256." in first
    assert "<b>Réponse : 0,5.</b> 1 / 2 = 0,5." in second
    assert "<b>Pourquoi pas 2 ?</b> C'est le double." in second
    assert "style=" not in page  # GitHub les ôte : la page s'en passe


# --- Un quiz à soi ----------------------------------------------------------------------------


def test_a_file_of_one_s_own(tmp_path):
    path = tmp_path / "le_mien.json"
    path.write_text(json.dumps([COLORS, HALF]), encoding="utf-8")
    assert len(gl.lessons.quiz(path).cards) == len(gl.lessons.quiz(str(path)).cards) == 2


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("01_predir", "Aucun quiz ne s'appelle « 01_predir » : vouliez-vous dire « 01_predire »"),
        ("rien.json", "Le fichier « rien.json » ne peut pas être lu"),
        ([], "Un quiz est une liste de questions"),
        (None, "Un quiz est une liste de questions"),
        (COLORS, "Un quiz est une liste de questions"),
        ([COLORS, "?"], "Question 2 : écrivez-la comme un dictionnaire"),
        ([{**COLORS, "anwser": 1}], "Question 1 : « anwser » n'est pas attendu : vouliez-vous"),
        ([{**COLORS, "question": " "}], "« question » est un texte"),
        ([{**COLORS, "answer": "Deux"}], "la bonne réponse, « Deux », n'est pas parmi les choix"),
        ([{**COLORS, "answer": ["Un"]}], "n'est pas parmi les choix"),
        ([{**COLORS, "choices": ["Un", "Trois"]}], "suivie de son explication"),
        ([{**COLORS, "choices": {"Trois": "Oui."}}], "de deux à six choix, et non 1"),
        ([{**COLORS, "choices": {3: "Oui.", "Un": "Non."}}], "le choix « 3 » n'est pas un texte"),
        ([{**COLORS, "choices": {"Un": "", "Trois": "Oui."}}], "la réponse « Un » n'a pas d'expl"),
        ([{"question": "Et ?", "choices": {"a": "a", "b": "b"}}], "il manque « answer »"),
        ([{"question": "Et ?", "answer": 2, "hint": "?"}], "il manque « right »"),
        ([{**HALF, "answer": "la moitié"}], "« answer » n'est pas un nombre"),
        ([{**HALF, "answer": True}], "« answer » n'est pas un nombre"),
        ([{**HALF, "hint": None}], "« hint » est un texte"),
        ([{**HALF, "tolerance": -1}], "« tolerance » est un nombre, 0 ou plus"),
        ([{**HALF, "wrong": {"deux": "Non."}}], "les clés de « wrong » sont des nombres"),
        ([{**HALF, "wrong": {"50 %": "Non."}}], "0,5 est à la fois une valeur fausse et la bonne"),
    ],
)
def test_a_bad_quiz_is_refused_by_one_sentence(source, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingError) as caught:
        gl.lessons.quiz(source)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_broken_file_is_refused_by_one_sentence(tmp_path):
    path = tmp_path / "casse.json"
    path.write_text('[\n{"question": "Et ?" "answer": 2}]', encoding="utf-8")
    with pytest.raises(SettingError, match=r"« casse\.json » n'est pas du JSON : à la ligne 2"):
        gl.lessons.quiz(path)
    path.write_bytes('["é"]'.encode("latin-1"))
    with pytest.raises(SettingError, match="UTF-8"):
        gl.lessons.quiz(path)
    with pytest.raises(SettingError, match="ne peut pas être lu"):
        gl.lessons.quiz(tmp_path / "absent.json")
