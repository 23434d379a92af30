# Everything a newcomer needs: `make demo` shows it working, `make test` is all of CI. Each sets itself up.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/
READY := $(VENV)/.ready

.PHONY: demo test check tests soak bench golden pictures docs plans lock clean

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Signalbox needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN)pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(RUN)pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## Set up and play the main story against a stand-in GitHub; KEEP=1 stays up
	@$(RUN)python -m demo $(if $(KEEP),--keep)

test: $(READY)  ## All of CI: format, lint, types and tests, side by side
	@$(MAKE) --no-print-directory -j 2 check tests

check: $(READY)  ## Format, lint, types
	$(RUN)ruff format --check .
	$(RUN)ruff check .
	$(RUN)mypy

tests: $(READY)
	$(RUN)pytest -n 3 --dist worksteal

soak: $(READY)  ## The long draw of generated histories; HISTORIES=n, TRAINS=n, SEED=n (a failing one is played again by its seed)
	SIGNALBOX_HISTORIES=$(or $(HISTORIES),200) SIGNALBOX_TRAINS=$(or $(TRAINS),300) SIGNALBOX_SEED=$(or $(SEED),$(shell date +%s)) $(RUN)pytest -v -n 2 tests/scenarios/test_histories.py tests/scenarios/test_train_histories.py

bench: $(READY)  ## What things cost, as ratios measured side by side in one run
	$(RUN)python -m bench

golden: $(READY)  ## Write the texts that users read anew; look at the difference before you commit it
	SIGNALBOX_GOLDEN=write $(RUN)pytest -q tests/golden

pictures: $(READY)  ## Take the pictures of docs/texts.md anew; needs Chromium
	$(RUN)python -m scripts.pictures

docs: $(READY)  ## Write the generated pages of docs/ anew
	$(RUN)python -m scripts.make_docs

plans: $(READY)  ## Score the plan reader on the corpus of real plans, where that folder is there
	$(RUN)python -m scripts.plans

lock:  ## Pin the dependencies anew; needs uv
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate pyproject.toml --extra postgres --output-file requirements.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate pyproject.toml --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
