# Two commands do everything on a fresh machine with git, make and Python 3.11.4 or newer: `make repro`, `make test`.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
INSTALLED := $(VENV)/installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
unexport PYTHONDONTWRITEBYTECODE # each stage is a process of its own: without caches all compile torch's Python anew

.PHONY: repro test bench lint lock

repro: $(INSTALLED) ## train, colorize, score and report what params.yaml names under `datasets`
	dvc repro
	@python -m reports.summary

test: $(INSTALLED) ## the whole test suite
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

bench: $(INSTALLED) ## our speed beside other libraries', in one run on this machine; and how good intervals are
	python -m tests.bench
	OMP_NUM_THREADS=1 python -m tests.bench_statistics

lint: $(INSTALLED) ## style and types
	ruff check .
	ruff format --check .
	mypy

lock: $(INSTALLED) ## resolve the newest versions that pyproject.toml allows
	uv pip compile --quiet --universal --upgrade --no-emit-index-url --no-annotate --group dev \
		--custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

# pip only brings uv, which installs the pinned rest in seconds and takes builds of torch and torchvision that match.
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11, 4) or sys.exit("Python 3.11.4 or newer is needed, this is " + sys.version.split()[0] + "; name another with `make PYTHON=python3.12 ...`.")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	uv pip install --python $(VENV)/bin/python --requirement requirements.lock
	touch $(INSTALLED)
