# Every command of the project; `make help` lists them. People and CI run the same ones.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Give TORCH_INDEX the URL of PyTorch's index of CPU wheels where PyPI's torch would bring CUDA.
TORCH_INDEX ?=
PIP_INSTALL := PIP_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
	$(BIN)/python -m pip install --quiet $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))

.PHONY: help
help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Pincite needs Python 3.11 or newer; name one: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing Pincite and what it needs (some minutes the first time)…"
	$(PIP_INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.runtime
	$(PIP_INSTALL) --editable '.[test]'
	@touch $@

$(VENV)/.lint: $(VENV)/.test
	$(PIP_INSTALL) --editable '.[test,lint]'
	@touch $@

.PHONY: install
install: $(VENV)/.runtime ## Make .venv and install Pincite with pinned dependencies

.PHONY: index
index: $(VENV)/.runtime ## Index the sample documents in seeds/
	$(BIN)/pincite index seeds

.PHONY: serve
serve: index ## Index seeds/ and serve the page and API on 127.0.0.1:8000 (PINCITE_PORT)
	$(BIN)/pincite serve

.PHONY: test
test: $(VENV)/.test ## Run all tests
	$(BIN)/python -m pytest

.PHONY: lint
lint: $(VENV)/.lint ## Check style, types, layers and the Dockerfile
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint Dockerfile

.PHONY: format
format: $(VENV)/.lint ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: eval
eval: $(VENV)/.runtime ## Ask golden and other fixed questions; fail if worse than the stored figures
	$(BIN)/python scripts/check_figures.py

.PHONY: eval-store
eval-store: $(VENV)/.runtime ## Ask them and store the figures
	$(BIN)/python scripts/check_figures.py --write

.PHONY: image
image: ## Build the container image `pincite` with Docker or Podman
	engine=docker; docker info >/dev/null 2>&1 || engine=podman; \
	BUILDAH_FORMAT=docker $$engine build --tag pincite --build-arg TORCH_INDEX=$(TORCH_INDEX) \
		--build-arg VERSION=$$(sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml) \
		--build-arg REVISION=$$(git rev-parse HEAD) .

.PHONY: image-check
image-check: ## Build the image and try it locked down (BASE=debootstrap: on a base made here)
	PYTHON=$(PYTHON) TORCH_INDEX=$(TORCH_INDEX) BASE=$(BASE) scripts/image_check.sh

.PHONY: constraints
constraints: $(VENV)/.lint ## Pin what is installed now
	$(BIN)/python -m pip freeze --exclude-editable | sed -E 's/\+cpu$$//' > constraints.txt

.PHONY: clean
clean: ## Remove the environment and caches; keeps pincite-data
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
