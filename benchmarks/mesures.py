"""Mesure le coût de chaque geste, rapporté à la passe avant compilée du réseau.

    python benchmarks/mesures.py [--modele vgg16] [--tours 9]

Les poids sont tirés au hasard : ils ne changent rien au temps de calcul, et rien n'est
téléchargé. À chaque tour, tous les gestes sont chronométrés l'un après l'autre, puis rapportés à
la passe avant *du même tour* : le rapport médian résiste au bruit de la machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

BATCH = 16


def photos(count, size):
    """Des photos différentes, déjà à la taille du réseau : le redimensionnement ne compte pas."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for _ in range(count)]


def main():
    """Lance les mesures demandées et affiche les tableaux."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--modele", default="vgg16")
    parser.add_argument("--tours", type=int, default=9)
    parser.add_argument("--memoire", metavar="POIDS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.memoire:
        return measure_memory(options.modele, options.memoire)
    from gradcam_lab.base.messages import muted

    with muted():  # des poids au hasard donnent bien des cartes vides : inutile de le répéter
        times = measure_speed(options.modele, options.tours)
    print_table(options.modele, times)
    with muted():
        rows = measure_methods(options.modele, options.tours)
    print_methods(options.modele, rows)
    print_import()
    print_first_map()
    if sys.platform == "linux":
        print_memory(options.modele)


def measure_speed(name, rounds):
    """Chronomètre les gestes de notre paquet et ceux de ses pairs, tour par tour."""
    import tensorflow as tf

    import gradcam_lab as gl

    model = gl.load_model(name, weights=None)
    pictures = photos(max(BATCH, 3 * rounds + 6), model.input_size)
    forward = tf.function(lambda x: model.model(x, training=False))
    x = tf.constant(model.preprocess(pictures[0]))
    recipe = compiled_recipe(model)
    batch = pictures[:BATCH]
    prepared = tf.constant(np.concatenate([model.preprocess(picture) for picture in batch]))
    tasks = {
        "passe avant compilée": lambda i: forward(x),
        "recette compilée (passe avant et gradient)": lambda i: recipe(x),
        "nouvelle photo : première carte": lambda i: model.analyze(pictures[3 * i]).heatmap(),
        "autre classe, même photo": None,
        "autre méthode, même classe": None,
        "même carte redemandée": None,
        "20 classes, même photo": None,
        f"nouvelle photo, {len(model.layers)} couches": lambda i: model.analyze(
            pictures[3 * i + 1]
        ).heatmaps(layers="all"),
        f"recette compilée, un lot de {BATCH} photos": lambda i: recipe(prepared),
        f"analyze_batch, le même lot de {BATCH} photos, avec les cartes": lambda i: [
            analysis.heatmap() for analysis in model.analyze_batch(batch, batch_size=BATCH)
        ],
        "recette de keras.io (GradientTape)": eager_recipe(model, pictures),
        "tf-keras-vis": peer_recipe(model, pictures),
    }
    known = model.analyze(pictures[-1])
    # Une classe dont la carte n'est pas vide : une carte vide serait diagnostiquée en plus.
    shown = [p.index for p in known.top(900) if known.heatmap(p.index).any()][: 4 * rounds]
    fresh = {"analysis": None}

    def renew(i):
        fresh["analysis"] = model.analyze(pictures[-1])
        fresh["analysis"].heatmap(shown[0])

    tasks["autre classe, même photo"] = lambda i: fresh["analysis"].heatmap(shown[1])
    tasks["autre méthode, même classe"] = lambda i: fresh["analysis"].heatmap(
        shown[1], method="layercam"
    )
    tasks["même carte redemandée"] = lambda i: fresh["analysis"].heatmap(shown[1])
    tasks["20 classes, même photo"] = lambda i: fresh["analysis"].heatmaps(shown[2:22])
    times = {label: [] for label, task in tasks.items() if task}
    for i in range(rounds + 1):
        renew(i)
        for label in times:
            start = time.perf_counter()
            tasks[label](i)
            times[label].append(time.perf_counter() - start)
    return {label: np.array(values[1:]) for label, values in times.items()}


def print_table(name, times):
    """Affiche le rapport médian de chaque geste à la passe avant du même tour."""
    base = times["passe avant compilée"]
    print(f"\n{name}, poids au hasard, {len(base)} tours, {os.cpu_count()} cœurs\n")
    print("| geste | rapport médian à la passe avant | médiane (ms) |")
    print("|---|---:|---:|")
    for label, values in times.items():
        print(f"| {label} | {np.median(values / base):.3f} | {1000 * np.median(values):.1f} |")


def measure_methods(name, rounds):
    """Chaque méthode, photo neuve, rapportée à autant de passes avant que `runs` l'annonce.

    Une méthode longue est rapportée à ces passes par lots, comme le paquet les fait : elle n'a pas
    le droit de coûter beaucoup plus. Sur VGG16, une seule fois, car elle prend des minutes.
    """
    import tensorflow as tf

    import gradcam_lab as gl

    model = gl.load_model(name, weights=None)
    pictures = iter(photos(2 * len(gl.METHODS) * (rounds + 1), model.input_size))
    forward = tf.function(lambda x: model.model(x, training=False))
    one = tf.constant(model.preprocess(next(pictures)))
    batch = tf.repeat(one, BATCH // 2, axis=0)
    rows = []
    for method in gl.METHODS.values():
        runs, ratios, times = model.runs(method.name), [], []
        for turn in range(1 + (1 if runs > 1 else rounds)):
            analysis = model.analyze(next(pictures))
            analysis.heatmap()  # la passe avant de la photo, faite de toute façon
            start = time.perf_counter()
            analysis.heatmap(method=method.name)
            middle = time.perf_counter()
            for _ in range(max(1, runs // len(batch))):
                forward(batch if runs > 1 else one)
            base = (time.perf_counter() - middle) / max(1, runs // len(batch))
            if turn or runs > 100:  # le premier tour compile
                whole = base * runs / len(batch) if runs > 1 else base
                ratios.append((middle - start) / whole)
                times.append(middle - start)
        rows.append((method.title, runs, np.median(ratios), np.median(times)))
    return rows


def print_methods(name, rows):
    """Affiche, pour chaque méthode, son coût mesuré à côté de son compte théorique."""
    print(f"\n{name}, chaque méthode, la passe avant de la photo étant faite\n")
    print("| méthode | passes annoncées | temps, en passes annoncées | secondes |")
    print("|---|---:|---:|---:|")
    for title, runs, ratio, seconds in rows:
        print(f"| {title} | {runs} | {ratio:.2f} | {seconds:.2f} |")


def compiled_recipe(model):
    """La recette du livre, compilée : le gradient de la réponse par rapport à la dernière carte."""
    import keras
    import tensorflow as tf

    both = keras.Model(model.model.inputs, [model.feature_map(), model.model.output])
    split = keras.Model(model.feature_map(), model.model.output) if _is_chain(model) else None

    @tf.function
    def run(x):
        if split is None:
            with tf.GradientTape() as tape:
                activations, predictions = both(x, training=False)
                score = tf.reduce_max(predictions, axis=1)
            return tape.gradient(score, activations)
        activations, _ = both(x, training=False)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(activations)
            score = tf.reduce_max(split(activations, training=False), axis=1)
        return tape.gradient(score, activations)

    return run


def _is_chain(model):
    """Vrai si rien ne contourne la dernière carte : le réseau se coupe en deux modèles."""
    layout = model.network.layout
    return len(layout.cut(layout.maps[model.default_layer])) == 1


def eager_recipe(model, pictures):
    """La recette des exemples de Keras : un modèle à deux sorties et un GradientTape."""
    import keras
    import tensorflow as tf

    try:
        layer = model.model.get_layer(model.default_layer)
    except ValueError:
        return None
    both = keras.Model(model.model.inputs, [layer.output, model.model.output])

    def run(i):
        x = model.preprocess(pictures[3 * i + 2])
        with tf.GradientTape() as tape:
            activations, predictions = both(x)
            score = predictions[:, int(tf.argmax(predictions[0]))]
        gradients = tape.gradient(score, activations)
        weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
        heatmap = tf.maximum(activations[0] @ weights[:, None], 0)
        return (heatmap / tf.reduce_max(heatmap)).numpy()

    return run


def peer_recipe(model, pictures):
    """La bibliothèque tf-keras-vis, si elle est installée."""
    try:
        from tf_keras_vis.gradcam import Gradcam
        from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
        from tf_keras_vis.utils.scores import CategoricalScore
    except ImportError:
        return None
    gradcam = Gradcam(model.model, model_modifier=ReplaceToLinear(), clone=True)

    def run(i):
        x = model.preprocess(pictures[3 * i + 2])
        return gradcam(CategoricalScore(0), x, penultimate_layer=model.default_layer)

    return run


def print_import():
    """Le temps de `import gradcam_lab`, en plus de celui de Python seul."""
    code = "import time as t; a = t.perf_counter(); import gradcam_lab; print(t.perf_counter() - a)"
    values = [
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout)
        for _ in range(5)
    ]
    print(f"\n`import gradcam_lab` : {1000 * np.median(values):.0f} ms (médiane de 5)")


def print_first_map():
    """La première carte de `mini` dans un processus neuf, rapportée à l'import de TensorFlow."""
    commands = {
        "import tensorflow": "import tensorflow",
        "première carte de mini": "import gradcam_lab as gl;"
        " gl.load_model('mini').analyze(gl.sample('chelsea')).heatmap()",
    }
    times = {label: [] for label in commands}
    for _ in range(5):
        for label, code in commands.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
            times[label].append(time.perf_counter() - start)
    first, tensorflow = (np.array(times[label]) for label in reversed(commands))
    print(
        f"Première carte de mini, processus neuf : {np.median(first / tensorflow):.2f} fois "
        f"l'import de TensorFlow ({np.median(first):.1f} s ; médianes de 5)"
    )


