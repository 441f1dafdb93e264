# One screen of tasks; continuous integration runs the same ones.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
# One more than there are processors, for many tests wait for programs they started.
TESTERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

# Tests to which the place of the control store matters: those that make test runs on both, and all of them. Tests of
# workers, chaos and the line run on both by themselves.
SHARED := tests/api tests/service tests/schedules --deselect tests/api/test_nonsense.py
STORED := tests/alerts tests/api tests/browser tests/cli tests/control tests/journeys tests/kill tests/logs \
	tests/schedules tests/service tests/traces tests/web

.PHONY: help demo serve test test-postgresql chaos lint bench picture screenshots lock clean

help:
	@echo "make demo   install Headcount and watch it work against a local Customer.io"
	@echo "make serve  install Headcount and open it in the browser, at http://127.0.0.1:8000"
	@echo "make test   install everything the tests need and run all of them"
	@echo "make test-postgresql  the tests of everything that is stored, with the store in PostgreSQL"
	@echo "make chaos ROUNDS=20  workers, PostgreSQL and workspace in trouble, in rounds of 25 seconds"
	@echo "make lint   ruff, mypy and import-linter alone"
	@echo "make bench  the speed and memory figures of the README (several minutes)"
	@echo "make picture  the README's picture, made anew"
	@echo "make screenshots  pictures of the pages, light, dark and narrow, in build/screens"
	@echo "make lock   resolve the pinned dependencies anew"

demo: $(VENV)/.installed
	@$(BIN)/headcount demo

serve: $(VENV)/.installed
	@$(BIN)/headcount serve

test: $(VENV)/.installed-test system-packages
	$(MAKE) lint
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadgroup
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadgroup --control-store=postgresql $(SHARED)

test-postgresql: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadgroup --control-store=postgresql $(STORED)

ROUNDS ?= 10
chaos: $(VENV)/.installed-test system-packages
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS)

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

picture: $(VENV)/.installed
	$(BIN)/python -m headcount.cli.demo.picture docs/plan.svg

screenshots: $(VENV)/.installed-test system-packages
	$(BIN)/python -m tests.browser.screenshots build/screens

bench: $(VENV)/.installed-bench
	$(BIN)/python -m bench

lock: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet "uv>=0.8"
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate --no-emit-index-url --all-extras --python-version 3.11 --upgrade --output-file constraints.txt pyproject.toml

clean:
	rm -rf $(VENV) build dist *.egg-info

# What the tests need besides Python packages: a MariaDB server, a browser and iproute2, installed where that is possible without
# asking. Elsewhere Playwright's own browser is fetched; without either, tests say what is missing.
.PHONY: system-packages
system-packages: $(VENV)/.installed-test
	@missing=""; \
	command -v mariadbd >/dev/null 2>&1 || missing="$$missing mariadb-server"; \
	command -v chromium >/dev/null 2>&1 || missing="$$missing chromium fonts-dejavu-core"; \
	{ [ "$$(uname)" != Linux ] || command -v ip >/dev/null 2>&1; } || missing="$$missing iproute2"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; fi
	@command -v chromium >/dev/null 2>&1 || $(BIN)/playwright install chromium >/dev/null 2>&1 || true

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Headcount needs Python 3.11 or newer. Install it and run this command again."; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 2; }

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Headcount into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[test]'
	@touch $@ $(VENV)/.installed

$(VENV)/.installed-bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@ $(VENV)/.installed
