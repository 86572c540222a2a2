# Seen Before: `make demo` to see it, `make test` before you commit. Needs Python 3.11 or newer and make; nothing else.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo test test-postgres test-slow lint fmt supply sbom bench wheel clean

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' Makefile

# The stamps say what is installed: nothing is redone until the lock or the project file changes.
$(VENV)/pyvenv.cfg:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; this is %d.%d. Say PYTHON=python3.12, for instance." % sys.version_info[:2])'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp: requirements.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what requirements.lock pins (a few minutes the first time) ..."
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.stamp-dev: requirements-dev.lock $(VENV)/.stamp
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.lock
	@touch $@

install: $(VENV)/.stamp ## the program and what it needs, into .venv

demo: $(VENV)/.stamp ## the sample desk in the browser, on http://127.0.0.1:8501
	$(BIN)/seenbefore demo

test: $(VENV)/.stamp-dev ## all tests but the slow ones
	$(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

test-postgres: $(VENV)/.stamp-dev ## the same with every store in PostgreSQL (needs its programs, no server)
	SEENBEFORE_TEST_DATABASE=postgres $(BIN)/python -m pytest -m "not slow" -n 2 --dist worksteal

test-slow: $(VENV)/.stamp-dev ## every test
	$(BIN)/python -m pytest

lint: $(VENV)/.stamp-dev ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

fmt: $(VENV)/.stamp-dev ## put imports and lines in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

supply: $(VENV)/.stamp-dev ## licences and known weaknesses of what requirements.lock pins
	$(BIN)/python .ci/supply.py licences
	$(BIN)/python .ci/supply.py advisories

sbom: $(VENV)/.stamp ## dist/sbom.cdx.json, the bill of materials (CycloneDX)
	$(BIN)/python .ci/supply.py sbom

bench: $(VENV)/.stamp ## figures of a benchmark folder: make bench FOLDER=path
	@test -n "$(FOLDER)" || { echo "Say which benchmark folder: make bench FOLDER=path"; exit 2; }
	$(BIN)/seenbefore bench "$(FOLDER)"

wheel: $(VENV)/.stamp-dev ## dist/seenbefore-*.whl
	$(BIN)/python -m build --wheel

clean: ## everything made here but the homes
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
