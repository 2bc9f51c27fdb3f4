"""Les intertitres des docstrings du paquet, pour Sphinx : Arguments, Rend, Lève, Source, Exemple.

Les styles NumPy et Google attendent « nom : type », puis une description ; les nôtres écrivent
« nom : une phrase ». Chaque élément devient donc un champ de Sphinx, sa phrase restée entière.
"""

import re

from scripts.typography import no_break

TITLES = ("Arguments", "Rend", "Lève", "Source", "Exemple")


def items(lines):
    """Les éléments d'une section : une ligne au bord, et celles qui la suivent en retrait."""
    found = []
    for line in filter(str.strip, lines):
        if line[0] == " " and found:
            found[-1].append(line.strip())
        else:
            found.append([line.strip()])
    return found


def written(title, lines):
    """La section `title`, en lignes de reStructuredText."""
    # « F. Chollet » en tête de phrase passerait pour le sixième point d'une liste.
    text = re.sub(r"^(\w+)\.", r"\1\\.", " ".join(map(str.strip, lines)).strip())
    if title == "Arguments":
        yield ":Arguments:"
        for item in items(lines):
            names, _, meaning = " ".join(item).partition(" : ")
            yield no_break(f"   - **{names}** : {meaning}")
    elif title == "Rend":
        yield f":returns: {no_break(text)}"
    elif title == "Lève":
        for names, *rest in items(lines):
            yield f":raises {names}: {no_break(' '.join(rest))}"
    elif title == "Source":
        yield f":Source: {no_break(text)}"
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

    def skip(app, what, name, obj, skipped, options):
        # Ce qu'une classe tient d'une autre bibliothèque se lit dans sa documentation à elle.
        home = getattr(obj, "__module__", None) or "gradcam_lab"
        return skipped or not home.startswith("gradcam_lab")

    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True}
