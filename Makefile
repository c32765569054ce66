# Thin lines; each also works without make. PYTHON is the interpreter that makes the virtual environment (3.11 or later).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
UV = UV_DEFAULT_INDEX="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$($(BIN)/python -m pip config get global.index-url 2>/dev/null)}}" UV_HTTP_TIMEOUT=20 $(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --custom-compile-command 'make locks'

# Containers like to forbid compiled files; each process of a demo or a test would compile all that
# it imports again (three seconds).
export PYTHONDONTWRITEBYTECODE =

.PHONY: help run dev shell sql fmt test test-one check types lint contracts pure-tests suite system-packages browser hooks bench soak docs messages locks clean coverage

run: $(VENV)/run.stamp  ## everything on this machine: servers, web, worker, practice course
	$(BIN)/carryover demo

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/\1\t\2/p' Makefile | expand -t 12

dev: $(VENV)/test.stamp  ## as run, and an edit is served within about three seconds
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
	@command -v pre-commit > /dev/null || { echo "pre-commit is not on this machine; pipx install pre-commit brings it, then run make hooks again." >&2; exit 1; }
	pre-commit install

# Two cores: the system's packages come beside Python's, and the type check beside the tests, of
# which some wait for a server or a browser.
test:  ## all checks, fast failures first
	$(MAKE) -j2 $(VENV)/test.stamp system-packages
	$(MAKE) lint browser
	$(MAKE) -j3 contracts types suite

suite: $(VENV)/test.stamp
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --durations=20 tests

check: types lint contracts pure-tests  ## the fast half: lint, types, arrows, house rules, pure tests

types: $(VENV)/test.stamp
	$(BIN)/mypy

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

contracts: $(VENV)/test.stamp
	$(BIN)/lint-imports

pure-tests: $(VENV)/test.stamp
	$(BIN)/pytest tests/house tests/unit

system-packages:
	sh tests/integration/postgres.sh
	sh tests/e2e/browser.sh

browser: $(VENV)/test.stamp
	sh tests/e2e/browser.sh $(BIN)/python

coverage: $(VENV)/test.stamp  ## branch coverage of the product by the tests that run it in their own process
	$(BIN)/pytest -n 2 --dist worksteal tests/unit tests/integration --cov-branch --cov-report=term --cov=adapters --cov=analytics --cov=carryover --cov=core --cov=lrs --cov=lti_tool

bench: $(VENV)/test.stamp  ## speed side by side with its limit; results are printed and kept in bench/results
	$(BIN)/python -m bench.ingest
	$(BIN)/python -m bench.reads
	$(BIN)/python -m bench.cold
	$(BIN)/python -m bench.attachment
	$(BIN)/python -m bench.launch
	$(BIN)/python -m bench.learning
	$(BIN)/python -m bench.metrics
	$(BIN)/python -m bench.publishing
	$(BIN)/python -m bench.publishing_utility
	$(BIN)/python -m bench.idle
	$(BIN)/python -m bench.rosters
	$(BIN)/python -m bench.printing
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

# uv installs in a tenth of pip's time, from the index that pip is told; where it does not come
# through (a certificate or an index that is set for pip alone), pip does it. The locks name every
# package, so nothing is resolved; what is imported is compiled then.
$(VENV)/uv.stamp: $(VENV)/made.stamp
	sed -n '/^uv==/,/[^\\]$$/p' requirements-test.txt > $(VENV)/uv.txt
	$(PIP) --no-compile --require-hashes -r $(VENV)/uv.txt
	touch $@

# The test lock holds the run lock and more: whoever has it needs no other.
$(VENV)/run.stamp: requirements-run.txt pyproject.toml $(VENV)/uv.stamp
	test -f $(VENV)/test.stamp || $(UV) -r requirements-run.txt || $(PIP) --no-compile --require-hashes -r requirements-run.txt
	$(PIP) --no-build-isolation -e .
	touch $@

$(VENV)/test.stamp: requirements-test.txt pyproject.toml $(VENV)/uv.stamp
	$(UV) -r requirements-test.txt || $(PIP) --no-compile --require-hashes -r requirements-test.txt
	$(PIP) --no-build-isolation -e .
	touch $@ $(VENV)/run.stamp

clean:  ## the virtual environment and caches; never the data in var/
	rm -rf $(VENV) .mypy_cache .ruff_cache .hypothesis build *.egg-info
