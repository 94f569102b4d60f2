# Two doors for everyone: `make run` and `make test`. One for developers: `make check`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
KERNELS := src/rabta/jit.py $(shell find src/rabta -name '_[!_]*.py')
SOURCES := src tests tools bench examples
JOBS ?= 2
# Tests of live networks and services run one at a time, as they need the machine's clocks and ports, and get
# a second try, which is shown: on a machine that stands still for long the clocks go on
ALONE := tests/emulate tests/airspace

.PHONY: run test check lint format types layers docs bench soak lock clean

run: $(VENV)/.kernels ## plan Pakistan's connectivity on the shipped data and write the report
	$(BIN)/rabta run pakistan

test: $(VENV)/.dev ## every test that this machine can run
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(addprefix --ignore=,$(ALONE))
	$(BIN)/python -m pytest -rR --reruns 1 $(ALONE)

check: lint types layers test docs ## all that CI runs

lint: $(VENV)/.dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

format: $(VENV)/.dev
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

types: $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

docs: $(VENV)/.dev
	$(BIN)/python tools/docs.py --check

bench: $(VENV)/.dev ## measurements against peers; results go to bench/results
	for script in $(filter-out bench/soak_%,$(wildcard bench/*.py)); do $(BIN)/python $$script || exit 1; done

soak: $(VENV)/.dev ## the long runs
	$(BIN)/python bench/national.py
	$(BIN)/python bench/soak_security.py

lock: $(VENV)/.dev ## renew the locked versions
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml requirements/build.in -o requirements/run.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  pyproject.toml requirements/build.in --group dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	  requirements/rt.in -o requirements/rt.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.13 \
	  requirements/uss.in -o requirements/uss.txt

clean:
	rm -rf $(VENV) .rt .uss runs

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt pyproject.toml | $(BIN)/python
	$(PIP) install --require-hashes -r requirements/run.txt
	$(PIP) install --no-deps --no-build-isolation -e .
	touch $@

$(VENV)/.kernels: $(KERNELS) $(VENV)/.run
	$(BIN)/python -m rabta.jit
	touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.kernels
	$(PIP) install --require-hashes -r requirements/dev.txt
	touch $@
