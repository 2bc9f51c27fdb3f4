"""Étape 1 : tirer au hasard des vues des photos et noter ce que le professeur y voit.

Chaque vue est un recadrage déformé, recoloré, parfois collé sur un fond de la vie courante. Le
professeur (MobileNetV2, ImageNet) et l'élève regarderont exactement la même vue : c'est la
distillation « cohérente » de Beyer et al. (2022, arXiv:2106.05237). On garde la vue réduite à
128 × 128 et les 1280 valeurs moyennes de la dernière carte du professeur.
"""

import argparse
import math
import os
import random
import subprocess
import sys
import time

import numpy as np
from common import (
    BACKGROUND,
    CLASSES,
    DATA,
    SIZE,
    TEACHER_HOME,
    TEACHER_SIZE,
    WORK,
    read_extra,
    read_split,
)  # fmt: skip
from PIL import Image, ImageEnhance, ImageFilter
from recipes import add_network_option, chosen, series_of

# Lus par Keras et TensorFlow au moment de leur chargement, plus bas.
os.environ["KERAS_HOME"] = str(TEACHER_HOME)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SEED = 20261
# Trois séries de vues. Les deux dernières reviennent trois fois plus souvent sur les chats et les
# chiens difficiles de `extra/`, et collent plus souvent les objets rares sur un fond.
SERIES = (1, 2, 3)
HARD = {1: 1, 2: 3, 3: 3}
# Part des vues collées : classes courantes, petites classes.
PASTE = {1: (0.12, 0.3), 2: (0.2, 0.5), 3: (0.2, 0.5)}
FILTERS = (Image.BILINEAR, Image.BILINEAR, Image.BICUBIC, Image.BOX, Image.LANCZOS, Image.NEAREST)
SMALL = {CLASSES.index(k) for k in ("dalmatien", "elephant", "montre", "tasse", "visage")}


def plan(total: int, series: int) -> list[tuple[str, int, int]]:
    """Choisit les vues : (chemin, classe, numéro). Les petites classes reviennent plus souvent."""
    extra = read_extra(held_out=False)
    photos = read_split("train") + extra
    photos += [p for p in extra if p[1] != BACKGROUND] * (HARD[series] - 1)
    by_class: dict[int, list[str]] = {}
    for path, label in photos:
        by_class.setdefault(label, []).append(path)
    weights = {k: len(v) ** 0.6 * (0.6 if k == BACKGROUND else 1) for k, v in by_class.items()}
    scale = total / sum(weights.values())
    rng = random.Random(SEED + series - 1)
    views = []
    for label, paths in sorted(by_class.items()):
        count = round(weights[label] * scale)
        order: list[str] = []
        while len(order) < count:
            turn = paths[:]
            rng.shuffle(turn)
            order += turn
        views += [(path, label) for path in order[:count]]
    rng.shuffle(views)
    return [(path, label, number) for number, (path, label) in enumerate(views)]


def crop(image: Image.Image, rng: random.Random, smallest: float) -> Image.Image:
    """Recadrage aléatoire : toute la photo une fois sur quatre, sinon une part de sa surface."""
    width, height = image.size
    if rng.random() < 0.25:
        return image
    for _ in range(10):
        area = width * height * rng.uniform(smallest, 1)
        ratio = math.exp(rng.uniform(math.log(0.7), math.log(1 / 0.7)))
        w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
        if w <= width and h <= height:
            left, top = rng.randint(0, width - w), rng.randint(0, height - h)
            return image.crop((left, top, left + w, top + h))
    return image


def recolour(image: Image.Image, rng: random.Random) -> Image.Image:
    """Lumière, contraste, couleurs, gris, flou : tirés au hasard."""
    if rng.random() < 0.7:
        image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.65, 1.35))
        image = ImageEnhance.Contrast(image).enhance(rng.uniform(0.65, 1.35))
        image = ImageEnhance.Color(image).enhance(rng.uniform(0.4, 1.5))
    if rng.random() < 0.3:  # balance des blancs
        gains = [rng.uniform(0.85, 1.15) for _ in range(3)]
        table = [min(255, round(v * g)) for g in gains for v in range(256)]
        image = image.point(table)
    if rng.random() < 0.06:
        image = image.convert("L").convert("RGB")
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2)))
    return image


