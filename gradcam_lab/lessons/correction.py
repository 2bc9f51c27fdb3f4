"""Ce que partagent les corrections : dire une phrase, et l'invitation à commencer.

Une réponse laissée à `...` n'est pas une faute : la phrase invite à commencer. Une réponse
fausse reçoit un indice qui dépend de l'erreur, jamais la solution.
"""

from ..base.messages import muted, say

__all__ = ["RIGHT", "correct"]

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
