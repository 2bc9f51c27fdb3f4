"""Les morceaux de HTML d'un quiz : l'énoncé, l'explication, et la page qui se lit sans noyau.

Les couleurs du texte et du fond viennent du thème de la page, clair ou sombre.
"""

import re
import string
from html import escape

from ...base.palette import ACCENT
from .questions import Choice, french

__all__ = ["STYLE", "feedback", "plain", "rich", "static_page", "statement"]

_RIGHT, _NEUTRAL = "#2e7d32", "var(--jp-border-color1,#888)"

# Un choix est un bouton ; sans ces règles, une longue réponse y serait coupée au bout d'une ligne.
STYLE = """<style>
.gradcam-lab-quiz .jupyter-button {white-space: normal; text-align: left; line-height: 1.35;
  height: auto; padding: 6px 10px;}
.gradcam-lab-quiz .jupyter-button:focus-visible {outline: 2px solid currentColor;
  outline-offset: -3px;}
.gradcam-lab-quiz code {font-size: 0.95em; color: inherit; background: transparent;}
</style>"""


def rich(text):
    """Le texte en HTML ; ce qui est entre accents graves est du code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def plain(text):
    """Le même texte là où le HTML n'est pas possible."""
    return text.replace("`", "")


def statement(number, question):
    """L'énoncé d'une question."""
    return f'<div style="line-height:1.4"><b>{number}. {rich(question.text)}</b></div>'


def feedback(sentences, shown, right=None):
    """La phrase `shown`, dans la place de la plus haute de `sentences` : rien ne bouge.

    Toutes sont posées l'une sur l'autre dans la même case d'une grille, et une seule est visible.
    """
    color = {True: _RIGHT, False: ACCENT, None: _NEUTRAL}[right]
    place = "grid-area:1/1;padding-left:8px"
    hidden = "".join(
        f'<div aria-hidden="true" style="{place};visibility:hidden">{rich(sentence)}</div>'
        for sentence in sentences
    )
    # « alert » : un lecteur d'écran lit la phrase dès qu'elle arrive.
    role = "" if right is None and shown in sentences else ' role="alert"'
    return (
        f'<div style="display:grid;line-height:1.4;border-left:4px solid {color}">{hidden}'
        f'<div{role} style="{place}">{rich(shown)}</div></div>'
    )


def static_page(questions):
    """Les questions, chacune avec ses réponses repliées, pour une page qui n'exécute rien."""
    return "".join(
        f"<p><b>{number}. {rich(question.text)}</b></p>{_folded(question)}"
        for number, question in enumerate(questions, start=1)
    )


def _folded(question):
    if isinstance(question, Choice):
        lettered = dict(zip(question.choices, string.ascii_uppercase))
        lines = [f"{letter}. {rich(choice)}" for choice, letter in lettered.items()]
        asked = f"<p>{'<br>'.join(lines)}</p>"
        right = (lettered[question.answer], question.choices[question.answer])
        others = [
            (lettered[choice], sentence)
            for choice, sentence in question.choices.items()
            if choice != question.answer
        ]
    else:
        asked, right = "", (french(question.answer), question.right)
        others = [(french(value), sentence) for value, sentence in question.wrong.items()]
    answers = [f"<p><b>Réponse : {right[0]}.</b> {rich(right[1])}</p>"]
    answers += [f"<p><b>Pourquoi pas {name} ?</b> {rich(text)}</p>" for name, text in others]
    return f"{asked}<details><summary>Réponse</summary>{''.join(answers)}</details><br>"
