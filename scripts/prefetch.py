"""Télécharge à l'avance les photos d'exemple et les poids, pour une séance sans réseau.

    python scripts/prefetch.py vgg16 mobilenet_v2

Les photos vont dans le cache du cours, les poids dans celui de Keras. Chaque réseau est
chargé dans son propre processus : la mémoire de l'un est rendue avant le suivant.
"""

import subprocess
import sys

LOAD = "import sys, gradcam_lab as gl; gl.load_model(sys.argv[1], fallback=False)"


def fetch_samples() -> bool:
    """Télécharge les photos qui ne sont pas livrées avec le paquet."""
    import gradcam_lab as gl

    complete = True
    for info in gl.samples():
        try:
            gl.sample(info.name, fallback=False)
        except gl.GradcamLabError as error:
            complete = False
            print(f"Photo « {info.name} » : {error}", file=sys.stderr)
        else:
            print(f"Photo « {info.name} » : prête.")
    return complete


def fetch_weights(name: str) -> bool:
    """Télécharge les poids d'un réseau."""
    print(f"Poids de « {name} »...", flush=True)
    done = subprocess.run([sys.executable, "-c", LOAD, name], stderr=subprocess.PIPE, text=True)
    if done.returncode:
        print((done.stderr.strip().splitlines() or ["échec"])[-1], file=sys.stderr)
    return done.returncode == 0


if __name__ == "__main__":
    results = [fetch_samples(), *map(fetch_weights, sys.argv[1:])]
    sys.exit(0 if all(results) else 1)