def make_view(
    path: str, label: int, number: int, backgrounds: list[str], series: int
) -> Image.Image:
    """Fabrique la vue numéro `number`, toujours la même : une image de 224 × 224."""
    rng = random.Random((SEED + series - 1) * 1_000_003 + number)
    image = Image.open(DATA / path).convert("RGB")
    if rng.random() < 0.5:
        image = image.transpose(Image.FLIP_LEFT_RIGHT)
    if rng.random() < 0.25:
        image = image.rotate(rng.uniform(-14, 14), Image.BILINEAR, fillcolor=(127, 127, 127))
        w, h = image.size
        image = image.crop((round(w * 0.06), round(h * 0.06), round(w * 0.94), round(h * 0.94)))
    paste = label != BACKGROUND and rng.random() < PASTE[series][label in SMALL]
    # Une photo collée reste presque entière : elle sera déjà réduite.
    image = crop(image, rng, 0.75 if paste else 0.25)
    side = TEACHER_SIZE
    if paste:
        canvas = Image.open(DATA / rng.choice(backgrounds)).convert("RGB")
        canvas = crop(canvas, rng, 0.4).resize((side, side), Image.BILINEAR)
        share = rng.uniform(0.35, 0.8)
        w = round(side * share * rng.uniform(0.85, 1.15))
        h = round(side * share * rng.uniform(0.85, 1.15))
        x, y = rng.randint(-w // 8, side - w + w // 8), rng.randint(-h // 8, side - h + h // 8)
        canvas.paste(image.resize((w, h), Image.BILINEAR), (x, y))
        image = canvas
    else:
        image = image.resize((side, side), Image.BICUBIC)
    return recolour(image, rng)


def shrink(image: Image.Image, number: int) -> Image.Image:
    """Réduit la vue à 128 × 128 avec un filtre qui change : l'élève ne doit dépendre d'aucun."""
    return image.resize((SIZE, SIZE), FILTERS[number % len(FILTERS)])


def suffix(series: int) -> str:
    """Fin du nom des fichiers d'une série : rien pour la première."""
    return "" if series == 1 else f"_{series}"


def load_teacher():
    """MobileNetV2 d'ImageNet, jusqu'à sa moyenne globale, et les poids de sa dernière couche."""
    import keras

    teacher = keras.applications.MobileNetV2(weights="imagenet")
    kernel, bias = teacher.layers[-1].get_weights()
    return keras.Model(teacher.inputs, teacher.layers[-2].output), kernel, bias


def run_worker(total: int, series: int, part: int, parts: int) -> None:
    """Calcule les vues part, part + parts, part + 2·parts... ; reprend là où il s'était arrêté."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    teacher, _, _ = load_teacher()
    call = tf.function(lambda x: teacher(x, training=False))
    views = plan(total, series)
    backgrounds = [p for p, k in read_extra(held_out=False) if k == BACKGROUND]
    pixels = np.lib.format.open_memmap(WORK / f"vues{suffix(series)}.npy", mode="r+")
    features = np.lib.format.open_memmap(WORK / f"professeur{suffix(series)}.npy", mode="r+")
    done_path = WORK / f"fait{suffix(series)}_{part}.txt"
    start = int(done_path.read_text()) if done_path.exists() else 0
    mine, began = views[part::parts], time.time()
    for first in range(start, len(mine), 64):
        batch = mine[first : first + 64]
        large = [make_view(*view, backgrounds, series) for view in batch]
        x = np.stack([np.asarray(i, np.float32) for i in large]) / 127.5 - 1
        numbers = [view[2] for view in batch]
        features[numbers] = call(x).numpy().astype(np.float16)
        pixels[numbers] = np.stack([np.asarray(shrink(i, n)) for i, n in zip(large, numbers)])
        done_path.write_text(str(first + len(batch)))
        if first // 64 % 20 == 0:
            seconds = time.time() - began
            done = first + len(batch)
            print(f"série {series}, partie {part} : {done}/{len(mine)} vues, {seconds:.0f} s",
                  flush=True)  # fmt: skip


def prepare(total: int, series: int, processes: int) -> None:
    """Calcule une série de vues, en plusieurs processus ; ne refait pas ce qui est prêt."""
    views, tag = plan(total, series), suffix(series)
    marker = WORK / f"vues{tag}_pretes.txt"
    if marker.exists() and marker.read_text() == str(len(views)):
        print(f"Les vues de la série {series} sont déjà prêtes.")
        return
    if not (WORK / f"vues{tag}.npy").exists():
        create = np.lib.format.open_memmap
        create(WORK / f"vues{tag}.npy", "w+", np.uint8, (len(views), SIZE, SIZE, 3))
        create(WORK / f"professeur{tag}.npy", "w+", np.float16, (len(views), 1280))
    np.savez(
        WORK / f"vues_plan{tag}.npz",
        path=np.array([view[0] for view in views]),
        label=np.array([view[1] for view in views]),
    )
    command = [sys.executable, __file__, "--vues", str(total), "--serie", str(series)]
    command += ["--processus", str(processes)]
    jobs = [subprocess.Popen([*command, "--partie", str(p)]) for p in range(processes)]
    codes = [job.wait() for job in jobs]  # tous, même si le premier a échoué
    if any(codes):
        sys.exit("La préparation a été interrompue : relancez la même commande, elle reprendra.")
    marker.write_text(str(len(views)))


def prepare_validation() -> None:
    """Les photos de validation, vues entières : une seule vue chacune, sans hasard."""
    if (WORK / "tete_imagenet.npz").exists():
        return
    teacher, kernel, bias = load_teacher()
    val = read_split("val")
    images = [Image.open(DATA / path).convert("RGB") for path, _ in val]
    large = np.stack([np.asarray(i.resize((224, 224), Image.BILINEAR), np.float32) for i in images])
    np.savez(
        WORK / "validation.npz",
        pixels=np.stack([np.asarray(i.resize((SIZE, SIZE), Image.BILINEAR)) for i in images]),
        features=teacher.predict(large / 127.5 - 1, batch_size=64, verbose=0),
        label=np.array([k for _, k in val]),
    )
    np.savez(WORK / "tete_imagenet.npz", kernel=kernel, bias=bias)


def main() -> None:
    parser = argparse.ArgumentParser(description="Prépare les vues et les réponses du professeur.")
    parser.add_argument("--vues", type=int, default=40_000, help="nombre de vues par série")
    add_network_option(parser)
    parser.add_argument("--serie", type=int, choices=SERIES, help="une seule série")
    parser.add_argument("--processus", type=int, default=2)
    parser.add_argument("--partie", type=int, help="usage interne")
    args = parser.parse_args()
    if args.partie is not None:
        run_worker(args.vues, args.serie, args.partie, args.processus)
        return
    WORK.mkdir(parents=True, exist_ok=True)
    for series in [args.serie] if args.serie else series_of(chosen(args.reseau)):
        prepare(args.vues, series, args.processus)
    prepare_validation()


if __name__ == "__main__":
    main()
