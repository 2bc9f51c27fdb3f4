"""Exécute les carnets sur place, sans bruit : deux exécutions donnent les mêmes octets.

    python scripts/run_notebooks.py                     # tous les carnets
    python scripts/run_notebooks.py notebooks/X.ipynb   # celui-ci
    python scripts/run_notebooks.py --check             # vérifie leur forme, sans les exécuter

Ce qui change d'une exécution à l'autre (dates, version de Python, état des widgets, sortie
d'erreur) n'est pas enregistré. L'environnement est celui de `lesson_environment.py`.
"""

import argparse
import base64
import re
import statistics
import struct
import sys
import time
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # lancé comme un script, et non importé par les tests
    sys.path.insert(0, str(ROOT))

from scripts.lesson_environment import isolated  # noqa: E402
from scripts.set_repository import badge, install_cell, notebooks, repository  # noqa: E402

CELL_TIMEOUT = 300  # secondes ; la même limite que nbval dans le Makefile
MAX_CELL_LINES = 12
MAX_MEDIAN_LINES = 6
MAX_PICTURE_BYTES = 600_000
MAX_PICTURE_WIDTH = 1600  # pixels
MAX_NOTEBOOK_BYTES = 3_000_000
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Les chemins d'une machine particulière n'ont rien à faire dans un carnet.
MACHINE_PATH = re.compile(r"(?<![\w.:/])/(?:root|home|Users|work|tmp|private|var|content)/\w")
WIDGET_BYTES = re.compile(r"value=b(['\"]).*?(?<!\\)\1(?:\.\.\.)?", re.DOTALL)


# --- Exécuter ---------------------------------------------------------------------------------


def execute(notebook, folder: Path) -> None:
    """Exécute `notebook` dans `folder`, avec le Python qui exécute ce script."""
    from nbclient import NotebookClient

    NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        record_timing=False,
        store_widget_state=False,
    ).execute()


def clean(notebook) -> None:
    """Ôte de `notebook` tout ce qui ne vient pas de la leçon elle-même."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {
                "display_name": "Python 3 (ipykernel)",
                "language": "python",
                "name": "python3",
            },
            "language_info": {"name": "python"},
        }
    )
    seen = set()
    for number, cell in enumerate(notebook.cells, start=1):
        if not cell.get("id") or cell["id"] in seen:
            cell["id"] = f"cellule-{number:02d}"
        seen.add(cell["id"])
        kept = {key: cell.metadata[key] for key in ("tags", "jupyter") if key in cell.metadata}
        cell.metadata = nbformat.from_dict(kept)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(
                clean_output(output) for output in cell.outputs if not is_stderr(output)
            )


def is_stderr(output) -> bool:
    return output.output_type == "stream" and output.name == "stderr"


def clean_output(output):
    """La vue d'un widget ne s'affiche pas hors de son noyau : seul son texte est gardé."""
    if "data" in output:
        output.data.pop(WIDGET_VIEW, None)
        # Une image PIL est rendue deux fois ; le JPEG pèse dix fois moins que le PNG.
        if "image/jpeg" in output.data:
            output.data.pop("image/png", None)
        output.metadata = nbformat.from_dict({})
        if "text/plain" in output.data:
            text = output.data["text/plain"]
            output.data["text/plain"] = WIDGET_BYTES.sub("value=b'...'", text)
    return output


def merge_streams(outputs) -> list:
    """Le texte affiché en plusieurs fois redevient un seul morceau."""
    merged = []
    for output in outputs:
        last = merged[-1] if merged else None
        if output.output_type == "stream" and last is not None and last.output_type == "stream":
            last.text += output.text
        else:
            merged.append(output)
    return merged


def run(path: Path) -> bool:
    """Exécute un carnet et l'enregistre ; vrai si le fichier a changé.

    Lève `CellExecutionError` si une cellule échoue : le fichier reste alors tel qu'il était.
    """
    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    for cell in notebook.cells:
        # Laissées en place, d'anciennes sorties survivraient dans une cellule de texte brut.
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    execute(notebook, path.parent)
    clean(notebook)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    after = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    after = after.rstrip("\n") + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


# --- Vérifier la forme --------------------------------------------------------------------------


def source_lines(cell) -> int:
    """Le nombre de lignes non vides d'une cellule."""
    return sum(bool(line.strip()) for line in cell.source.splitlines())


