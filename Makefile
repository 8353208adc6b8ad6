.DEFAULT_GOAL := help
.PHONY: help setup setup-tests demo samples quick test test-file full check lint types contracts \
	templates workflows unit coverage fuzz screenshots bench lock clean

BIN := .venv/bin
# A file's tests share kernels and portals, so one worker runs all of them, in the file's order.
TWO_WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

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

# What runs most branches in the least time; tests/quick.txt holds its files.
quick: setup check ## Lint, types, contracts, and the tests that a change most often breaks
	$(BIN)/python -m pytest $(TWO_WORKERS) @tests/quick.txt

test: setup-tests check unit ## All that continuous integration runs; sweeps are sampled

full: setup-tests check coverage fuzz ## All tests, no sweep sampled, with branch coverage; fuzzing

check: lint types contracts templates workflows ## Lint, types, import contracts, templates, workflows

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types:
	$(BIN)/mypy

contracts:
	$(BIN)/lint-imports

templates:
	$(BIN)/djlint --quiet web/templates autograder/render/templates/*.j2

workflows:
	$(BIN)/zizmor --offline --pedantic --quiet .github
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.gitlab-ci .gitlab-ci.yml

unit:
	$(BIN)/python -m pytest $(TWO_WORKERS)

coverage:
	rm -rf .cache/coverage
	mkdir -p -m 1777 .cache/coverage
	COVERAGE_FILE=$(CURDIR)/.cache/coverage/data $(BIN)/python -m coverage run -m pytest $(TWO_WORKERS) --full
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m benchmarks.coverage_by_package

# Of each target, on one processor; what is found becomes a file under tests/fuzz/crashes.
FUZZ_SECONDS := 60
fuzz: setup-tests ## Fuzz each reader of untrusted bytes for FUZZ_SECONDS
	$(BIN)/python -m tests.fuzz.campaign --seconds $(FUZZ_SECONDS)

test-file: setup-tests ## Run one file or folder of tests: make test-file FILE=tests/web/test_csrf.py
	$(BIN)/python -m pytest $(FILE)

screenshots: setup-tests ## Take the pictures of the handbooks anew
	AUTOGRADER_SCREENSHOTS=1 $(BIN)/python -m pytest tests/browser -k pictures

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
