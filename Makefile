# Les commandes du cours. `make` seul les énumère.
# Ce fichier reste lisible par GNU make 3.81 (macOS) ; le travail est dans scripts/.

VENV ?= .venv
# Ce que l'on ajoute à la commande JupyterLab, par exemple : make lab LAB_ARGS="--port=9000"
LAB_ARGS ?=
# Ce que l'on ajoute à pytest, par exemple : make test PYTEST_ARGS="-x -k image"
PYTEST_ARGS ?=
# Pour réécrire eleves/ même si on l'a changé : make eleves ELEVES_ARGS=--ecraser
ELEVES_ARGS ?=

export VENV PYTHON

RUN = $(VENV)/bin/python
NBVAL = --nbval --nbval-current-env --nbval-sanitize-with tests/nbval.cfg --nbval-cell-timeout 300

.PHONY: help lab eleves site test browser binder colab notebooks format clean

help: ## énumère ces commandes
	@echo "Les commandes du cours :"
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s%s\n", $$1, $$2 }'

lab: ## installe le cours dans .venv et ouvre JupyterLab sur le sommaire
	@sh scripts/install.sh lab
	@sh scripts/lab.sh $(LAB_ARGS)

eleves: ## écrit eleves/ et eleves.zip : les leçons sans sorties ni solutions, pour une classe
	@sh scripts/install.sh lab
	@$(RUN) scripts/make_students.py $(ELEVES_ARGS)

site: ## construit le cours en pages web, dans build/site/, et vérifie chaque page
	@sh scripts/install.sh site
	@$(RUN) scripts/build_site.py

test: ## installe ce qu'il faut, puis vérifie le style, le paquet et chaque carnet
	@sh scripts/install.sh test
	@echo "→ Style du code (ruff)"
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@echo "→ Sens des flèches entre les pièces du paquet (import-linter)"
	@$(VENV)/bin/lint-imports --no-cache
	@echo "→ Tests du paquet (pytest)"
	@$(RUN) -m pytest -q -m "not browser" --durations=10 --cov=gradcam_lab --cov-report= $(PYTEST_ARGS)
	@echo "→ Lignes du paquet que ces tests exécutent : $$($(RUN) -m coverage report --format=total) %"
	@echo "→ Chaque carnet est rejoué et comparé à ses sorties enregistrées (nbval)"
	@$(RUN) -m pytest -q $(NBVAL) notebooks
	@echo "→ Tout est vérifié."

browser: ## essaie les carnets et le site dans un vrai navigateur (Chromium doit être installé)
	@sh scripts/install.sh browser
	@echo "→ Les carnets et le site dans Chromium"
	@$(RUN) -m pytest -n 0 -m "browser or slow" tests/browser tests/site $(PYTEST_ARGS)

binder: ## vérifie le dossier binder/ sans Docker
	@sh scripts/check_binder.sh

colab: ## essaie le paquet avec les versions exactes de Google Colab (Python 3.13)
	@sh scripts/colab.sh

notebooks: ## réexécute les carnets sur place et enregistre leurs sorties
	@sh scripts/install.sh test
	@$(RUN) scripts/run_notebooks.py
	@$(RUN) scripts/write_solutions.py

format: ## met en forme le code
	@sh scripts/install.sh test
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .
	@$(RUN) scripts/typography.py

clean: ## supprime l'environnement .venv et les fichiers temporaires
	@echo "→ Suppression de $(VENV) et des fichiers temporaires"
	@rm -rf "$(VENV)" .venv-binder .venv-colab build dist test-results
	@rm -rf .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name .ipynb_checkpoints -type d -prune -exec rm -rf {} +
