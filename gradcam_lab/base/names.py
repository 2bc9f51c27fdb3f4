"""Comparer des noms : les rendre comparables, trouver les plus proches, les proposer."""

import difflib
import unicodedata

__all__ = ["alike", "did_you_mean", "fold", "nearest", "unknown_name"]

_SEPARATORS = str.maketrans(dict.fromkeys("_-‐‑'’ʼ()", " ") | {"œ": "oe", "æ": "ae"})


def fold(text):
    """Renvoie `text` sous une forme comparable : sans casse ni accents, « œ » lu « oe ».

    Les tirets, apostrophes, parenthèses et « _ » deviennent des espaces, et plusieurs espaces
    n'en font qu'une.
    """
    # Décomposer avant d'ôter la casse (le « A » gras des mathématiques en a une), et après.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", str(text)).casefold())
    letters = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.translate(_SEPARATORS).split())


def alike(wanted, texts, least):
    """Renvoie {texte: ressemblance} de ceux qui ressemblent à `wanted`, de `least` à 1 (égaux)."""
    matcher = difflib.SequenceMatcher(b=wanted, autojunk=False)
    found = {}
    for text in texts:
        matcher.set_seq1(text)
        # Les bornes rapides évitent le calcul complet sur les mille classes d'ImageNet.
        if matcher.real_quick_ratio() >= least and matcher.quick_ratio() >= least:
            ratio = matcher.ratio()
            if ratio >= least:
                found[text] = ratio
    return found


def nearest(query, names, count=3):
    """Renvoie la liste des noms de `names` les plus proches de `query`, au plus `count`.

    La casse et les accents ne comptent pas ; les noms qui contiennent `query` sont proposés
    même s'ils sont bien plus longs. La liste est vide si rien ne ressemble.
    """
    wanted = fold(query)
    if not wanted:
        return []
    folded = {str(name): fold(name) for name in names}
    ratios = alike(wanted, folded.values(), 0.6)
    if len(wanted) >= 3:
        for text in folded.values():
            if wanted in text:
                ratios[text] = max(ratios.get(text, 0), 0.75)
    scored = [(-ratios[text], len(text), name) for name, text in folded.items() if text in ratios]
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
