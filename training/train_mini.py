"""Étape 2 : entraîner un réseau (PyTorch, calculs en bfloat16 si le processeur sait les faire).

L'élève apprend trois choses à la fois sur chaque vue : l'étiquette de la photo, l'avis du
professeur sur les quatorze classes (une régression logistique posée sur ses 1280 valeurs) et son
avis sur les mille classes d'ImageNet (tête auxiliaire, jetée à la fin). Les recettes viennent de
Hinton et al. (2015, arXiv:1503.02531), Beyer et al. (2022, arXiv:2106.05237), Zhang et al. (2018,
mixup) et Yun et al. (2019, CutMix).

C'est toute l'éducation de `mini`. Les phases suivantes, que seul `mini_localise` a reçues (voir
recipes.py), ajoutent une quatrième leçon, celle du **lieu** : en un point de la carte, une classe
absente de cet endroit ne doit laisser aucune trace positive, et la classe présente doit en laisser
une. On sait où chacune est sans contour dessiné à la main : nulle part, si la photo ne la contient
pas ; dans son rectangle, pour les collages que fait le script. Le script reprend là où il s'était
arrêté.
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
from common import BACKGROUND, CLASSES, DATA, SIZE, WORK, mini, read_split
from PIL import Image
from recipes import RECIPES, Phase, add_network_option, chosen
from torch import nn

SEED = 20262
BATCH = 96
SMALL_SIZE = 96
WEIGHT_DECAY = 0.05
AUXILIARY, TEMPERATURE = 0.5, 2.0  # poids et température de la tête à mille classes
TRUST = 0.6  # part du professeur dans la cible à quatorze classes ; le reste est l'étiquette
CLEAN_END = 0.15  # fin de chaque phase sans mélange de photos : la confiance se règle
EVERY = 200  # pas entre deux lignes du journal
DALMATIAN = 251  # indice d'ImageNet
STRIDE = 8  # pixels de la photo par case de la carte
TRACE = 2.0  # trace attendue de la classe présente, dans l'unité des scores
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
        for _, new, block_follows in mini.convolutions():
            layers.append(ConvBlock(width, new, pool=block_follows))
            width = new
        self.layers = nn.Sequential(*layers)
        self.dropout = nn.Dropout(0.2)
        self.predictions = nn.Linear(width, len(CLASSES))
        self.auxiliary = nn.Linear(width, 1000)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.heads(self.layers(x).float())

    def heads(self, activations: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x = activations.mean(dim=(2, 3))
        return self.predictions(self.dropout(x)), self.auxiliary(x)

    def maps(self, activations: torch.Tensor) -> torch.Tensor:
        """Cartes d'activation des quatorze classes (n, 14, h, w), avant la ReLU."""
        return torch.einsum("nchw,kc->nkhw", activations, self.predictions.weight)


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


class Views:
    """Les vues d'une ou plusieurs séries, lues sur le disque à la demande."""

    def __init__(self, series: tuple[int, ...]):
        tags = ["" if k == 1 else f"_{k}" for k in series]
        plans = [np.load(WORK / f"vues_plan{tag}.npz") for tag in tags]
        self.parts = [np.load(WORK / f"vues{tag}.npy", mmap_mode="r") for tag in tags]
        self.path = np.concatenate([plan["path"] for plan in plans])
        self.label = np.concatenate([plan["label"] for plan in plans])
        self.teacher = np.concatenate([np.load(WORK / f"professeur{tag}.npy") for tag in tags])

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        """Pixels uint8 (n, 128, 128, 3) de ces lignes, dans cet ordre."""
        found, first = np.empty((len(rows), SIZE, SIZE, 3), np.uint8), 0
        for part in self.parts:
            here = (rows >= first) & (rows < first + len(part))
            found[here] = part[rows[here] - first]
            first += len(part)
        return found


