"""Écrit les carnets des élèves : les leçons sans leurs sorties et sans les solutions.

    python scripts/make_students.py               # le dossier eleves/ et l'archive eleves.zip
    python scripts/make_students.py --ecraser     # même si l'on a changé ce qui s'y trouve

Sous chaque « Prédire », une sortie enregistrée donnerait la réponse. Un fichier que ce script n'a
pas écrit, ou qui a changé depuis, n'est pas écrasé : les empreintes sont dans `eleves/.empreintes`
et dans le commentaire de l'archive.
"""

import argparse
import hashlib
import io
import posixpath
import re
import sys
import zipfile
from pathlib import Path

try:
    import nbformat
except ModuleNotFoundError:
    sys.exit("Il manque nbformat : lancez ce script avec le Python de .venv, ou « make eleves ».")

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:  # lancé comme un script, et non importé par les tests
    sys.path.insert(0, str(ROOT))

from scripts.run_notebooks import clean  # noqa: E402
from scripts.set_repository import BRANCH, badge, notebooks, repository  # noqa: E402

FOLDER = "eleves"
FINGERPRINTS = ".empreintes"
ELSEWHERE = "entre les mains de votre enseignant"
SOLUTION = r"\[([^\]]+)\]\((?:\./)?solutions\b[^)]*\)"
# La cible d'un lien, en Markdown ou en HTML, et le signe qui la précède.
TARGET = re.compile(r'(\]\(|\b(?:href|src)=")([^)"\s]+)')
PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".svg")


# --- La version d'un carnet pour les élèves -----------------------------------------------------


def rewrite(text: str, name: str, repo: str) -> str:
    """Le texte d'une cellule du carnet `name`, dont chaque lien mène encore quelque part.

    Lève `ValueError` si un lien vers les solutions n'a pas la forme `[texte](solutions/…)`.
    """
    # Le badge ouvrirait dans Colab le carnet du dépôt, avec ses sorties.
    text = text.replace(badge(name, repo) + "\n\n", "").replace(badge(name, repo), "")
    text = re.sub(rf"\bdans (?:le (?:dossier|carnet)\s+)?{SOLUTION}", ELSEWHERE, text)
    text = re.sub(SOLUTION, rf"\1 ({ELSEWHERE})", text)

    def target(found):
        link, mark, anchor = found[2].partition("#")
        address = re.match(r"[a-z][a-z0-9+.-]*:|/|$", link)  # ou un endroit de cette page
        path = link if address else posixpath.normpath(f"notebooks/{link}")
        solved = "notebooks/solutions" in path or "docs/solutions" in path
        if solved and (not address or repo in link):
            raise ValueError(
                f"{name} : « {link} » mène aux solutions ; écrivez ce lien [texte](solutions/…)."
            )
        lesson = posixpath.dirname(path) == "notebooks" and path.endswith(".ipynb")
        # Ce qui n'est pas un fichier du dépôt n'est pas un lien.
        if address or lesson or not (ROOT / path).exists():
            return found[0]
        raw = "?raw=true" if path.endswith(PICTURES) else ""
        return f"{found[1]}https://github.com/{repo}/blob/{BRANCH}/{path}{raw}{mark}{anchor}"

    return TARGET.sub(target, text)


def student_version(path: Path, repo: str) -> bytes:
    """Le carnet `path`, sans sorties ni numéros, avec les mêmes cellules."""
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
    except ValueError as error:
        raise ValueError(
            f"{path.name} n'est pas un carnet lisible ; « git restore notebooks/{path.name} » "
            "remet celui du dépôt."
        ) from error
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = rewrite(cell.source, path.name, repo)
    clean(notebook)
    text = nbformat.writes(notebook, version=nbformat.NO_CONVERT)
    return (text.rstrip("\n") + "\n").encode()


def student_files() -> dict[str, bytes]:
    """Tout ce que reçoit un élève : {nom: octets}."""
    repo = repository()
    lessons = [path for path in notebooks() if path.parent.name == "notebooks"]
    files = {path.name: student_version(path, repo) for path in lessons}
    # Les textes se redistribuent à condition de les citer : leur licence les accompagne.
    files["LICENCE.txt"] = (ROOT / "LICENSE-textes").read_bytes()
    return files


