#!/bin/sh
# Ouvre JupyterLab sur le sommaire du cours. Les arguments sont transmis à JupyterLab.
set -eu

cd "$(dirname "$0")/.."
venv=${VENV:-.venv}
index=notebooks/00_sommaire.ipynb

# Un conteneur tourne souvent en « root », ce que JupyterLab refuse par défaut.
if [ "$(id -u)" = 0 ]; then
    set -- --allow-root "$@"
fi

# Sans écran, Jupyter ouvrirait un navigateur en mode texte dans ce terminal.
screen="${DISPLAY:-}${WAYLAND_DISPLAY:-}${BROWSER:-}"
if [ -n "${CI:-}" ] || { [ "$(uname -s)" = Linux ] && [ -z "$screen" ]; }; then
    set -- --no-browser "$@"
    printf '→ Pas de navigateur ici : ouvrez dans le vôtre l’adresse qui s’affiche ci-dessous.\n'
fi
printf '→ JupyterLab démarre sur %s. Pour l’arrêter : Ctrl+C, deux fois.\n' "$index"

exec "$venv/bin/python" -m jupyterlab --LabApp.default_url="/lab/tree/$index" "$@"
