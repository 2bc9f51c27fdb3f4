"""Ce que l'export fait sans PyTorch : régler la confiance, écrire les fichiers du paquet."""

import hashlib
import json

import numpy as np
from common import mini


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """La température qui rend les probabilités les plus justes (Guo et al., 2017)."""
    grid = np.exp(np.linspace(np.log(0.3), np.log(3), 231))
    rows = np.arange(len(labels))
    losses = []
    for temperature in grid:
        scaled = logits.astype(np.float64) / temperature
        scaled -= scaled.max(1, keepdims=True)
        losses.append(np.mean(np.log(np.exp(scaled).sum(1)) - scaled[rows, labels]))
    return float(grid[int(np.argmin(losses))])


def write_network(name: str, arrays: dict[str, np.ndarray], card: dict, journal: str) -> None:
    """Écrit les poids (float16), leur empreinte, leur description et le journal du réseau `name`.

    `card` : ce que la description dit en plus, au moins `classes` ; `journal` : le texte du CSV.
    """
    folder = mini.folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{name}.npz"
    np.savez(weights, **{key: array.astype(np.float16) for key, array in arrays.items()})
    card = {
        "weights": weights.name,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "parameters": int(sum(array.size for array in arrays.values())),
        **card,
    }
    text = json.dumps(card, ensure_ascii=False, indent=2) + "\n"
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    (folder / "journal.csv").write_text(journal, encoding="utf-8")
