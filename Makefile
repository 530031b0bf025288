# What one needs: Python 3.11 or newer. Everything else is set up here.

PYTHON ?= python3
VENV := .venv
TEST_VENV := .venv-test
BIN := $(VENV)/bin
TEST := $(TEST_VENV)/bin
WORKERS ?= 2
SOURCES := src tests benchmarks examples

.PHONY: mnist test lint types doctest unit bench clean

mnist: $(VENV)/.ready  ## Train the example on the bundled MNIST; prints the test accuracy.
	$(BIN)/python examples/mnist_cnn.py

test: $(TEST_VENV)/.ready lint types doctest unit  ## All checks.

lint: $(TEST_VENV)/.ready
	$(TEST)/ruff format --check $(SOURCES)
	$(TEST)/ruff check $(SOURCES)

types: $(TEST_VENV)/.ready
	$(TEST)/mypy

doctest: $(TEST_VENV)/.ready
	$(TEST)/python -m pytest --doctest-modules src/amalthea -n $(WORKERS)

unit: $(TEST_VENV)/.ready
	$(TEST)/python -m pytest tests -n $(WORKERS)

bench: $(TEST_VENV)/.ready  ## Side by side with Keras; see benchmarks/README.md.
	$(TEST)/python benchmarks/run.py

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[viz]"
	touch $@

$(TEST_VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST)/python -m pip install --quiet --upgrade pip
	$(TEST)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) $(TEST_VENV) build *.egg-info src/*.egg-info
