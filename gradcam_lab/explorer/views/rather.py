"""Une classe plutôt qu'une autre : la carte de l'écart de leurs deux scores."""

from ...base.numbers import short_percent
from ...errors import SettingError
from ..code import map_choices
from .overlay import Overlay

__all__ = ["Rather"]


class Rather(Overlay):
    """La vue « Celle-ci plutôt que l'autre »."""

    name, title, file = "rather", "Celle-ci plutôt que l'autre", "plutot_que"
    heading = "Ce qui fait préférer la première classe à la seconde"
    own = ("rival", "outline", "threshold")

    def refuses(self, method):
        return "" if method.class_specific else f"{method.title} ne regarde aucune classe"

    def targets(self, state):
        return [state.target, state.rival]

    def depends_on(self, state, layers):
        return (state.rival,)

    def choices(self, state):
        return {**map_choices(state), "against": state.rival}

    def compute(self, analysis, state, layers):
        if state.target == state.rival:
            raise SettingError(
                "Cette vue oppose deux classes : choisissez-en une autre d'un côté ou de l'autre."
            )
        return super().compute(analysis, state, layers)

    def classes(self, shown):
        first, second = (f"« {p.label_fr} » ({short_percent(p.probability)})" for p in shown)
        return f"{first} plutôt que {second}"

    def subject(self, shown):
        return self.classes(shown)

    def arguments(self, state, names):
        return [names[0], f"against={names[1]}", *super().arguments(state, names)[1:]]
