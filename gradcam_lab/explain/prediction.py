"""Une classe et sa probabilité, telles qu'on les lit."""

from dataclasses import dataclass

from ..base.numbers import percent

__all__ = ["Prediction"]


@dataclass(frozen=True)
class Prediction:
    """Une classe et sa probabilité.

    `index` : rang de la classe ; `wnid` : identifiant WordNet (None hors d'ImageNet) ;
    `label` et `label_fr` : ses noms anglais et français ; `probability` : entre 0 et 1.
    """

    index: int
    wnid: str | None
    label: str
    label_fr: str
    probability: float

    @property
    def percent(self):
        """La probabilité en pour cent, avec une virgule : « 99,92 % », ou « < 0,01 % »."""
        return percent(self.probability).replace("\N{NO-BREAK SPACE}", " ")

    def __str__(self):
        return f"{self.label_fr} ({self.percent})"
