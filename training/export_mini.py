"""Étape 3 : ranger les poids appris dans le paquet.

Normalisations fondues dans les convolutions, confiance réglée sur les photos de validation (une
température, Guo et al., 2017, arXiv:1706.04599), valeurs arrondies en float16, empreinte SHA-256.
"""

import argparse

import numpy as np
import torch
import torch.nn.functional as F
from common import DATA, SIZE, WORK, mini, read_split
from PIL import Image
from recipes import RECIPES, add_network_option, chosen
from shipping import fit_temperature, write_network
from train_mini import Mini, fold, to_input


def validation_photos() -> tuple[np.ndarray, np.ndarray]:
    """Photos de validation, réduites comme le fait le paquet (filtre de Lanczos), et classes."""
    photos = read_split("val")
    images = [Image.open(DATA / path).convert("RGB") for path, _ in photos]
    small = [np.asarray(i.resize((SIZE, SIZE), Image.LANCZOS)) for i in images]
    return np.stack(small), np.array([k for _, k in photos])


@torch.no_grad()
def logits_of(model: Mini, pixels: np.ndarray) -> torch.Tensor:
    """Les scores du réseau tel qu'il a appris, normalisations comprises."""
    return torch.cat([model(to_input(part))[0] for part in np.array_split(pixels, 10)])


@torch.no_grad()
def folded_logits(arrays: dict[str, np.ndarray], pixels: np.ndarray) -> torch.Tensor:
    """Les mêmes, calculés par PyTorch à partir des seuls tableaux livrés."""
    tensors = {name: torch.from_numpy(a.astype(np.float32)) for name, a in arrays.items()}
    found = []
    for part in np.array_split(pixels, 10):
        x = to_input(part)
        for name, _, block_follows in mini.convolutions():
            kernel = tensors[f"{name}/kernel"].permute(3, 2, 0, 1)
            x = F.relu(F.conv2d(x, kernel, tensors[f"{name}/bias"], padding=1))
            if block_follows:
                x = F.max_pool2d(x, 2)
        x = x.mean(dim=(2, 3)) @ tensors["predictions/kernel"] + tensors["predictions/bias"]
        found.append(x)
    return torch.cat(found)


def export(name: str) -> None:
    """Écrit les poids du réseau `name`, tels qu'à la fin de sa dernière phase."""
    phases, work = RECIPES[name], WORK / name
    model = Mini()
    model.load_state_dict(torch.load(work / f"phase{len(phases)}.pt"))
    model.eval()
    pixels, labels = validation_photos()
    logits = logits_of(model, pixels)
    temperature = fit_temperature(logits.numpy(), labels)
    with torch.no_grad():
        model.predictions.weight /= temperature
        model.predictions.bias /= temperature
        # Les scores, de moyenne nulle : ni les probabilités ni les cartes n'en dépendent.
        model.predictions.bias -= logits.mean() / temperature
    arrays = {key: value.astype(np.float16) for key, value in fold(model).items()}
    card = {
        "classes": mini.manifest()["classes"],
        "temperature": round(temperature, 4),
        "phases": [
            {
                "pas": p.steps,
                "taux": p.rate,
                "part_a_96_pixels": p.small,
                "series": list(p.series),
                "lieu": p.place,
                "marge": p.margin,
                "pointes": p.peaks,
            }
            for p in phases
        ],
        "licence": "usage non commercial, voir LICENCE.txt",
    }
    write_network(name, arrays, card, (work / "journal.csv").read_text(encoding="utf-8"))
    # L'évaluation compare ces réponses à celles de Keras.
    np.savez(
        work / "controle.npz",
        pixels=pixels,
        learned=F.softmax(logits / temperature, 1).numpy(),
        shipped=F.softmax(folded_logits(arrays, pixels), 1).numpy(),
    )
    print(f"{name} : poids écrits dans {mini.folder(name)}, température {temperature:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Écrit les poids des réseaux dans le paquet.")
    add_network_option(parser)
    for name in chosen(parser.parse_args().reseau):
        export(name)


if __name__ == "__main__":
    main()
