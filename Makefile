# Thin: it finds an interpreter, sets up .venv, and calls a session of noxfile.py.
# `make` alone lists the targets.

.DEFAULT_GOAL := help
.PHONY: help setup gates demo test lint types unit contract e2e cuts kerberos fuzz sanity docs build matrix format clean

# Two lanes of about the same length: those of the first use all cores, most of the second's tools only one.
TESTS := lint types unit contract e2e
PACKAGE := sanity build docs fuzz
FUZZ_SECONDS := 1200
COLLECTION := .ansible/collections/ansible_collections/tlsops/windows
KERBEROS := build/kerberos
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
	@mkdir -p build; \
	.venv/bin/nox --sessions $(PACKAGE) >build/package.log 2>&1 & package=$$!; \
	.venv/bin/nox --sessions $(TESTS); tests=$$?; \
	echo; echo "At the same time (build/package.log): $(PACKAGE)"; \
	wait $$package; checks=$$?; cat build/package.log; exit $$((tests || checks))

lint types unit contract e2e sanity docs build: gates  ## one check
	@.venv/bin/nox --sessions $@

fuzz: gates  ## made-up answers of a CA, for FUZZ_SECONDS
	@.venv/bin/nox --sessions fuzz -- $(FUZZ_SECONDS)

matrix: gates  ## unit and end-to-end tests on every supported ansible-core whose Python is found
	@.venv/bin/nox --sessions matrix

cuts: setup  ## a renewal cut off at every place, with every effect; TLSOPS_CUTS=N takes one of N
	@TLSOPS_CUTS=$(or $(TLSOPS_CUTS),all) .venv/bin/pytest -q -s tests/e2e/test_cut_points.py

kerberos: setup $(KERBEROS)/stamp  ## a renewal over Kerberos, in a realm on loopback; needs what apt-get names below
	@TLSOPS_KERBEROS=1 $(KERBEROS)/venv/bin/python -m pytest -q -rs tests/e2e/test_kerberos.py

$(KERBEROS)/stamp: tests/requirements.txt
	@command -v krb5kdc /usr/sbin/krb5kdc >/dev/null || \
	  { echo "make: run apt-get install krb5-kdc krb5-admin-server krb5-user libkrb5-dev first" >&2; exit 1; }
	@python3 -m venv $(KERBEROS)/venv
	@$(KERBEROS)/venv/bin/pip install --quiet --disable-pip-version-check -r tests/requirements.txt pykerberos==1.2.4
	@touch $@

format: gates  ## rewrite the Python files the way lint wants them
	@.venv/bin/ruff check --fix --quiet
	@.venv/bin/ruff format

clean:  ## remove what the targets above made
	rm -rf .venv .nox .ansible .hypothesis .mypy_cache .pytest_cache .ruff_cache build changelogs/.plugin-cache.yaml
