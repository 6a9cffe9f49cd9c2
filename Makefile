# Every target sets up what it needs (tools/setup); a second run starts at once.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-browser lint fix routes bench lock ci
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## the environment (.venv) and everything the tests need
	@tools/setup test

demo: ## the portal with demonstration data, on http://127.0.0.1:8000 (ARGS="--port 9000")
	@tools/setup demo
	@exec $(BIN)/portal demo $(ARGS)

test: ## the whole suite, on SQLite and PostgreSQL, with a real browser
	@tools/setup test
	@$(BIN)/pytest --numprocesses=auto $(ARGS)

test-fast: ## the suite on SQLite alone, without the browser and the slow tests
	@tools/setup test
	@$(BIN)/pytest --numprocesses=auto --database=sqlite -m "not browser and not slow" $(ARGS)

test-browser: ## the browser tests alone
	@tools/setup test
	@$(BIN)/pytest --database=sqlite -m browser $(ARGS)

lint: ## style, types, templates, and the environment's consistency
	@tools/setup test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python tools/check_templates.py
	$(BIN)/python -m pip check

fix: ## puts right what a program can: style, and French spaces in templates
	@tools/setup test
	$(BIN)/python tools/french_spaces.py
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

routes: ## writes tests/routes.txt, the list of every route, from the application
	@tools/setup test
	$(BIN)/python tools/list_routes.py > tests/routes.new && mv tests/routes.new tests/routes.txt

bench: ## the measurements of benchmarks/ (BENCH_FULL=1 for ten million lines)
	@tools/setup test
	$(BIN)/python -m benchmarks $(ARGS)

lock: ## the newest versions allowed by requirements/*.in, locked with their hashes (ARGS=--upgrade)
	@tools/setup test
	$(BIN)/python -m pip install --quiet uv
	$(LOCK) $(ARGS) requirements/dev.in -o requirements/dev.txt
	$(LOCK) -c requirements/dev.txt requirements/runtime.in -o requirements/runtime.txt
	$(LOCK) -c requirements/dev.txt requirements/build.in -o requirements/build.txt

ci: ## what continuous integration runs: lint and test, nothing skipped
	@.ci/run
