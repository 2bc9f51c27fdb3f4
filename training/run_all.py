"""Toutes les étapes à la suite, en une commande ; interrompue, elle reprend où elle en était."""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for script in ("prepare_views.py", "train_mini.py", "export_mini.py", "evaluate_mini.py"):
    print(f"→ {script}", flush=True)
    if subprocess.run([sys.executable, HERE / script], check=False).returncode:
        sys.exit(f"L'étape {script} s'est arrêtée : corrigez, puis relancez la même commande.")
