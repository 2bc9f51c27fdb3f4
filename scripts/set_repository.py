"""Change le propriétaire et le nom du dépôt partout où ils apparaissent.

    python scripts/set_repository.py MON_COMPTE/gradcam_lab

L'unique endroit qui fait foi est `[project.urls] Repository` dans pyproject.toml. Ce script le
change et reporte le changement dans les badges et les premières cellules des carnets, dans le
README et dans les liens Binder. Sans argument, il affiche la valeur actuelle.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BRANCH = "main"
# Là où un propriétaire et un nom de dépôt peuvent s'écrire.
FILES = (
    "pyproject.toml",
    "README.md",
    "CONTRIBUTING.md",
    "CONTRIBUTING.en.md",
    "CITATION.cff",
)
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
# Les formes d'adresse employées : GitHub, Colab et Binder ; dans un lien nbgitpuller, « / » s'écrit
# « %2F ».
ADDRESS = r"(github\.com/|colab\.research\.google\.com/github/|mybinder\.org/v2/gh/){}(?![\w-])"
ENCODED = r"(github\.com%2F){}(?![\w-])"


def repository(root: Path = ROOT) -> str:
    """« propriétaire/nom », lu à l'unique endroit où il est écrit."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    found = re.search(r'^Repository = "https://github\.com/([^"]+)"$', text, re.MULTILINE)
    if found is None:
        raise ValueError("pyproject.toml n'a plus de ligne « Repository » dans [project.urls].")
    return found.group(1)


def notebooks(root: Path = ROOT) -> list[Path]:
    """Tous les carnets du cours, dans l'ordre de leurs noms."""
    return sorted(
        path
        for path in (root / "notebooks").rglob("*.ipynb")
        if ".ipynb_checkpoints" not in path.parts
    )


def badge(name: str, repo: str) -> str:
    """Le badge Colab d'un carnet, `name` étant son chemin sous `notebooks/`."""
    return (
        "[![Ouvrir dans Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
        f"(https://colab.research.google.com/github/{repo}/blob/{BRANCH}/notebooks/{name})"
    )


def install_cell(repo: str) -> str:
    """Le début de la première cellule de code d'un carnet.

    `--no-deps` laisse à Colab son TensorFlow et son ipywidgets : les remplacer obligerait à
    redémarrer l'environnement.
    """
    return (
        "import sys\n\n"
        'if "google.colab" in sys.modules:\n'
        f'    %pip install -q --no-deps "git+https://github.com/{repo}@{BRANCH}"'
    )


def replace(text: str, old: str, new: str) -> str:
    """`text`, où chaque adresse du dépôt `old` est devenue celle du dépôt `new`."""
    text = re.sub(ADDRESS.format(re.escape(old)), rf"\g<1>{new}", text)
    encoded = old.replace("/", "%2F")
    return re.sub(ENCODED.format(re.escape(encoded)), rf"\g<1>{new.replace('/', '%2F')}", text)


def set_repository(new: str, root: Path = ROOT) -> list[Path]:
    """Écrit `new` partout ; renvoie les fichiers changés."""
    if not NAME.fullmatch(new):
        raise ValueError(
            f"« {new} » n'est pas de la forme PROPRIETAIRE/NOM, par exemple mon-compte/gradcam_lab."
        )
    old = repository(root)
    changed = []
    for path in [root / name for name in FILES] + notebooks(root):
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8")
        renamed = replace(text, old, new)
        if renamed != text:
            path.write_bytes(renamed.encode("utf-8"))
            changed.append(path)
    return changed


if __name__ == "__main__":
    if len(sys.argv) == 1:
        print(repository())
    elif len(sys.argv) == 2:
        try:
            for path in set_repository(sys.argv[1]):
                print(path.relative_to(ROOT))
        except ValueError as error:
            sys.exit(str(error))
    else:
        sys.exit("Usage : python scripts/set_repository.py PROPRIETAIRE/NOM")
