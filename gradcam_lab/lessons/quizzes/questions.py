"""Les questions d'un quiz : les lire, vérifier qu'elles sont complètes, juger une réponse."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ...base.names import unknown_name
from ...errors import SettingError

__all__ = ["Calculation", "Choice", "french", "read_number", "read_questions", "shipped"]

_FOLDER = Path(__file__).resolve().parents[2] / "data" / "quizzes"
_CHOICE = ("question", "choices", "answer")
_CALCULATION = ("question", "answer", "right", "wrong", "hint", "tolerance")
_COUNTS = range(2, 7)  # un seul choix ne serait pas une question
_NUMBER = "écrivez-le en chiffres et sans unité, par exemple 12 ou 0,75."


@dataclass(frozen=True)
class Choice:
    """Une question à choix ; `choices` donne à chacun son explication, dans l'ordre affiché."""

    text: str
    choices: dict
    answer: str

    def judge(self, choice):
        """Renvoie (vrai si c'est la bonne réponse, son explication)."""
        return choice == self.answer, self.choices[choice]

    @property
    def explanations(self):
        """Les explications, une par choix."""
        return list(self.choices.values())


@dataclass(frozen=True)
class Calculation:
    """Un petit calcul ; `wrong` explique les valeurs fausses connues, `hint` toutes les autres."""

    text: str
    answer: float
    right: str
    wrong: dict
    hint: str
    tolerance: float

    def judge(self, text):
        """Renvoie (vrai, faux ou None si ce n'est pas un nombre, la phrase à afficher)."""
        value = read_number(text)
        if value is None:
            return None, f"« {text.strip()[:20]} » ne se lit pas comme un nombre : {_NUMBER}"
        if self.near(value, self.answer):
            return True, self.right
        for known, sentence in self.wrong.items():
            if self.near(value, known):
                return False, sentence
        return False, self.hint

    def near(self, value, expected):
        return math.isclose(value, expected, rel_tol=1e-9, abs_tol=self.tolerance)

    @property
    def explanations(self):
        """Les phrases possibles pour un nombre."""
        return [self.right, *self.wrong.values(), self.hint]


def read_number(text):
    """Renvoie le nombre écrit « 3,5 », « 21 600 » ou « 75 % » (0,75), ou None."""
    compact = re.sub(r"\s", "", str(text)).replace("\N{MINUS SIGN}", "-").replace(",", ".")
    try:
        number = float(compact.removesuffix("%"))
    except ValueError:
        return None
    if not math.isfinite(number):
        return None
    return number / 100 if compact.endswith("%") else number


def french(value):
    """Écrit un nombre à la française : « 21 600 », « 0,75 »."""
    text = f"{value:,.10g}".replace(",", "\N{NO-BREAK SPACE}").replace(".", ",")
    return text.replace("-", "\N{MINUS SIGN}")


def shipped():
    """Renvoie les noms des quiz livrés, dans l'ordre des leçons."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def read_questions(source):
    """Renvoie la liste des `Choice` et `Calculation` de `source`, comme `quiz` l'accepte."""
    if isinstance(source, (str, Path)):
        source = _load(source)
    if not isinstance(source, (list, tuple)) or not source:
        raise SettingError(
            "Un quiz est une liste de questions, chacune un dictionnaire entre accolades."
        )
    return [_read(number, item) for number, item in enumerate(source, start=1)]


def _load(source):
    """Le contenu d'un fichier JSON, ou du quiz livré de ce nom."""
    path = Path(source)
    if path.suffix != ".json":
        if str(source) not in shipped():
            problem = f"Aucun quiz ne s'appelle « {source} »"
            raise SettingError(unknown_name(problem, str(source), shipped()))
        path = _FOLDER / f"{source}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise SettingError(
            f"Le fichier « {path.name} » n'est pas du JSON : à la ligne {error.lineno}, vérifiez "
            "les guillemets et les virgules."
        ) from error
    except UnicodeDecodeError as error:
        raise SettingError(
            f"Le fichier « {path.name} » n'est pas un texte en UTF-8 : enregistrez-le dans ce "
            "codage."
        ) from error
    except OSError as error:
        raise SettingError(
            f"Le fichier « {path.name} » ne peut pas être lu : vérifiez son nom et son dossier."
        ) from error


def _read(number, item):
    """La question numéro `number`, ou une phrase qui dit ce qui lui manque."""

    def require(condition, sentence):
        if not condition:
            raise SettingError(f"Question {number} : {sentence}")

    require(isinstance(item, Mapping), "écrivez-la comme un dictionnaire, entre accolades.")
    kind = _CHOICE if "choices" in item else _CALCULATION
    for key in item:
        if key not in kind:
            raise SettingError(
                unknown_name(f"Question {number} : « {key} » n'est pas attendu", key, kind)
            )
    for key in kind:
        require(key in item or key in ("wrong", "tolerance"), f"il manque « {key} ».")
    require(_is_text(item["question"]), "« question » est un texte.")
    return (_read_choice if kind is _CHOICE else _read_calculation)(item, require)


def _is_text(value):
    return isinstance(value, str) and bool(value.strip())


def _explained(explanations, require):
    """Vérifie que `explanations` donne une explication à chacune de ses clés."""
    require(
        isinstance(explanations, Mapping),
        "chaque réponse est suivie de son explication, dans un dictionnaire.",
    )
    for key, sentence in explanations.items():
        require(_is_text(sentence), f"la réponse « {key} » n'a pas d'explication.")


def _read_choice(item, require):
    choices, answer = item["choices"], item["answer"]
    _explained(choices, require)
    require(len(choices) in _COUNTS, f"il faut de deux à six choix, et non {len(choices)}.")
    for choice in choices:
        require(_is_text(choice), f"le choix « {choice} » n'est pas un texte.")
    require(
        isinstance(answer, str) and answer in choices,
        f"la bonne réponse, « {answer} », n'est pas parmi les choix.",
    )
    return Choice(item["question"], dict(choices), answer)


def _read_calculation(item, require):
    wrong, tolerance = item.get("wrong", {}), item.get("tolerance", 0)
    answer = read_number(item["answer"])
    require(answer is not None, f"« answer » n'est pas un nombre : {_NUMBER}")
    require(
        isinstance(tolerance, (int, float)) and tolerance >= 0,
        "« tolerance » est un nombre, 0 ou plus.",
    )
    for key in ("right", "hint"):
        require(_is_text(item[key]), f"« {key} » est un texte.")
    _explained(wrong, require)
    values = {read_number(key): sentence for key, sentence in wrong.items()}
    require(None not in values, "les clés de « wrong » sont des nombres.")
    question = Calculation(item["question"], answer, item["right"], values, item["hint"], tolerance)
    for value in values:
        require(
            not question.near(value, answer),
            f"{french(value)} est à la fois une valeur fausse et la bonne réponse.",
        )
    return question
