# Vaani's verbs. `make help` lists them; README.md explains them.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv/bin
export VAANI_IGNORE_ENV_FILE := true
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo dev doctor drift call test check fix bench capacity matrix soak nightly languages prices-check upgrade-check token-zip agent-context release-status lock golden pictures clean

help:  ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup:  ## Install what the lock says: venv, livekit-server, the page's packages; instant when unchanged
	@$(PYTHON) scripts/setup.py

demo: setup  ## Everything without a key: one call, then the page and the console. FAULT=name shows a fault, FAULT=help lists them; PHONE=1 dials in; TRACE=1 opens the call's trace
	@$(VENV)/python -m sandbox demo

dev: setup  ## The token function, a worker and the console with your own keys from .env
	@VAANI_IGNORE_ENV_FILE=false $(VENV)/python -m sandbox dev

doctor: setup  ## Would calls be answered, with your own keys from .env? Under a minute and Rs 1. ONLY=stt,voices, JSON=1, WEBHOOK=1
	@VAANI_IGNORE_ENV_FILE=false $(VENV)/python -m doctor $(if $(ONLY),--only "$(ONLY)") $(if $(JSON),--json) $(if $(WEBHOOK),--send-webhook)

drift: setup  ## Models, voices, limits and prices that the code names against what providers list; JSON=1
	@VAANI_IGNORE_ENV_FILE=false $(VENV)/python -m doctor.drift $(if $(JSON),--json)

call: setup  ## One scripted call; CALL_TOKEN_URL=https://… with CALL_BEARER or CALL_HMAC_KEY calls a deployed stack
	@if [ -n "$$CALL_TOKEN_URL" ]; then $(VENV)/python -m sandbox call; else CI=true $(VENV)/python -m sandbox demo; fi

test: setup  ## All that proves the project: format, lint, types, units, calls, Terraform, page, what the image holds
	@$(VENV)/python -m scripts.run_tests

check: setup  ## The fast part of `make test`: about a minute, no server
	@$(VENV)/python -m scripts.run_tests --fast

fix: setup  ## Format, and repair what can be repaired
	@$(VENV)/ruff check --fix . ; $(VENV)/ruff format . ; $(VENV)/python -m scripts.word_lists ; if command -v terraform >/dev/null; then terraform fmt -recursive infra; fi

bench: setup  ## Measure side by side; BENCH_QUICK=1 a short run
	@$(VENV)/python -m bench

capacity: setup  ## Measure how many calls a core carries: more and more of them until answers are late; out/capacity.json, a flame graph
	@$(VENV)/python -m bench.capacity

matrix: setup  ## Every fault in every phase, as real calls
	@$(VENV)/python -m faults.matrix

soak: setup  ## Calls without pause for MINUTES=n, with seeded random faults
	@$(VENV)/python -m faults.soak --minutes $(or $(MINUTES),15)

nightly: setup  ## What is too long for `make test`: the long soak, the matrix, the real image, a recorded telephone call, a telephone line without sound, 22 calls about consent, the newest dependencies
	@$(VENV)/python -m scripts.nightly

languages: setup  ## What each language has and lacks; fails if one that calls are held in is not whole
	@PYTHONPATH=functions/token $(VENV)/python -m scripts.languages --check

prices-check: setup  ## Every price that calls are billed by, with its age; fails if one is older than 90 days
	@VAANI_IGNORE_ENV_FILE=false $(VENV)/python -m scripts.prices_check

upgrade-check: setup  ## The newest allowed packages in a venv of their own, and what tests they pass
	@$(VENV)/python -m scripts.upgrade_check

token-zip: setup  ## The token function's source archive: build/token.zip, the same bytes for the same source
	@$(VENV)/python scripts/token_zip.py

agent-context: setup  ## The folder for `lk agent deploy`: build/agent/
	@$(VENV)/python scripts/agent_context.py

release-status: setup  ## Which release still carries calls
	@$(VENV)/python scripts/release_status.py

lock: setup  ## Refresh the locked requirement files
	@$(VENV)/python scripts/lock.py

golden: setup  ## Rewrite golden files and show the diff
	@GOLDEN=write $(VENV)/python -m pytest -q tests -k golden; git --no-pager diff --stat -- '*golden*'

pictures: setup  ## Take the pictures of the README and the docs anew, in a real browser
	@$(VENV)/python tests/web/picture.py

clean:  ## Remove what was built, not what was installed
	@rm -rf build out .mypy_cache .ruff_cache .pytest_cache .hypothesis
