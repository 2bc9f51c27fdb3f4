"""Ce que les scripts d'entraînement partagent : chemins, classes, listes de photos."""

import csv
import hashlib
import os
import sys
from pathlib import Path

# Le paquet de ce dépôt, même si un autre est installé.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gradcam_lab.models import mini

HERE = Path(__file__).resolve().parent
REPO = HERE.parent
DATA = Path(os.environ.get("MINI_VGG_DATA", REPO.parent / "shared" / "mini_vgg"))
TEACHER_HOME = Path(os.environ.get("KERAS_HOME", REPO.parent / "shared" / "keras"))
WORK = Path(os.environ.get("MINI_TRAVAIL", HERE / "travail"))  # jamais versionné

SIZE = mini.INPUT_SIZE[0]
TEACHER_SIZE = 224
CLASSES = tuple(mini.keys())
BACKGROUND = -1  # photos « fond » : aucune des quatorze classes
HELD_OUT = 0.45  # part de extra/chat et extra/chien gardée pour l'examen final


def is_held_out(name: str) -> bool:
    """Vrai si cette photo de `extra/` est gardée pour l'examen : le hachage de son nom décide."""
    first = int(hashlib.sha256(Path(name).name.encode()).hexdigest()[:8], 16)
    return first / 16**8 < HELD_OUT


def read_split(split: str) -> list[tuple[str, int]]:
    """Liste (chemin relatif, indice de classe) de `train`, `val` ou `test`, dans l'ordre."""
    with open(DATA / "index.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == split]
    return [(row["path"], CLASSES.index(row["class"])) for row in rows]


def read_extra(held_out: bool) -> list[tuple[str, int]]:
    """Photos de `extra/` : chats et chiens selon `held_out` ; les fonds, à apprendre."""
    with open(DATA / "extra.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = []
    for row in rows:
        if row["class"] in CLASSES:
            if is_held_out(row["path"]) == held_out:
                found.append((row["path"], CLASSES.index(row["class"])))
        elif not held_out:
            found.append((row["path"], BACKGROUND))
    return found
