"""Les intertitres des docstrings du paquet, pour Sphinx : Arguments, Rend, Lève, Source, Exemple.

Les styles NumPy et Google attendent « nom : type », puis une description ; les nôtres écrivent
« nom : une phrase ». Chaque élément devient donc un champ de Sphinx, sa phrase restée entière.
"""

import re

from scripts.typography import no_break

FIELDS = {"Rend": "returns", "Source": "Source"}
TITLES = ("Arguments", "Rend", "Lève", "Source", "Exemple")


def joined(text):
    return " ".join(text.split())


def written(title, lines):
    """La section `title`, en lignes de reStructuredText."""
    # « F. Chollet » en tête de phrase passerait pour le sixième point d'une liste.
    text = re.sub(r"^(\w+)\.", r"\1\\.", joined("\n".join(lines)))
    # Un élément : une ligne au bord, et celles qui la suivent en retrait.
    items = re.split(r"\n(?=\S)", "\n".join(lines).strip())
    if title == "Arguments":
        yield ":Arguments:"
        for item in items:
            names, _, meaning = joined(item).partition(" : ")
            yield no_break(f"   - **{names}** : {meaning}")
    elif title == "Lève":
        for item in items:
            names, _, reason = item.partition("\n")
            yield f":raises {names}: {no_break(joined(reason))}"
    elif title in FIELDS:
        yield f":{FIELDS[title]}: {no_break(text)}"
    elif title == "Exemple":
        yield from (":Exemple:", "   .. code-block:: python", "")
        yield from (f"      {re.sub('^(>>>|[.]{3}) ?', '', line)}" for line in lines)
    else:
        yield from (line if line.startswith(" ") else no_break(line) for line in lines)
    yield ""


def rewrite(lines):
    """Les lignes d'une docstring, ses sections devenues des champs."""
    result, title, section = [], "", []
    for line, under in zip(lines, [*lines[1:], ""], strict=False):
        if line in TITLES and re.fullmatch("-{3,}", under):
            result += written(title, section)
            title, section = line, []
        elif section or not re.fullmatch("-{3,}", line):
            section.append(line)
    return result + list(written(title, section))


def setup(app):
    def process(app, what, name, obj, options, lines):
        lines[:] = rewrite(lines)

    app.connect("autodoc-process-docstring", process)
