#!/bin/sh
# Lance le Python de .venv avec ces arguments : il n'est pas au même endroit sous Windows.
cd "$(dirname "$0")/.." || exit 1
for python in .venv/bin/python .venv/Scripts/python.exe; do
    if [ -x "$python" ]; then exec "$python" "$@"; fi
done
printf '✗ Il n’y a pas de Python dans .venv : lancez d’abord « make test ».\n' >&2
exit 1
