"""`rapport` : une page HTML, à lire sans Jupyter et sans réseau, tirée d'un carnet exécuté."""

import re
import sys
from html import escape
from pathlib import Path

from ...base.messages import say
from ...errors import GradcamLabError, OutputError, SettingError
from ..arguments import HELP, PROGRAM, Syntax, flag, parse

__all__ = ["INTERRUPTED", "SUMMARY", "execute"]

SUMMARY = "fait d'un carnet exécuté une page HTML, images comprises"
INTERRUPTED = "le rapport n'a pas été écrit."

# Les cellules qui portent cette étiquette servent à l'auteur du carnet, non à qui lit le rapport.
HIDDEN = "hors-rapport"
_PAGE = (".html", ".htm")
_BADGE = re.compile(r"\[!\[[^\]]*\]\([^)]*badge[^)]*\)\]\([^)]*\)\n*")
_FORMULA = re.compile(r"\$[^$\n]+\$|\$\$.+?\$\$|\\\(|\\\[|\\begin\{", re.DOTALL)
_CODE = re.compile(r"^(```|~~~).*?^\1|`[^`\n]*`", re.MULTILINE | re.DOTALL)
_WIDGET = "application/vnd.jupyter.widget-view+json"

SYNTAX = Syntax(
    usage=f"{PROGRAM} rapport CARNET [options]",
    summary="Fait d'un carnet exécuté et enregistré une page HTML qui contient ses images : elle\n"
    "se lit sans Jupyter, s'imprime et s'envoie. Le carnet n'est ni exécuté, ni changé ; ses\n"
    f"cellules étiquetées « {HIDDEN} » sont laissées de côté.",
    title="Carnet",
    words="carnets",
    help="le fichier .ipynb",
    options={
        "Page écrite": {
            "--sortie": {
                "metavar": "CHEMIN", "default": None,
                "help": "fichier .html, ou dossier, créé au besoin (à côté du carnet par défaut)",
            },
            "--sans-code": flag("ne garde que les textes et les résultats"),
            "--ecraser": flag("remplace la page déjà présente"),
        },
        "Renseignements": HELP,
    },
    example=f"{PROGRAM} rapport 12_projet.ipynb --sans-code",
)  # fmt: skip


def execute(argv):
    """Écrit le rapport ; lève `GradcamLabError` s'il ne peut pas l'être."""
    from ...images.writing import as_path, check_target, write_file

    options = parse(argv, SYNTAX)
    if len(options.carnets) != 1:
        raise SettingError(f"Donnez un carnet, et un seul : {PROGRAM} rapport 12_projet.ipynb.")
    source = as_path(options.carnets[0])
    notebook = _read(source)
    target = _target(source, options.sortie)
    check_target(target, options.ecraser, create=True)
    notes = _notes(notebook)
    page = _page(_prepared(notebook), source, options.sans_code)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise OutputError(
            f"Le dossier « {target.parent} » n'a pas pu être créé : choisissez-en un autre avec "
            "--sortie."
        ) from None
    write_file(page.encode(), target, overwrite=options.ecraser)
    say(f"Rapport : {target}")
    for note in notes:
        print(note, file=sys.stderr)


def _target(source, wanted):
    """Renvoie le chemin de la page à écrire."""
    from ...images.writing import as_path

    if wanted is None:
        return source.with_suffix(".html")
    path = as_path(wanted)
    if path.suffix.lower() in _PAGE and not path.is_dir():
        return path
    return path / f"{source.stem}.html"


# --- Le carnet --------------------------------------------------------------------------------


def _read(path):
    """Lit un carnet exécuté, ou dit en une phrase pourquoi ce n'en est pas un."""
    nbformat = _import("nbformat")
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingError(f"Le carnet « {path} » n'existe pas : vérifiez son chemin.") from None
    except IsADirectoryError:
        raise SettingError(f"« {path} » est un dossier : donnez le carnet lui-même.") from None
    except UnicodeDecodeError:
        raise _not_a_notebook(path) from None
    except (OSError, ValueError):
        kind = "est un dossier" if path.is_dir() else "ne se lit pas"
        raise SettingError(f"« {path} » {kind} : donnez un carnet, un fichier .ipynb.") from None
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    except Exception:  # chaque version de nbformat a les siennes pour un fichier étranger
        raise _not_a_notebook(path) from None
    if not any(cell.execution_count or cell.outputs for cell in cells):
        raise SettingError(
            f"Le carnet « {path} » n'a pas encore été exécuté : dans Jupyter, exécutez toutes ses "
            "cellules, enregistrez-le, puis relancez cette commande."
        )
    return notebook


def _not_a_notebook(path):
    return SettingError(
        f"« {path} » n'est pas un carnet Jupyter, ou il est abîmé : donnez un fichier .ipynb "
        "enregistré par Jupyter."
    )


def _kept(notebook):
    return [c for c in notebook.cells if HIDDEN not in c.metadata.get("tags", [])]


