#!/bin/sh
# Prépare l'environnement Python du cours, dans le dossier .venv du dépôt.
#
#     sh scripts/install.sh lab|site|test|browser
#
# N'emploie que le shell POSIX et un Python 3.10 à 3.13 ; ne demande jamais les droits
# d'administration. Une seconde exécution ne fait rien tant que pyproject.toml n'a pas changé.
#
#     PYTHON=/chemin/vers/python3.12    pour choisir le Python
#     VENV=/chemin/vers/un/dossier      pour installer ailleurs que dans .venv
#     PIP_CONSTRAINT=/chemin/vers/X.txt pour imposer des versions (une variable de pip)
set -eu

cd "$(dirname "$0")/.."
extra=${1:-lab}
venv=${VENV:-.venv}
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() { printf '→ %s\n' "$*"; }
fail() {
    printf '\n✗ %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '  %s\n' "$line" >&2; done
    exit 1
}

# --- Rien à faire ? --------------------------------------------------------------------------
# L'empreinte change avec pyproject.toml et avec l'emplacement du dossier : un environnement
# déplacé ou copié n'est plus utilisable, car ses chemins sont absolus.
fingerprint="$(cat pyproject.toml ${PIP_CONSTRAINT:-} | cksum) $PWD"

runs() { "$venv/bin/python" -c 'import sys' >/dev/null 2>&1; }
is_installed() { [ "$(cat "$venv/.installed-$1" 2>/dev/null || :)" = "$fingerprint" ]; }

if is_installed "$extra" && runs; then
    exit 0
fi

# --- Choisir un Python -----------------------------------------------------------------------
supported() {
    "$1" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

find_python() {
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python3.10 python}; do
        if supported "$candidate"; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# --- Créer l'environnement -------------------------------------------------------------------
# Le python3 de Debian et d'Ubuntu arrive souvent sans `ensurepip`, et parfois sans pip : chaque
# façon de faire est essayée à son tour, de la plus directe à la plus détournée.
with_venv() { "$python" -m venv "$venv"; }

with_virtualenv() { "$python" -m virtualenv --quiet "$venv"; }

with_pip() {
    "$python" -m pip install --quiet --target "$scratch/virtualenv" virtualenv &&
        PYTHONPATH="$scratch/virtualenv" "$python" -m virtualenv --quiet "$venv"
}

with_debian_wheel() {
    # `apt-get download` ne demande aucun droit : il dépose un paquet dans le dossier courant.
    (cd "$scratch" && apt-get download -qq python3-pip-whl && dpkg-deb -x python3-pip-whl_*.deb deb) &&
        wheel=$(ls "$scratch"/deb/usr/share/python-wheels/pip-*.whl) &&
        "$python" -m venv --without-pip "$venv" &&
        "$venv/bin/python" "$wheel/pip" install --quiet --no-index \
            --find-links "$scratch/deb/usr/share/python-wheels" pip
}

create() {
    for way in with_venv with_virtualenv with_pip with_debian_wheel; do
        rm -rf "$venv"
        if $way >>"$scratch/log" 2>&1 && "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
            return 0
        fi
    done
    rm -rf "$venv"
    return 1
}

placed=$(cat "$venv/.place" 2>/dev/null || :)
if ! runs || [ "$placed" != "$PWD" ]; then
    if ! python=$(find_python); then
        fail "Il faut Python 3.10, 3.11, 3.12 ou 3.13, et il n'a pas été trouvé." \
            "Debian, Ubuntu : sudo apt install python3 python3-venv" \
            "Autre système  : https://www.python.org/downloads/" \
            "Déjà installé ailleurs ? Indiquez-le : make lab PYTHON=/chemin/vers/python3.12"
    fi
    version=$("$python" -c 'import sys; print("{}.{}".format(*sys.version_info))')
    say "Création d'un environnement Python $version dans $venv"
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    if ! create; then
        fail "Ce Python ($python) n'a pas de quoi créer un environnement." \
            "Debian, Ubuntu : demandez l'installation du paquet python3-venv" \
            "                 (sudo apt install python3-venv), puis relancez la même commande." \
            "Sans droits d'administration : voyez « Avec conda » dans README.md."
    fi
    printf '%s' "$PWD" >"$venv/.place"
fi

# --- Installer -------------------------------------------------------------------------------
free=$(df -Pk "$venv" 2>/dev/null | awk 'NR == 2 { print int($4 / 1048576) }')
if [ "${free:-99}" -lt 4 ]; then
    say "Attention : il ne reste que ${free} Go sur ce disque, l'installation en demande 3."
fi
case $extra in
lab) say "Installation de JupyterLab et du paquet (la première fois : quelques minutes, 3 Go)" ;;
test) say "Installation de ce que demandent les tests (la première fois : quelques minutes)" ;;
site) say "Installation de ce qui construit le site (la première fois : quelques minutes)" ;;
*) say "Installation de ce que demandent les essais « $extra »" ;;
esac

# Sans terminal (intégration continue), la barre de progression remplirait le journal.
quiet=--quiet
if [ -t 1 ]; then quiet=; fi
if ! "$venv/bin/python" -m pip install $quiet --editable ".[$extra]"; then
    fail "L'installation n'a pas abouti." \
        "Vérifiez la connexion à Internet (ou le proxy), puis relancez la même commande :" \
        "ce qui est déjà installé ne sera pas installé deux fois."
fi
"$venv/bin/python" scripts/configure_lab.py

# Un étage en contient d'autres : qui a installé les tests a installé le cours.
case $extra in
lab) contents=lab ;;
browser) contents="lab test site browser" ;;
*) contents="lab $extra" ;;
esac
for name in $contents; do
    printf '%s' "$fingerprint" >"$venv/.installed-$name"
done
say "Installation terminée."
