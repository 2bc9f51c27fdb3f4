"""Étape 4 : mesurer les réseaux, tels que le paquet les charge, et écrire leurs fiches.

Écrit `gradcam_lab/data/NOM/evaluation.json` et `docs/carte_NOM.md` (à partir de
`fiches/carte.modele.md`). Les photos de test et celles de `extra/` mises de côté n'ont servi à
aucun choix.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from common import CLASSES, DATA, REPO, WORK, is_held_out, read_extra, read_split
from model_card import write_card
from PIL import Image, ImageDraw
from recipes import add_network_option, chosen

import gradcam_lab as gl
from gradcam_lab.base.messages import muted
from gradcam_lab.models import mini

HERE = Path(__file__).resolve().parent
IMAGES = Path(os.environ.get("MINI_IMAGES", REPO.parent / "shared" / "images"))
Z = 1.959964
UNTRAINED = 10  # réseaux au hasard, pour comparer
OUTLINES = json.loads((HERE / "contours.json").read_text(encoding="utf-8"))


def predict(classifier, paths: list[str]) -> np.ndarray:
    """Probabilités (n, 14) des photos, préparées comme par le paquet."""
    found = []
    for first in range(0, len(paths), 64):
        batch = [classifier.preprocess(DATA / path) for path in paths[first : first + 64]]
        found.append(classifier.model(np.concatenate(batch)).numpy())
    return np.concatenate(found)


def hot_cells(classifier, paths: list[str], probabilities, labels: np.ndarray) -> dict:
    """Ce que laissent les cartes (CAM) : traces de classes absentes, réponses sans aucune trace.

    Une classe absente a une trace quand une case au moins de sa carte est positive. Un dalmatien
    est aussi un chien.
    """
    import keras

    last = classifier.model.get_layer(classifier.default_layer)
    network = keras.Model(classifier.model.input, last.output)
    kernel = classifier.model.get_layer("predictions").get_weights()[0]
    hottest = []
    for first in range(0, len(paths), 64):
        batch = [classifier.preprocess(DATA / path) for path in paths[first : first + 64]]
        hottest.append((network(np.concatenate(batch)).numpy() @ kernel).max((1, 2)))
    hot, guess = np.concatenate(hottest) > 0, probabilities.argmax(1)
    absent = np.arange(len(CLASSES)) != labels[:, None]
    absent[labels == CLASSES.index("dalmatien"), CLASSES.index("chien")] = False
    empty = ~hot[np.arange(len(guess)), guess]
    return {
        "traces": float(hot[absent].mean()),
        "reponses": len(guess),
        "reponses_vides": int(empty.sum()),
        "vides_et_fausses": int((empty & (guess != labels)).sum()),
        "confiance_des_vides": float(probabilities.max(1)[empty].mean()) if empty.any() else None,
    }


def wilson(right: int, total: int) -> list[float]:
    """Intervalle de confiance à 95 % d'une proportion (Wilson, 1927)."""
    p, n = right / total, total
    middle = (p + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2)) / (1 + Z**2 / n)
    return [float(middle - half), float(min(1, middle + half))]


def mean_interval(right: list[int], totals: list[int]) -> list[float]:
    """Intervalle à 95 % de la moyenne des exactitudes par classe (variances d'Agresti-Coull)."""
    mean = np.mean([r / n for r, n in zip(right, totals)])
    smooth = [(r + 2) / (n + 4) for r, n in zip(right, totals)]
    spread = sum(p * (1 - p) / (n + 4) for p, n in zip(smooth, totals))
    half = Z * np.sqrt(spread) / len(right)
    return [float(mean - half), float(min(1, mean + half))]


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Écart moyen entre confiance et exactitude, sur quinze tranches égales (ECE)."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == labels
    slot = np.minimum((confidence * bins).astype(int), bins - 1)
    total = 0.0
    for k in range(bins):
        inside = slot == k
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    return float(total)