# --- Écrire sans rien perdre --------------------------------------------------------------------


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fingerprints(files: dict[str, bytes]) -> bytes:
    """Une ligne par fichier, comme `sha256sum`."""
    return "".join(f"{digest(data)}  {name}\n" for name, data in sorted(files.items())).encode()


def written(recorded: bytes) -> dict[str, str]:
    """{nom: empreinte}, tels que `fingerprints` les a écrits ; vide si le texte n'est pas d'ici."""
    lines = recorded.decode("utf-8", "replace").splitlines()
    return {line[66:]: line[:64] for line in lines if line[64:66] == "  "}


def archive(files: dict[str, bytes]) -> bytes:
    """L'archive de `files`. Sans date ni compression : partout et toujours les mêmes octets."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        for name, data in sorted(files.items()):
            info = zipfile.ZipInfo(f"{FOLDER}/{name}")  # daté de 1980, comme tout ZipInfo
            info.create_system, info.external_attr = 3, 0o644 << 16
            target.writestr(info, data)
        target.comment = fingerprints(files)
    return buffer.getvalue()


def foreign_files(folder: Path, new: dict[str, bytes]) -> list[str]:
    """Les fichiers de `folder` que l'on perdrait en y écrivant `new`."""
    recorded = folder / FINGERPRINTS
    old = written(recorded.read_bytes()) if recorded.is_file() else {}
    if folder.is_dir() and not old:  # ce dossier n'est pas d'ici
        return sorted(path.name for path in folder.iterdir())
    lost = []
    for name in sorted({*old, *new}):
        path = folder / name
        ours = (old.get(name), digest(new.get(name, b"")))
        if path.is_dir() or (path.exists() and digest(path.read_bytes()) not in ours):
            lost.append(name)
    return lost


def is_foreign_zip(path: Path) -> bool:
    """Vrai si l'archive `path` existe et n'est pas, telle quelle, l'une des nôtres."""
    if not path.exists():
        return False
    try:
        with zipfile.ZipFile(path) as found:
            files = {n.removeprefix(f"{FOLDER}/"): found.read(n) for n in found.namelist()}
            return not files or found.comment != fingerprints(files)
    except (OSError, zipfile.BadZipFile):
        return True


def write(place: Path, new: dict[str, bytes], *, overwrite: bool = False) -> None:
    """Écrit `eleves/` et `eleves.zip` dans `place`.

    Lève `ValueError`, sans avoir rien touché, si quelque chose serait perdu.
    """
    folder, packed = place / FOLDER, place / f"{FOLDER}.zip"
    lost = [f"{FOLDER}/{name}" for name in foreign_files(folder, new)]
    lost += [packed.name] if is_foreign_zip(packed) else []
    if lost and not overwrite:
        names = ", ".join(lost[:4]) + (", …" if len(lost) > 4 else "")
        raise ValueError(
            "Rien n'a été écrit, pour ne pas perdre ce qui a changé ou ne vient pas de "
            f"« make eleves » : {names}. Renommez ce que vous voulez garder, ou ajoutez --ecraser "
            "(make eleves ELEVES_ARGS=--ecraser)."
        )
    folder.mkdir(exist_ok=True)
    recorded = folder / FINGERPRINTS
    old = written(recorded.read_bytes()) if recorded.is_file() else {}
    for name, fingerprint in old.items():  # une leçon renommée ou retirée
        path = folder / name
        if name not in new and path.is_file() and digest(path.read_bytes()) == fingerprint:
            path.unlink()
    for name, data in new.items():
        (folder / name).write_bytes(data)
    recorded.write_bytes(fingerprints(new))
    packed.write_bytes(archive(new))


# --- Ligne de commande --------------------------------------------------------------------------


def main(arguments: list[str] | None = None, place: Path = ROOT) -> None:
    parser = argparse.ArgumentParser(description="Écrit les carnets des élèves.")
    parser.add_argument("--ecraser", action="store_true", help="réécrire ce qui a été changé")
    options = parser.parse_args(arguments)
    try:
        files = student_files()
        write(place, files, overwrite=options.ecraser)
    except ValueError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(
            f"Impossible d'écrire « {error.filename} » : fichier protégé, disque plein, "
            "ou ce nom est déjà pris par autre chose."
        )
    lessons = sum(name.endswith(".ipynb") for name in files)
    print(f"{FOLDER}/ et {FOLDER}.zip : {lessons} carnets, sans sorties ni solutions.")


if __name__ == "__main__":
    main()
