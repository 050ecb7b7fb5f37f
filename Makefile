# Every command of this project, one line each. Start with `make demo`.

BIN := .venv/bin
PYTEST_ARGS ?=
DEMO_ARGS ?=
SPHINX_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format types arch docs reference catalogues bench-smoke check lock clean

help: ## say what can be done
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## set up .venv and the system's programs, from the lock files
	@scripts/setup.sh dev

demo: ## watch a small invented world: no accounts, no internet
	@scripts/setup.sh demo
	@$(BIN)/goodname demo $(DEMO_ARGS)

test: setup ## run all tests; PYTEST_ARGS="-k word" picks some
	@$(BIN)/python -m pytest -n 2 $(PYTEST_ARGS)

lint: setup ## check style and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: setup ## mend formatting and what the linter can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: setup ## check types
	@$(BIN)/mypy

arch: setup ## check who may import whom
	@$(BIN)/lint-imports

docs: setup ## build the documentation; a warning is an error
	@$(BIN)/sphinx-build -W --keep-going -q -b html $(SPHINX_ARGS) docs docs/_build/html
	@echo "docs: docs/_build/html/index.html"

reference: setup ## write the generated pages of the documentation anew
	@$(BIN)/python scripts/reference.py

catalogues: setup ## bring the catalogues of translations in line with the English sentences
	@$(BIN)/python scripts/catalogues.py

bench-smoke: setup ## run every benchmark once, small
	@scripts/bench-smoke.sh

check: lint types arch docs test ## all of it, as before a change is handed in

lock: ## write the lock files anew; LOCK_ARGS=--upgrade takes the newest of everything
	@scripts/lock.sh $(LOCK_ARGS)

clean: ## throw away what was set up and built
	@rm -rf .venv docs/_build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
