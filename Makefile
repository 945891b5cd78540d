# One command per task; CI calls the same ones.
PYTHON ?= python3.11
BIN := .venv/bin
# Bytecode at once: the first start would otherwise compile pandas, pyspark and the rest, which takes longer than a job.
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt --build-constraint constraints.txt
STAMPS := .make
# An environment that somebody has activated is not the project's: IPython would warn of it, and warnings fail tests.
unexport VIRTUAL_ENV

.DEFAULT_GOAL := help
.PHONY: help demo test fuzz soak lint types imports docs check bench notebooks golden pins system clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(STAMPS)/demo  ## set up, run the example job on the embedded engine, show what was made
	@$(BIN)/python notebooks/contacts-scd2/demo.py

test: $(STAMPS)/dev system  ## set up what the tests need and run them all
	@$(BIN)/pytest

fuzz: $(STAMPS)/dev  ## try the reader with mutated texts for FUZZ_SECONDS (60); fails when one crashes it
	@$(BIN)/python -m tests.cells.fuzz --seconds $(or $(FUZZ_SECONDS),60)

soak: $(STAMPS)/dev system  ## the repeated trials (kills, interrupts) at their full numbers
	@ARCBOOK_SOAK=1 $(BIN)/pytest -m trial tests

lint: $(STAMPS)/dev  ## ruff
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(STAMPS)/dev  ## mypy strict
	@$(BIN)/mypy && $(BIN)/mypy notebooks/taxi-typing

imports: $(STAMPS)/dev  ## import contracts
	@$(BIN)/lint-imports

docs: $(STAMPS)/dev  ## build the documentation into site/
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

check: lint types imports docs  ## all checks that are not tests

bench: $(STAMPS)/dev  ## print the figures, as ratios within one run
	@$(BIN)/python -m benchmarks

notebooks: $(STAMPS)/dev  ## run the example notebooks anew and save their outputs
	@$(BIN)/python notebooks/refresh.py

golden: $(STAMPS)/dev  ## write the expected manifests anew
	@$(BIN)/python notebooks/refresh.py --manifests

pins: $(STAMPS)/uv  ## resolve constraints.txt anew
	@$(BIN)/uv pip compile --quiet --no-annotate --no-header --python-version 3.11 \
	  --all-extras --group dev --output-file constraints.txt --upgrade pyproject.toml

system:
	@sh tests/system_packages.sh

# --- set-up, each step once per change of the files it depends on -------------------------------------------------

$(STAMPS)/uv:
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This needs $(PYTHON) with its venv module: on Debian, apt-get install python3.11 python3.11-venv"; exit 1; }
	@echo "[set-up] virtual environment in .venv"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/demo: $(STAMPS)/uv pyproject.toml constraints.txt
	@echo "[set-up] packages of the notebook installation (about 1 GB, once)"
	@$(UV) --editable '.[notebook,promote]' --group demo
	@touch $@

$(STAMPS)/dev: $(STAMPS)/uv pyproject.toml constraints.txt
	@echo "[set-up] packages of the developer installation (about 1.5 GB, once)"
	@$(UV) --editable '.[notebook,promote,postgres,openlineage,iceberg,images]' --group dev
	@touch $@ $(STAMPS)/demo

clean:  ## remove everything that was made here
	rm -rf .venv $(STAMPS) site build dist runs spark-warehouse .hypothesis \
	  .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