def load_data(series: tuple[int, ...]) -> dict:
    """Vues, cibles et photos de contrôle, en mémoire."""
    views = Views(series)
    val = dict(np.load(WORK / "validation.npz"))
    soft, onehot = fit_teacher_head(views.teacher, views.label, val)
    head = np.load(WORK / "tete_imagenet.npz")
    kernel, bias = torch.from_numpy(head["kernel"]), torch.from_numpy(head["bias"])
    logits = torch.cat([
        (torch.from_numpy(part.astype(np.float32)) @ kernel + bias).half()
        for part in np.array_split(views.teacher, 20)
    ])  # fmt: skip
    # Les chiens de extra/ que le professeur prend pour des dalmatiens restent de côté.
    suspect = np.concatenate(
        [F.softmax(part.float(), 1)[:, DALMATIAN].numpy() for part in logits.split(4096)]
    )
    doubtful = set()
    for path in np.unique(views.path):
        if path.startswith("extra/chien") and suspect[views.path == path].mean() > 0.1:
            doubtful.add(path)
    keep = np.flatnonzero(~np.isin(views.path, sorted(doubtful)))
    print(f"{len(keep)} vues gardées ; chiens de extra/ écartés comme dalmatiens : {len(doubtful)}")
    some = read_split("train")[::7]
    images = [
        Image.open(DATA / p).convert("RGB").resize((SIZE, SIZE), Image.BILINEAR) for p, _ in some
    ]
    return {
        "pixels": views,
        "keep": torch.from_numpy(keep),
        "backgrounds": np.flatnonzero(views.label == BACKGROUND),
        "target": TRUST * soft + (1 - TRUST) * onehot,
        "marks": mark_classes(soft, views.label),
        "logits": logits,
        "train": (np.stack([np.asarray(i) for i in images]), np.array([k for _, k in some])),
        "val": (val["pixels"], val["label"]),
    }


def mark_classes(soft: torch.Tensor, labels: np.ndarray) -> torch.Tensor:
    """Classes que la vue peut contenir, et celle qu'elle contient sûrement : bool (n, 2, 14)."""
    labels = torch.from_numpy(labels)
    possible = soft > torch.where(labels == BACKGROUND, 0.3, 0.1)[:, None]
    sure = torch.zeros_like(possible)
    real = torch.nonzero(labels != BACKGROUND)[:, 0]
    sure[real, labels[real]] = True
    possible |= sure
    possible[:, CLASSES.index("chien")] |= possible[:, CLASSES.index("dalmatien")]
    return torch.stack([possible, sure], 1)


def to_input(pixels: np.ndarray) -> torch.Tensor:
    """uint8 (n, 128, 128, 3) -> float32 (n, 3, 128, 128) entre -1 et 1, canaux en dernier."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1


def mix(x, target, aux, rng: np.random.Generator):
    """Mixup (deux photos superposées) ou CutMix (un rectangle échangé) ; l'avis aussi."""
    draw = rng.random()
    if draw > 0.6:
        return x, target, aux
    if draw < 0.35:
        return average_of(x, target, aux, float(rng.beta(0.4, 0.4)))
    side = x.shape[-1]
    cut = math.sqrt(1 - float(rng.uniform(0.35, 1)))
    h = w = round(cut * side)
    top, left = int(rng.integers(0, side - h + 1)), int(rng.integers(0, side - w + 1))
    _, target, aux = average_of(x, target, aux, 1 - h * w / side**2)
    x = x.clone()
    x[..., top : top + h, left : left + w] = x.flip(0)[..., top : top + h, left : left + w]
    return x, target, aux


def whole(marks: torch.Tensor, side: int) -> torch.Tensor:
    """Les marques de la vue, les mêmes en chaque case : bool (n, 2, 14, h, w)."""
    cells = side // STRIDE
    return marks[..., None, None].expand(*marks.shape, cells, cells).clone()


def blend(x, target, aux, marks, rng: np.random.Generator):
    """Mixup : deux photos superposées, chacune possible partout, aucune sûre."""
    share = float(rng.beta(0.4, 0.4))
    place = whole(marks | marks.flip(0), x.shape[-1])
    place[:, 1] = False
    return *average_of(x, target, aux, share), place


def average_of(x, target, aux, share: float):
    """La moyenne pondérée de chaque vue, et de ses cibles, avec celles d'une autre."""
    return tuple(share * part + (1 - share) * part.flip(0) for part in (x, target, aux))


