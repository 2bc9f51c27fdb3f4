"""Dessine la figure qui ouvre chaque leçon et la joint à sa première cellule.

    python scripts/draw_openings.py

Une figure jointe (*attachment*) se voit sans rien exécuter, y compris sur GitHub. Elle est
dessinée avec `mini` et les photos livrées avec le cours, sans réseau ; à refaire quand `mini`
change.
"""

import base64
import sys
from pathlib import Path

import nbformat
import numpy as np

ROOT = Path(__file__).resolve().parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from scripts.lesson_environment import isolated  # noqa: E402

NAME = "ouverture.png"  # le nom que cite la première cellule


def strip(panels, symbols):
    """Une ligne de `panels` (titre, dessin), séparés par `symbols` ; rend la figure."""
    from gradcam_lab.base.palette import ACCENT
    from gradcam_lab.figures import LessonFigure

    widths = [1.0 if i % 2 == 0 else 0.16 for i in range(2 * len(panels) - 1)]
    figure = LessonFigure(figsize=(9.6, 2.3), dpi=100, layout="constrained", facecolor="white")
    axes = figure.subplots(1, len(widths), width_ratios=widths)
    for axis, (title, draw) in zip(axes[::2], panels):
        draw(axis)
        axis.set_title(title, fontsize=10)
    for axis, symbol in zip(axes[1::2], symbols):
        axis.text(0.5, 0.5, symbol, fontsize=20, ha="center", va="center", color=ACCENT)
        axis.set_axis_off()
    return figure


def picture(values, **options):
    """Un dessin d'image, sans axes."""

    def draw(axis):
        axis.imshow(values, **options)
        axis.set_axis_off()

    return draw


def bars(values):
    """Un dessin de vecteur : une barre par classe, la plus haute en couleur."""
    from gradcam_lab.base.palette import ACCENT, QUIET

    def draw(axis):
        colors = [ACCENT if v == values.max() else QUIET for v in values]
        axis.bar(range(len(values)), values, color=colors)
        axis.set(xticks=[], yticks=[], ylim=(0, 1))
        axis.spines[["top", "right"]].set_visible(False)

    return draw


def openings():
    """Rend {carnet: figure}."""
    import gradcam_lab as gl

    model = gl.load_model("mini")
    image = gl.sample("chelsea")
    analysis = model.analyze(image)
    photo = np.asarray(image)
    height, width = photo.shape[:2]
    heatmap = analysis.heatmap()
    extent = (0, width, height, 0)
    squares = picture(gl.colorize(heatmap), extent=extent, interpolation="nearest")
    overlay = picture(gl.superimpose(heatmap, image))
    name = analysis.top(1)[0].label_fr

    small = image.resize(model.input_size[::-1])
    gray = np.asarray(small.convert("L"), np.float32)
    edges = sum(
        gray[i : i + len(gray) - 2, 2:] - gray[i : i + len(gray) - 2, :-2] for i in (0, 1, 2)
    )
    borders = picture(edges, cmap="RdBu_r", vmin=-400, vmax=400)

    activations, gradients = analysis.activations(), analysis.gradients()
    alpha = gl.methods.pooled_gradients(gradients)
    strongest = np.argsort(-alpha * activations.mean(axis=(0, 1)))[:2]
    channels = [
        (f"canal {k}, × son poids", picture(activations[..., k], extent=extent)) for k in strongest
    ]
    both = model.analyze(gl.sample("chat_et_tasse"))  # comme dans la leçon 4
    answers = [
        (f"où « {label} » ?", picture(gl.superimpose(both.heatmap(label), both.image)))
        for label in ("chat", "tasse")
    ]
    return {
        "00_sommaire": strip(
            [
                ("une photo", picture(photo)),
                (f"pourquoi « {name} » ?", squares),
                ("ce qui a compté", overlay),
            ],
            "→→",
        ),
        "01_predire": strip(
            [
                ("la photo", picture(photo)),
                (f"réduite à {small.width} × {small.height}", picture(np.asarray(small))),
                ("un filtre y trouve les bords", borders),
                ("un nombre par classe", bars(analysis.probabilities)),
            ],
            "→→→",
        ),
        "02_gradcam_pas_a_pas": strip(
            [*channels, ("et tous les autres", picture(_mosaic(activations, alpha))),
             ("ReLU de la moyenne", picture(heatmap, extent=extent))],
            ["+", "+", "→"],
        ),
        "03_superposer": strip(
            [
                ("la carte", picture(heatmap, extent=extent, cmap="gray")),
                ("agrandie, colorée", picture(gl.colorize(heatmap, (height, width)))),
                ("la photo", picture(photo)),
                ("superposées", overlay),
            ],
            ["→", "+", "→"],
        ),
        "04_explorer": strip([("une photo", picture(both.image)), *answers], "→ "),
    }  # fmt: skip


