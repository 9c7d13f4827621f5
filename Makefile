# The verbs. `make demo` and `make test` need nothing but Python 3.11 or newer: both build .venv from the lock.

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMP := .venv/.stamp
CONTAINER ?= $(shell command -v podman || command -v docker)
SEEDS ?= 500
WORKERS ?= 4
MINUTES ?= 30
N ?= 20
SEED ?= 1
UV := out/uv/bin/uv
UV_VERSION := 0.13.8
COMPILE := $(UV) pip compile pyproject.toml --universal --generate-hashes --no-header --no-annotate --quiet --system-certs

# Recorded market data lies beside the repository where it is at hand; without it those tests skip, or fail under CI.
ifneq ($(wildcard ../shared/data),)
export GUARDIAN_MARKET_DATA ?= $(abspath ../shared/data)
endif

.DEFAULT_GOAL := test
.PHONY: demo test torture crash rewrite soak lint sim bench docs image image-test run venv lock format ratchet

demo: venv  ## a crash on a simulated venue, watched and flattened
	@$(BIN)/guardian demo

# More workers than processors: half of the time a test waits for real processes.
test: lint  ## lint, then every test; pytest's closing line comes last
	@$(BIN)/python -m pytest -n $(WORKERS)

torture: venv  ## every published failure of docs/torture.md as a scenario
	@$(BIN)/python -m pytest tests/torture -n 2

rewrite: venv  ## golden files say what guardian does now; read the diff before you keep it
	@$(BIN)/guardian rules test $(notdir $(patsubst %/cases,%,$(wildcard rules/*/cases))) tests/scenarios --rewrite
	@$(BIN)/python -m tests.replay --rewrite
	@git --no-pager diff --stat -- rules tests 2>/dev/null || true

crash: venv  ## a real guardian killed and stopped N times at moments drawn from SEED; red on a violation
	@$(BIN)/python -m tests.crash $(N) --seed $(SEED)

soak: venv  ## guardian on a feed that flaps for MINUTES; red unless memory, descriptors, tasks and journal stay flat
	@$(BIN)/python -m tests.soak --minutes $(MINUTES)

lint: venv  ## style, types, import rules, sizes
	@$(BIN)/ruff check --quiet --output-format=concise .
	@$(BIN)/ruff format --check --quiet . || { echo "make lint: run 'make format'" >&2; exit 1; }
	@$(BIN)/mypy --strict --no-error-summary guardian
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python tests/architecture/sizes.py

bench: venv  ## breach to flat on the simulated venue; what metrics, rules and events cost
	@$(BIN)/guardian bench flatten
	@$(BIN)/guardian bench metrics

run: venv  ## the daemon, with ./guardian.yaml or GUARDIAN_CONFIG
	@$(BIN)/guardian run

docs: venv  ## write the generated pages; links, commands and examples in the docs are true
	@$(BIN)/python -m tests.docs.rules_reference --write
	@$(BIN)/python -m tests.torture.page --write
	@$(BIN)/python -m tests.mutants.table --write
	@$(BIN)/python -m pytest tests/docs

sim: venv  ## seeded incidents under faults
	@$(BIN)/guardian sim --seeds $(SEEDS)

# podman's own image format has no health check; docker's has. IMAGE_OPTIONS is for the builder, e.g. a pinned BASE.
image:  ## the container image
	@test -n "$(CONTAINER)" || { echo "make image: needs podman or docker on PATH, or CONTAINER=..." >&2; exit 2; }
	@$(CONTAINER) build $(if $(findstring podman,$(notdir $(CONTAINER))),--format docker) \
	  --build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
	  --build-arg REVISION=$$(git rev-parse --verify --quiet HEAD || echo unknown) $(IMAGE_OPTIONS) -t guardian-sidecar .

image-test: venv  ## the image built and run for real, in the cage that docs/image.md describes
	@$(BIN)/python tests/image/prove.py

format: venv
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

ratchet: venv  ## write down today's worst sizes, where they fell
	@$(BIN)/python tests/architecture/sizes.py --lower

venv: $(STAMP)

# A stamp older than a lock or pyproject.toml means that the environment may be stale: pip brings it up to date.
$(STAMP): requirements-dev.lock requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || \
	  { echo "make: guardian needs Python 3.11 or newer on PATH; choose one with 'make PYTHON=/path/to/python3'" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "make: guardian needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1 | head -n 1)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@echo "make: preparing .venv from requirements-dev.lock"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# Both locks in one go, so that they cannot disagree. `make lock UPGRADE=--upgrade` takes newer versions.
lock: $(UV)
	@$(COMPILE) $(UPGRADE) --group dev -o requirements-dev.lock
	@$(COMPILE) --constraints requirements-dev.lock -o requirements.lock

$(UV):
	@$(PYTHON) -m venv out/uv
	@out/uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
