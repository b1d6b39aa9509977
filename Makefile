# Every target does its own set-up, and is quick when nothing changed.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help seal plan check test lint conformance cluster cluster-down bench fuzz schema sbom audit requirements clean

PYTHON ?= python3
VENV ?= .venv
TEST_VENV ?= .venv-test
RELEASE_VENV ?= .cache/release
TOOLS ?= .cache/tools
PIP := -m pip install --quiet --disable-pip-version-check
# CI installs only what requirements/ pins by hash; a person gets the newest that pyproject.toml allows.
PINNED := $(PIP) --require-hashes --requirement requirements
PIN := $(RELEASE_VENV)/bin/pip-compile --quiet --upgrade --generate-hashes --strip-extras --allow-unsafe --no-annotate \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
# The wheel's timestamps are those of the last commit: the same commit gives the same bytes.
WHEEL := epoch=$$(git log -1 --format=%ct 2>/dev/null) && export SOURCE_DATE_EPOCH=$$epoch; \
	rm -rf dist && $(TEST_VENV)/bin/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist
SEALGEN := $(VENV)/bin/sealgen
SOURCES := $(shell find sealgen -name '*.py' -o -name py.typed)

help:
	@echo 'make seal ENV=staging                        bring the sealed manifests up to date'
	@echo 'make seal ENV=staging ROTATE=jwt_secret_key  and make the next version of a value'
	@echo 'make plan ENV=staging                        show what seal would do'
	@echo 'make check ENV=staging                       prove what can be proven without any plaintext'
	@echo 'make test | lint | conformance | bench | fuzz  for those who work on sealgen'
	@echo 'make cluster | cluster-down                   a Kubernetes API with the controller, to try things on'
	@echo 'make sbom | audit | requirements             for a release'

seal plan check: $(VENV)/.ready
	@test -n "$(ENV)" || { echo 'Which environment? make $@ ENV=staging' >&2; exit 2; }
	@$(SEALGEN) $@ $(ENV) $(foreach value,$(ROTATE),--rotate $(value)) $(ARGS)

test: $(TEST_VENV)/.ready
	$(TEST_VENV)/bin/pytest -n auto --ignore=tests/conformance $(ARGS)

lint: $(VENV)/.lint
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy

conformance: $(TEST_VENV)/.conformance
	tests/conformance/install $(TOOLS)
	PATH="$(abspath $(TOOLS)):$$PATH:$(abspath $(TEST_VENV))/bin" $(TEST_VENV)/bin/pytest tests/conformance $(ARGS)

# It stays when make ends: eval "$(make cluster)" makes kubectl its administrator.
cluster: $(TEST_VENV)/.ready
	@tests/conformance/install $(TOOLS) cluster
	@PATH="$(abspath $(TOOLS)):$$PATH" $(TEST_VENV)/bin/python -m tests.conformance.cluster.cluster up .cache/cluster

cluster-down: $(TEST_VENV)/.ready
	@$(TEST_VENV)/bin/python -m tests.conformance.cluster.cluster down .cache/cluster

# On a quiet machine, to be kept in benchmarks/: make bench ARGS=--keep, and make bench ARGS='--profile --keep'.
bench: $(VENV)/.ready
	tests/conformance/install $(TOOLS) kubeseal
	PATH="$(abspath $(TOOLS)):$$PATH" $(VENV)/bin/python benchmarks/side_by_side.py $(ARGS)

# Each target for as long as wanted: make fuzz ARGS='--seconds 3600'. By mutation; led by coverage where Atheris is
# installed in $(TEST_VENV), which it is not in CI. What it finds is kept in the corpus, which make test runs.
fuzz: $(TEST_VENV)/.ready
	$(TEST_VENV)/bin/python -m tests.fuzz.run $(ARGS)

schema: $(VENV)/.ready
	$(SEALGEN) schema > docs/environment.schema.json

