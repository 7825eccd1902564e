# Two commands do all the set-up on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-benchmarks test-slow test-browser test-oldest coverage soak fuzz bench-quick docs lint clean

# One stamp per set of extras: reinstalled only when pyproject.toml is newer.
$(VENV)/.installed-%: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[$*]'
	touch $@

$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

demo: $(VENV)/.installed
	$(BIN)/ganaug demo --force

# Two test processes on two cores: threads within them would only get in each other's way.
test: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --ignore tests/benchmarks

test-benchmarks: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 tests/benchmarks

test-slow: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -m slow --timeout 1800

# The oldest releases that pyproject.toml allows, in an environment of their own; Python 3.11 has wheels of all. The triton
# of torch 2.6 imports setuptools late, which fails if distutils is already there, unless it is told to share it.
OLDEST ?= build/oldest
OLDEST_PYTHON ?= python3.11
test-oldest:
	test -x $(OLDEST)/bin/python || $(OLDEST_PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/python tests/helpers/oldest.py test > $(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check -r $(OLDEST)/requirements.txt
	$(OLDEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	SETUPTOOLS_USE_DISTUTILS=stdlib OMP_NUM_THREADS=1 $(OLDEST)/bin/python -m pytest -n 2 --ignore tests/benchmarks

# Lines and branches of ganaug and its command that the suite runs, beside each file what it does not.
coverage: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m 'not browser' --ignore tests/benchmarks --cov --cov-report=term-missing

# Needs Chromium: apt-get install chromium.
test-browser: $(VENV)/.installed-browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m browser

# Hours: every promise of tests/helpers/promises.py at full length. What is done is kept, and done again only where a file
# changed that it depends on; the table goes to docs/soak.md.
soak: $(VENV)/.installed-test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal --soak --timeout 0

# Ten minutes for each target, guided by coverage; what breaks one is left in build/.
fuzz: $(VENV)/.installed-fuzz
	$(BIN)/python tests/fuzz/seeds.py build/
	for target in model_file csv_reader; do \
		OMP_NUM_THREADS=1 $(BIN)/python tests/fuzz/$$target.py build/corpus-$$target -max_total_time=600 \
			-artifact_prefix=build/ || exit 1; \
	done

# Under ten minutes on two cores: does ganaug help on the small tables that scikit-learn ships, beside the controls?
bench-quick: $(VENV)/.installed
	mkdir -p build
	$(BIN)/python -m benchmarks.gain low-data --tables breast_cancer wine --cuts 100 200 --seeds 0 1 --jobs 2 \
		--output build/bench-quick.json
	$(BIN)/python -m benchmarks.gain --summary build/bench-quick.json

# The site, in build/docs: warnings and broken links fail, and nothing needs the network.
docs: $(VENV)/.installed-docs
	OMP_NUM_THREADS=1 $(BIN)/python -m sphinx -b html -W --keep-going docs build/docs
	$(BIN)/python docs/extension/check_links.py build/docs

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) build *.egg-info
