"""Écrit `docs/solutions.md` : les solutions et les réponses aux quiz, sur une seule page.

    python scripts/write_solutions.py            # écrit la page
    python scripts/write_solutions.py --check    # vérifie qu'elle est à jour, sans l'écrire

Tout vient des carnets de `notebooks/solutions/`, tels qu'ils sont enregistrés, et des quiz de
`gradcam_lab/data/quizzes/` : une leçon ajoutée entre dans la page à la prochaine écriture. Une
cellule de code est reprise si elle répond à l'exercice (son identifiant contient « solution ») ou
appelle une correction ; des autres ne restent que leur titre et ce qu'elles affichent, sans image.
"""

import argparse
import posixpath
import re
import sys
from pathlib import Path

try:
    import nbformat
except ModuleNotFoundError:
    sys.exit("Il manque nbformat : lancez ce script avec le Python de .venv.")

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # lancé comme un script, et non importé par les tests
    sys.path.insert(0, str(ROOT))

from gradcam_lab.lessons.quizzes.questions import (  # noqa: E402
    Choice,
    french,
    read_questions,
    shipped,
)
from scripts.typography import no_break  # noqa: E402

PAGE = ROOT / "docs" / "solutions.md"
LESSONS = ROOT / "notebooks"
AGAIN = "relancez « python scripts/write_solutions.py »."
STATEMENT = "**L'énoncé.**"
INTRODUCTION = """# Solutions et réponses aux quiz

Pour l'enseignant : chaque exercice du cours, sa solution, les erreurs que la correction reconnaît,
puis les bonnes réponses du quiz. Cette page est écrite par `scripts/write_solutions.py` à partir
des [carnets de solutions](../notebooks/solutions) : ne la corrigez pas à la main. Les figures sont
dans ces carnets ; les nombres sont ceux qu'ils ont enregistrés, avec `mini` et sans internet.
`make eleves` ne la donne pas aux élèves. Pour préparer une séance :
[le guide de l'enseignant](guide_enseignant.md).
"""
# Ce qui n'a de sens que dans un carnet : le badge, la navigation, les images.
NAVIGATION = re.compile(
    r"!\[|\[!\[|\[←|← \[|\[Sommaire\]|\*\*Leçon suivante\*\*|.*\]\(solutions/", re.DOTALL
)
HEADING = re.compile(r"^#+ .*★.*$", re.MULTILINE)
HINT = re.compile(r"<details>.*?</details>\n*", re.DOTALL)


# --- Lire les carnets ---------------------------------------------------------------------------


def read(path: Path):
    return nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)


def title_of(notebook) -> str:
    """« Solutions de la leçon 3. Superposer » devient « Leçon 3. Superposer »."""
    title = notebook.cells[0].source.split("\n", 1)[0].removeprefix("# ")
    title = re.sub(r"^Solutions? (?:de la |de l'|du |des |de )", "", title)
    return title[:1].upper() + title[1:]


def prose(text: str, folder: str) -> str:
    """Un texte de carnet, sans navigation ni image, dont les liens partent de `docs/`."""
    kept = [part for part in re.split(r"\n\s*\n", text.strip()) if not NAVIGATION.match(part)]

    def target(found):
        link = found[1]
        if re.match(r"[a-z][a-z0-9+.-]*:|#|/|$", link):
            return found[0]
        return f"]({posixpath.relpath(posixpath.normpath(f'{folder}/{link}'), 'docs')})"

    return re.sub(r"\]\(([^)\s]+)\)", target, "\n\n".join(kept))


def printed(cell) -> str:
    """Ce que la cellule a écrit."""
    texts = [out.text for out in cell.outputs if out.output_type == "stream"]
    return "".join(texts).rstrip()


def block(text: str, language: str) -> str:
    return f"```{language}\n{text.rstrip()}\n```"


def told(cell) -> str:
    """Une cellule de code : son code si elle répond, et ce qu'elle a écrit."""
    answers = "solution" in cell.id or "gl.lessons.check_" in cell.source
    parts = [block(cell.source, "python")] if answers else []
    said = printed(cell)
    title = cell.source.split("\n", 1)[0]
    if not answers and title.startswith("# "):
        where = "ce que le carnet affiche" if said else "figure, dans le carnet"
        if said or len(cell.outputs):
            parts.append(f"*{title.removeprefix('# ')}* ({where}){' :' if said else '.'}")
    if said:
        parts.append(block(said, "text"))
    return "\n\n".join(parts)