def swap(x, target, aux, marks, rng: np.random.Generator):
    """CutMix dont le rectangle suit les cases de la carte : on sait quelle photo est où."""
    cells = x.shape[-1] // STRIDE
    h, w = (int(n) for n in rng.integers(cells // 3, cells * 3 // 4 + 1, 2))
    top, left = int(rng.integers(0, cells - h + 1)), int(rng.integers(0, cells - w + 1))
    place = whole(marks, x.shape[-1])
    place[..., top : top + h, left : left + w] = marks.flip(0)[..., None, None]
    rows = slice(STRIDE * top, STRIDE * (top + h))
    columns = slice(STRIDE * left, STRIDE * (left + w))
    _, target, aux = average_of(x, target, aux, 1 - h * w / cells**2)
    other, x = x.flip(0), x.clone()
    x[..., rows, columns] = other[..., rows, columns]
    return x, target, aux, place


def collage(x, target, aux, marks, canvas, canvas_marks, rng: np.random.Generator):
    """Une ou deux photos réduites, posées sur un fond de la vie courante, sur les cases."""
    side = x.shape[-1]
    cells = side // STRIDE
    place = whole(canvas_marks, side)
    out, total = canvas.clone(), 0
    pair = rng.random() < 0.65
    upright = rng.random() < 0.7  # côte à côte, plutôt que l'une sous l'autre
    new_target, new_aux = torch.zeros_like(target), torch.zeros_like(aux)
    for k in range(2 if pair else 1):
        h = int(rng.integers(cells * 2 // 5, cells + 1))
        w = int(rng.integers(cells * 2 // 5, cells // 2 + 1 if pair else cells + 1))
        top = int(rng.integers(0, cells - h + 1))
        half = cells // 2 if pair else cells
        left = k * half + int(rng.integers(0, half - w + 1))
        if pair and not upright:
            h, w, top, left = w, h, left, top
        photo, photo_target, photo_aux, photo_marks = (
            part if k == 0 else part.flip(0) for part in (x, target, aux, marks)
        )
        small = F.interpolate(photo, size=(STRIDE * h, STRIDE * w), mode="bilinear", antialias=True)
        out[..., STRIDE * top : STRIDE * (top + h), STRIDE * left : STRIDE * (left + w)] = small
        place[..., top : top + h, left : left + w] = photo_marks[..., None, None]
        new_target += h * w * photo_target
        new_aux += h * w * photo_aux
        total += h * w
    return out, new_target / total, new_aux / total, place


def place_losses(
    maps: torch.Tensor, place: torch.Tensor, margin: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Trace des classes absentes au-dessus de -margin, case par case ; trop faible des présentes.

    La seconde ne demande rien à une case donnée : la moyenne lissée des exponentielles de la
    région suffit, quelques cases chaudes la satisfont. Sans elle, toutes les cartes pourraient
    rester négatives, car la softmax ne voit que des différences.
    """
    possible, sure = place.unbind(1)
    absent = (F.softplus(maps + margin) * ~possible).sum(1).mean()
    sure, maps = sure.flatten(2), maps.flatten(2)
    n, k = torch.nonzero(sure.any(2), as_tuple=True)
    inside = sure[n, k]
    trace = torch.logsumexp(maps[n, k].masked_fill(~inside, -1e4), 1) - inside.sum(1).log()
    present = F.softplus(TRACE - trace).mean() if len(n) else maps.sum() * 0
    return absent, present


def peak_losses(
    maps: torch.Tensor, place: torch.Tensor, margin: float, said: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Case la plus chaude des classes absentes au-dessus de -margin ; étendue des présentes.

    Moyennée sur 256 cases, une case égarée ne coûte presque rien : c'est elle, pourtant, que montre
    une carte ramenée à son maximum. La classe présente, elle, doit marquer un huitième au moins de
    sa région, et la réponse du réseau (`said`, la classe la plus probable, n) quatre cases : une
    carte vide n'expliquerait rien. Là où personne ne sait ce que montre la photo, la réponse n'est
    pas une faute.
    """
    possible, sure = place.flatten(3).unbind(1)
    maps = maps.flatten(2)
    answered = F.one_hot(said, maps.shape[1]).bool()
    unknown = ~sure.any(2).any(1)
    possible = possible | (unknown[:, None] & answered)[..., None]
    hottest = maps.masked_fill(possible, -1e4).amax(2)
    absent = F.softplus(hottest + margin).sum(1).mean()
    n, k = torch.nonzero(sure.any(2), as_tuple=True)
    inside = sure[n, k]
    first = maps[n, k].masked_fill(~inside, -1e4).sort(1, descending=True).values
    wanted = (inside.sum(1) + 7) // 8
    first = first * (torch.arange(maps.shape[2]) < wanted[:, None])
    present = F.softplus(TRACE - first.sum(1) / wanted)
    answer = F.softplus(TRACE - maps[answered].topk(4, 1).values.mean(1))
    return absent, torch.cat([present, answer]).mean()


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
    for (name, _, _), block in zip(mini.convolutions(), model.layers):
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


def forget_after(log: Path, phase: int, step: int) -> None:
    """Ôte du journal les lignes qu'une reprise à ce pas va écrire de nouveau."""
    head, *lines = log.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if tuple(map(int, line.split(",")[:2])) <= (phase, step)]
    log.write_text("\n".join([head, *kept]) + "\n", encoding="utf-8")


def train_phase(phase: int, settings: Phase, start: dict | None, folder: Path) -> dict:
    """Une phase : montée brève du taux, puis descente en cosinus jusqu'à zéro."""
    steps, peak, small, series, weight, margin, peaks = settings
    log = folder / "journal.csv"
    data = load_data(series)
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
    checkpoint = folder / "reprise.pt"
    first, spent = 0, 0.0
    if checkpoint.exists():
        saved = torch.load(checkpoint)
        if saved["phase"] == phase:
            model.load_state_dict(saved["model"])
            average.model.load_state_dict(saved["average"])
            optimizer.load_state_dict(saved["optimizer"])
            first, spent = saved["step"], saved["seconds"]
            print(f"phase {phase + 1} : reprise au pas {first}")
    forget_after(log, phase + 1, first)
    keep, began, losses, places = data["keep"], time.time() - spent, [], []
    per_epoch = len(keep) // BATCH
    for step in range(first, steps):
        # Le hasard d'un pas ne dépend que de son numéro : une reprise redonne la même suite.
        epoch, turn = divmod(step, per_epoch)
        order = np.random.default_rng((SEED, phase, epoch)).permutation(len(keep))
        rng = np.random.default_rng((SEED, phase, 1000 + step))
        rows = keep[np.sort(order[turn * BATCH : (turn + 1) * BATCH])]
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
        place, clean = None, step >= (1 - CLEAN_END) * steps
        if weight:
            marks, draw = data["marks"][rows], rng.random()
            if draw < 0.35:
                under = rng.choice(data["backgrounds"], len(rows))
                canvas = F.interpolate(
                    to_input(data["pixels"][under]), size=size, mode="bilinear", antialias=True
                )
                x, target, aux, place = collage(
                    x, target, aux, marks, canvas, data["marks"][under], rng
                )
            elif draw < 0.55 and not clean:
                x, target, aux, place = swap(x, target, aux, marks, rng)
            elif draw < 0.75 and not clean:
                x, target, aux, place = blend(x, target, aux, marks, rng)
            else:
                place = whole(marks, size)
        elif not clean:
            x, target, aux = mix(x, target, aux, rng)
        x = x.contiguous(memory_format=torch.channels_last)

        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            activations = model.layers(x)
        activations = activations.float()
        scores, wide = model.heads(activations)
        loss = F.cross_entropy(scores, target)
        loss_aux = F.kl_div(F.log_softmax(wide / TEMPERATURE, 1), aux, reduction="batchmean")
        total = loss + AUXILIARY * TEMPERATURE**2 * loss_aux
        if weight:
            maps = model.maps(activations)
            absent, present = place_losses(maps, place, margin)
            if peaks:
                more = peak_losses(maps, place, margin, scores.detach().argmax(1))
                absent, present = absent + more[0], present + more[1]
            total = total + weight * (absent + present)
            places.append((float(absent.detach()), float(present.detach())))
        optimizer.zero_grad()
        total.backward()
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
            trace = " + {:.3f} + {:.3f}".format(*np.mean(places, axis=0)) if places else ""
            losses, places = [], []
            with open(log, "a", encoding="utf-8", newline="") as file:
                csv.writer(file, lineterminator="\n").writerow(row)
            left = (steps - done) * seconds / done / 60
            print(f"phase {phase + 1}, pas {done}/{steps}, perte {mean_losses[0]:.3f} + "
                  f"{mean_losses[1]:.3f}{trace}, apprentissage {100 * on_train[1]:.1f} %, "
                  f"validation {100 * on_val[1]:.1f} % (par classe {100 * on_val[2]:.1f} %), "
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


def train(name: str) -> None:
    """Toutes les phases d'un réseau ; celles qui sont finies ne sont pas refaites."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "journal.csv"
    if not log.exists():
        log.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    state = None
    for phase, settings in enumerate(RECIPES[name]):
        finished = folder / f"phase{phase + 1}.pt"
        if finished.exists():
            state = torch.load(finished)
            continue
        state = train_phase(phase, settings, state, folder)
        torch.save(state, finished)
        print(f"{name}, phase {phase + 1} terminée")


def main() -> None:
    parser = argparse.ArgumentParser(description="Entraîne les réseaux sur les vues préparées.")
    add_network_option(parser)
    parser.add_argument("--coeurs", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.coeurs)
    for name in chosen(args.reseau):
        train(name)


if __name__ == "__main__":
    main()
