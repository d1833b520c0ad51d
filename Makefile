# The two commands of the README are `make run` and `make test`; each prepares what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CLIENTS := .venv-clients
CLIENT_PACKAGES := segment-analytics-python==2.4.0 rudder-sdk-python==2.1.9
LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --quiet

# Compiled on all cores afterwards, not on one by pip; what is written for other Pythons stays as it is.
INSTALL := --quiet --no-compile --disable-pip-version-check --require-hashes
COMPILE := $(BIN)/python -m compileall -q -q -j 0 $(VENV)/lib || true

.PHONY: run test tools setup bench lock check chromium rabbitmq clients clean components

run: setup ## the dashboard on http://127.0.0.1:8501, with the sample shop on first start
	@$(BIN)/python -m core run

setup: $(VENV)/run.stamp ## only the environment

test: $(VENV)/dev.stamp ## lint, types, then every test
	@$(MAKE) --no-print-directory --jobs=2 tools check
	$(BIN)/python -m pytest -n 3 --dist loadgroup

# One after the other: a package manager does one thing at a time.
tools:
	@$(MAKE) --no-print-directory --jobs=1 chromium rabbitmq clients

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

components: $(VENV)/dev.stamp ## builds canvas, editor and snippet from their sources, after a change (needs Node 20)
	$(BIN)/python -m core.ui.code_editor.schema
	npm --prefix core/ui/flow_canvas ci
	npm --prefix core/ui/flow_canvas run build
	npm --prefix core/ui/code_editor ci
	npm --prefix core/ui/code_editor run build
	npm --prefix core/api/snippet ci
	npm --prefix core/api/snippet run build

bench: $(VENV)/dev.stamp ## every benchmark; writes docs/benchmarks.md
	$(BIN)/python -m benchmarks

chromium:
	@sh .ci/chromium

rabbitmq:
	@sh .ci/rabbitmq

clients: $(CLIENTS)/clients.stamp ## the clients that shops use, for their tests
	@sh .ci/clients

lock: $(VENV)/dev.stamp ## writes requirements/*.txt anew from pyproject.toml
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml $(LOCK_OPTIONS) --upgrade -o requirements/run.txt
	$(BIN)/uv pip compile pyproject.toml --extra dev -c requirements/run.txt $(LOCK_OPTIONS) -o requirements/dev.txt
	printf '%s\n' $(CLIENT_PACKAGES) | $(BIN)/uv pip compile - $(LOCK_OPTIONS) --upgrade -o tests/clients/requirements.txt

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rehearsal needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/run.stamp: requirements/run.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install $(INSTALL) -r requirements/run.txt
	@$(COMPILE)
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(BIN)/python -m pip install $(INSTALL) -r requirements/dev.txt
	@$(COMPILE)
	@touch $@

# Of their own, because they need older packages than ours.
$(CLIENTS)/clients.stamp: tests/clients/requirements.txt | $(VENV)/bin/python
	$(PYTHON) -m venv $(CLIENTS)
	$(CLIENTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/clients/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) $(CLIENTS) .pytest_cache .mypy_cache .ruff_cache .hypothesis
