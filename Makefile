# Everything from a fresh clone; needs Python 3.11 or later, and make.
PYTHON ?= python3
PORT ?= 8000
BIN = .venv/bin

.PHONY: run test check bench roll soak html texts lock clean

run: .venv/run-ready ## the site at http://127.0.0.1:8000 (PORT= changes it)
	$(BIN)/python -m app serve --port $(PORT)

test: .venv/test-ready ## format, lint, types, import rules, the seed, every test; a real browser included
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m app check
	$(BIN)/python -m compileall -q app
	$(BIN)/python -m pytest --numprocesses=logical --dist=loadscope --no-loadscope-reorder

soak: .venv/test-ready ## the long forms of the fault, load and attack tests, some forty minutes
	SOAK=1 $(BIN)/python -m pytest -rP tests/test_serving.py tests/test_faults.py tests/test_headers.py \
		tests/test_hostile_requests.py tests/test_hostile_seed.py tests/test_browser.py \
		tests/test_cli.py tests/test_export.py tests/test_pages.py tests/test_sharing_browser.py \
		tests/test_explore_browser.py tests/test_languages_browser.py

check: .venv/run-ready ## every mistake of the seed
	$(BIN)/python -m app check

bench: .venv/test-ready build/bench-venv/ready ## what is fast against what, into build/bench.md; a quarter of an hour
	PYTHONPATH=. $(BIN)/python tests/benchmarks $(BENCH)

roll: .venv/test-ready build/bench-venv/ready ## a new seed behind each cache, without a failed request
	PYTHONPATH=. $(BIN)/python tests/benchmarks/rolling.py

html: .venv/test-ready ## every page through the Nu checker; needs Java and npm
	sh tests/nu.sh $(BIN)/python

texts: .venv/run-ready ## the catalogues of interface texts, brought up to date with the templates
	@mkdir -p build
	$(BIN)/pybabel -q extract -F pyproject.toml --add-location=file --sort-by-file --width=100 \
		-o build/messages.pot .
	for file in app/locale/*/LC_MESSAGES/messages.po; do \
		$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date \
			--width=100 -i build/messages.pot -o $$file -l $$(echo $$file | cut -d/ -f3) || exit 1; \
	done

lock: ## pin every dependency anew, with hashes and without addresses; needs uv
	uv pip compile $(LOCK) pyproject.toml build-requirements.in -o requirements.lock
	uv pip compile $(LOCK) --extra test -c requirements.lock pyproject.toml build-requirements.in \
		-o requirements-test.lock
LOCK = --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --upgrade

clean: ## forget what was built and installed
	rm -rf .venv build *.egg-info

# A mark of its own: the interpreter is there before pip is, and what is interrupted is begun anew.
.venv/begun:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	@touch $@

.venv/run-ready: requirements.lock pyproject.toml | .venv/begun
	@echo "installing what the site needs, some 20 seconds" >&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

build/bench-venv/ready: tests/peers.sh
	@mkdir -p build
	sh tests/peers.sh $(BIN)/python build/bench-venv
	@touch $@

.venv/test-ready: requirements-test.lock .venv/run-ready tests/chromium.sh tests/nginx.sh
	@echo "installing what the tests need, some 20 seconds" >&2
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	sh tests/chromium.sh $(BIN)/playwright
	sh tests/nginx.sh
	@touch $@
