"""Photographie l'explorateur dans un vrai navigateur, pour qui lit la leçon 4 sans l'exécuter.

    python scripts/photograph_explorer.py

L'image est jointe à la cellule « outil » de la leçon ; à refaire quand l'explorateur ou `mini`
change. Demande Chromium et les dépendances de `make browser`.
"""

import sys
import tempfile
from pathlib import Path

import nbformat
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from lab import LabPage, LabServer, find_chromium  # noqa: E402

from scripts.draw_openings import attach  # noqa: E402

LESSON = ROOT / "notebooks" / "04_explorer.ipynb"
CELL = """import gradcam_lab as gl

gl.Explorer("mini", gl.sample("chat_et_tasse"), target="chat")"""
WIDTH, HEIGHT = 1180, 1300


def photograph() -> bytes:
    """Les octets PNG de l'outil, tel qu'il s'ouvre."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        root, config = Path(folder, "cours"), Path(folder, "jupyter")
        root.mkdir()
        config.mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL)])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, root / "outil.ipynb")
        browser = play.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        with LabServer(root, config) as server:
            lab = LabPage(page, server).open("outil.ipynb").run_all()
            lab.command("application:toggle-left-area")
            picture = page.locator(".gradcam-lab-explorer").first
            picture.wait_for()
            page.wait_for_timeout(2000)  # les images du widget arrivent après lui
            content = picture.screenshot()
            lab.close()
        browser.close()
    return content


if __name__ == "__main__":
    changed = attach(LESSON, photograph(), cell="outil", name="outil.png")
    print("04_explorer :", "photographié" if changed else "inchangé")
