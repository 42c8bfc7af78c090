# The commands of this repository; `make help` lists them.
# Needs Python 3.11 or newer, git and make. Another Python: PYTHON=python3.12 make install

# The existing environment's Python, or else the first one on the PATH that is new enough.
ifeq ($(origin PYTHON), undefined)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
FOUND := $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
           $$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
PYTHON := $(firstword $(wildcard .venv/bin/python) $(FOUND) python3)
endif

PORT ?= 7070
AIRFLOW_PORT ?= 8080
SHOP_PORT ?= 7079
DOCS_PORT ?= 8000

# uv uses the system's certificates, as a company's proxy needs, instead of its bundle.
export UV_SYSTEM_CERTS ?= 1

BIN := .venv/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
INSTALLED := .venv/.installed-$(VERSION)
PAGE := $(wildcard bridge/hatch_build.py bridge/ui/package-lock.json bridge/ui/index.html) $(shell find bridge/ui/src -type f 2>/dev/null)
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate
DEMO := .venv/.demo-$(VERSION)
WHEELS := constraints/all.txt constraints/demo.in VERSION sdk/pyproject.toml provider/pyproject.toml bridge/pyproject.toml $(PAGE)
INSTALLED_2 := .venv-airflow-2/.installed-$(VERSION)
INSTALLED_OPERATORS := .venv-operators/.installed-$(VERSION)
INSTALLED_PRODUCERS := .venv-producers/.installed-$(VERSION)
INSTALLED_DOCS := .venv-docs/.installed-$(VERSION)
OPERATORS := test_operators test_operators_page test_databases test_dbt test_dbt_really test_extractors test_extractors_sql test_extractors_unknown
INSTALLED_SUPPLY := .venv-supply/.installed-$(VERSION)
PYTHON_2 := $(if $(filter 3.11 3.12,$(VERSION)),$(BIN)/python,3.12) # Airflow 2.11 supports none newer
# In processes beside each other; tests of one file share fixtures, so a file is one process's.
PARALLEL ?= -n auto --maxprocesses 4 --dist loadfile
PLAIN := not postgres and not kafka and not airflow and not browser and not system

.PHONY: help install install-airflow-2 install-operators install-producers demo demo-clean test test-all test-airflow-2 test-operators test-wheels operators-page check docs docs-serve sbom audit ask-api wheels bench constraints up down

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-18s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## install the three wheels, Airflow and the tools in .venv

install-airflow-2: $(INSTALLED_2) ## install Airflow 2.11 and the provider in .venv-airflow-2

install-producers: $(INSTALLED_PRODUCERS) ## install Spark and dbt, for the system tests, in .venv-producers

install-operators: $(INSTALLED_OPERATORS) ## install the newest operators of all providers, and dbt, in .venv-operators

demo: $(DEMO) ## run Airflow, the bridge and the example DAGs: PORT=7070 AIRFLOW_PORT=8080 ONCE=1
	@$(BIN)/python -m demo --port $(PORT) --airflow-port $(AIRFLOW_PORT) --shop-port $(SHOP_PORT) $(if $(ONCE),--exit-when-done)

demo-clean: ## delete the demo's data
	rm -rf .demo

test: install ## run the tests that need only Python
	$(BIN)/pytest $(PARALLEL) -m "$(PLAIN)"

test-all: install install-airflow-2 install-producers ## run all tests, also those with PostgreSQL, Kafka, Airflow and a browser
	$(BIN)/pytest
	.venv-airflow-2/bin/pytest $(PARALLEL) tests/provider

test-airflow-2: install-airflow-2 ## run the provider's tests in Airflow 2.11, and Airflow 2.11 with the bridge
	.venv-airflow-2/bin/pytest $(PARALLEL) tests/provider
	$(BIN)/pytest tests/system/test_airflow_2.py

test-operators: install-operators ## run the extractors' tests with every supported operator, none skipped
	FAIRLEAD_ALL_OPERATORS=1 .venv-operators/bin/pytest $(PARALLEL) $(OPERATORS:%=tests/provider/%.py)

operators-page: install-operators ## generate docs/reference/operators.md
	.venv-operators/bin/python -m tests.provider.operators_page

check: install ## run lint, format, type and import-layer checks, also for the page
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python bridge/ui/scripts/check.py

