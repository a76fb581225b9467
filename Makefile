# Every target works from a fresh clone: it makes .venv and installs what it needs, once.

PYTHON ?= python3
DEMO_OUT ?= output/producers

PIP_INSTALL := .venv/bin/python -m pip install --constraint constraints.txt
# An install is redone when what it was made from has changed, and not otherwise.
INSTALLED_RUN := .venv/.installed-run
INSTALLED_TEST := .venv/.installed-test
INSTALLED_DOCS := .venv/.installed-docs

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: demo test lint format docs bench bench-smoke clean help

demo: $(INSTALLED_RUN) ## run the producers study and say where its output is
	.venv/bin/sknn study producers --out $(DEMO_OUT)

test: $(INSTALLED_TEST) ## run the whole test suite, slow tests and doctests too, in parallel
	.venv/bin/python -m pytest -n auto

lint: $(INSTALLED_TEST) ## check style, formatting and types
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy

format: $(INSTALLED_TEST) ## rewrite the files in the project's style
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

docs: $(INSTALLED_DOCS) ## build the documentation, warnings as errors, into docs/_build/html
	.venv/bin/python -m sphinx -W --keep-going -n -b html docs docs/_build/html

bench: $(INSTALLED_TEST) ## time the estimators against their peers
	.venv/bin/python -m benchmarks

bench-smoke: $(INSTALLED_TEST) ## run every benchmark once, small, to see that it works
	.venv/bin/python -m benchmarks --smoke

clean: ## remove the environment, the caches and what the commands wrote
	rm -rf .venv build dist output .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage htmlcov
	rm -rf docs/_build docs/api docs/gallery docs/studies/generated docs/sg_execution_times.rst
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) \
		| while IFS='|' read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

.venv/bin/python:
	$(PYTHON) -m venv .venv

$(INSTALLED_RUN): pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable .
	touch $@

$(INSTALLED_DOCS): pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable ".[docs]"
	touch $(INSTALLED_RUN) $@

$(INSTALLED_TEST): pyproject.toml constraints.txt | .venv/bin/python
	$(PIP_INSTALL) --editable ".[test,bench]"
	touch $(INSTALLED_RUN) $@
