# Two commands matter: `make demo` and `make test`. Everything they need, they set up themselves.
SHELL := /bin/bash
VENV := .venv
STAMP := $(VENV)/.ready
KEEP ?=
FUZZ := .fuzz
FUZZ_SECONDS ?= 60
REPLAY ?=

.PHONY: help root setup packages demo test check bench fuzz clean lock

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

packages: ## install the Debian packages that are missing (root)
	@deploy/install-packages

$(STAMP): pyproject.toml requirements.lock
	/usr/bin/python3 -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

setup: packages ## packages and .venv with the command `burstway`
	@$(MAKE) --no-print-directory $(STAMP)

root:
	@[ $$(id -u) = 0 ] || { echo "burstway: this makes namespaces and mounts on this machine and needs root: sudo make $(MAKECMDGOALS)" >&2; exit 2; }

demo: root setup ## a real Slurm job bursts, in a lab on this machine (KEEP=1 keeps it, as `demo`)
	@$(VENV)/bin/burstway lab demo $(if $(KEEP),--keep)

test: root setup ## all tests
	@deploy/fetch-oracles
	@$(VENV)/bin/pytest -n 2 --dist loadgroup

check: setup ## format, lint, types, import rules
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(VENV)/bin/vermin --quiet --target=3.6- --violations --no-tips src/burstway/agent/node

bench: root setup ## the benchmarks
	@$(VENV)/bin/python -m benchmarks

$(FUZZ)/.ready: deploy/fuzz.lock
	/usr/bin/python3 -m venv --clear $(FUZZ)/venv
	$(FUZZ)/venv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement deploy/fuzz.lock
	@touch $@

fuzz: setup $(FUZZ)/.ready ## random templates for FUZZ_SECONDS=60 (REPLAY=FILE: one that failed)
	@PYTHONPATH=src:$$($(VENV)/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))') \
		$(FUZZ)/venv/bin/python -m tests.fuzz.template $(if $(REPLAY),replay $(REPLAY),run $(FUZZ_SECONDS))

lock: ## resolve requirements.lock and deploy/fuzz.lock anew
	@tools=$$(mktemp -d) && trap 'rm -rf "$$tools"' EXIT && /usr/bin/python3 -m venv $$tools && \
	$$tools/bin/pip install --quiet uv && \
	$$tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade \
		--group dev --no-header --output-file requirements.lock deploy/lock.in pyproject.toml && \
	$$tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --upgrade \
		--no-header --output-file deploy/fuzz.lock deploy/fuzz.in

clean: ## leave nothing behind: the labs that this checkout made, environment, caches
	@if [ -x $(VENV)/bin/burstway ] && [ $$(id -u) = 0 ]; then $(VENV)/bin/burstway lab down --mine; fi
	rm -rf $(VENV) $(FUZZ) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
