# Two commands do everything on a fresh machine with git, make and Python 3.11.2 or newer: `make repro`, `make test`.

PYTHON ?= python3
UV_VERSION := 0.13.9
VENV := .venv
INSTALLED := $(VENV)/installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
unexport PYTHONDONTWRITEBYTECODE # each stage is a process of its own: without caches all compile torch's Python anew

DB := sqlite:///study.sqlite3
PORT := 8501
STUDY := study.yaml

.PHONY: repro verify study test bench bench-long lint lock

repro: $(INSTALLED) ## train, colorize, score and report what params.yaml names under `datasets`
	@python -m pipeline.check
	dvc repro
	@python -m reports.summary

verify: $(INSTALLED) ## are the results of `make repro` those of the committed run?
	python -m reports.verify

study: $(INSTALLED) ## serve the human study of STUDY=study.yaml, with the pictures of the last `make repro`; DB=postgresql+psycopg://...
	@python -m study_app.stimuli "$(STUDY)"
	@python -m study_app.serve "$(STUDY)" --db "$(DB)" --port $(PORT)

test: $(INSTALLED) ## the whole test suite
	OMP_NUM_THREADS=1 pytest -n 2 --dist loadfile

bench: $(INSTALLED) ## one table: our speed beside other libraries', beside this machine's limits, and the study under load
	python -m bench.speed

bench-long: $(INSTALLED) ## the study's load, rush and kills on both databases; how good our intervals are; 10,000 pictures
	python -m bench.study
	OMP_NUM_THREADS=1 python -m bench.statistics
	OMP_NUM_THREADS=1 python -m bench.preference
	OMP_NUM_THREADS=1 python -m bench.preference --best
	python -m bench.flow

lint: $(INSTALLED) ## style and types
	ruff check .
	ruff format --check .
	mypy

lock: $(INSTALLED) ## resolve the newest versions that pyproject.toml allows, with the hashes of their files
	uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url --no-annotate --group dev \
		--all-extras --custom-compile-command "make lock" pyproject.toml --output-file requirements.lock

# pip only brings uv, which installs the pinned rest in seconds, takes builds of torch and torchvision that match, and
# refuses a file whose SHA-256 is not in requirements.lock.
$(INSTALLED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11, 2) or sys.exit("Python 3.11.2 or newer is needed, this is " + sys.version.split()[0] + "; name another with `make PYTHON=python3.12 ...`.")'
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	uv pip install --python $(VENV)/bin/python --requirement requirements.lock
	uv pip install --python $(VENV)/bin/python --quiet --no-deps --no-build-isolation --editable .
	touch $(INSTALLED)
