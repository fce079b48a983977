# `make` alone prints the targets. Everything that they need is installed into .venv, from locked versions.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
ARGS ?=
TOGETHER := $(BIN)/python -m pytest --numprocesses 4 --dist loadfile --no-loadscope-reorder --reruns 2 --rerun-show-tracebacks

.PHONY: help setup demo test test-all up dev down bench soak fuzz lint format lock clean

help: ## print this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: .venv/dev ## install everything into .venv

.venv/lab: requirements/services.txt requirements/lab.txt pyproject.toml inflight/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "inflight-lab needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.13 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) has no venv, which some systems keep apart. On Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up .venv (once; half a minute) ..."
	@$(PYTHON) -m venv .venv
	@$(PIP) install --require-hashes -r requirements/services.txt -r requirements/lab.txt
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable ./inflight --editable .
	@touch $@

.venv/dev: .venv/lab requirements/dev.txt
	@echo "Installing what the tests need (once; about two minutes) ..."
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

demo: .venv/lab ## run the experiment on this machine; ARGS="--delay 10" for the article's own timelines
	@$(BIN)/lab demo $(ARGS)

test: setup lint ## every check, and the tests that need no minutes; ARGS="tests/inflight -k kernel" for some of all
ifeq ($(ARGS),)
	@$(TOGETHER) -m "not long and not alone"
else
	@$(BIN)/python -m pytest $(ARGS)
endif

test-all: setup lint ## every test: the long ones and the cluster's, too; what CI runs
	@$(TOGETHER) -m "not alone"
	@$(BIN)/python -m pytest --rerun-show-tracebacks -m alone

up: ## bring the lab up on a kind cluster, with dashboards and port-forwards
	@k8s/up $(ARGS)

dev: ## the same, with saved code put into the running pods; Ctrl-C removes it all
	@k8s/up --dev

down: ## remove it, the cluster included
	@k8s/down

bench: setup ## measure what the telemetry costs, beside its peers (needs wrk); ARGS="--help" says more
	@$(BIN)/python -m bench $(ARGS)

soak: setup ## ten minutes of load with faults injected at random; SOAK_SECONDS for another length
	@SOAK_SECONDS=$${SOAK_SECONDS:-600} $(BIN)/python -m pytest tests/hardness/test_soak.py --timeout 0 -s

fuzz: setup ## a hundred thousand malformed messages; FUZZ_MESSAGES for another number
	@FUZZ_MESSAGES=$${FUZZ_MESSAGES:-100000} $(BIN)/python -m pytest tests/hardness/test_fuzz.py --timeout 0 -s

lint: setup ## style and types, without changing a file
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet . || { echo "run: make format"; exit 1; }
	@$(BIN)/mypy

format: setup ## put the code into shape
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

lock: setup ## bring the locked requirements up to date
	@for set in dev services lab backend; do \
		test $$set = dev && same= || same='-c requirements/dev.txt'; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --generate-hashes --no-emit-index-url \
			--no-header $$same requirements/$$set.in -o requirements/$$set.txt || exit 1; done

clean: ## remove what the other targets made
	rm -rf .venv build runs .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
