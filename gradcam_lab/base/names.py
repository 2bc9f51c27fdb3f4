"""Comparer des noms : les rendre comparables, trouver les plus proches, les proposer."""

import difflib
import unicodedata

__all__ = ["did_you_mean", "fold", "nearest", "unknown_name"]

_SEPARATORS = str.maketrans(dict.fromkeys("_-‐‑'’ʼ()", " ") | {"œ": "oe", "æ": "ae"})


def fold(text):
    """Rend `text` comparable : sans casse ni accents, « œ » lu « oe ».

    Les tirets, apostrophes, parenthèses et « _ » deviennent des espaces, et plusieurs espaces
    n'en font qu'une.
    """
    decomposed = unicodedata.normalize("NFKD", str(text).casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.translate(_SEPARATORS).split())


def nearest(query, names, count=3):
    """Renvoie la liste des noms de `names` les plus proches de `query`, au plus `count`.

    La casse et les accents ne comptent pas ; les noms qui contiennent `query` sont proposés
    même s'ils sont bien plus longs. La liste est vide si rien ne ressemble.
    """
    wanted = fold(query)
    if not wanted:
        return []
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    scored = []
    for name in dict.fromkeys(str(name) for name in names):
        folded = fold(name)
        matcher.set_seq1(folded)
        contained = len(wanted) >= 3 and wanted in folded
        # Les bornes rapides évitent le calcul complet sur les mille classes d'ImageNet.
        if not contained and (matcher.real_quick_ratio() < 0.6 or matcher.quick_ratio() < 0.6):
            continue
        ratio = matcher.ratio()
        if contained:
            ratio = max(ratio, 0.75)
        if ratio >= 0.6:
            scored.append((-ratio, len(folded), name))
    return [name for _, _, name in sorted(scored)[:count]]


def did_you_mean(query, names):
    """Renvoie « vouliez-vous dire « a », « b » ou « c » ? », ou "" si rien ne ressemble."""
    quoted = [f"« {name} »" for name in nearest(query, names)]
    if not quoted:
        return ""
    *head, last = quoted
    choice = f"{', '.join(head)} ou {last}" if head else last
    return f"vouliez-vous dire {choice} ?"


def unknown_name(problem, query, names, otherwise=None):
    """Complète la phrase `problem` par les noms qui ressemblent à `query`, à défaut par tous.

    `otherwise` remplace la liste de tous les noms quand elle serait trop longue.
    """
    advice = did_you_mean(query, names) or otherwise or f"choisissez parmi {', '.join(names)}."
    return f"{problem} : {advice}"
