# Thin: it finds an interpreter, sets up .venv, and calls a session of noxfile.py.
# `make` alone lists the targets.

.DEFAULT_GOAL := help
.PHONY: help setup gates demo test lint types unit contract e2e fuzz sanity docs build matrix format clean

SESSIONS := lint types unit contract e2e fuzz sanity docs build
FUZZ_SECONDS := 1200
COLLECTION := .ansible/collections/ansible_collections/tlsops/windows
PIP := .venv/bin/python -m pip install --quiet --disable-pip-version-check

help:  ## this list
	@sed -n 's/^\([a-z][a-z0-9 ]*\):[^#]*##/\1:/p' $(MAKEFILE_LIST)

setup: .venv/setup.stamp $(COLLECTION)  ## .venv, and the collections path that every tool here uses

# The first that runs and fits: a shim may exist whose Python is not installed.
.venv/setup.stamp: tests/requirements.txt
	@for python in python3.13 python3.12 python3.11 python3; do \
	  if $$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then break; fi; \
	  python=; \
	done; \
	if [ -z "$$python" ]; then echo "make: no Python 3.11, 3.12 or 3.13 runs here; install one of them." >&2; exit 1; fi; \
	if [ ! -x .venv/bin/python ]; then echo "setting up .venv with $$python"; $$python -m venv .venv; fi
	@$(PIP) -r tests/requirements.txt
	@touch $@

.venv/gates.stamp: .venv/setup.stamp tests/requirements-gates.txt
	@echo "setting up the tools of the checks"
	@$(PIP) -r tests/requirements.txt -r tests/requirements-gates.txt
	@touch $@

$(COLLECTION):
	@mkdir -p $(dir $@)
	@ln -sfn ../../../.. $@

gates: setup .venv/gates.stamp

demo: setup  ## a renewal on a simulated fleet, from the CA's mail to the proven backup
	@PATH="$(CURDIR)/.venv/bin:$$PATH" .venv/bin/python -m tests.demo

test: gates  ## all checks
	@.venv/bin/nox --sessions $(SESSIONS)

lint types unit contract e2e sanity docs build: gates  ## one check
	@.venv/bin/nox --sessions $@

fuzz: gates  ## made-up answers of a CA, for FUZZ_SECONDS
	@.venv/bin/nox --sessions fuzz -- $(FUZZ_SECONDS)

matrix: gates  ## unit and end-to-end tests on every supported ansible-core whose Python is found
	@.venv/bin/nox --sessions matrix

format: gates  ## rewrite the Python files the way lint wants them
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format

clean:  ## remove what the targets above made
	rm -rf .venv .nox .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache build changelogs/.plugin-cache.yaml
