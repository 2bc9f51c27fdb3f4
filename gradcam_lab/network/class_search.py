"""Retrouver une classe par son indice, son identifiant ou son nom."""

import dataclasses
import re
from functools import lru_cache

from ..base.checks import check_count
from ..base.names import alike, fold
from ..errors import UnknownClassError
from .labels import as_index

__all__ = ["find", "search"]

# En dessous, « girafe » ressemblerait à « grange » : mieux vaut ne rien proposer.
_ALIKE = 0.7
# Un réseau qui a peu de classes les cite toutes quand on en demande une qu'il n'a pas.
_FEW = 20
_NOTE = re.compile(r"\s*\([^()]*\)$")


def find(labels, query):
    """Renvoie l'indice (int) de la classe que `query` désigne parmi les `Label` de `labels`.

    La casse et les accents ne comptent pas, sauf pour départager deux noms qui ne diffèrent que
    par là. Un nom français l'emporte sur un nom anglais, et celui-ci sur les autres noms français.

    Arguments
    ---------
    query : un indice (entier, ou ses chiffres), un identifiant WordNet, un nom français ou
        anglais, ou un `Label`

    Lève
    ----
    UnknownClassError
        aucune classe ne convient (les noms les plus proches sont cités), ou plusieurs portent ce
        nom
    """
    labels = tuple(labels)
    if isinstance(query, str):
        return _find_name(labels, query)
    # Un `Label` ou une `Prediction` connaissent leur indice.
    number = as_index(query.index if hasattr(query, "label_fr") else query)
    if number is None:
        raise UnknownClassError(
            f"Une classe se désigne par son nom ou son indice entier, et non par {query!r} : "
            f"par exemple {_example(labels)}."
        )
    return _check_range(labels, number)


def search(labels, text, limit=10):
    """Renvoie au plus `limit` indices des classes de `labels` qui correspondent à `text`.

    D'abord les classes qui portent ce nom, puis celles de cette sorte (« chien », « bateau »), puis
    celles dont un nom en a tous les mots (au pluriel comme au singulier), puis celles dont un nom
    commence par `text` ou le contient ; à défaut, celles dont un nom, ou un mot d'un nom, ressemble
    à `text`. Un indice écrit seul ou un
    identifiant WordNet est accepté. La liste est vide si rien ne ressemble.

    Lève
    ----
    SettingError
        `limit` n'est pas un nombre entier positif ou nul
    """
    labels = tuple(labels)
    limit = check_count(limit, "Le nombre limit", least=0)
    number = as_index(text)
    # Un nombre n'est pas un nom : replié, « -1 » deviendrait « 1 ».
    wanted = fold(text) if number is None else str(text).strip()
    if not wanted:
        return []
    names = _folded(labels)
    words = set(_words(wanted))
    keys = [(_rank(wanted, words, number, name), name.index) for name in names]
    found = sorted(key for key in keys if key[0] is not None) or _resembling(wanted, names)
    return [index for *_, index in found[:limit]]


@dataclasses.dataclass(frozen=True)
class _Names:
    """Les noms d'une classe, repliés par `fold` une fois pour toutes, et leurs mots."""

    index: int
    wnid: str | None
    french: str
    aliases: tuple[str, ...]
    english: str
    first_word: str
    french_words: frozenset[str]  # ceux du nom français
    all_french_words: frozenset[str]  # ceux des autres noms français aussi
    english_words: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=8)
def _folded(labels):
    return tuple(_fold_label(index, label) for index, label in enumerate(labels))


def _fold_label(index, label):
    french, english = fold(label.label_fr), fold(label.label)
    # « grue (oiseau) » répond aussi à « grue », comme « grue (engin de levage) ».
    bare = _NOTE.sub("", label.label_fr)
    aliases = dict.fromkeys(fold(name) for name in (bare, *label.aliases))
    aliases.pop(french, None)
    words = _words(french)
    return _Names(
        index=index,
        wnid=label.wnid,
        french=french,
        aliases=tuple(aliases),
        english=english,
        first_word=words[0] if words else "",
        french_words=frozenset(words),
        all_french_words=frozenset(_words(" ".join((french, *aliases)))),
        english_words=frozenset(_words(english)),
        kinds=frozenset(_words(fold(" ".join(label.kinds)))),
    )


def _words(text):
    """Les mots de `text`, au singulier : « chats » devient « chat », et « chevaux » « cheval »."""
    return [_singular(word) for word in text.split()]


def _singular(word):
    # Une règle approchée convient : les deux mots que l'on compare la suivent.
    if len(word) > 4 and word.endswith("aux") and not word.endswith("eaux"):
        return f"{word[:-3]}al"
    return word[:-1] if len(word) > 3 and word[-1] in "sx" else word