def _mosaic(activations, alpha, side=6):
    """Une mosaïque des canaux suivants, du plus lourd au plus léger."""
    order = np.argsort(-np.abs(alpha))[2 : 2 + side * side]
    tiles = activations[..., order] / (activations[..., order].max(axis=(0, 1)) + 1e-9)
    h, w = tiles.shape[:2]
    padded = np.full((side, side, h + 2, w + 2), np.nan)
    padded[:, :, 1:-1, 1:-1] = tiles.transpose(2, 0, 1).reshape(side, side, h, w)
    return padded.swapaxes(1, 2).reshape(side * (h + 2), side * (w + 2))


def road():
    """Le chemin de l'image aux probabilités (leçon 1) : l'aller, puis le gradient au retour."""
    import gradcam_lab as gl
    from gradcam_lab.base.palette import ACCENT, QUIET
    from gradcam_lab.figures import LessonFigure

    model = gl.load_model("mini")
    analysis = model.analyze(gl.sample("chelsea"))
    first, last = analysis.activations(model.layers[0].name), analysis.activations()
    weights = gl.methods.pooled_gradients(analysis.gradients())
    first = first[..., first.mean(axis=(0, 1)).argmax()]
    last = last[..., (weights * last.mean(axis=(0, 1))).argmax()]
    small = np.asarray(analysis.image.resize(model.input_size[::-1]))
    stops = [
        ("l'image", picture(small)),
        ("première couche :\nune pile de canaux", picture(first)),
        ("dernière carte\nd'activation", picture(last)),
        ("les scores", bars(analysis.scores)),
        ("les probabilités", bars(analysis.probabilities)),
    ]
    steps = ["des\nfiltres", "d'autres\ncouches", "moyenne\net somme", "softmax"]
    figure = LessonFigure(figsize=(9.6, 2.9), dpi=100, facecolor="white")
    lefts = [0.01 + 0.207 * i for i in range(len(stops))]
    for left, (title, draw) in zip(lefts, stops):
        axis = figure.add_axes((left, 0.36, 0.135, 0.45))
        draw(axis)
        axis.set_title(title, fontsize=9)
        if "score" in title:  # un score n'a pas de bornes
            axis.set_ylim(analysis.scores.min(), analysis.scores.max())
            axis.spines["bottom"].set_position("zero")
    canvas = figure.add_axes((0, 0, 1, 1), facecolor="none")
    canvas.set(xlim=(0, 1), ylim=(0, 1))
    canvas.set_axis_off()
    arrow = {"arrowstyle": "-|>", "color": QUIET, "lw": 2}
    for left, step in zip(lefts, steps):
        canvas.annotate("", (left + 0.2, 0.52), (left + 0.14, 0.52), arrowprops=arrow)
        canvas.text(left + 0.171, 0.57, step, fontsize=8, ha="center", va="bottom")
    back = {"arrowstyle": "-|>", "color": ACCENT, "lw": 2, "linestyle": "--"}
    start, end = lefts[3] + 0.07, lefts[2] + 0.07
    canvas.plot([start, start, end], [0.33, 0.2, 0.2], color=ACCENT, lw=2, ls="--")
    canvas.annotate("", (end, 0.35), (end, 0.195), arrowprops=back)
    asked = "au retour, le gradient : de combien bougerait le score si ceci bougeait un peu ?"
    canvas.text(0.5, 0.05, asked, fontsize=9, ha="center", color=ACCENT)
    return figure


def row(pictures, titles=None):
    """Une ligne d'images, sans flèches ; rend la figure."""
    from gradcam_lab.figures import LessonFigure

    height = 1.55 if titles else 9.6 / len(pictures)
    figure = LessonFigure(figsize=(9.6, height), dpi=100, layout="constrained", facecolor="white")
    axes = figure.subplots(1, len(pictures))
    for axis, values, title in zip(axes, pictures, titles or [""] * len(pictures)):
        picture(values)(axis)
        axis.set_title(title, fontsize=10)
    return figure


def means():
    """La photo, puis la moyenne des canaux de cinq couches (leçon 5)."""
    import gradcam_lab as gl

    model = gl.load_model("mini")
    analysis = model.analyze(gl.sample("chelsea"))
    names = [layer.name for layer in model.layers]
    chosen = [names[round(k * (len(names) - 1) / 4)] for k in range(5)]
    small = np.asarray(analysis.image.resize(model.input_size[::-1]))
    maps = [analysis.activations(name).mean(axis=-1) for name in chosen]
    return row([small, *maps], ["la photo", *chosen])