def output_text(output) -> str:
    """Tout le texte qu'une sortie montre."""
    if output.output_type == "stream":
        return output.text
    data = output.get("data", {})
    return "\n".join(str(data[kind]) for kind in ("text/plain", "text/html") if kind in data)


def check_outputs(number: int, cell) -> list[str]:
    problems = []
    for output in cell.outputs:
        if output.output_type == "error":
            problems.append(f"cellule {number} : une erreur est enregistrée ({output.ename})")
        found = MACHINE_PATH.search(output_text(output))
        if found:
            problems.append(f"cellule {number} : chemin d'une machine, « {found.group()}… »")
        for kind, content in output.get("data", {}).items():
            if not kind.startswith("image/") or kind == "image/svg+xml":
                continue
            picture = base64.b64decode(content)
            if len(picture) > MAX_PICTURE_BYTES:
                problems.append(f"cellule {number} : image de {len(picture) // 1000} ko")
            if kind == "image/png":
                (width,) = struct.unpack(">I", picture[16:20])
                if width > MAX_PICTURE_WIDTH:
                    problems.append(f"cellule {number} : image large de {width} pixels")
    return problems


def check(path: Path) -> list[str]:
    """Ce qui, dans la forme d'un carnet, est à corriger (une phrase par défaut)."""
    text = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(text, as_version=4)
    problems = []
    if len(text.encode()) > MAX_NOTEBOOK_BYTES:
        problems.append(f"le fichier pèse {len(text.encode()) / 1e6:.1f} Mo")
    kernel = notebook.metadata.get("kernelspec", {}).get("name")
    version = "version" in notebook.metadata.get("language_info", {})
    if notebook.nbformat_minor < 5 or kernel != "python3" or version:
        problems.append("enregistré par Jupyter : lancez « make notebooks »")

    code = [
        (number, cell)
        for number, cell in enumerate(notebook.cells, start=1)
        if cell.cell_type == "code" and cell.source.strip()
    ]
    if [cell.execution_count for _, cell in code] != list(range(1, len(code) + 1)):
        problems.append("pas exécuté de bout en bout, dans l'ordre : lancez « make notebooks »")
    for number, cell in code:
        if source_lines(cell) > MAX_CELL_LINES:
            problems.append(f"cellule {number} : {source_lines(cell)} lignes de code")
        problems += check_outputs(number, cell)
    median = statistics.median(source_lines(cell) for _, cell in code) if code else 0
    if median > MAX_MEDIAN_LINES:
        problems.append(f"la cellule médiane a {median} lignes de code")
    return problems + check_opening(path, notebook)


def check_opening(path: Path, notebook) -> list[str]:
    """Le badge Colab dans la première cellule, l'installation dans la première de code."""
    repo = repository()
    name = path.relative_to(ROOT / "notebooks").as_posix()
    problems = []
    first = notebook.cells[0] if notebook.cells else None
    if first is None or first.cell_type != "markdown" or not first.source.startswith("# "):
        problems.append("la première cellule n'est pas un titre")
    elif badge(name, repo) not in first.source:
        problems.append(f"la première cellule n'a pas le badge {badge(name, repo)}")
    code = next((cell for cell in notebook.cells if cell.cell_type == "code"), None)
    wanted = [line for line in install_cell(repo).splitlines() if line.strip()]
    lines = [line for line in code.source.splitlines() if line.strip()] if code else []
    if not set(wanted) <= set(lines):
        problems.append("la première cellule de code n'installe pas le paquet sur Colab")
    return problems


# --- Ligne de commande ----------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    from nbclient.exceptions import CellExecutionError

    parser = argparse.ArgumentParser(description="Exécute les carnets sur place, sans bruit.")
    parser.add_argument("paths", nargs="*", type=Path, metavar="CARNET")
    parser.add_argument("--check", action="store_true", help="vérifier sans exécuter")
    options = parser.parse_args(arguments)
    paths = [path.resolve() for path in options.paths] or notebooks()
    failed = False
    with isolated():
        for path in paths:
            name = path.relative_to(ROOT).as_posix()
            if not options.check:
                start = time.monotonic()
                try:
                    state = "enregistré" if run(path) else "inchangé"
                except CellExecutionError as error:
                    failed = True
                    print(f"{name} : {error.ename}, {error.evalue}", file=sys.stderr)
                    print(error.traceback, file=sys.stderr)
                    continue
                print(f"{name} : {state} ({time.monotonic() - start:.0f} s)", flush=True)
            for problem in check(path):
                failed = True
                print(f"{name} : {problem}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