def score(probabilities: np.ndarray, labels: np.ndarray) -> dict:
    """Exactitudes, intervalles, confusion et calibration sur un lot de photos."""
    guess = probabilities.argmax(1)
    present = sorted(set(labels.tolist()))
    totals = [int((labels == k).sum()) for k in present]
    right = [int((guess[labels == k] == k).sum()) for k in present]
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(confusion, (labels, guess), 1)
    return {
        "photos": len(labels),
        "exactitude": sum(right) / len(labels),
        "intervalle": wilson(sum(right), len(labels)),
        "exactitude_moyenne": float(np.mean([r / n for r, n in zip(right, totals)])),
        "intervalle_moyenne": mean_interval(right, totals),
        "ece": calibration_error(probabilities, labels),
        "confiance_moyenne": float(probabilities.max(1).mean()),
        "par_classe": {
            CLASSES[k]: {
                "photos": n, "justes": r, "exactitude": r / n, "intervalle": wilson(r, n)
            }
            for k, n, r in zip(present, totals, right)
        },
        "confusion": confusion.tolist(),
    }  # fmt: skip


def inside_share(heatmap: np.ndarray, size: tuple, outline: list) -> float:
    """Part de la chaleur à l'intérieur du contour, la carte étant agrandie à la photo."""
    width, height = size
    mask = Image.new("L", size)
    ImageDraw.Draw(mask).polygon([(x * width, y * height) for x, y in outline], fill=1)
    large = np.asarray(Image.fromarray(heatmap).resize(size, Image.BILINEAR), np.float64)
    total = large.sum()
    return float((large * np.asarray(mask)).sum() / total) if total > 0 else 0.0


def contrast(classifier, image, outlines: dict, targets: tuple) -> dict:
    """Part de la chaleur de chaque classe dans chaque contour de cette photo."""
    analysis = classifier.analyze(image)
    return {
        target: {
            name: inside_share(analysis.heatmap(target), image.size, outline)
            for name, outline in outlines.items()
        }
        for target in targets
    }


def area(outline: list) -> float:
    """Part de la photo que couvre le contour."""
    return inside_share(np.ones((16, 16), np.float32), (800, 800), outline)


def measure_contrast(classifier, image, name: str, targets: tuple) -> dict:
    """Les parts de chaleur, celles de réseaux non entraînés, et la surface des contours."""
    import keras

    outlines = {k: v for k, v in OUTLINES[name].items() if isinstance(v, list)}
    random = []
    for seed in range(UNTRAINED):
        keras.utils.set_random_seed(seed)
        untrained = gl.load_model("mini", weights=None)
        random.append(contrast(untrained, image, outlines, targets))
    analysis = classifier.analyze(image)
    totals = {t: float(analysis.heatmap(t, normalize=False).sum()) for t in targets}
    return {
        # Avant normalisation : une carte presque vide, agrandie à son maximum, paraît pleine.
        "chaleur_relative": {t: total / max(totals.values()) for t, total in totals.items()},
        "surface": {key: area(outline) for key, outline in outlines.items()},
        "entraine": contrast(classifier, image, outlines, targets),
        "non_entraine": {
            target: {
                key: {
                    "moyenne": float(np.mean([r[target][key] for r in random])),
                    "minimum": min(r[target][key] for r in random),
                    "maximum": max(r[target][key] for r in random),
                }
                for key in outlines
            }
            for target in targets
        },
    }


def measure_speed(classifier, name: str, image) -> dict:
    """Durées en millisecondes : médianes de trente analyses, la première mise à part."""
    classifier.analyze(image).heatmap("chat")
    first, other = [], []
    for _ in range(30):
        start = time.perf_counter()
        analysis = classifier.analyze(image)
        analysis.heatmap()
        middle = time.perf_counter()
        analysis.heatmap("voilier")
        first.append(1000 * (middle - start))
        other.append(1000 * (time.perf_counter() - middle))
    code = (
        "import time, tensorflow\nfrom keras import layers\nimport gradcam_lab as gl\n"
        f"start = time.perf_counter()\ngl.load_model('{name}')\nprint(time.perf_counter() - start)"
    )
    runs = [
        float(subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True,
                             check=True).stdout.split()[-1])
        for _ in range(3)
    ]  # fmt: skip
    return {
        "carte_ms": statistics.median(first),
        "autre_classe_ms": statistics.median(other),
        "chargement_s": statistics.median(runs),
        "coeurs": os.cpu_count(),
    }


