# The project's commands. `make up` and `make test` are all a new user needs; both can be run again at any time.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
STACK ?= local
VENV := .venv
RUN := $(VENV)/bin/python
# The operator's command: a target below makes sure that it is installed, and calls it.
CTL := $(VENV)/bin/web4ctl
# Written last by the virtual environment's recipe, so that an interrupted install is done again.
READY := $(VENV)/.ready
PIP := $(VENV)/bin/pip --quiet --disable-pip-version-check
# The versions that uv chose last are kept unless UPGRADE=1 says otherwise.
LOCK = $(VENV)/bin/uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 --system-certs \
  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

help: ## Show this list
	@echo "Web4 Identity Service: the deployment, in code. Settings: WEB4_CACHE, EDGE_PORT, KUBE_CONTEXT, IMAGE_REGISTRY, STACK, CONFIG, VERSION, FROM, YES, SCAN_ONLINE"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/; s/\$$\$$/$$/g' | expand -t 18

preflight:
	@$(PYTHON) local/preflight.py

# --no-deps: the lock is whole, and this pip refuses a pin as soon as a newer version meets another package's `name[extra]>=…`.
$(READY): pyproject.toml service/pyproject.toml requirements.lock
	@echo "python: installing the project into $(VENV), about 1:00 …"
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { apt-get update -qq && apt-get install -qq -y python3-venv; }
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --require-hashes --no-deps --only-binary :all: --requirement requirements.lock
	@PYTHONWARNINGS=ignore $(PIP) install --no-deps --no-build-isolation --editable service --editable .
	@touch $(READY)

up: preflight $(READY) ## Bring it all up: tools, cluster, images, `pulumi up`, and a first LCT through the TLS edge
	@$(CTL) up

# The one stack's tests on the first worker, everything else beside them on the second (tests/two_workers.py).
# Compiled once, whatever the shell says: compiling the tests anew each time is several seconds for each of them.
PYTEST := env --unset=PYTHONDONTWRITEBYTECODE $(RUN) -m pytest -p tests.two_workers --numprocesses=2 --dist=loadscope --no-loadscope-reorder

test: lint up check-tools ## Run every tier on the running stack (test-unit, test-infra, test-manifests, test-cluster: one of them)
	@$(PYTEST)

test-manifests: check-tools # what it runs: kubeconform, kube-score and checkov, of `make render`'s files
test-unit test-infra test-manifests test-cluster: test-%: $(READY) ## Run one tier (only cluster needs one)
	@$(PYTEST) -m $*

test-mocks: $(READY) ## Of the infra tier what runs on mocks, without nginx, Redis, Prometheus or Alertmanager
	@$(PYTEST) -p no:schemathesis -m "infra and not tools" tests/infra

validate: $(READY) ## Attack the running stack through its TLS edge, about 6 minutes; fails on any bypass
	@$(CTL) validate

backup: $(READY) ## Take a backup of STACK's database now, and wait until it is complete
	@$(CTL) backup --stack=$(STACK)

restore-drill: $(READY) ## Restore the database's backups beside it and compare; TARGET_TIME=2025-01-31T12:00:00Z for an earlier state
	@$(CTL) drill --stack=$(STACK)

restore: $(READY) ## Replace the database by its backups as of TARGET_TIME, or the newest; asks first unless YES=1
	@$(CTL) restore

coverage: $(READY) ## Run the unit tier and count the lines of service/ that it reaches; fails below 95 %
	@$(VENV)/bin/pytest -m unit tests/service --cov --cov-report=term

mutants: $(READY) ## Run the tests against wrong versions of the ledger's and the witnesses' code; fails if one is not found
	@$(RUN) -m tests.mutation

bench-service: $(READY) ## Measure mints through the service beside the same SQL alone, and reads, about 1:40; on an idle machine
	@PYTHONPATH=tests/service:tests/load $(RUN) -m service_bench

LOAD := PYTHONPATH=tests/service:tests/load:tests/cluster:tests/infra $(RUN) -m

bench: $(READY) ## Measure mints and reads through the running stack's edge, REPLICAS=1,2,4 of the service, about 5 minutes
	@$(LOAD) bench $(REPLICAS)

bench-pulumi: $(READY) ## Measure `pulumi preview` of prod without a cluster; LOCAL=1 for `pulumi up` of the running stack too
	@$(LOAD) bench.pulumi $(if $(LOCAL),--local)

bench-storage: $(READY) ## Measure what mints leave in Postgres, Redis and Prometheus of the running stack, about 2 minutes
	@$(LOAD) storage

soak: $(READY) ## Load the running stack for MINUTES=30, and fail if a pod's memory grows or an answer does not hold
	@$(LOAD) soak $(if $(MINUTES),--minutes=$(MINUTES))

chaos: $(READY) ## Break the running stack in each way there is, under load, and audit it; FAULTS=kill-pod,stop-redis for some
	@PYTHONPATH=tests/load:tests/cluster $(RUN) -m chaos "$(FAULTS)"

