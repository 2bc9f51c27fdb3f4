"""Les noms des classes, en français et en anglais, et la recherche d'une classe par son nom.

La table `data/imagenet_fr.csv` nomme en français les mille classes d'ImageNet. Les indices, les
identifiants WordNet et les noms anglais sont ceux de Keras ; le sens de chaque classe est celui
de la définition de son identifiant dans WordNet, sauf pour les quelques classes dont les photos
montrent autre chose (544, 718, 723, 836, 968) : là, le nom est celui de ce que l'on voit.
"""

import csv
import dataclasses
import difflib
import operator
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from ..base.names import fold
from ..errors import ModelError, UnknownClassError

__all__ = ["Label", "find", "imagenet_labels", "make_labels", "search"]

_WNID = re.compile(r"n\d{8}")
# En dessous, « girafe » ressemblerait à « grange » : mieux vaut ne rien proposer.
_ALIKE = 0.7
_NOTE = re.compile(r"\s*\([^()]*\)$")


@dataclasses.dataclass(frozen=True)
class Label:
    """Les noms d'une classe.

    `index` : sa place dans la sortie du réseau ; `wnid` : son identifiant WordNet, ou None ;
    `label` et `label_fr` : ses noms anglais et français ; `aliases` : d'autres noms français.
    """

    index: int
    wnid: str | None
    label: str
    label_fr: str
    aliases: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def imagenet_labels():
    """Renvoie les mille `Label` d'ImageNet, dans l'ordre des indices."""
    table = files("gradcam_lab").joinpath("data", "imagenet_fr.csv")
    with table.open(encoding="utf-8", newline="") as lines:
        return tuple(
            Label(
                int(row["index"]),
                row["wnid"],
                row["label"],
                row["label_fr"],
                tuple(name for name in row["aliases_fr"].split("|") if name),
            )
            for row in csv.DictReader(lines)
        )


# --- Les noms donnés par l'utilisateur --------------------------------------------------------


def make_labels(names, count):
    """Renvoie les `count` `Label` d'un modèle, dans l'ordre des indices.

    `names` : un nom par classe, c'est-à-dire une chaîne, un `Label`, un couple (nom anglais, nom
    français) ou (identifiant WordNet, nom), un triplet (identifiant WordNet, nom anglais, nom
    français), ou un dictionnaire qui a pour clés `label`, `label_fr` et `wnid`. Les dictionnaires
    {indice: nom} et {nom: indice}, comme `class_indices` de Keras, conviennent aussi.
    None nomme les classes « classe 0 », « classe 1 », etc.
    Lève `ModelError` si un nom est illisible ou s'il n'y en a pas `count`.
    """
    if names is None:
        return tuple(Label(i, None, f"class {i}", f"classe {i}") for i in range(count))
    if isinstance(names, Mapping):
        names = _in_index_order(names)
    elif isinstance(names, (str, bytes)) or not isinstance(names, Iterable):
        raise ModelError(
            'labels doit être une liste d\'un nom par classe, par exemple ["chat", "chien"].'
        )
    labels = tuple(_make_label(index, name) for index, name in enumerate(names))
    if len(labels) != count:
        given = f"{len(labels)} nom{'s' if len(labels) > 1 else ''} de classe"
        expected = f"{count} classe{'s' if count > 1 else ''}"
        raise ModelError(
            f"labels contient {given}, mais le modèle a {expected} : "
            "donnez un nom par classe, dans l'ordre des sorties du modèle."
        )
    return labels


def _in_index_order(names):
    """Range les noms d'un dictionnaire {indice: nom} ou {nom: indice} par indice."""
    pairs = [(_as_index(key), value) for key, value in names.items()]
    if any(index is None for index, _ in pairs):
        pairs = [(_as_index(value), key) for key, value in names.items()]
    if sorted((-1 if i is None else i) for i, _ in pairs) != list(range(len(pairs))):
        raise ModelError(
            "Le dictionnaire labels doit donner un nom à chaque indice de 0 à "
            f"{max(len(pairs) - 1, 0)}, sans oubli ni répétition."
        )
    return [name for _, name in sorted(pairs, key=lambda pair: pair[0])]


