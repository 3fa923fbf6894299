# The project's commands. `make up` and `make test` are all a new user needs; both can be run again at any time.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
STACK ?= local
VENV := .venv
RUN := $(VENV)/bin/python
# Written last by the virtual environment's recipe, so that an interrupted install is done again.
READY := $(VENV)/.ready
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check
# The versions that uv chose last are kept unless UPGRADE=1 says otherwise.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --system-certs \
  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

help: ## Show this list
	@echo "Web4 Identity Service: the deployment, in code. Settings: WEB4_CACHE, EDGE_PORT, KUBE_CONTEXT, IMAGE_REGISTRY, STACK, CONFIG, YES"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/; s/\$$\$$/$$/g' | expand -t 18

preflight:
	@$(PYTHON) local/preflight.py

$(READY): pyproject.toml service/pyproject.toml requirements.lock
	@echo "python: installing the project into $(VENV), about 1:00 …"
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -qq -y python3-venv; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --only-binary :all: --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable service --editable .
	@touch $(READY)

up: preflight $(READY) ## Bring it all up: tools, cluster, images, `pulumi up`, and a first LCT through the TLS edge
	@$(RUN) -m local up

test: lint up check-tools ## Run every tier on the running stack (test-unit, test-infra, test-manifests, test-cluster: one of them)
	@$(VENV)/bin/pytest

test-manifests: check-tools # what it runs: kubeconform, kube-score and checkov, of `make render`'s files
test-unit test-infra test-manifests test-cluster: test-%: $(READY) ## Run one tier (only cluster needs one)
	@$(VENV)/bin/pytest -m $*

validate: $(READY) ## Attack the running stack through its TLS edge, about 6 minutes; fails on any bypass
	@$(RUN) -m local validate

restore-drill: $(READY) ## Restore the database's backups beside it and compare; TARGET_TIME=2025-01-31T12:00:00Z for an earlier state
	@$(RUN) -m local restore-drill

coverage: $(READY) ## Run the unit tier and count the lines of service/ that it reaches; fails below 95 %
	@$(VENV)/bin/pytest -m unit tests/service --cov --cov-report=term

mutants: $(READY) ## Run the tests against wrong versions of the ledger's and the witnesses' code; fails if one is not found
	@$(RUN) -m tests.mutation

bench-service: $(READY) ## Measure mints through the service beside the same SQL alone, about 1:30; on an idle machine
	@PYTHONPATH=tests/service:tests/load $(RUN) -m service_bench

verify: $(READY) ## Check a running stack from outside, as before going live: STACK=local unless you say another
	@$(RUN) -m local verify $(STACK)

rotate: $(READY) ## Replace the passwords of Postgres and Redis while the stack serves
	@$(RUN) -m local rotate

render: $(READY) ## Write each object of STACK (or of CONFIG=file for it) as YAML, Secrets in plain text, to build/rendered/STACK; no cluster
	@$(RUN) -m local render "$(STACK)" $(if $(CONFIG),--config=$(CONFIG))

golden: $(READY) ## Accept what the stacks' objects are now: rewrite tests/infra/golden, to be looked at before it is committed
	@GOLDEN=accept $(VENV)/bin/pytest -q tests/infra/test_infra_golden.py

check-tools: $(READY)
	@$(RUN) -m local check-tools

status: $(READY) ## Show each part of the embedded cluster; fails unless all are well
	@$(RUN) -m local status

env: $(READY) ## Print the variables to run pulumi and kubectl by hand: eval "$$(make --silent env)"
	@$(RUN) -m local env

stop: $(READY) ## Stop the embedded cluster and keep its data
	@$(RUN) -m local cluster-stop

down: $(READY) ## Remove stack and cluster with all data; asks first unless YES=1
	@$(RUN) -m local down

clean: $(READY) ## Remove the cache folder with the built tools and images (after `make down`)
	@$(RUN) -m local clean

dashboards: $(READY) ## Rebuild the dashboards' JSON
	@$(RUN) -m dashboards

rules: $(READY) ## Rewrite monitoring/rules/slo.yaml from the objectives in monitoring/slo.py
	@$(RUN) -m monitoring

docs: $(READY) ## Rewrite docs/configuration.md and docs/architecture.md from the program
	@$(RUN) -m infra.reference
	@$(RUN) -m infra.drawing

lock: $(READY) ## Renew the three lock files from both pyproject.toml and checkov's pin; UPGRADE=1 for what the pins leave open
	@$(LOCK) --extra test --group build --group lint --group supply-chain --output-file requirements.lock \
	  pyproject.toml service/pyproject.toml
	@cd service && ../$(LOCK) --group build --constraint ../requirements.lock --output-file requirements.lock pyproject.toml
	@cd local/checks && ../../$(LOCK) --output-file requirements.lock requirements.in

lint: $(READY) ## Check style, format, types, Markdown and shell: what CI and the pre-commit hook check
	@$(VENV)/bin/ruff check --quiet . && $(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/pymarkdown scan $$(git ls-files '*.md')
	@$(VENV)/bin/shellcheck .ci/run && $(VENV)/bin/shellcheck --shell=sh infra/*.sh

.PHONY: help preflight up test test-unit test-infra test-cluster validate verify rotate status env stop down clean dashboards docs lint coverage mutants bench-service test-manifests render golden check-tools restore-drill rules lock
