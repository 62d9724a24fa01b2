# Everything runs from .venv, which is made from the hash-locked requirements.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Whoever forbids compiled modules pays with about a second for every process that a test or a server starts.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo serve test test-slow fuzz check fix lock migrate schema bench bench-scale

help:  ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

$(STAMP): requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Touyan needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: $(STAMP)  ## workbooks in, both programmes matched and published, rosters out
	$(BIN)/touyan demo

serve: $(STAMP)  ## run the server on http://127.0.0.1:8000/graphql
	$(BIN)/touyan serve $(if $(DATABASE),--database $(DATABASE))

migrate: $(STAMP)  ## bring the database to the newest schema
	$(BIN)/touyan migrate

schema: $(STAMP)  ## write schema/schema.graphql
	$(BIN)/touyan schema --write

test: $(STAMP)  ## the fast tests, on SQLite and PostgreSQL
	$(BIN)/python -m pytest -m "not slow and not bench" -n 2

test-slow: $(STAMP)  ## the slow tests; those about processes in time one after another
	$(BIN)/python -m pytest -m "slow and not alone and not bench" -n 2
	$(BIN)/python -m pytest -m "alone and not bench"

fuzz: $(STAMP)  ## 2,000 generated operations per role; TOUYAN_FUZZ_SEED=<the printed seed> repeats them
	@export TOUYAN_FUZZ_CASES=$${TOUYAN_FUZZ_CASES:-2000}; \
	export TOUYAN_FUZZ_SEED=$${TOUYAN_FUZZ_SEED:-$$($(BIN)/python -c 'import secrets; print(secrets.randbelow(10**9))')}; \
	echo "make fuzz TOUYAN_FUZZ_SEED=$$TOUYAN_FUZZ_SEED TOUYAN_FUZZ_CASES=$$TOUYAN_FUZZ_CASES"; \
	$(BIN)/python -m pytest tests/fuzz -n 2 -rP

bench: $(STAMP)  ## measurements; ratios within one run
	$(BIN)/python -m pytest -m bench -s

bench-scale: $(STAMP)  ## 100,000 mentees in 800 counties through the real queue; PROGRAMMES=8 takes a tenth
	$(BIN)/python -m tests.benchmarks.scale --programmes $(or $(PROGRAMMES),80)

check: $(STAMP)  ## format, lint, import arrows, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

fix: $(STAMP)  ## format and repair what lint can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(STAMP)  ## compile requirements.txt from pyproject.toml, with hashes
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
	  --no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" -o requirements.txt
