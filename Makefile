# `make up` on a fresh clone sets up everything by itself; `make help` lists the rest.

STACK ?= dev
BIN := .venv/bin
# Any Python from 3.11; the environment's own once there is one, which skips a version manager's shims.
PYTHON ?= $(or $(wildcard $(BIN)/python),$(shell for p in python3.11 python3.12 python3.13 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done),python3)
TOOLCHAIN = $(PYTHON) -I -S datakit_iac/toolchain/bootstrap.py
PYTEST_FLAGS ?= -n 2 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup up preview destroy check format test test-unit test-kubernetes lock policy-pack clean clean-state

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: ## Set up the virtual environment, the Pulumi engine and the stack dev
	@$(TOOLCHAIN) setup

up: setup ## Show the plan, then apply it: pulumi up --stack dev
	@$(TOOLCHAIN) unlock --stack $(STACK)
	@$(BIN)/pulumi up --stack $(STACK) --yes

preview: setup ## Show the plan: pulumi preview --stack dev
	@$(BIN)/pulumi preview --stack $(STACK)

destroy: setup ## Remove what was deployed; data stays unless the environment says otherwise
	@$(TOOLCHAIN) unlock --stack $(STACK)
	@$(BIN)/pulumi destroy --stack $(STACK) --yes

check: setup ## Format, lint, types and the direction of imports
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@said=$$($(BIN)/lint-imports --no-logo) || { echo "$$said"; exit 1; }

format: setup ## Format the code and fix what can be fixed
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

test: setup check ## Every check and every test, the real engine included
	@$(BIN)/pytest $(PYTEST_FLAGS)

test-unit: setup ## The tests that need no engine, in seconds
	@$(BIN)/pytest $(PYTEST_FLAGS) -m "not engine and not slow and not kubernetes"

test-kubernetes: setup ## The tests on a cluster, which they start: root on Linux, Go, and eight minutes the first time
	@$(BIN)/python -m tests.servers.kubernetes.cluster
	@CI=true $(BIN)/pytest -m kubernetes tests/kubernetes

lock: ## Pin the packages in requirements.lock (needs uv)
	@uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-annotate --python-version 3.11 \
		--extra embedded --extra example --extra kubernetes --extra s3 --extra dbt-postgres --extra kafka --extra dbt-snowflake --group dev \
		--custom-compile-command "make lock" --output-file requirements.lock $(LOCK_FLAGS)
	@uv pip compile pyproject.toml datakit_iac/policy/pack/requirements.in --quiet --universal --generate-hashes \
		--no-annotate --python-version 3.11 --custom-compile-command "make lock" \
		--output-file datakit_iac/policy/pack/requirements.lock $(LOCK_FLAGS)
	@uv pip compile tests/servers/snowflake-requirements.in --quiet --universal --generate-hashes --no-annotate \
		--python-version 3.11 --custom-compile-command "make lock" \
		--output-file tests/servers/snowflake-requirements.txt $(LOCK_FLAGS)

policy-pack: setup ## Make the CrossGuard policy pack ready, and print its folder
	@$(BIN)/dk policy pack

clean: ## Remove what `make setup` makes again: the environment and caches; state and passphrase stay
	@rm -rf .venv .venv-policy dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

clean-state: ## Forget what was deployed: the local state of every stack, and the passphrase of its secrets
	@rm -rf .datakit .datakit-state stacks/Pulumi.dev.yaml
	@rm -f .venv/datakit-setup.json
