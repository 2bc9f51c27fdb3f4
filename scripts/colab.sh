#!/bin/sh
# Essaie le paquet avec les versions exactes de Google Colab, dans .venv-colab.
#
# Les versions sont dans tests/colab.txt. Sans Python 3.13, l'essai est ignoré et le dit ;
# GRADCAM_LAB_REQUIRE_COLAB=1 en fait un échec. PYTHON indique un Python 3.13 rangé ailleurs.
set -eu

cd "$(dirname "$0")/.."
export VENV=.venv-colab PIP_DISABLE_PIP_VERSION_CHECK=1

find_python() {
    for candidate in ${PYTHON:-} python3.13 python3 "$HOME"/.pyenv/versions/3.13*/bin/python3.13; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 13))' 2>/dev/null; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

if ! PYTHON=$(find_python); then
    printf '→ Essai avec les versions de Colab ignoré : Python 3.13 n’est pas sur cette machine.\n'
    [ -z "${GRADCAM_LAB_REQUIRE_COLAB:-}" ]
    exit
fi
export PYTHON
PIP_CONSTRAINT=tests/colab.txt sh scripts/install.sh test

printf '→ Le paquet, installé comme le fait la première cellule des leçons\n'
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$VENV/bin/python" -m pip install --quiet --no-deps --target "$scratch" .
(
    python="$PWD/$VENV/bin/python"
    cd "$scratch"
    GRADCAM_LAB_OFFLINE=1 TF_CPP_MIN_LOG_LEVEL=3 "$python" -c '
import gradcam_lab as gl

model, image = gl.load_model("mini"), gl.sample("chelsea")
analysis = model.analyze(image)
print("  ", analysis.top(1)[0].label_fr, analysis.heatmap().shape)
gl.Explorer(model, image).close()
'
)

printf '→ Les tests rapides\n'
"$VENV/bin/python" -m pytest -q ${PYTEST_ARGS:-}
printf '→ Tout est vérifié avec les versions de Colab.\n'
