"""Ce que partagent les corrections : dire une phrase, et l'invitation à commencer.

Une réponse laissée à `...` n'est pas une faute : la phrase invite à commencer. Une réponse
fausse reçoit un indice qui dépend de l'erreur, jamais la solution.
"""

import numpy as np

from ..base.messages import muted, say

__all__ = ["RIGHT", "call", "correct"]

RIGHT = "Exact. "
_WAITING = "Pas encore de réponse : remplacez les points de suspension par votre code."


def correct(sentence, answer, *context):
    """Affiche `sentence(answer, *context)`, ou l'invitation à commencer."""
    if answer is ...:
        say(_WAITING)
        return
    # Les cartes d'essai de la correction ont leurs propres avertissements : l'élève ne les a pas
    # demandées.
    with muted():
        said = sentence(answer, *context)
    say(said)


def call(function, *arguments):
    """`(réponse, None)`, ou `(None, phrase)` si la fonction de l'élève ne répond pas.

    Une réponse `...` veut dire qu'un trou n'est pas rempli. Les tableaux donnés sont des copies.
    """
    if not callable(function):
        return None, "Pas encore : donnez la fonction elle-même, sans parenthèses après son nom."
    try:
        with np.errstate(all="ignore"):
            answer = function(*(a.copy() if isinstance(a, np.ndarray) else a for a in arguments))
    except Exception as error:  # le code d'un élève peut échouer de toutes les façons
        constants = getattr(getattr(function, "__code__", None), "co_consts", ())
        if "ellipsis" in str(error) or ... in constants:  # un trou n'est pas rempli
            return ..., None
        said = " ".join(str(error).split())
        problem = f"Pas encore : votre fonction s'arrête sur une erreur ({type(error).__name__} : "
        advice = " Affichez la forme de chaque tableau, ligne après ligne."
        named = isinstance(error, (LookupError, NameError, AttributeError))
        return None, f"{problem}{said:.200}).{'' if named else advice}"
    if answer is None:
        return None, "Pas encore : votre fonction ne renvoie rien ; terminez-la par return."
    return answer, None
