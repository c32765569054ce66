# Thin lines; each also works without make. PYTHON is the interpreter that makes the virtual environment (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --custom-compile-command 'make locks'

.PHONY: help run dev test test-one check fmt shell sql hooks bench soak docs messages locks clean

run: $(VENV)/run.stamp  ## everything on this machine: servers, web, worker, practice course
	$(BIN)/carryover demo

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' Makefile | expand -t 12

dev: $(VENV)/test.stamp  ## as run, and an edit is served within three seconds
	$(BIN)/python -m carryover.developer dev

shell: $(VENV)/run.stamp  ## a Python prompt with the dependencies of the demo that runs
	$(BIN)/python -m carryover.developer shell

sql: $(VENV)/run.stamp  ## psql in the database of the demo that runs
	$(BIN)/python -m carryover.developer sql

fmt: $(VENV)/test.stamp  ## format, and mend what the linter can mend
	$(BIN)/ruff check --fix --quiet .
	$(BIN)/ruff format .

test-one: $(VENV)/test.stamp  ## one test or folder: make test-one T=tests/unit/core A=-x
	$(BIN)/pytest $(T) $(A)

hooks: $(VENV)/test.stamp  ## the checks of .pre-commit-config.yaml before each commit
	$(BIN)/pre-commit install

test: $(VENV)/test.stamp  ## all checks, fast failures first
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house tests/integration/test_migrations.py
	$(BIN)/pytest tests/unit
	sh tests/integration/postgres.sh
	$(BIN)/pytest tests/integration --ignore=tests/integration/test_migrations.py -n 2 --dist loadfile
	$(BIN)/pytest tests/functional -n 2 --dist loadfile
	sh tests/e2e/browser.sh $(BIN)/python
	$(BIN)/pytest tests/e2e

check: $(VENV)/test.stamp  ## the fast half: lint, types, arrows, house rules, pure tests
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/house tests/unit

bench: $(VENV)/test.stamp  ## speed side by side with its limit; results are printed and kept in bench/results
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.reads
	$(BIN)/python -m bench.attachment
	$(BIN)/python -m bench.launch
	$(BIN)/python -m bench.learning
	$(BIN)/python -m bench.metrics
	$(BIN)/python -m bench.table

soak: $(VENV)/test.stamp  ## the long forms of the tests; results are printed and kept in tests/soak/results
	$(BIN)/pytest tests/soak -s -o python_files='soak_*.py'

docs: $(VENV)/test.stamp  ## the pages that are made from code
	$(BIN)/python -m docs.generate

messages: $(VENV)/test.stamp  ## the message catalogues, from the texts that code and templates mark
	$(BIN)/python -m docs.messages

locks: $(VENV)/test.stamp  ## the three locks again, each for every machine and Python, with hashes and without an index address
	$(LOCK) -o requirements-production.txt
	$(LOCK) --extra embedded -c requirements-production.txt -o requirements-run.txt
	$(LOCK) --extra embedded --extra test -c requirements-run.txt -o requirements-test.txt

$(VENV)/made.stamp:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Carryover needs Python 3.11 or later; say PYTHON=python3.11 make run.")'
	$(PYTHON) -c 'import importlib.util as u, sys; sys.exit(None if u.find_spec("venv") and u.find_spec("ensurepip") else "This Python has no module venv; install it first (Debian and Ubuntu: apt-get install python3-venv), or name another one: PYTHON=python3.11 make run.")'
	$(PYTHON) -m venv $(VENV)
	touch $@

# The test lock holds the run lock and more: whoever has it needs no other.
$(VENV)/run.stamp: requirements-run.txt pyproject.toml $(VENV)/made.stamp
	test -f $(VENV)/test.stamp || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-run.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

# By the lock's own pip: the one that comes with Python 3.12 does not know a pinned package again where another asks for it with an extra.
$(VENV)/test.stamp: requirements-test.txt pyproject.toml $(VENV)/made.stamp
	sed -n '/^pip==/,/# via/p' requirements-test.txt > $(VENV)/pip.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(VENV)/pip.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@ $(VENV)/run.stamp

clean:  ## the virtual environment and caches; never the data in var/
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build *.egg-info
