# Targets for people and for CI; `make help` lists them.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# Tests that run at the same time: they wait more than they compute, so one more than processors.
AT_ONCE ?= $(shell expr $$(nproc) + 1)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# Debian's python3 comes without ensurepip until python3-venv is installed.
$(BIN)/python:
	@$(PYTHON) scripts/make_venv.py $(VENV)

$(BIN)/.demo: $(BIN)/python pyproject.toml
	@echo "Installing tsprof with its demo (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check '.[demo]'
	@touch $@

$(BIN)/.dev: $(BIN)/python pyproject.toml
	@echo "Installing tsprof with what its tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,dev]'
	@touch $@ $(BIN)/.demo

$(VENV)/services/.installed: $(BIN)/python tests/integration/services.txt
	@echo "Installing the services of others that the tests check ..."
	@$(BIN)/python -m venv $(VENV)/services
	@$(VENV)/services/bin/python -m pip install --quiet --disable-pip-version-check \
		--requirement tests/integration/services.txt
	@touch $@

.PHONY: demo
demo: $(BIN)/.demo ## Find the leak planted in the demo service, then pass its clean twin
	@$(BIN)/python scripts/demo.py

.PHONY: demo-rust
demo-rust: $(BIN)/.demo ## The same with the demo service in Rust (needs cargo)
	@cd targets/truthsync_rs && cargo build --quiet --release --locked
	@$(BIN)/python scripts/demo.py targets/truthsync_rs/target/release/truthsync --port {port}

.PHONY: test
test: $(BIN)/.dev $(VENV)/services/.installed ## Run all tests; installs the system packages they need when it may
	@$(BIN)/python scripts/install_test_packages.py
	@$(BIN)/python -m pytest -m alone
	@$(BIN)/python -m pytest -m "not alone" --numprocesses $(AT_ONCE) --dist worksteal

.PHONY: unit
unit: $(BIN)/.dev ## Run the tests that start no process
	@$(BIN)/python -m pytest --numprocesses $(AT_ONCE) --dist worksteal tests/unit

.PHONY: lint
lint: $(BIN)/.dev ## Check style
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@if cargo clippy --version > /dev/null 2>&1; then cd targets/truthsync_rs && cargo fmt --check \
		&& cargo clippy --quiet --locked --all-targets -- --deny warnings; fi

.PHONY: types
types: $(BIN)/.dev ## Check types
	@$(BIN)/mypy

.PHONY: docs
docs: $(BIN)/.dev ## Rewrite the parts of docs/ that are generated
	@$(BIN)/python -m tsprof.cli.docs

.PHONY: benchmarks
benchmarks: $(BIN)/.dev ## Run the benchmarks (minutes to an hour; each script runs alone, too)
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.PHONY: clean
clean: ## Remove the environment and everything generated
	@rm -rf $(VENV) build dist *.egg-info targets/truthsync_rs/target .tsprof .pytest_cache .mypy_cache .ruff_cache
