# Ledgerdesk on one machine: git, make and Python 3.11 or newer are all it needs.
# `make help` says what there is.

# The first Python here that runs and is new enough; else python3, which is told why not.
PYTHON ?= $(or $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c \
  'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
BIN := .venv/bin
RUN := $(BIN)/ledgerdesk
MIGRATIONS = $(wildcard shared/*/migrations/*.sql services/*/migrations/*.sql)
SERVICE ?=
BROKERS ?=
# Two files at a time, each with servers of its own, as tests wait for them more than they
# work; then those that start a whole desk, by themselves.
PYTEST := $(BIN)/python -m pytest
SMALL := -n 2 --dist loadfile tests/unit tests/contract tests/simulation tests/integration
WHOLE_DESK := tests/faults tests/system tests/browser
MINUTES ?= 30
SEED ?=
CORPUS ?= corpus
# A migration runs in one transaction; versions and counts of ours never near 2**31.
SQUAWK := --pg-version 18 --assume-in-transaction --exclude prefer-bigint-over-int

.DEFAULT_GOAL := help
.PHONY: help venv up down reset status logs demo test soak check corpus corpus-sla bench lock

help: ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 16

venv: ## install everything into .venv; nothing to do when the lock is unchanged
	@command -v $(PYTHON) >/dev/null || { echo "✗ There is no Python here: apt install python3 python3-venv (or dnf install python3)" >&2; exit 1; }
	@$(PYTHON) deploy/local/bootstrap.py

up: venv ## set up and start the whole desk, and say where it is; BROKERS=3 for three Kafkas
	@$(if $(BROKERS),LEDGERDESK_BROKERS=$(BROKERS)) $(RUN) up

down: ## stop the desk; nothing is lost
	@if [ -x $(RUN) ]; then $(RUN) down; fi

reset: ## stop the desk and start over: delete its data, keep what was downloaded
	@if [ -x $(RUN) ]; then $(RUN) reset; fi

status: venv ## what runs, where, and how it is
	@$(RUN) status || true

logs: venv ## follow all logs, or one: make logs SERVICE=intake
	@$(RUN) logs $(SERVICE)

demo: up ## play at least 200 realistic tickets into the running desk
	@$(RUN) demo

test: venv ## all tests, on real servers of their own
	@$(PYTEST) $(SMALL)
	@$(PYTEST) $(WHOLE_DESK)

soak: venv ## faults for MINUTES=30 under a steady load, then the truth; SEED= repeats one
	@$(BIN)/python -m tests.faults.soak --minutes $(MINUTES) $(if $(SEED),--seed $(SEED))
	@$(BIN)/python -m pytest -s tests/faults/long_*.py

check: venv ## what CI runs: the static checks, then all tests
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .
	$(BIN)/python -m deploy.lock --check
	$(BIN)/squawk $(SQUAWK) $(MIGRATIONS)
	$(PYTEST) $(SMALL)
	$(PYTEST) $(WHOLE_DESK)

corpus: venv ## score the understanding of mails on a folder of real ones: CORPUS=folder
	@$(BIN)/python -m bench.corpus "$(CORPUS)"

corpus-sla: venv ## score business-time sums that others wrote: CORPUS=file
	@$(BIN)/python -m bench.corpus_sla "$(CORPUS)"

bench: venv ## how fast it is, beside its floor; WHOLE=1 MINUTES=10 RATE=80: the whole desk
	@$(BIN)/python -m bench

lock: ## pin what pyproject.toml asks for; make lock UPGRADE=1 for the newest
	@$(BIN)/python -m deploy.lock $(if $(UPGRADE),--upgrade)
