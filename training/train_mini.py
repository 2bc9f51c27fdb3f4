"""Étape 2 : entraîner `mini` (PyTorch, calculs en bfloat16 si le processeur sait les faire).

L'élève apprend trois choses à la fois sur chaque vue : l'étiquette de la photo, l'avis du
professeur sur les quatorze classes (une régression logistique posée sur ses 1280 valeurs) et son
avis sur les mille classes d'ImageNet (tête auxiliaire, jetée à la fin). Les recettes viennent de
Hinton et al. (2015, arXiv:1503.02531), Beyer et al. (2022, arXiv:2106.05237), Zhang et al. (2018,
mixup) et Yun et al. (2019, CutMix). Le script reprend là où il s'était arrêté.
"""

import argparse
import csv
import math
import os
import time
from pathlib import Path

# Entre deux calculs, ne pas occuper le processeur à attendre.
os.environ.setdefault("KMP_BLOCKTIME", "0")

import numpy as np
import torch
import torch.nn.functional as F
from common import BACKGROUND, CLASSES, DATA, SIZE, WORK, read_split
from PIL import Image
from torch import nn

SEED = 20262
BLOCKS = ((16,), (32, 32), (64, 64), (128, 128, 160, 192, 256))  # comme gradcam_lab/mini.py
BATCH = 96
# (pas, taux d'apprentissage le plus haut, part des pas faite sur des vues réduites à 96 pixels)
PHASES = ((4600, 3e-3, 0.55),)
SMALL_SIZE = 96
WEIGHT_DECAY = 0.05
AUXILIARY, TEMPERATURE = 0.5, 2.0  # poids et température de la tête à mille classes
TRUST = 0.6  # part du professeur dans la cible à quatorze classes ; le reste est l'étiquette
CLEAN_END = 0.15  # fin de chaque phase sans mélange de photos : la confiance se règle
EVERY = 100  # pas entre deux lignes du journal
DALMATIAN = 251  # indice d'ImageNet
COLUMNS = (
    "phase", "pas", "epoques", "taux", "taille", "perte", "perte_auxiliaire", "perte_train",
    "exactitude_train", "perte_val", "exactitude_val", "exactitude_moyenne_val", "secondes",
)  # fmt: skip


class ConvBlock(nn.Module):
    """Convolution 3 × 3, normalisation, ReLU ; et la réduction de moitié qui clôt un bloc.

    La réduction passe avant la normalisation, sur quatre fois moins de valeurs : le résultat est
    le même tant que l'échelle de la normalisation est positive (`keep_positive` y veille).
    """

    def __init__(self, inputs: int, outputs: int, pool: bool):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.pool = pool
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        if self.pool:
            x = F.max_pool2d(x, 2)
        return F.relu(self.norm(x), inplace=True)

    def keep_positive(self) -> None:
        self.norm.weight.data.clamp_(min=1e-3)


class Mini(nn.Module):
    """Le réseau pendant l'apprentissage : normalisations à part et tête auxiliaire."""

    def __init__(self):
        super().__init__()
        layers, width = [], 3
        for b, widths in enumerate(BLOCKS):
            for c, new in enumerate(widths):
                last = c == len(widths) - 1 and b < len(BLOCKS) - 1
                layers.append(ConvBlock(width, new, pool=last))
                width = new
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.2)
        self.predictions = nn.Linear(width, len(CLASSES))
        self.auxiliary = nn.Linear(width, 1000)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = self.layers(x).float().mean(dim=(2, 3))
        return self.predictions(self.dropout(x)), self.auxiliary(x)


