.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo samples test check unit bench lock clean

BIN := .venv/bin

help: ## Show this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what is missing: system packages, both environments, bytecode
	@.ci/setup

setup-tests:
	@.ci/setup --tests

demo: setup ## Run the portal with a made-up course; prints address and accounts
	@$(BIN)/autograder demo

samples: setup ## Grade five sample submissions and print the reports
	@$(BIN)/python -m benchmarks.demo

test: setup-tests check unit ## All that continuous integration runs

check: ## Lint, types and import contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

unit: ## Unit, property, adversarial and browser tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

bench: setup ## Compare with otter-grader and nbgrader on this machine
	@$(BIN)/python -m benchmarks.peers
	@$(BIN)/python -m benchmarks.calls

lock: ## Renew the lock files
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 pyproject.toml --extra portal --extra postgres --group dev -o locks/project.txt
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 locks/kernel.in -o autograder/environments/kernel.txt
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 locks/uv.in -o locks/uv.txt
	$(BIN)/uv pip compile -q -U --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 -c autograder/environments/kernel.txt locks/bench-nbgrader.in -o locks/bench-nbgrader.txt

clean: ## Remove all environments
	rm -rf .venv .venv-kernel .venv-otter .venv-nbgrader