def _make_label(index, name):
    if isinstance(name, Label):
        return dataclasses.replace(name, index=index)
    wnid, label, label_fr = None, name, None
    if isinstance(name, Mapping):
        label_fr = name.get("label_fr", name.get("label"))
        wnid, label = name.get("wnid"), name.get("label", label_fr)
    elif isinstance(name, (tuple, list)):
        parts = list(name)
        if len(parts) > 1 and isinstance(parts[0], str) and _WNID.fullmatch(parts[0]):
            wnid = parts.pop(0)
        label, label_fr = (parts[0], parts[-1]) if len(parts) in (1, 2) else (None, None)
    if label_fr is None:
        label_fr = label
    texts = [_as_text(label), _as_text(label_fr)]
    if not all(texts) or not (wnid is None or isinstance(wnid, str)):
        raise ModelError(
            f"Le nom de la classe {index} n'est pas lisible ({name!r}) : donnez une chaîne de "
            'caractères, par exemple "chat", ou un couple ("cat", "chat").'
        )
    return Label(index, wnid, *texts)


def _as_text(name):
    if isinstance(name, str):
        return name.strip()
    # Des chiffres pour noms, comme range(10) pour des chiffres manuscrits, se lisent sans doute.
    number = _as_index(name)
    return "" if number is None else str(number)


def _as_index(value):
    """Rend l'entier que `value` désigne (int, entier NumPy ou « 12 »), ou None."""
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        return int(text) if digits.isascii() and digits.isdecimal() else None
    # True est un int pour Python, et certains NumPy acceptent leurs booléens comme indices.
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


# --- Retrouver une classe ---------------------------------------------------------------------


def find(labels, query):
    """Renvoie l'indice (int) de la classe que `query` désigne parmi les `Label` de `labels`.

    `query` : un indice (entier, ou ses chiffres), un identifiant WordNet, un nom français ou
    anglais, ou un `Label`. La casse et les accents ne comptent pas, sauf pour départager deux
    noms qui ne diffèrent que par là. Un nom français l'emporte sur un nom anglais, et celui-ci
    sur les autres noms français.
    Lève `UnknownClassError`, avec les noms les plus proches, si aucune classe ne convient, ou si
    plusieurs portent ce nom.
    """
    labels = tuple(labels)
    if isinstance(query, str):
        return _find_name(labels, query)
    # Un `Label` ou une `Prediction` connaissent leur indice.
    number = _as_index(query.index if hasattr(query, "label_fr") else query)
    if number is None:
        raise UnknownClassError(
            f"Une classe se désigne par son nom ou son indice entier, et non par {query!r} : "
            f"par exemple {_example(labels)}."
        )
    return _check_range(labels, number)


def search(labels, text, limit=10):
    """Renvoie au plus `limit` indices des classes de `labels` qui correspondent à `text`.

    D'abord les classes qui portent ce nom, puis celles dont un nom français commence par `text`
    ou le contient, puis les noms anglais ; à défaut, les noms qui en ont tous les mots, ou ceux
    qui lui ressemblent le plus. Un indice ou un identifiant WordNet est accepté. La liste est
    vide si rien ne ressemble.
    """
    labels = tuple(labels)
    wanted = fold(text)
    if not wanted or limit < 1:
        return []
    names = _folded(labels)
    scored = sorted(
        (rank, name.index)
        for name in names
        if (rank := _rank(wanted, name, labels[name.index])) is not None
    )
    if not scored:
        scored = _with_every_word(wanted, names) or _resembling(wanted, names)
    return [index for _, index in scored[:limit]]


@dataclasses.dataclass(frozen=True)
class _Names:
    """Les noms d'une classe, repliés par `fold` une fois pour toutes."""

    index: int
    french: str
    aliases: tuple[str, ...]
    english: str


@lru_cache(maxsize=8)
def _folded(labels):
    names = []
    for index, label in enumerate(labels):
        # « grue (oiseau) » répond aussi à « grue », comme « grue (engin de levage) ».
        bare = _NOTE.sub("", label.label_fr)
        others = dict.fromkeys(fold(name) for name in (bare, *label.aliases))
        french = fold(label.label_fr)
        others.pop(french, None)
        names.append(_Names(index, french, tuple(others), fold(label.label)))
    return tuple(names)


