"""Règle JupyterLab pour le cours, dans l'environnement Python qui exécute ce script.

L'interface passe en français et la fenêtre d'annonces, qui interroge Internet au démarrage,
ne s'ouvre pas. Rien n'est écrit hors de l'environnement : les réglages personnels sont gardés.
"""

import json
import sys
from pathlib import Path

SETTINGS = {
    "default_setting_overrides.json": {
        "@jupyterlab/translation-extension:plugin": {"locale": "fr_FR"},
        "@jupyterlab/apputils-extension:notification": {"fetchNews": "false"},
    },
    "page_config.json": {
        "disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True},
    },
}


def configure(prefix: Path) -> None:
    """Écrit les réglages sous `prefix`, la racine d'un environnement Python."""
    folder = prefix / "etc" / "jupyter" / "labconfig"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in SETTINGS.items():
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    configure(Path(sys.prefix))