def fit_teacher_head(features: np.ndarray, labels: np.ndarray, val: dict) -> tuple:
    """Régression logistique sur les valeurs du professeur ; un fond vise « aucune idée »."""
    torch.manual_seed(SEED)
    x = torch.from_numpy(features.astype(np.float32))
    mean, std = x.mean(0), x.std(0) + 1e-3
    onehot = torch.full((len(labels), len(CLASSES)), 1 / len(CLASSES))
    real = torch.from_numpy(labels != BACKGROUND)
    onehot[real] = F.one_hot(torch.from_numpy(labels)[real], len(CLASSES)).float()
    head = nn.Linear(x.shape[1], len(CLASSES))
    steps, batch = 3000, 512
    optimizer = torch.optim.AdamW(head.parameters(), 2e-3, weight_decay=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        rows = torch.randint(0, len(x), (batch,))
        inputs = F.dropout((x[rows] - mean) / std, 0.3)
        loss = F.cross_entropy(head(inputs), onehot[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        soft = torch.cat([F.softmax(head((part - mean) / std), 1) for part in x.split(4096)])
        guess = head((torch.from_numpy(val["features"]) - mean) / std).argmax(1).numpy()
    agree = (soft.argmax(1)[real] == onehot.argmax(1)[real]).float().mean()
    print(f"professeur : {100 * agree:.1f} % sur les vues d'apprentissage, "
          f"{100 * (guess == val['label']).mean():.1f} % sur les photos de validation")  # fmt: skip
    return soft, onehot


def load_data() -> dict:
    """Vues, cibles et photos de contrôle, en mémoire."""
    plan = np.load(WORK / "vues_plan.npz")
    val = dict(np.load(WORK / "validation.npz"))
    features = np.load(WORK / "professeur.npy")
    soft, onehot = fit_teacher_head(features, plan["label"], val)
    head = np.load(WORK / "tete_imagenet.npz")
    logits = torch.from_numpy(features.astype(np.float32)) @ torch.from_numpy(head["kernel"])
    logits += torch.from_numpy(head["bias"])
    # Les chiens de extra/ que le professeur prend pour des dalmatiens restent de côté.
    suspect = F.softmax(logits, 1)[:, DALMATIAN].numpy()
    doubtful = set()
    for path in np.unique(plan["path"]):
        if path.startswith("extra/chien") and suspect[plan["path"] == path].mean() > 0.1:
            doubtful.add(path)
    keep = np.flatnonzero(~np.isin(plan["path"], sorted(doubtful)))
    print(f"{len(keep)} vues gardées ; chiens de extra/ écartés comme dalmatiens : {len(doubtful)}")
    some = read_split("train")[::7]
    images = [
        Image.open(DATA / p).convert("RGB").resize((SIZE, SIZE), Image.BILINEAR) for p, _ in some
    ]
    return {
        "pixels": np.load(WORK / "vues.npy", mmap_mode="r"),
        "keep": torch.from_numpy(keep),
        "target": TRUST * soft + (1 - TRUST) * onehot,
        "logits": logits.half(),
        "train": (np.stack([np.asarray(i) for i in images]), np.array([k for _, k in some])),
        "val": (val["pixels"], val["label"]),
    }


def to_input(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (n, 128, 128, 3) -> float32 (n, 3, 128, 128) entre -1 et 1, canaux en dernier."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def mix(x, target, aux, rng: np.random.Generator):
    """Mixup (deux photos superposées) ou CutMix (un rectangle échangé) ; l'avis aussi."""
    draw = rng.random()
    if draw > 0.6:
        return x, target, aux
    if draw < 0.35:
        share = float(rng.beta(0.4, 0.4))
        x = share * x + (1 - share) * x.flip(0)
    else:
        side = x.shape[-1]
        cut = math.sqrt(1 - float(rng.uniform(0.35, 1)))
        h = w = round(cut * side)
        top, left = int(rng.integers(0, side - h + 1)), int(rng.integers(0, side - w + 1))
        x = x.clone()
        x[..., top : top + h, left : left + w] = x.flip(0)[..., top : top + h, left : left + w]
        share = 1 - h * w / side**2
    return x, share * target + (1 - share) * target.flip(0), share * aux + (1 - share) * aux.flip(0)


@torch.no_grad()
def evaluate(model: Mini, photos: np.ndarray, labels: np.ndarray) -> tuple[float, float, float]:
    """Perte, exactitude et exactitude moyenne par classe sur des photos entières."""
    model.eval()
    logits = []
    for part in np.array_split(photos, max(1, len(photos) // 96)):
        with torch.autocast("cpu", torch.bfloat16):
            logits.append(model(to_input(part))[0].float())
    logits = torch.cat(logits)
    truth = torch.from_numpy(labels)
    right = (logits.argmax(1) == truth).numpy()
    by_class = [right[labels == k].mean() for k in range(len(CLASSES))]
    return float(F.cross_entropy(logits, truth)), float(right.mean()), float(np.mean(by_class))


def fold(model: Mini) -> dict[str, np.ndarray]:
    """Fond chaque normalisation dans sa convolution ; noyaux rangés comme Keras les attend."""
    arrays = {}
    names = [f"block{b}_conv{c}" for b, ws in enumerate(BLOCKS, 1) for c in range(1, len(ws) + 1)]
    for name, block in zip(names, model.layers):
        norm = block.norm
        scale = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        kernel = block.conv.weight.double() * scale[:, None, None, None]
        arrays[f"{name}/kernel"] = kernel.permute(2, 3, 1, 0)
        arrays[f"{name}/bias"] = norm.bias.double() - norm.running_mean.double() * scale
    arrays["predictions/kernel"] = model.predictions.weight.T
    arrays["predictions/bias"] = model.predictions.bias
    return {k: v.detach().numpy().astype(np.float32) for k, v in arrays.items()}


class Average:
    """Moyenne glissante des poids : plus stable que les poids du dernier pas."""

    def __init__(self, model: Mini):
        self.model = Mini()
        self.model.load_state_dict(model.state_dict())

    @torch.no_grad()
    def update(self, model: Mini, step: int) -> None:
        decay = min(0.999, (1 + step) / (10 + step))
        for mine, new in zip(self.model.state_dict().values(), model.state_dict().values()):
            if mine.dtype.is_floating_point:
                mine.lerp_(new, 1 - decay)


def train_phase(phase: int, data: dict, start: dict | None, log: Path) -> dict:
    """Une phase : montée brève du taux, puis descente en cosinus jusqu'à zéro."""
    steps, peak, small = PHASES[phase]
    torch.manual_seed(SEED + phase)
    model = Mini().to(memory_format=torch.channels_last)
    if start:
        model.load_state_dict(start)
    average = Average(model)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0}],
        peak, foreach=True,
    )  # fmt: skip
    checkpoint = WORK / "reprise.pt"
    first, spent = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        if saved["phase"] == phase:
            model.load_state_dict(saved["model"])
            average.model.load_state_dict(saved["average"])
            optimizer.load_state_dict(saved["optimizer"])
            first, spent = saved["step"], saved["seconds"]
            print(f"phase {phase + 1} : reprise au pas {first}")
    keep, began, losses = data["keep"], time.time() - spent, []
    per_epoch = len(keep) // BATCH
    for step in range(first, steps):
        # Le hasard d'un pas ne dépend que de son numéro : une reprise redonne la même suite.
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((SEED, phase, epoch)).permutation(len(keep))
        rng = np.random.default_rng((SEED, phase, 1000 + step))
        rows = keep[np.sort(order[place * BATCH : (place + 1) * BATCH])]
        rows = rows[rng.permutation(len(rows))]
        rate = peak * min((step + 1) / 300, 0.5 * (1 + math.cos(math.pi * step / steps)))
        for group in optimizer.param_groups:
            group["lr"] = rate

        x = to_input(data["pixels"][rows.numpy()])
        size = SMALL_SIZE if step < small * steps else SIZE
        if size != SIZE:
            x = F.interpolate(x, size=size, mode="bilinear", antialias=True)
        if rng.random() < 0.5:
            x = x.flip(3)
        target = data["target"][rows]
        aux = F.softmax(data["logits"][rows].float() / TEMPERATURE, 1)
        if step < (1 - CLEAN_END) * steps:
            x, target, aux = mix(x, target, aux, rng)
        x = x.contiguous(memory_format=torch.channels_last)

        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            scores, wide = model(x)
        loss = F.cross_entropy(scores.float(), target)
        loss_aux = F.kl_div(
            F.log_softmax(wide.float() / TEMPERATURE, 1), aux, reduction="batchmean"
        )
        optimizer.zero_grad()
        (loss + AUXILIARY * TEMPERATURE**2 * loss_aux).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        for block in model.layers:
            block.keep_positive()
        average.update(model, step)
        losses.append((float(loss.detach()), float(loss_aux.detach())))

        done = step + 1
        if done % EVERY == 0 or done == steps:
            on_train = evaluate(average.model, *data["train"])
            on_val = evaluate(average.model, *data["val"])
            seconds = time.time() - began
            mean_losses = np.mean(losses, axis=0)
            row = (
                phase + 1, done, f"{done * BATCH / len(keep):.2f}", f"{rate:.6f}", size,
                *(f"{v:.4f}" for v in (*mean_losses, *on_train[:2], *on_val)), round(seconds),
            )  # fmt: skip
            losses = []
            with open(log, "a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(row)
            left = (steps - done) * seconds / done / 60
            print(f"phase {phase + 1}, pas {done}/{steps}, perte {mean_losses[0]:.3f} + "
                  f"{mean_losses[1]:.3f}, apprentissage {100 * on_train[1]:.1f} %, validation "
                  f"{100 * on_val[1]:.1f} % (moyenne des classes {100 * on_val[2]:.1f} %), "
                  f"encore {left:.0f} min", flush=True)  # fmt: skip
        if done % (5 * EVERY) == 0:
            state = {
                "phase": phase, "step": done, "seconds": time.time() - began,
                "model": model.state_dict(), "average": average.model.state_dict(),
                "optimizer": optimizer.state_dict(),
            }  # fmt: skip
            torch.save(state, checkpoint.with_suffix(".tmp"))
            os.replace(checkpoint.with_suffix(".tmp"), checkpoint)
    return average.model.state_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description="Entraîne mini sur les vues préparées.")
    parser.add_argument("--coeurs", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.coeurs)
    log = WORK / "journal.csv"
    if not log.exists():
        log.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    data, state = load_data(), None
    for phase in range(len(PHASES)):
        finished = WORK / f"phase{phase + 1}.pt"
        if finished.exists():
            state = torch.load(finished)
            continue
        state = train_phase(phase, data, state, log)
        torch.save(state, finished)
        model = Mini()
        model.load_state_dict(state)
        model.eval()
        np.savez(WORK / f"mini_phase{phase + 1}.npz", **fold(model))
        print(f"phase {phase + 1} terminée")


if __name__ == "__main__":
    main()
