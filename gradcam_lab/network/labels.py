"""Les noms des classes, en français et en anglais.

La table `data/imagenet_fr.csv` nomme en français les mille classes d'ImageNet. Les indices, les
identifiants WordNet et les noms anglais sont ceux de Keras ; le sens de chaque classe est celui
de la définition de son identifiant dans WordNet, sauf pour les quelques classes dont les photos
montrent autre chose, ou une seule des choses que la définition admet (16, 19, 101, 443, 544, 718,
723, 733, 748, 836, 914, 919, 926, 968) : là, le nom est celui de ce que l'on voit.

`data/imagenet_kinds.csv` dit quelles classes chercher pour un mot plus général (« chien »), ou pour
ce qu'aucune classe ne montre, et qui en est proche (« vache » : le bœuf).
"""

import csv
import dataclasses
import operator
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files

from ..errors import ModelError

__all__ = ["Label", "as_index", "imagenet_labels", "make_labels"]

_WNID = re.compile(r"n\d{8}")


@dataclasses.dataclass(frozen=True)
class Label:
    """Les noms d'une classe.

    Arguments
    ---------
    index : sa place dans la sortie du réseau
    wnid : son identifiant WordNet, ou None
    label, label_fr : ses noms anglais et français
    aliases : d'autres noms français
    kinds : des mots plus généraux, français ou anglais, qui la font trouver quand on cherche :
        « chien » pour un dalmatien
    """

    index: int
    wnid: str | None
    label: str
    label_fr: str
    aliases: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def imagenet_labels():
    """Renvoie les noms des mille classes d'ImageNet.

    Rend
    ----
    tuple de 1000 `Label`, dans l'ordre des indices
    """
    kinds = {}
    for row in _read("imagenet_kinds.csv"):
        for part in row["classes"].split():
            first, _, last = part.partition("-")
            for index in range(int(first), int(last or first) + 1):
                kinds.setdefault(index, []).extend(row["names"].split("|"))
    return tuple(
        Label(
            int(row["index"]),
            row["wnid"],
            row["label"],
            row["label_fr"],
            tuple(name for name in row["aliases_fr"].split("|") if name),
            tuple(kinds.get(int(row["index"]), ())),
        )
        for row in _read("imagenet_fr.csv")
    )


def _read(name):
    """Les lignes d'une table de `data/`, chacune un dictionnaire."""
    with files("gradcam_lab").joinpath("data", name).open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


# --- Les noms donnés par l'utilisateur --------------------------------------------------------


def make_labels(names, count):
    """Renvoie les `count` `Label` d'un modèle, dans l'ordre des indices.

    Arguments
    ---------
    names : un nom par classe, c'est-à-dire une chaîne, un `Label`, un couple (nom anglais, nom
        français) ou (identifiant WordNet, nom), un triplet (identifiant WordNet, nom anglais, nom
        français), ou un dictionnaire qui a pour clés `label`, `label_fr` et `wnid`. Les
        dictionnaires {indice: nom} et {nom: indice}, comme `class_indices` de Keras, conviennent
        aussi. None nomme les classes « classe 0 », « classe 1 », etc.

    Lève
    ----
    ModelError
        un nom est illisible, ou il n'y en a pas `count`
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
    pairs = [(as_index(key), value) for key, value in names.items()]
    if any(index is None for index, _ in pairs):
        pairs = [(as_index(value), key) for key, value in names.items()]
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
    number = as_index(name)
    return "" if number is None else str(number)


def as_index(value):
    """Renvoie l'entier que `value` désigne (int, entier NumPy ou « 12 »), ou None."""
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-")
        try:
            return int(text) if digits.isascii() and digits.isdecimal() else None
        except ValueError:  # plus de 4300 chiffres : Python refuse de les lire
            return None
    # True est un int pour Python, et certains NumPy acceptent leurs booléens comme indices.
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None