def _find_name(labels, query):
    text, wanted = query.strip(), fold(query)
    if not text:
        raise UnknownClassError(
            f"Le nom de la classe est vide : donnez un nom ou un indice, par exemple "
            f"{_example(labels)}."
        )
    names = _folded(labels)
    for matches in (
        [i for i, label in enumerate(labels) if text in (label.label_fr, label.label)],
        [name.index for name in names if name.french == wanted],
        [name.index for name in names if name.english == wanted],
        [name.index for name in names if wanted in name.aliases],
        [i for i, label in enumerate(labels) if label.wnid and label.wnid == text.lower()],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UnknownClassError(
                f"Plusieurs classes s'appellent « {text} » : donnez l'indice ou le nom complet, "
                f"{_listing(labels, matches, ' ou ')}."
            )
    number = _as_index(text)
    if number is not None:
        return _check_range(labels, number)
    close = search(labels, text, limit=3)
    if close:
        hint = f"vouliez-vous dire {_listing(labels, close, ' ou ')} ?"
    else:
        hint = (
            "le modèle ne connaît peut-être pas cet objet ; essayez un mot voisin, en français ou "
            f"en anglais, ou un indice de 0 à {len(labels) - 1}."
        )
    raise UnknownClassError(f"Aucune classe ne s'appelle « {text} » : {hint}")


def _check_range(labels, number):
    if 0 <= number < len(labels):
        return number
    raise UnknownClassError(
        f"L'indice {number} n'existe pas : les classes vont de 0 à {len(labels) - 1}."
    )


def _listing(labels, indices, last=" et "):
    """« tanche (0), coq (7) et poule (8) »."""
    names = [f"{labels[i].label_fr} ({i})" for i in indices]
    return last.join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]


def _example(labels):
    # Le dalmatien est l'exemple du cours ; un autre modèle a ses propres noms.
    index = 251 if len(labels) > 251 else 0
    return f"« {labels[index].label_fr} » ou {index}"


def _rank(wanted, name, label):
    """Rend le rang de la classe pour `search`, 0 d'abord, ou None si rien ne correspond."""
    if wanted in (name.french, label.wnid, str(name.index)):
        return 0
    if wanted in name.aliases:
        return 1
    if wanted == name.english:
        return 2
    others = " | ".join(name.aliases)
    for rank, text in ((3, name.french), (4, others), (9, name.english)):
        if text.startswith(wanted):
            return rank
    for rank, text in ((5, name.french), (6, others), (10, name.english)):
        if f" {wanted}" in text:
            return rank
    # Une ou deux lettres au milieu d'un mot se trouvent partout : elles n'apprennent rien.
    if len(wanted) > 2:
        for rank, text in ((7, name.french), (8, others), (11, name.english)):
            if wanted in text:
                return rank
    return None


def _with_every_word(wanted, names):
    """Rend [(0, indice), ...] des classes dont les noms ont tous les mots de `wanted`, épars."""
    words = wanted.split()
    return [
        (0, name.index)
        for name in names
        if all(word in " ".join((name.french, *name.aliases)).split() for word in words)
    ]


def _resembling(wanted, names):
    """Rend [(-ressemblance, indice), ...] des classes dont un nom ressemble assez à `wanted`."""
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    scored = []
    for name in names:
        best = 0.0
        for text in (name.french, name.english, *name.aliases):
            matcher.set_seq1(text)
            # Les bornes rapides évitent le calcul complet sur les mille classes d'ImageNet.
            if matcher.real_quick_ratio() >= _ALIKE and matcher.quick_ratio() >= _ALIKE:
                best = max(best, matcher.ratio())
        if best >= _ALIKE:
            scored.append((-best, name.index))
    scored.sort()
    # À côté d'une faute de frappe évidente, les ressemblances lointaines ne feraient que gêner.
    return [pair for pair in scored if pair[0] <= scored[0][0] + 0.2]