def _notes(notebook):
    """Ce que l'auteur doit savoir de son rapport avant de l'envoyer."""
    cells = [c for c in _kept(notebook) if c.cell_type == "code" and c.source.strip()]
    notes = []
    missing = sum(not cell.execution_count for cell in cells)
    if missing:
        which = "1 cellule n'a" if missing == 1 else f"{missing} cellules n'ont"
        notes.append(f"Attention : {which} pas été exécutée{'s' * (missing > 1)}.")
    failed = sum(any(o.output_type == "error" for o in cell.outputs) for cell in cells)
    if failed:
        which = "1 cellule s'arrête" if failed == 1 else f"{failed} cellules s'arrêtent"
        notes.append(f"Attention : {which} sur une erreur, que le rapport montre.")
    if _has_formula(_kept(notebook)):
        notes.append(
            "Les formules s'affichent avec MathJax, lu sur Internet ; hors ligne, on voit leur "
            "code LaTeX. Tout le reste est dans la page."
        )
    return notes


def _has_formula(cells):
    texts = [_CODE.sub("", cell.source) for cell in cells if cell.cell_type == "markdown"]
    return any(_FORMULA.search(text) for text in texts)


def _prepared(notebook):
    """Le carnet sans ce qu'une page ne peut pas montrer : badges, widgets, sortie d'erreur."""
    notebook.metadata.pop("widgets", None)
    notebook.cells = _kept(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _BADGE.sub("", cell.source)
        elif cell.cell_type == "code":
            cell.outputs = [o for o in cell.outputs if o.get("name") != "stderr"]
            for output in cell.outputs:
                output.get("data", {}).pop(_WIDGET, None)
                _describe(output, cell.source)
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    if not any(_title(cell, "# ") for cell in texts):
        for cell in texts:  # une page a un titre de premier niveau
            cell.source = re.sub(r"^#(#+ )", r"\1", cell.source, flags=re.MULTILINE)
    titles = [title for cell in texts if (title := _title(cell, "# "))]
    if titles:
        notebook.metadata["title"] = titles[0]
    return notebook


def _describe(output, code):
    """Donne à une figure, pour qui ne la voit pas, le titre de sa cellule : son commentaire."""
    data = output.get("data", {})
    kind = next((kind for kind in ("image/png", "image/jpeg") if kind in data), None)
    if kind is None or "text/html" in data:
        return
    title = code.split("\n")[0].lstrip("# ") if code.startswith("# ") else "Figure"
    content = "".join(data[kind].split())
    data["text/html"] = f'<img alt="{escape(title)}" src="data:{kind};base64,{escape(content)}">'


def _title(cell, mark):
    """Le premier titre de ce niveau dans une cellule de texte, ou None."""
    found = re.search(rf"^{mark}(.+)$", _CODE.sub("", cell.source), re.MULTILINE)
    return re.sub(r"[*_`]", "", found[1]).strip() if found else None


# --- La page ----------------------------------------------------------------------------------

# Les blocs du modèle de nbconvert qui lisent un script sur Internet.
_ONLINE = {"requirejs": "html_head_js_requirejs", "mermaid": "html_head_js_mermaidjs"}
_MATHJAX = "html_head_js_mathjax"
_STYLE = """
<style>
  body.jp-Notebook { max-width: 60rem; margin: 0 auto; padding: 1rem; overflow: visible; }
  .jp-OutputArea-output img { max-width: 100%; height: auto; }
</style>
"""


def _page(notebook, source, without_code):
    """Le carnet en HTML, images comprises, sans rien demander à Internet sauf pour les formules."""
    exporter = _import("nbconvert").HTMLExporter
    silent = [*_ONLINE.values(), *([] if _has_formula(notebook.cells) else [_MATHJAX])]
    template = "{% extends 'lab/index.html.j2' %}"
    template += "".join(f"{{% block {name} %}}{{% endblock %}}" for name in silent)
    template += f"{{% block html_head_css %}}{_STYLE}{{% endblock %}}"
    export = exporter(
        raw_template=template,
        language_code="fr",
        embed_images=True,
        exclude_input=without_code,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    folder = str(Path(source).resolve().parent)
    resources = {"metadata": {"name": source.stem, "path": folder}}
    try:
        return export.from_notebook_node(notebook, resources)[0]
    except Exception as error:  # un modèle de nbconvert absent ou trop ancien
        said = " ".join(str(error).split())[:200]
        raise GradcamLabError(
            f"nbconvert n'a pas pu écrire cette page ({type(error).__name__} : {said}) : mettez-le "
            "à jour avec « python -m pip install --upgrade nbconvert »."
        ) from None


def _import(name):
    """Importe un module de Jupyter, que le paquet seul n'installe pas."""
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError:
        raise SettingError(
            f"Le rapport a besoin de {name}, qui vient avec JupyterLab : installez-le avec "
            f"« python -m pip install {name} »."
        ) from None
