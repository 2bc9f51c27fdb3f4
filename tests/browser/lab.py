"""Un JupyterLab vivant et ce que l'on y fait : ouvrir un carnet, tout exécuter, lire l'écran.

`LabServer` sert une copie des carnets ; `LabPage` conduit un onglet de Chromium.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
START_TIMEOUT = 60  # secondes
RUN_TIMEOUT = 300  # secondes, pour un carnet entier
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# JupyterLab range une erreur de cellule sous `stderr` : il n'existe pas de type `error`.
ERROR_OUTPUT = '[data-mime-type="application/vnd.jupyter.stderr"]'
# L'indicateur à l'écran montre « idle » avant même que le noyau existe : on interroge la séance.
IDLE = """() => {
    const context = window.jupyterapp.shell.currentWidget?.sessionContext;
    return context?.isReady && context.session?.kernel?.connectionStatus === "connected"
        && context.kernelDisplayStatus === "idle";
}"""


def find_chromium() -> str | None:
    """Le Chromium de la machine ; la variable CHROMIUM permet d'en indiquer un autre."""
    names = (os.environ.get("CHROMIUM"), *CHROMIUM_NAMES)
    return next((path for path in map(shutil.which, filter(None, names)) if path), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class LabServer:
    """JupyterLab sur un port libre de cette machine, à la racine du dossier `root`."""

    def __init__(self, root: Path, config: Path):
        self.root = root
        self.token = secrets.token_hex(8)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = config / "jupyter.log"
        self._config = config
        self._process = None

    def __enter__(self):
        settings = self._config / "labconfig"
        settings.mkdir(parents=True)
        (settings / "page_config.json").write_text(
            json.dumps(
                {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
            )
        )
        port = self.url.rsplit(":", 1)[1]
        command = [
            *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
            *("--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
            *(f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}"),
            "--expose-app-in-browser",
        ]
        environment = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": str(self._config),
            # Les réglages enregistrés par une personne changeraient ce que voit l'essai.
            "JUPYTERLAB_SETTINGS_DIR": str(self._config / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(self._config / "workspaces"),
        }
        environment.pop("MPLBACKEND", None)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._wait()
        return self

    def _wait(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/api/status?token={self.token}", timeout=2)
            except OSError:
                time.sleep(0.2)
            else:
                return
        self.__exit__()
        raise RuntimeError(f"JupyterLab n'a pas démarré :\n{self._log.read_text()}")

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class LabPage:
    """Un carnet ouvert dans un onglet."""

    def __init__(self, page, server: LabServer):
        self.page = page
        self.server = server

    def open(self, notebook: str) -> "LabPage":
        """Ouvre le carnet `notebook`, chemin relatif à la racine du serveur."""
        token = self.server.token
        self.page.goto(f"{self.server.url}/lab/tree/{notebook}?token={token}&reset")
        self.page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=START_TIMEOUT * 1000)
        self.page.wait_for_function(IDLE, timeout=START_TIMEOUT * 1000)
        return self

    def command(self, name: str) -> None:
        self.page.evaluate("name => window.jupyterapp.commands.execute(name)", name)

    def run_all(self, timeout: float = RUN_TIMEOUT) -> "LabPage":
        """Exécute toutes les cellules et attend la dernière ; s'arrête à la première erreur."""
        # Les sorties enregistrées ne doivent pas se faire passer pour les nouvelles.
        self.command("notebook:clear-all-cell-outputs")
        # La promesse de JupyterLab est tenue quand la dernière cellule a répondu.
        self.page.set_default_timeout(timeout * 1000)
        try:
            self.page.evaluate(
                """async timeout => {
                    const late = new Promise((_, reject) => setTimeout(
                        () => reject(new Error("le carnet n'a pas fini à temps")), timeout));
                    const run = window.jupyterapp.commands.execute("notebook:run-all-cells");
                    await Promise.race([run, late]);
                }""",
                timeout * 1000,
            )
            self.page.wait_for_function(IDLE)
        finally:
            self.page.set_default_timeout(30_000)
        return self

    def errors(self) -> list[str]:
        """Chaque erreur ou avertissement du carnet : ce que l'élève voit sur fond rouge."""
        # JupyterLab ne dessine que les cellules proches de l'écran : le modèle, lui, a tout.
        return self.page.evaluate(
            """() => {
                const found = [];
                const cells = window.jupyterapp.shell.currentWidget.content.model.cells;
                for (const cell of cells) {
                    for (const output of cell.toJSON().outputs ?? []) {
                        if (output.output_type === "error") {
                            found.push(output.ename + ": " + output.evalue);
                        } else if (output.name === "stderr") {
                            found.push([output.text].flat().join(""));
                        }
                    }
                }
                return found;
            }"""
        )

    def shown_errors(self) -> list[str]:
        """Les mêmes, telles qu'elles sont dessinées à l'écran."""
        return self.page.locator(ERROR_OUTPUT).all_text_contents()

    def executed(self) -> tuple[int, int]:
        """(cellules exécutées, cellules à exécuter)."""
        return tuple(
            self.page.evaluate(
                """() => {
                    const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells]
                        .map(cell => cell.toJSON())
                        .filter(cell => cell.cell_type === "code" && cell.source.length);
                    return [cells.filter(cell => cell.execution_count).length, cells.length];
                }"""
            )
        )

    def overflow(self) -> int:
        """De combien de pixels le contenu le plus large dépasse la largeur du carnet."""
        return self.page.evaluate(
            """() => {
                let worst = 0;
                for (const area of document.querySelectorAll(".jp-OutputArea-output")) {
                    worst = Math.max(worst, area.scrollWidth - area.clientWidth);
                }
                return worst;
            }"""
        )

    def assert_clean(self) -> None:
        """Échoue si une cellule a levé une erreur, averti, ou n'a pas été exécutée."""
        assert not self.errors(), self.errors()
        assert not self.shown_errors(), self.shown_errors()
        done, total = self.executed()
        assert done == total, f"{total - done} cellules sur {total} n'ont pas été exécutées"

    def close(self) -> None:
        """Arrête le noyau : un réseau chargé par leçon remplirait la mémoire."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")


def copy_notebooks(target: Path) -> Path:
    """Une copie des carnets : l'essai peut les exécuter sans changer le dépôt."""
    ignored = shutil.ignore_patterns(".ipynb_checkpoints")
    shutil.copytree(REPOSITORY / "notebooks", target / "notebooks", ignore=ignored)
    return target