docs: $(INSTALLED_DOCS) ## build the documentation site in build/docs, with strict links
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict

docs-serve: $(INSTALLED_DOCS) ## serve the documentation site while it is edited: DOCS_PORT=8000
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs serve --dev-addr 127.0.0.1:$(DOCS_PORT)

sbom: $(INSTALLED_SUPPLY) ## write what the packages and the page are made of into build/sbom, as CycloneDX
	.venv-supply/bin/python .ci/supply.py sbom

audit: $(INSTALLED_SUPPLY) ## look for known vulnerabilities of the exact versions; STRICT=1 also fails where no index answers
	.venv-supply/bin/python .ci/supply.py audit $(if $(STRICT),--strict)

ask-api: $(INSTALLED_SUPPLY) ## ask every operation of the OpenAPI document with generated requests: EXAMPLES=20
	.venv-supply/bin/python .ci/api.py $(EXAMPLES)

wheels: install ## build sdists and wheels of the three packages in dist/
	$(BIN)/python .ci/wheels.py build

test-wheels: install ## install and run each wheel of dist/ in an empty environment
	$(BIN)/python .ci/wheels.py test

bench: install ## run the benchmarks; results are ratios
	$(BIN)/python -m bench

constraints: install ## update the pinned versions in constraints/
	$(COMPILE) --upgrade --no-emit-package fairlead-sdk --no-emit-package airflow-provider-fairlead --no-emit-package fairlead-bridge -o constraints/all.txt constraints/environment.in
	$(COMPILE) --upgrade --no-emit-package fairlead-sdk --no-emit-package airflow-provider-fairlead -o constraints/airflow-2.txt constraints/airflow-2.in
	$(COMPILE) --upgrade -o constraints/vendors.txt constraints/vendors.in
	$(COMPILE) --upgrade -o constraints/producers.txt constraints/producers.in
	$(COMPILE) --upgrade -o constraints/docs.txt constraints/docs.in
	$(COMPILE) --upgrade --no-emit-package fairlead-sdk --no-emit-package airflow-provider-fairlead -o constraints/operators.txt constraints/operators.in
	$(COMPILE) --upgrade --constraints constraints/all.txt -o constraints/supply.txt constraints/supply.in
	$(COMPILE) --constraints constraints/all.txt --extra apprise --extra postgres --extra kafka --extra holidays -o constraints/bridge.txt bridge/pyproject.toml

up: ## start the bridge, PostgreSQL and Airflow in containers
	docker compose up --build

down: ## stop the containers and keep their volumes
	docker compose down

$(INSTALLED): $(WHEELS) constraints/environment.in
	@$(PYTHON) demo/install.py .venv constraints/environment.in
	@touch $@ $(DEMO)

$(DEMO): $(WHEELS)
	@$(PYTHON) demo/install.py .venv constraints/demo.in
	@touch $@

$(INSTALLED_2): constraints/airflow-2.txt constraints/airflow-2.in VERSION sdk/pyproject.toml provider/pyproject.toml | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --no-python-downloads --python $(PYTHON_2) .venv-airflow-2
	$(BIN)/uv pip install --quiet --python .venv-airflow-2/bin/python -c constraints/airflow-2.txt -r constraints/airflow-2.in
	@touch $@

$(INSTALLED_PRODUCERS): constraints/producers.txt constraints/producers.in | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-producers
	$(BIN)/uv pip install --quiet --python .venv-producers/bin/python -c constraints/producers.txt -r constraints/producers.in
	@touch $@

$(INSTALLED_OPERATORS): constraints/operators.txt constraints/operators.in VERSION sdk/pyproject.toml provider/pyproject.toml | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-operators
	$(BIN)/uv pip install --quiet --python .venv-operators/bin/python -c constraints/operators.txt -r constraints/operators.in
	@touch $@

$(INSTALLED_SUPPLY): constraints/supply.txt constraints/supply.in | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-supply
	$(BIN)/uv pip install --quiet --python .venv-supply/bin/python -c constraints/supply.txt -r constraints/supply.in
	@touch $@

$(INSTALLED_DOCS): constraints/docs.txt constraints/docs.in | $(INSTALLED)
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .venv-docs
	$(BIN)/uv pip install --quiet --python .venv-docs/bin/python -c constraints/docs.txt -r constraints/docs.in
	@touch $@