def samples() -> dict:
    """Des photos qu'ils n'ont jamais vues : scikit-image, et celles de la leçon si présentes."""
    from skimage import data

    found = {
        "chelsea": (Image.fromarray(data.chelsea()), "chat"),
        "cafe": (Image.fromarray(data.coffee()), "tasse"),
        "astronaute": (Image.fromarray(data.astronaut()), "visage"),
    }
    for key, file, expected in (
        ("dalmatien", "Dalmatian.jpg", "dalmatien"),
        ("chien_et_chat", "chien_et_chat.png", "chien ou chat"),
    ):
        if (IMAGES / file).is_file():
            found[key] = (Image.open(IMAGES / file).convert("RGB"), expected)
    return found


def agreement(classifier, name: str) -> dict | None:
    """Plus grands écarts de probabilité, sur la validation, entre Keras et PyTorch.

    `conversion` : mêmes poids arrondis des deux côtés ; `arrondi` : réseau appris, avant arrondi.
    """
    path = WORK / name / "controle.npz"
    if not path.exists():
        return None
    control = np.load(path)
    parts = np.array_split(control["pixels"], 10)
    found = np.concatenate([classifier.model(mini.preprocess(p)).numpy() for p in parts])
    return {
        "conversion": float(np.abs(found - control["shipped"]).max()),
        "arrondi": float(np.abs(found - control["learned"]).max()),
    }


def evaluate(name: str) -> dict:
    """Toutes les mesures du réseau `name`."""
    classifier = gl.load_model(name)
    card = mini.manifest(name)
    result = {
        "poids": {
            "sha256": card["sha256"],
            "octets": (mini.folder(name) / card["weights"]).stat().st_size,
            "parametres": card["parameters"],
            "temperature": card["temperature"],
            "ecarts": agreement(classifier, name),
        }
    }
    held_out = read_extra(held_out=True)
    assert all(is_held_out(path) for path, _ in held_out)
    parts = {"validation": read_split("val"), "test": read_split("test"), "extra_de_cote": held_out}
    for part, photos in parts.items():
        paths, labels = [path for path, _ in photos], np.array([k for _, k in photos])
        probabilities = predict(classifier, paths)
        result[part] = score(probabilities, labels)
        result[part]["cartes"] = hot_cells(classifier, paths, probabilities, labels)
        print(f"{name}, {part} : {100 * result[part]['exactitude']:.1f} %, moyenne des classes "
              f"{100 * result[part]['exactitude_moyenne']:.1f} %", flush=True)  # fmt: skip

    result["exemples"] = {}
    found = samples()
    for photo, (image, expected) in found.items():
        top = classifier.analyze(image).top(3)
        result["exemples"][photo] = {
            "attendu": expected,
            "trouve": [[p.label_fr, round(float(p.probability), 4)] for p in top],
        }
        print(photo, ":", ", ".join(str(p) for p in top), flush=True)
    result["contraste"] = {}
    for photo, targets in (("dalmatien", ("dalmatien", "chien", "chat", "voilier")),
                           ("chien_et_chat", ("chien", "chat"))):  # fmt: skip
        if photo in found:
            image = found[photo][0]
            image.thumbnail((1000, 1000))
            with muted():  # une carte vide est un résultat : elle est dans la fiche
                result["contraste"][photo] = measure_contrast(classifier, image, photo, targets)
            print(photo, result["contraste"][photo]["entraine"], flush=True)
    with muted():
        result["vitesse"] = measure_speed(classifier, name, found["chelsea"][0])
    print(result["vitesse"], flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Mesure les réseaux et écrit leurs fiches.")
    add_network_option(parser)
    for name in chosen(parser.parse_args().reseau):
        text = json.dumps(evaluate(name), ensure_ascii=False, indent=1) + "\n"
        (mini.folder(name) / "evaluation.json").write_text(text, encoding="utf-8")
        write_card(name)


if __name__ == "__main__":
    main()