# What users get, as a CycloneDX document: sealgen and what it depends on, in the versions that CI tests.
sbom: $(RELEASE_VENV)/.ready $(TEST_VENV)/.ready
	rm -rf .cache/runtime && $(PYTHON) -m venv .cache/runtime
	.cache/runtime/bin/python $(PINNED)/runtime.txt
	.cache/runtime/bin/python $(PIP) --no-deps dist/*.whl
	.cache/runtime/bin/python -m pip uninstall --quiet --yes --disable-pip-version-check setuptools pip
	$(RELEASE_VENV)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
		--output-file dist/sealgen.cdx.json .cache/runtime/bin/python

# Strict: what the advisory service doesn't know, or a service that can't be reached, is a failure and no success.
audit: $(RELEASE_VENV)/.ready
	$(RELEASE_VENV)/bin/pip-audit --strict --disable-pip --progress-spinner off \
		--requirement requirements/lint.txt --requirement requirements/conformance.txt --requirement requirements/release.txt

# Pins the newest versions, with the hashes of all their files. Run it with the oldest Python that is supported.
requirements: export CUSTOM_COMPILE_COMMAND = make requirements
requirements: $(RELEASE_VENV)/.ready
	$(PIN) --output-file requirements/runtime.txt pyproject.toml
	$(PIN) --output-file requirements/test.txt --extra test --build-deps-for wheel pyproject.toml
	$(PIN) --output-file requirements/conformance.txt --extra test --extra conformance pyproject.toml
	$(PIN) --output-file requirements/lint.txt --extra lint --extra test --build-deps-for wheel \
		--build-deps-for editable pyproject.toml
	$(PIN) --output-file requirements/release.txt requirements/release.in

clean:
	rm -rf $(VENV) $(TEST_VENV) .cache build dist

# The tree itself, for daily use.
$(VENV)/.ready: pyproject.toml requirements/lint.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "sealgen needs Python 3.11 or later; name one: make PYTHON=python3.12 …")'
	@echo 'Setting up $(VENV) (once)…' >&2
	@$(PYTHON) -m venv $(VENV)
ifeq ($(CI),true)
	@$(VENV)/bin/python $(PINNED)/lint.txt
	@$(VENV)/bin/python $(PIP) --no-deps --no-build-isolation --editable .
else
	@$(VENV)/bin/python $(PIP) --editable '.[cluster]'
endif
	@touch $@

$(VENV)/.lint: $(VENV)/.ready
ifeq ($(CI),true)
	@$(VENV)/bin/python $(PINNED)/lint.txt
else
	@$(VENV)/bin/python $(PIP) --editable '.[cluster,lint,test]'
endif
	@touch $@

# The wheel that users get: tests run against it, not against the tree.
$(TEST_VENV)/.ready: pyproject.toml requirements/test.txt $(SOURCES)
	@$(PYTHON) -m venv $(TEST_VENV)
ifeq ($(CI),true)
	@$(TEST_VENV)/bin/python $(PINNED)/test.txt
	@$(WHEEL) --no-build-isolation .
	@$(TEST_VENV)/bin/python $(PIP) --force-reinstall --no-deps dist/*.whl
else
	@$(WHEEL) .
	@$(TEST_VENV)/bin/python $(PIP) --force-reinstall --no-deps dist/*.whl
	@$(TEST_VENV)/bin/python $(PIP) "$$(echo dist/*.whl)[test]"
endif
	@touch $@

# What conformance tests run against, as far as it comes as Python packages.
$(TEST_VENV)/.conformance: $(TEST_VENV)/.ready requirements/conformance.txt
ifeq ($(CI),true)
	@$(TEST_VENV)/bin/python $(PINNED)/conformance.txt
else
	@$(TEST_VENV)/bin/python $(PIP) "$$(echo dist/*.whl)[test,conformance]"
endif
	@touch $@

# The tools of a release are always the pinned ones.
$(RELEASE_VENV)/.ready: requirements/release.txt
	@$(PYTHON) -m venv $(RELEASE_VENV)
	@$(RELEASE_VENV)/bin/python $(PINNED)/release.txt
	@touch $@