def _find_name(labels, query):
    text, number = query.strip(), as_index(query)
    if not text:
        raise UnknownClassError(
            f"Le nom de la classe est vide : donnez un nom ou un indice, par exemple "
            f"{_example(labels)}."
        )
    for matches in _matches(labels, text, number):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UnknownClassError(
                f"Plusieurs classes s'appellent « {text} » : donnez l'indice ou le nom complet, "
                f"{_listing(labels, matches, ' ou ')}."
            )
    if number is not None:
        return _check_range(labels, number)
    close = search(labels, text, limit=3)
    if len(labels) <= _FEW:
        hint = f"choisissez parmi {_listing(labels, range(len(labels)))}."
    elif close:
        hint = f"vouliez-vous dire {_listing(labels, close, ' ou ')} ?"
    else:
        hint = (
            "le modèle ne connaît peut-être pas cet objet ; essayez un mot voisin, en français ou "
            f"en anglais, ou un indice de 0 à {len(labels) - 1}."
        )
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    raise UnknownClassError(f"Aucune classe ne s'appelle « {shown} » : {hint}")


def _matches(labels, text, number):
    """Les indices des classes nommées `text`, de la façon la plus sûre à la moins sûre."""
    yield [i for i, label in enumerate(labels) if text in (label.label_fr, label.label)]
    if number is not None:
        return  # replié, « -1 » deviendrait le nom « 1 »
    wanted, names = fold(text), _folded(labels)
    yield [name.index for name in names if name.french == wanted]
    yield [name.index for name in names if name.english == wanted]
    yield [name.index for name in names if wanted in name.aliases]
    yield [name.index for name in names if name.wnid and name.wnid == text.lower()]


def _check_range(labels, number):
    if 0 <= number < len(labels):
        return number
    # Python refuse d'écrire un nombre de plus de 4300 chiffres, et personne ne le lirait.
    shown = f"L'indice {number}" if abs(number) < 10**12 else "Cet indice"
    raise UnknownClassError(f"{shown} n'existe pas : les classes vont de 0 à {len(labels) - 1}.")


def _listing(labels, indices, last=" et "):
    """« tanche (0), coq (7) et poule (8) »."""
    names = [f"{labels[i].label_fr} ({i})" for i in indices]
    return last.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _example(labels):
    # Le dalmatien est l'exemple du cours ; un autre modèle a ses propres noms.
    index = 251 if len(labels) > 251 else 0
    return f"« {labels[index].label_fr} » ou {index}"


def _rank(wanted, words, number, name):
    """Renvoie le rang de la classe pour `search`, 0 d'abord, ou None si rien ne correspond."""
    others = " | ".join(("", *name.aliases))
    # Une ou deux lettres au milieu d'un mot se trouvent partout : elles n'apprennent rien.
    inside = len(wanted) > 2
    fits = (
        name.index == number or wanted in (name.french, name.wnid),
        wanted in name.aliases,
        wanted == name.english,
        words <= name.kinds and name.first_word in words,
        words <= name.kinds,
        words <= name.french_words and name.first_word in words,
        words <= name.french_words,
        words <= name.all_french_words,
        words <= name.english_words,
        name.french.startswith(wanted),
        f"| {wanted}" in others,
        f" {wanted}" in name.french,
        f" {wanted}" in others,
        inside and wanted in name.french,
        inside and wanted in others,
        name.english.startswith(wanted),
        f" {wanted}" in name.english,
        inside and wanted in name.english,
    )
    return fits.index(True) if True in fits else None


def _resembling(wanted, names):
    """Renvoie, triées, des clés (-ressemblance, rang, indice) : un nom ou un mot ressemble."""
    bearers = {}
    for name in names:
        for text in (name.french, name.english, *name.aliases):
            # Un mot de trois lettres ressemble à trop d'autres.
            for part in (text, *(word for word in text.split() if len(word) > 3)):
                bearers.setdefault(part, set()).add(name)
    keys = {}
    for text, ratio in alike(wanted, bearers, _ALIKE).items():
        if sorted(text) == sorted(wanted):
            ratio = 1.0  # deux lettres échangées, la faute la plus courante
        for name in bearers[text]:
            key = (-ratio, _rank(text, set(_words(text)), None, name), name.index)
            keys[name.index] = min(key, keys.get(name.index, key))
    # À côté d'une faute de frappe évidente, les ressemblances lointaines ne feraient que gêner.
    least = min(keys.values(), default=(0,))[0] + 0.1
    return sorted(key for key in keys.values() if key[0] <= least)
