"""Le quiz dans un carnet : un bouton par choix, une explication, un score.

Des boutons et non des boutons radio : dans un groupe de ceux-ci, les flèches du clavier répondent à
chaque pas. Uniquement des widgets présents dans ipywidgets 7.7 et 8.
"""

import sys

import ipywidgets as widgets

from ..correction import RIGHT
from .page import STYLE, feedback, plain, statement, static_page
from .questions import Choice, read_questions

__all__ = ["Quiz", "quiz"]

# Devant chaque choix. Pas de lettre : on la taperait, et JupyterLab y verrait un raccourci.
_SIGNS = {None: "\N{WHITE CIRCLE}", True: "\N{CHECK MARK}", False: "\N{MULTIPLICATION X}"}
_AGAIN = "Pas encore. "
_WAITING = {True: "Choisissez une réponse.", False: "Écrivez un nombre, puis Entrée."}
_FULL = "calc(100% - 4px)"


class Quiz(widgets.VBox):
    """Des questions auxquelles on répond, et un score : voir `quiz`."""

    # ipywidgets 7 s'affiche par cette méthode, qui passerait avant `_repr_mimebundle_`.
    _ipython_display_ = None

    def __init__(self, questions):
        self._page = static_page(questions)
        self.cards = [
            Card(number, question, self._show_score)
            for number, question in enumerate(questions, start=1)
        ]
        self.score = widgets.HTML(layout=widgets.Layout(width=_FULL))
        super().__init__(
            [widgets.HTML(STYLE), *(card.box for card in self.cards), self.score],
            layout=widgets.Layout(width="100%", max_width="760px"),
        )
        self.add_class("gradcam-lab-quiz")
        self._show_score()

    def __repr__(self):
        return f"Quiz ({_counted(len(self.cards))}) : exécutez cette cellule pour y répondre."

    def _repr_mimebundle_(self, **_):
        """Le widget là où un noyau tourne, la page aux réponses repliées ailleurs."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        bundle = {"text/plain": repr(self), "application/vnd.jupyter.widget-view+json": view}
        # Dans Colab, un noyau tourne toujours, et rien ne dit lequel des deux il choisirait.
        if "google.colab" not in sys.modules:
            bundle["text/html"] = self._page
        return bundle

    def _show_score(self):
        total = len(self.cards)
        found = sum(card.found for card in self.cards)
        text = f"Trouvées : {found} sur {total}."
        if found == total:
            first = sum(card.first for card in self.cards)
            text = f"Quiz terminé : {_counted(first)} sur {total} du premier coup."
        self.score.value = f'<div role="status" style="line-height:1.4"><b>{text}</b></div>'


def _counted(count):
    return f"{count} question{'s' if count > 1 else ''}"


class Card:
    """Une question, ses boutons ou son champ, et ce que l'on répond au lecteur."""

    def __init__(self, number, question, changed):
        self.question, self._changed = question, changed
        self.found = False
        self.first = None  # vrai ou faux dès la première réponse
        self.buttons, self.entry = {}, None
        self._waiting = _WAITING[isinstance(question, Choice)]
        self.feedback = widgets.HTML(layout=widgets.Layout(width=_FULL))
        rows = self._choices() if isinstance(question, Choice) else self._calculation()
        self.box = widgets.VBox(
            [widgets.HTML(statement(number, question)), *rows, self.feedback],
            layout=widgets.Layout(width="100%", margin="0 0 16px 0"),
        )
        self._say(self._waiting)

    def _choices(self):
        for choice in self.question.choices:
            button = widgets.Button(layout=widgets.Layout(width=_FULL, height="auto"))
            button.on_click(lambda _button, choice=choice: self.answer(choice))
            self.buttons[choice] = button
            self._mark(choice, None)
        return self.buttons.values()

    def _calculation(self):
        self.entry = widgets.Text(
            description="Réponse",
            placeholder="un nombre",
            continuous_update=False,
            style={"description_width": "initial"},
            layout=widgets.Layout(width="260px"),
        )
        self.entry.observe(lambda change: self.answer(change["new"]), names="value")
        check = widgets.Button(
            description="Vérifier", layout=widgets.Layout(width="auto", height="auto")
        )
        check.on_click(lambda _button: self.answer(self.entry.value))
        return [widgets.HBox([self.entry, check])]

    def answer(self, value):
        """Juge `value`, l'affiche, et le compte si c'est la première réponse."""
        if self.entry and not value.strip():
            self._say(self._waiting)
            return
        right, sentence = self.question.judge(value)
        self._say({True: RIGHT, False: _AGAIN, None: ""}[right] + sentence, right)
        if right is None:
            return
        if self.first is None:
            self.first = right
        self.found = self.found or right
        if self.buttons:
            self._mark(value, right)
        self._changed()

    def _mark(self, choice, right):
        self.buttons[choice].description = f"{_SIGNS[right]} {plain(choice)}"

    def _say(self, sentence, right=None):
        possible = [f"{_AGAIN}{text}" for text in self.question.explanations]
        self.feedback.value = feedback([self._waiting, *possible], sentence, right)


def quiz(source):
    """Renvoie un quiz auquel on répond : une explication à chaque réponse, un score à la fin.

    On peut se tromper et recommencer ; le score compte les réponses justes du premier coup. Là où
    rien ne s'exécute (GitHub, une page imprimée), la cellule montre les mêmes questions, chacune
    avec ses réponses à déplier.

    Arguments
    ---------
    source : le nom d'un quiz du cours (« 01_predire »), le chemin d'un fichier `.json`, ou une
        liste de questions. Une question à choix est un dictionnaire de trois clés : `question`,
        `choices` (chaque choix et son explication) et `answer` (le bon choix, mot pour mot). Un
        calcul a `question`, `answer` (un nombre), `right` (ce que l'on dit à qui a trouvé), `hint`
        (à qui s'est trompé), et s'il le faut `wrong` (des valeurs fausses et leur explication)
        et `tolerance` (l'écart permis). Ce qui est entre accents graves s'affiche comme du code.

    Rend
    ----
    Quiz, un widget qui s'affiche s'il termine une cellule

    Lève
    ----
    SettingError
        le quiz n'existe pas, le fichier ne se lit pas, ou une question est incomplète

    Exemple
    -------
    >>> gl.lessons.quiz("01_predire")
    >>> gl.lessons.quiz(
    ...     [
    ...         {
    ...             "question": "Combien de nombres décrivent un pixel en couleurs ?",
    ...             "choices": {
    ...                 "Un": "C'est le cas d'une photo en noir et blanc.",
    ...                 "Trois": "Un pour le rouge, un pour le vert, un pour le bleu.",
    ...                 "256": "C'est le nombre de valeurs de chacun, de 0 à 255.",
    ...             },
    ...             "answer": "Trois",
    ...         }
    ...     ]
    ... )
    """
    return Quiz(read_questions(source))
