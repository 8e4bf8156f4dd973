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
BIN := .venv/bin
MEMBERS := shared services/task-service services/worker-service services/matching-service services/payment-service deploy/local

.PHONY: help setup run test lint format replay acceptance engines test-kafka docs lock guards clean

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