def statements(lesson) -> dict[str, str]:
    """L'énoncé de chaque exercice d'une leçon, sans indice : {titre de l'exercice: texte}."""
    found, title = {}, None
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            text = HINT.sub("", cell.source).strip()
            head = HEADING.search(text)
            if head:
                title, text = head[0].lstrip("# "), text[head.end() :]
                found[title] = []
            elif text.startswith("## "):
                title = None
            if title and text.strip():
                found[title].append(prose(text, "notebooks"))
        elif title and "À vous de jouer" not in cell.source.split("\n", 1)[0]:
            found[title].append(block(cell.source, "python"))
    return {title: "\n\n".join(parts) for title, parts in found.items()}


def exercises(name: str) -> list[str]:
    """Les exercices de la leçon `name` et leurs solutions, paragraphe par paragraphe."""
    path = LESSONS / "solutions" / f"{name}.ipynb"
    if not path.exists():
        return []
    notebook, lesson = read(path), LESSONS / path.name
    asked = statements(read(lesson)) if lesson.exists() else {}
    # Avant le premier exercice, le carnet recharge ce que la leçon avait préparé.
    starred = any(HEADING.search(cell.source) for cell in notebook.cells)
    parts, started = [], not starred
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type == "code":
            if started and '"google.colab"' not in cell.source:
                parts.append(told(cell))
            continue
        text = cell.source if number else cell.source.partition("\n")[2]
        head = HEADING.search(text)
        started = started or bool(head)
        if not started:
            continue
        if head:
            title = head[0].lstrip("# ")
            parts.append(f"### {title}")
            text = text[head.end() :]
            if STATEMENT not in text and asked.get(title):
                parts.append(f"{STATEMENT} {asked[title]}")
        parts.append(prose(text, "notebooks/solutions"))
    return [part for part in parts if part.strip()]


# --- Lire les quiz ------------------------------------------------------------------------------


def answers(name: str) -> list[str]:
    """Les questions du quiz `name`, chacune avec sa bonne réponse et sa raison."""
    if name not in shipped():
        return []
    lines = []
    for number, question in enumerate(read_questions(name), start=1):
        if isinstance(question, Choice):
            answer, why = question.answer, question.choices[question.answer]
        else:
            answer, why = f"{french(question.answer)}.", question.right
        lines.append(f"{number}. {question.text}\n\n   **{answer}** {why}")
    return ["### Quiz", "\n\n".join(lines)]


# --- La page ------------------------------------------------------------------------------------


def names() -> list[str]:
    """Les leçons qui ont une solution ou un quiz, dans l'ordre du cours."""
    solved = {path.stem for path in (LESSONS / "solutions").glob("*.ipynb")}
    return sorted(solved | set(shipped()))


def heading(name: str) -> str:
    path = LESSONS / "solutions" / f"{name}.ipynb"
    return title_of(read(path if path.exists() else LESSONS / f"{name}.ipynb"))


def anchor(title: str) -> str:
    """L'ancre que GitHub donne à un titre."""
    words = no_break(title).lower().replace("\N{NO-BREAK SPACE}", "")
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def page() -> str:
    """Le texte entier de la page."""
    titles = {name: heading(name) for name in names()}
    parts = [INTRODUCTION.strip()]
    parts.append("\n".join(f"- [{title}](#{anchor(title)})" for title in titles.values()))
    for name, title in titles.items():
        parts += [f"## {title}", f"[Le carnet de la leçon](../notebooks/{name}.ipynb)"]
        parts += exercises(name) + answers(name)
    return no_break("\n\n".join(parts) + "\n")


def is_current(path: Path = PAGE) -> bool:
    """Vrai si la page enregistrée est celle que l'on écrirait maintenant."""
    return path.is_file() and path.read_bytes().decode("utf-8") == page()


def main(arguments: list[str] | None = None, path: Path = PAGE) -> None:
    parser = argparse.ArgumentParser(description="Écrit la page des solutions.")
    parser.add_argument("--check", action="store_true", help="vérifier, sans écrire")
    if parser.parse_args(arguments).check:
        if not is_current(path):
            sys.exit(f"{path.name} n'est plus d'accord avec les carnets ou les quiz : {AGAIN}")
        print(f"{path.name} : à jour.")
        return
    text = page()
    path.write_bytes(text.encode("utf-8"))
    print(f"{path.name} : {len(names())} leçons, {len(text.splitlines())} lignes.")


if __name__ == "__main__":
    main()
