# Every target honours VENV=path (default .venv). `make help` lists them.
VENV ?= .venv
PYTHON ?= $(shell for p in python3.11 python3.12 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null && echo $$p && break; done)

BIN := $(VENV)/bin
PY := $(BIN)/python
# A stamp per checkout and extra: an environment shared by two checkouts is pointed at the one that is used.
STAMP := $(VENV)/.pulse-$(shell pwd -P | cksum | cut -d' ' -f1)
SOURCES := pyproject.toml requirements.txt constraints-py311.txt
PIP := $(PY) -m pip --disable-pip-version-check install --quiet -c constraints-py311.txt

# Tests build the documents, run the notebooks and draw the pipelines.
WITH_dev := dev,docs,notebook,viz

LOOK := echo "Report: $${PULSE_DATA_ROOT:-data}/08_reporting/cycle_report.html (open it in a browser). State: $(BIN)/kedro pulse status"

export DO_NOT_TRACK := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help install run next test check format docs notebook bench viz clean reset

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

install: $(STAMP)-run ## Create the environment and install the project

# `--env base`: the bundled data, whatever conf/local says about a source of one's own.
run: $(STAMP)-run ## Run the first cycle, on the bundled data known in December 2018
	@$(BIN)/kedro run --env base --params as_of=2018-12-01
	@$(LOOK)

next: $(STAMP)-run ## Run one more month of the bundled data after the newest cycle
	@as_of=$$($(PY) -m pulse_kedro pulse next --env base); code=$$?; \
	if [ $$code -eq 3 ]; then exit 0; elif [ $$code -ne 0 ]; then exit $$code; fi; \
	echo "Next cycle: as_of=$$as_of"; \
	$(BIN)/kedro run --env base --params as_of=$$as_of && $(LOOK)

test: $(STAMP)-dev ## Run all tests, doctests included
	@$(PY) -m pytest -n auto --dist worksteal

check: $(STAMP)-dev ## Lint, format, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)-dev ## Format the code and repair what ruff can repair
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP)-docs ## Build the documents into docs/_build/html
	@$(PY) -m sphinx -n -W --keep-going -q -b html docs docs/_build/html && echo "Documents: docs/_build/html/index.html"

notebook: $(STAMP)-notebook ## Open the notebooks in JupyterLab
	@$(BIN)/kedro jupyter lab --notebook-dir notebooks

bench: $(STAMP)-run ## Run every benchmark and print its figures as JSON
	@set -e; for script in benchmarks/*.py; do echo "$$script" >&2; $(PY) $$script --json; done

viz: $(STAMP)-viz ## Show the pipelines in the browser
	@$(BIN)/kedro viz run

clean: ## Remove caches and builds; cycles, champion and ledger stay
	rm -rf build dist docs/_build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis src/*.egg-info
	find src tests benchmarks data docs notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f $(VENV)/.pulse-*

reset: ## Forget every cycle: remove all that runs wrote under data/
	find data -type f ! -name .gitkeep ! -path 'data/01_raw/*' -delete
	find data -mindepth 2 -type d -empty -delete

$(PY):
	@test -n "$(PYTHON)" || { echo "Python 3.11 or 3.12 is needed and was not found. Debian: apt install python3.11 python3.11-venv. macOS: brew install python@3.11. Elsewhere: make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot create environments. Debian: apt install python3-venv"; exit 1; }
	@echo "Creating $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(STAMP)-run: $(PY) $(SOURCES)
	@echo "Installing the project into $(VENV) (about two minutes the first time)"
	@$(PIP) -r requirements.txt
	@rm -f $(VENV)/.pulse-*
	@touch $@

$(STAMP)-dev $(STAMP)-docs $(STAMP)-notebook $(STAMP)-viz: $(STAMP)-%: $(STAMP)-run
	@echo "Installing the extra '$*' into $(VENV)"
	@$(PIP) -e ".[$(or $(WITH_$*),$*)]"
	@touch $@
