# Every target does its own set-up, and is quick when nothing changed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help seal plan check render test lint conformance bench schema clean

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
TOOLS ?= .cache/tools
PIP := -m pip install --quiet --disable-pip-version-check
SEALGEN := $(VENV)/bin/sealgen
SOURCES := $(shell find sealgen -name '*.py' -o -name py.typed)

help:
	@echo 'make seal ENV=staging                        bring the sealed manifests up to date'
	@echo 'make seal ENV=staging ROTATE=jwt_secret_key  and make the next version of a value'
	@echo 'make plan ENV=staging                        show what seal would do'
	@echo 'make check ENV=staging                       prove what can be proven without any plaintext'
	@echo 'make test | lint | conformance | bench       for those who work on sealgen'

seal plan check: $(VENV)/.ready
	@test -n "$(ENV)" || { echo 'Which environment? make $@ ENV=staging' >&2; exit 2; }
	@$(SEALGEN) $@ $(ENV) $(foreach value,$(ROTATE),--rotate $(value)) $(ARGS)

test: $(TEST_VENV)/.ready
	$(TEST_VENV)/bin/pytest -n auto --ignore=tests/conformance $(ARGS)

lint: $(VENV)/.lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

conformance: $(TEST_VENV)/.ready
	tests/conformance/install $(TOOLS)
	PATH="$(abspath $(TOOLS)):$$PATH" $(TEST_VENV)/bin/pytest tests/conformance $(ARGS)

bench: $(VENV)/.ready
	tests/conformance/install $(TOOLS)
	PATH="$(abspath $(TOOLS)):$$PATH" $(VENV)/bin/python benchmarks/side_by_side.py $(ARGS)

schema: $(VENV)/.ready
	$(SEALGEN) schema > docs/environment.schema.json

clean:
	rm -rf $(VENV) $(TEST_VENV) .cache build dist

# The tree itself, for daily use.
$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sealgen needs Python 3.11 or later; name one: make PYTHON=python3.12 …")'
	@echo 'Setting up $(VENV) (once)…' >&2
	@$(PYTHON) -m venv $(VENV)
	@$(VENV)/bin/python $(PIP) --editable .
	@touch $@

$(VENV)/.lint: $(VENV)/.ready
	@$(VENV)/bin/python $(PIP) --editable '.[lint,test]'
	@touch $@

# The wheel that users get: tests run against it, not against the tree.
$(TEST_VENV)/.ready: pyproject.toml $(SOURCES)
	@$(PYTHON) -m venv $(TEST_VENV)
	@rm -rf dist && $(TEST_VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@$(TEST_VENV)/bin/python $(PIP) --force-reinstall --no-deps dist/*.whl
	@$(TEST_VENV)/bin/python $(PIP) "$$(echo dist/*.whl)[test]"
	@touch $@
