# Each target makes the environment that it needs in .venv (see tools/environment.py); nothing is installed outside.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test test-slow check bench docs requirements constraints clean
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
STAMPS := .venv/stamps
DECLARED := pyproject.toml constraints.txt tools/environment.py

help: ## what each target does
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14

# A stamp is named after what is installed: base, base-test-crosscheck, base-docs (dependency groups).
$(STAMPS)/%: $(DECLARED)
	@test -n "$(PYTHON)" || { echo "basestock needs Python 3.11 or newer, and none was found on PATH" >&2; exit 1; }
	$(PYTHON) -m tools.environment $(filter-out base,$(subst -, ,$*))

demo: $(STAMPS)/base ## install basestock and plan a sample export
	$(BIN)/basestock demo

test: $(STAMPS)/base-test-crosscheck ## every test but the slow ones
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: $(STAMPS)/base-test-crosscheck ## the slow tests
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

check: $(STAMPS)/base-test-crosscheck-browser-lint-docs ## format, lint, types, import contracts, documents
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.site

bench: $(STAMPS)/base ## the quick benchmarks
	$(BIN)/python -m benchmarks

docs: $(STAMPS)/base-docs ## the documents, into site/
	$(BIN)/python -m tools.site

requirements: $(STAMPS)/base-test-crosscheck ## which tests show which requirement, and their outcome
	$(BIN)/python -m tools.requirements

constraints: $(STAMPS)/base-constraints ## new exact versions for every group and extra
	$(BIN)/python -m tools.constraints

clean: ## remove the environment and everything made here
	rm -rf .venv site docs/generated .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist build
	find src tests tools benchmarks experiments -name __pycache__ -type d -prune -exec rm -rf {} +
