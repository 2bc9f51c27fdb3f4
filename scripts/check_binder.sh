#!/bin/sh
# Vérifie le dossier binder/ : repo2docker écrit la recette de l'image, sans Docker.
set -eu

cd "$(dirname "$0")/.."
# Un environnement à part : les dépendances de repo2docker ne concernent pas le cours.
VENV=.venv-binder
export VENV PIP_DISABLE_PIP_VERSION_CHECK=1
if ! "$VENV/bin/python" -c 'import repo2docker' 2>/dev/null; then
    printf '→ Installation de repo2docker dans %s\n' "$VENV"
    "${PYTHON:-python3}" -m venv "$VENV"
    "$VENV/bin/python" -m pip install --quiet jupyter-repo2docker
fi

printf '→ Recette Binder (repo2docker, sans construire l’image)\n'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! "$VENV/bin/python" -m repo2docker --no-build --debug . >"$log" 2>&1; then
    cat "$log" >&2
    printf '✗ repo2docker refuse le dossier binder/.\n' >&2
    exit 1
fi
for wanted in binder/environment.yml binder/postBuild binder/start python=3.11; do
    if ! grep -qF "$wanted" "$log"; then
        cat "$log" >&2
        printf '✗ La recette ne mentionne pas %s.\n' "$wanted" >&2
        exit 1
    fi
done
for script in binder/postBuild binder/start; do
    bash -n "$script"
    if [ ! -x "$script" ]; then
        printf '✗ %s doit être exécutable (chmod +x).\n' "$script" >&2
        exit 1
    fi
done
printf '→ La recette Binder est complète.\n'
