"""Construit le cours en pages web, dans build/site/ : `make site`.

    python scripts/build_site.py

Les fichiers du dépôt restent où ils sont. Leurs copies, dans build/site-source/, gardent les mêmes
chemins : leurs liens marchent aux deux endroits. Trois choses y changent : un lien vers un fichier
qui n'est pas une page mène au dépôt, un badge devient un lien, et chaque figure d'un carnet reçoit
un texte de remplacement, le titre de sa cellule. Les avertissements de Sphinx sont des erreurs.
"""

import base64
import importlib
import inspect
import json
import os
import posixpath
import re
import shutil
import sys
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.check_site import check
from scripts.set_repository import BRANCH, ROOT, notebooks, repository

SETTINGS = ROOT / "docs" / "site"
SOURCE, SITE = ROOT / "build" / "site-source", ROOT / "build" / "site"
# Le README est la page d'accueil. La page anglaise reste dans le dépôt : le site est en français.
RENAMED = {"README.md": "index.md"}
ALONE = ("CHANGELOG.md", "CONTRIBUTING.md")
# Hors de la navigation et de la recherche des élèves ; le guide et les leçons y mènent.
HIDDEN = ("docs/solutions.md", "notebooks/solutions/")
LINK = re.compile(r"(!?)\[((?:[^\[\]`]|`[^`\n]*`)*)\]\(([^()\s#]+)(#[^()\s]*)?\)")
BADGE = re.compile(r"\[!\[([^\]]*)\]\(https://[^)]+\.svg\)\]")


def sources(root: Path = ROOT) -> list[str]:
    """Les pages du cours, en chemins relatifs au dépôt : aucune liste à tenir."""
    found = [*root.glob("docs/*.md"), *notebooks(root)]
    return [*RENAMED, *ALONE, *sorted(path.relative_to(root).as_posix() for path in found)]


def relink(text: str, page: str, pages: set[str], root: Path = ROOT) -> str:
    """Le Markdown de `page`, dont chaque lien mène à une page du site ou au dépôt."""
    folder = posixpath.dirname(page)

    def moved(link):
        picture, label, target, anchor = link.groups(default="")
        path = posixpath.normpath(posixpath.join(folder, target))
        if ":" in target or picture or path in pages - set(RENAMED) or not (root / path).exists():
            return link[0]
        if path in RENAMED:
            target = posixpath.relpath(RENAMED[path], folder or ".")
        else:
            kind = "tree" if (root / path).is_dir() else "blob"
            target = f"https://github.com/{repository(root)}/{kind}/{BRANCH}/{path}"
        return f"[{label}]({target}{anchor})"

    return LINK.sub(moved, BADGE.sub(r"[\1]", text))


def page_text(page: str, pages: set[str], root: Path = ROOT) -> str:
    """Le contenu de `page` tel que Sphinx le lit."""
    text = (root / page).read_text(encoding="utf-8")
    hidden = page.startswith(HIDDEN)
    if not page.endswith(".ipynb"):
        head = "---\norphan: true\nnosearch: true\n---\n\n" if hidden else ""
        return head + relink(text, page, pages, root)
    notebook = json.loads(text)
    # `%pip` n'est pas du Python : sans ce nom, la coloration du code avertirait.
    notebook["metadata"]["language_info"]["pygments_lexer"] = "ipython3"
    if hidden:
        notebook["metadata"].update(orphan=True, nosearch=True)
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            source = source.replace("(attachment:", f"({Path(page).stem}_")
            cell["source"] = relink(source, page, pages, root)
        else:
            title = re.search(r"^# (.+)", source, re.MULTILINE)
            alt = f"Figure : {title[1]}" if title else "Figure que dessine le code ci-dessus"
            cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
    return json.dumps(notebook, ensure_ascii=False)