upgrade: $(READY) ## Bring the release FROM (a tag or commit) up, upgrade it to this tree and roll it back, under load
	@PYTHONPATH=tests/load:tests/cluster $(RUN) -m upgrade "$(FROM)"

walkthrough: $(READY) ## Go through docs/getting-started.md in a clean clone of FROM, the uninstall too; asks first unless YES=1
	@PYTHONPATH=tests/load:tests/docs $(RUN) -m tests.walkthrough $(if $(FROM),"$(FROM)")

verify: $(READY) ## Check a running stack from outside, as before going live: STACK=local unless you say another
	@$(CTL) verify --stack=$(STACK)

simulate: $(READY) ## Put prod's objects on a simulated cluster of 200 nodes, lose a zone, and write what came of it; about 7 minutes
	@PYTHONPATH=tests/infra:tests/load $(RUN) -m tests.simulation

fuzz: $(READY) ## Try FUZZ_EXAMPLES (1000) odd requests, settings, arguments and files of each kind, and 9800 slow connections
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-1000} SLOW_CLIENTS=9800 $(VENV)/bin/pytest tests/service/test_service_fuzz.py \
	  tests/infra/test_infra_settings_fuzz.py tests/infra/test_infra_edge_slow_clients.py tests/local/test_operator_fuzz.py

fuzz-edge: $(READY) ## Send FUZZ_EXAMPLES (500) good and bad requests of each kind through the running stack's edge, and audit it
	@PYTHONPATH=tests/load:tests/service:tests/cluster $(RUN) -m edge_fuzz --examples=$${FUZZ_EXAMPLES:-500}

rotate: $(READY) ## Replace the passwords of Postgres and Redis while the stack serves
	@$(CTL) rotate

render: $(READY) ## Write each object of STACK (or of CONFIG=file for it) as YAML, Secrets in plain text, to build/rendered/STACK; no cluster
	@$(CTL) render --stack="$(STACK)" $(if $(CONFIG),--config=$(CONFIG))

golden: $(READY) ## Accept what the stacks' objects are now: rewrite tests/infra/golden, to be looked at before it is committed
	@GOLDEN=accept $(VENV)/bin/pytest -q tests/infra/test_infra_golden.py

sbom: $(READY) ## Write an SBOM of each image and the list of licences to build/sbom; fails on a licence nobody agreed to
	@$(CTL) sbom

scan-images: $(READY) ## Ask what is known against the images; fails on a finding that is not accepted; SCAN_ONLINE=1 asks PyPI too
	@$(CTL) scan

reproduce: $(READY) ## Build each image twice from nothing and compare; fails if a digest differs, and names the files
	@$(CTL) reproduce

check-tools: $(READY)
	@$(CTL) check-tools

status: $(READY) ## Show how STACK is, on one screen; fails unless all of it is well
	@$(CTL) status --stack=$(STACK)

env: $(READY) ## Print the variables to run pulumi and kubectl by hand: eval "$$(make --silent env)"; STACK=prod for the tools alone
	@$(CTL) env --stack="$(STACK)"

stop: $(READY) ## Stop the embedded cluster and keep its data
	@$(CTL) stop

down: $(READY) ## Remove stack and cluster with all data; asks first unless YES=1
	@$(CTL) down

clean: $(READY) ## Remove the cache folder with the built tools and images (after `make down`)
	@$(CTL) clean

dashboards: $(READY) ## Rebuild the dashboards' JSON
	@$(RUN) -m dashboards

rules: $(READY) ## Rewrite monitoring/rules/slo.yaml from the objectives in monitoring/slo.py
	@$(RUN) -m monitoring

docs: $(READY) ## Rewrite the generated pages (configuration, architecture, web4ctl) and compose's nginx.conf from the program
	@$(RUN) -m infra.reference
	@$(RUN) -m infra.drawing
	@$(RUN) -m infra.compose_edge
	@$(RUN) -m local.ctl.reference

lock: $(READY) ## Renew the three lock files from both pyproject.toml and checkov's pin; UPGRADE=1 for what the pins leave open
	@$(LOCK) --extra test --extra load --group build --group lint --group supply-chain --output-file requirements.lock \
	  pyproject.toml service/pyproject.toml
	@cd service && ../$(LOCK) --group build --constraint ../requirements.lock --output-file requirements.lock pyproject.toml
	@cd local/checks && ../../$(LOCK) --output-file requirements.lock requirements.in

release: $(READY) ## Tag the checked out commit of main as VERSION (x.y.z), with its section of CHANGELOG.md; refuses what is not ready
	@$(RUN) -m local.release "$(VERSION)"

lint: $(READY) ## Check style, format, types, Markdown and shell: what CI and the pre-commit hook check
	@$(VENV)/bin/ruff check --quiet . && $(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/mypy --no-error-summary
	@$(VENV)/bin/pymarkdown scan $$(git ls-files '*.md')
	@$(VENV)/bin/shellcheck .ci/run && $(VENV)/bin/shellcheck --shell=sh infra/*.sh

# All but the virtual environment: none of them is a file.
.PHONY: $(shell sed -nE 's/^([a-z -]+):.*/\1/p' Makefile)