def patterns():
    """L'image qui excite le plus un canal, dans cinq couches (leçon 6)."""
    import gradcam_lab as gl

    model = gl.load_model("mini")
    chosen = {
        "block1_conv1": 2, "block2_conv1": 8, "block3_conv1": 5, "block4_conv1": 3,
        "block4_conv3": 11,
    }  # fmt: skip
    return row([
        gl.features.maximize_channel(model, layer, channel, step_size=4).image
        for layer, channel in chosen.items()
    ])  # fmt: skip


def computed(lesson, last):
    """Les variables d'une leçon, une fois ses cellules exécutées jusqu'à `last` comprise."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    namespace = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source.replace("%pip install", "pass  # pip install"), namespace)
        if cell["id"] == last:
            break
    return namespace


def rather():
    """Les quatre questions que pose la leçon 7, dans ses propres cellules."""
    pictures = computed("07_chiens_et_chats", "quatre")["four"]
    return row(list(pictures.values()), list(pictures))


def recipes():
    """Les cinq images que calcule la leçon 8 elle-même, dans ses propres cellules."""
    pictures = computed("08_cinq_recettes", "cinq-images")["pictures"]
    return row(list(pictures.values()), list(pictures))


def trap():
    """Deux pièces de la leçon 9, et ce que le réseau piégé y regarde : la pastille."""
    lesson = computed("09_votre_reseau", "carte-piege")
    panels = []
    for piece in lesson["squares"][:2]:
        heat, answer = lesson["warm"](lesson["trapped"], piece)
        panels += [("une pièce de l'examen", picture(piece)), (answer, picture(heat))]
    return strip(panels, "→ →")


def guess():
    """La devinette de la leçon 10 : une carte apprise, une carte au hasard, sans dire laquelle."""
    shown = computed("10_peut_on_croire_une_carte", "devinette")["shown"]
    titles = [title for title in shown if not title.startswith("photo 2")]
    titles.sort()
    return row([shown[title] for title in titles], titles)


def erasing():
    """La photo de la leçon 11, dont on efface les points chauds, et la probabilité qui reste."""
    lesson = computed("11_mesurer_la_fidelite", "effacer")
    panels = []
    for step in (0, 1, 3, 5):
        title = f"{10 * step} % effacés" if step else "la photo"
        share = f"{100 * lesson['erased'][step]:.0f} %"
        panels.append((f"{title} : {share}", picture(np.uint8(lesson["steps"][step]))))
    return strip(panels, "→→→")


def attach(path, figure, cell=0, name=NAME):
    """Joint la figure à une cellule du carnet ; vrai si le fichier a changé.

    `cell` est le rang de la cellule, ou son identifiant ; `name` finit par .png ou .jpg.
    """
    from gradcam_lab.figures import to_png
    from gradcam_lab.images import jpeg_bytes, load_image

    before = path.read_text(encoding="utf-8")
    notebook = nbformat.reads(before, as_version=4)
    content, kind = to_png(figure), "image/png"
    if name.endswith(".jpg"):
        content, kind = jpeg_bytes(load_image(content), quality=88), "image/jpeg"
    found = {one["id"]: one for one in notebook.cells}.get(cell) or notebook.cells[cell]
    found["attachments"] = {name: {kind: base64.b64encode(content).decode()}}
    after = nbformat.writes(notebook, version=nbformat.NO_CONVERT).rstrip("\n") + "\n"
    if after != before:
        path.write_text(after, encoding="utf-8", newline="\n")
    return after != before


if __name__ == "__main__":
    with isolated():
        for name, figure in openings().items():
            changed = attach(ROOT / "notebooks" / f"{name}.ipynb", figure)
            print(f"{name} : {'dessinée' if changed else 'inchangée'}")
        for name, figure, file in (
            ("05_activations", means(), NAME),
            ("06_filtres", patterns(), "ouverture.jpg"),
            ("07_chiens_et_chats", rather(), NAME),
            ("08_cinq_recettes", recipes(), NAME),
            ("09_votre_reseau", trap(), NAME),
            ("10_peut_on_croire_une_carte", guess(), "ouverture.jpg"),
            ("11_mesurer_la_fidelite", erasing(), NAME),
        ):
            changed = attach(ROOT / "notebooks" / f"{name}.ipynb", figure, name=file)
            print(f"{name} : {'dessinée' if changed else 'inchangée'}")
        lesson = ROOT / "notebooks" / "01_predire.ipynb"
        changed = attach(lesson, road(), cell="chemin", name="chemin.png")
        print(f"01_predire, le chemin : {'dessiné' if changed else 'inchangé'}")
