"""Rend insécables les espaces qui doivent l'être dans les pages françaises du dépôt.

    python scripts/typography.py        # corrige sur place les pages de PAGES

En français, une espace précède « : ; ? ! % » et borde les guillemets ; un nombre garde son unité et
ses groupes de trois chiffres. Ordinaire, elle laisserait ce signe seul au début d'une ligne. On
écrit donc des espaces ordinaires, et `make format` lance ce script. La fiche de `mini` passe aussi
par ici quand elle est écrite.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/depannage.md",
    "docs/fiche.md",
    "docs/guide_enseignant.md",
)

# Le code, les cibles des liens, les adresses et les balises ne changent pas.
_KEPT = r"(`[^`]*`|\]\([^)]*\)|https?://\S+|<[^>]+>)"
_UNBREAKABLE = re.compile(
    _KEPT + r"|(?<=\S) (?=[:;?%»]|!(?!\[))|(?<=«) |(?<=\d) (?=(?:Go|Mo|ms|s)\b|\d{3}\b)"
)


def no_break(text: str) -> str:
    """Renvoie ce texte Markdown avec ses espaces insécables ; les blocs de code sont gardés."""
    blocks = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
    blocks[::2] = [
        _UNBREAKABLE.sub(lambda found: found[1] or "\N{NO-BREAK SPACE}", block)
        for block in blocks[::2]
    ]
    return "".join(blocks)


if __name__ == "__main__":
    for name in PAGES:
        page = ROOT / name
        text = page.read_bytes().decode("utf-8")
        if no_break(text) != text:
            page.write_bytes(no_break(text).encode("utf-8"))
            print(f"{name} : espaces insécables remises.")