def print_memory(name):
    """Le pic de mémoire d'un processus qui charge un fichier de poids et explique une photo."""
    import gradcam_lab as gl
    from gradcam_lab.models.weights import write_weights

    model = gl.load_model(name, weights=None)
    with tempfile.TemporaryDirectory() as folder:
        path = write_weights(model.model, Path(folder) / "poids.h5")
        for label, flag in (("gradcam_lab", str(path)), ("Keras, à l'habitude", f"keras:{path}")):
            command = [sys.executable, __file__, "--modele", name, "--memoire", flag]
            output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            print(f"Pic de mémoire, {label} : {float(output.split()[-1]):.2f} Gio")


def measure_memory(name, weights):
    """Dans un processus neuf : construire, lire les poids, expliquer une photo."""
    import gradcam_lab as gl

    if weights.startswith("keras:"):
        from gradcam_lab.models import catalogue as zoo

        build = zoo.builder(zoo.find_model(name))
        built = build(weights=weights.removeprefix("keras:"))
        model = gl.Classifier(built)
    else:
        model = gl.load_model(name, weights=weights)
    model.analyze(photos(1, model.input_size)[0]).heatmap()
    # `ru_maxrss` compterait aussi le processus qui nous a lancés ; `VmHWM` est à nous seuls.
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) / 2**20)


if __name__ == "__main__":
    main()
