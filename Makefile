# The verbs of the project. Every target works on a machine with Python 3.11, pip, make and git.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# the interpreter below an activated environment: only that one has pip
INTERPRETER = $(shell $(PYTHON) -c 'import sys; print(sys._base_executable)')
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

LOCKING := --quiet --upgrade --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header

export UV_SYSTEM_CERTS := 1
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE := copy

.PHONY: setup demo storm up test check bench test-kafka schemas lock clean

setup: $(STAMP)

$(STAMP): requirements/uv.lock requirements/all.lock pyproject.toml
	@$(INTERPRETER) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Partners needs Python 3.11 or newer; set PYTHON to one."; exit 1; }
	@echo "Setting up $(VENV): downloads take most of the time."
	@test -x $(BIN)/python || $(INTERPRETER) -m venv --without-pip $(VENV)
	@$(INTERPRETER) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check \
		--no-deps --require-hashes -r requirements/uv.lock
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/all.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	@$(BIN)/partners demo $(ARGS)

storm: setup
	@$(BIN)/partners storm $(ARGS)

up: setup
	@$(BIN)/partners up $(ARGS)

# A worker that dies ends the run: in the place of one that is replaced, the others wait for ever.
test: setup
	@$(BIN)/pytest --numprocesses 2 --dist loadfile --max-worker-restart 0 $(ARGS)

check: setup
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup
	@$(BIN)/partners bench $(ARGS)

test-kafka: setup
	@$(BIN)/python -m tests.kafka.run $(ARGS)

# The JSON Schemas and docs/events.md from the event classes, and a sample of every new event.
schemas: setup
	@$(BIN)/python -m shared.infra.schema_files
	@$(BIN)/python -m tests.contracts.samples

# New versions of everything, with hashes and without addresses; commit what changes.
lock: setup
	@env -u UV_FIND_LINKS -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL $(BIN)/uv pip compile $(LOCKING) \
		requirements/runtime.in requirements/development.in requirements/build.in \
		--output-file requirements/all.lock
	@env -u UV_FIND_LINKS -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL $(BIN)/uv pip compile $(LOCKING) \
		requirements/uv.in --output-file requirements/uv.lock
	@env -u UV_FIND_LINKS -u UV_INDEX_URL -u UV_EXTRA_INDEX_URL $(BIN)/uv pip compile $(LOCKING) \
		requirements/runtime.in requirements/build.in --constraint requirements/all.lock \
		--output-file requirements/runtime.lock

clean:
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