def pictures(page: str, root: Path = ROOT) -> dict[str, bytes]:
    """Les images jointes au texte d'un carnet, en fichiers placés à côté de lui."""
    if not page.endswith(".ipynb"):
        return {}
    cells = json.loads((root / page).read_text(encoding="utf-8"))["cells"]
    return {
        page.replace(".ipynb", f"_{name}"): base64.b64decode(content)
        for cell in cells
        for name, kinds in cell.get("attachments", {}).items()
        for content in kinds.values()
    }


def home(value, name: str) -> str:
    """Le module qui écrit `name = ...` : c'est là que le nom a sa description."""
    return next(
        module.__name__
        for key, module in sys.modules.items()
        if key.startswith("gradcam_lab.")
        and vars(module).get(name) is value
        and re.search(rf"^{name} = ", inspect.getsource(module), re.MULTILINE)
    )


def reference() -> dict[str, str]:
    """Les pages de la référence : un espace de noms public chacune, tirées des docstrings."""
    facade = importlib.import_module("gradcam_lab")
    spaces = {"gl": facade}
    for name in facade.__all__:
        if inspect.ismodule(getattr(facade, name)):
            spaces[f"gl.{name}"] = getattr(facade, name)
    pages, seen = {}, set()
    for title, space in spaces.items():
        summary = inspect.getdoc(space).partition("\n")[0]
        lines = [f"``{title}``", "=" * (len(title) + 4), "", summary, ""]
        lines += [f".. py:currentmodule:: {space.__name__}", ""]
        for name in space.__all__:
            value = getattr(space, name)
            # Un nom est décrit une fois, là où il est le plus court.
            if inspect.ismodule(value) or name in seen:
                continue
            seen.add(name)
            lines += [name, "-" * len(name), ""]
            if inspect.isclass(value):
                lines += [f".. autoclass:: {space.__name__}.{name}", "   :members:", ""]
            elif callable(value):
                lines += [f".. autofunction:: {space.__name__}.{name}", ""]
            else:
                lines += [f".. autodata:: {home(value, name)}.{name}", "   :no-value:", ""]
        pages[f"api/{title}.rst"] = "\n".join(lines)
    names = "\n".join(f"   {title}" for title in spaces)
    pages["api/index.rst"] = (SETTINGS / "pages" / "reference.rst").read_text("utf-8") + names
    return pages


def stage(target: Path = SOURCE, root: Path = ROOT) -> None:
    """Écrit dans `target` ce que Sphinx lit ; un fichier inchangé n'est pas récrit."""
    pages = sources(root)
    texts = {RENAMED.get(page, page): page_text(page, set(pages), root) for page in pages}
    for path in sorted(SETTINGS.glob("pages/*.md")):
        texts[path.name] = path.read_text(encoding="utf-8")
    texts["index.md"] += texts.pop("navigation.md")
    texts |= reference()
    for name, text in texts.items():
        path = target / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for page in pages:
        for name, content in pictures(page, root).items():
            (target / name).write_bytes(content)
    for picture in root.glob("docs/*.png"):
        shutil.copy2(picture, target / "docs" / picture.name)
    for path in target.rglob("*"):
        old = path.is_file() and path.relative_to(target).as_posix() not in texts
        if old and path.suffix in (".md", ".rst", ".ipynb"):
            path.unlink()


def build(site: Path = SITE, source: Path = SOURCE) -> list[str]:
    """Construit le site ; renvoie ses défauts, un par ligne."""
    from sphinx.cmd.build import main as sphinx

    stage(source)
    trees = str(source.with_name(source.name + "-arbres"))
    options = ["-q", "-W", "--keep-going", "-c", str(SETTINGS), "-d", trees]
    if sphinx([*options, str(source), str(site)]):
        return ["Sphinx a averti : voyez ses lignes ci-dessus."]
    return check(site)


if __name__ == "__main__":
    os.chdir(ROOT)
    faults = build()
    for fault in faults:
        print(f"✗ {fault}")
    if faults:
        sys.exit(1)
    print(f"→ Le site est dans {(SITE / 'index.html').relative_to(ROOT)}")
