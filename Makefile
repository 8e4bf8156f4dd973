# One entry point for people and CI. Each target sets up what it needs and can be run again.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
PORT ?= 8000
DATA ?= .data
DEMO ?= 1
TASKS ?= 100
REDUNDANCY ?= 5
WORKERS ?= 25
CHAOS ?= 0
ROWS ?= 1
LIMIT ?= 0
SEEDS ?= 200
STEPS ?= 300
BIN := .venv/bin
MEMBERS := shared services/task-service services/worker-service services/matching-service services/payment-service deploy/local

.PHONY: help setup run test test-looks lint format replay roundtrip acceptance engines test-kafka docs lock machine-matching guards bench bench-claim kill-matching test-anonymity prove-money faults pictures clean

help: ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: .venv/.ready .venv-engines/.ready

.venv/.ready: requirements.lock requirements/bootstrap.lock $(addsuffix /pyproject.toml,$(MEMBERS))
	@echo "Setting up Python packages in .venv ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Crowdloom needs Python 3.11 or later")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r requirements/bootstrap.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock requirements/bootstrap.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(addprefix -e ,$(MEMBERS))
	@touch $@

.venv-engines/.ready: requirements/engines.lock .venv/.ready
	@echo "Setting up the embedded engines in .venv-engines ..."
	@test -x .venv-engines/bin/python || $(PYTHON) -m venv --without-pip .venv-engines
	@$(BIN)/uv pip sync --quiet --python .venv-engines/bin/python --require-hashes requirements/engines.lock
	@touch $@

lock: ## pin the dependencies again, with hashes
	@compile="$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links --no-annotate --python-version 3.11"; \
	$$compile requirements/dev.in -o requirements.lock; \
	$$compile requirements/runtime.in -c requirements.lock -o requirements/runtime.lock; \
	$$compile requirements/engines.in -o requirements/engines.lock; \
	$$compile requirements/bootstrap.in -o requirements/bootstrap.lock

format: .venv/.ready
	@$(BIN)/ruff format -q .
	@$(BIN)/ruff check -q --fix .

run: setup ## the whole market on this machine, with a demo
	@$(BIN)/python -m crowdloom_local run --port $(PORT) --data $(DATA) --demo $(DEMO)

test: setup ## every test that needs no download beyond PyPI
	@$(BIN)/pytest -m "not kafka" -n 3 --dist loadfile --no-loadscope-reorder

test-looks: setup ## every page in two languages, two themes and two widths, with axe: `test` turns through them
	@CROWDLOOM_LOOKS=all $(BIN)/pytest -m browser -k accessible_fits -n 1

lint: .venv/.ready ## ruff, mypy, import rules, generated files fresh
	@$(BIN)/ruff check -q .
	@$(BIN)/ruff format -q --check .
	@$(BIN)/mypy shared/crowdloom deploy/local $(wildcard services/*/*_service) bench proofs
	@$(BIN)/lint-imports --no-cache > .lint-imports.log 2>&1 || { cat .lint-imports.log; exit 1; }
	@rm -f .lint-imports.log
	@$(BIN)/python -m crowdloom_local docs check
	@echo "lint: clean"

docs: .venv/.ready ## regenerate event catalogue, AsyncAPI, OpenAPI, translations, configuration guide
	@$(BIN)/python -m crowdloom_local docs write

replay: setup ## the recorded answers of a data set through the whole life of a batch
	@test -n "$(DATASET)" || { echo "Say which data set: make replay DATASET=dir"; exit 2; }
	@$(BIN)/python -m crowdloom_local replay --dataset $(DATASET) --tasks $(TASKS) --redundancy $(REDUNDANCY) --workers $(WORKERS) $(if $(filter 1,$(CHAOS)),--chaos)

roundtrip: setup ## a file split, worked on by people who change nothing, merged: FILE=... BY=...
	@test -n "$(FILE)" -a -n "$(BY)" || { echo "Say which file, and by what: make roundtrip FILE=book.txt BY=sentence"; exit 2; }
	@$(BIN)/python -m crowdloom_local roundtrip --file $(FILE) --by $(BY)

acceptance: setup ## real Mechanical Turk projects, imported, answered in Chromium, compared
	@test -n "$(CASES)" || { echo "Say where the cases are: make acceptance CASES=dir"; exit 2; }
	@$(BIN)/python -m crowdloom_local.acceptance --cases $(CASES) --limit $(LIMIT) --rows $(ROWS)

machine-matching: setup ## matching-service's state machine, 500 examples in memory; then without four guards, each must be noticed
	@CROWDLOOM_EXAMPLES=500 $(BIN)/pytest -q services/matching-service/tests/integration/test_state_machine.py
	@$(BIN)/python tests/guards.py machine

guards: setup ## take four guards away, one at a time: a test must notice each
	@$(BIN)/python tests/guards.py

test-anonymity: setup ## two requesters who put all they can get together find no value that links a worker
	@$(BIN)/pytest -q tests/journeys/test_anonymity.py

prove-money: setup ## random interleavings of all money flows with faults, then broken cents; SEEDS=200 STEPS=300
	@$(BIN)/python -m proofs.money --seeds $(SEEDS) --steps $(STEPS)

bench: setup ## figures beside the raw engine's; BENCH=name runs one of them
	@$(BIN)/python -m bench $(BENCH)

bench-claim: setup ## the claim: exact, flat, near the raw engine, beside Turkle; ENGINE= SIZES= SECONDS= REPEATS= PARTS= TURKLE=
	@$(BIN)/python -m bench claims

kill-matching: setup ## kill -9 matching-service 20 times during a run of 500 tasks
	@$(BIN)/python -m crowdloom_local.replay.kill_matching 500 2

faults: setup ## kill -9 at every point of a payout run; the broker away for a minute; a worker stopped with a lease
	@$(BIN)/python tests/faults/payouts.py
	@$(BIN)/python -m crowdloom_local.replay.away

pictures: setup ## the pictures of the guides, taken from a running demo; needs a Chromium
	@$(BIN)/python -m crowdloom_local.pictures

clean: ## forget the environments and the local market's data
	rm -rf .venv .venv-engines .data .replay .acceptance

-include deploy/local/engines.mk
