# Everything a newcomer needs: `make demo` shows it working, `make test` is all of CI. Each sets itself up.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/
READY := $(VENV)/.ready
PAYLOADS := $(VENV)/payloads/.ready
FUZZER := $(VENV)/.fuzzer

# The tests start many processes, each of which would compile the whole program anew.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check tests soak soak-draws soak-deaths soak-plans fuzz bench golden pictures docs plans lock clean

$(READY): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Signalbox needs Python 3.11 or newer; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(RUN)pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(RUN)pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

demo: $(READY)  ## Set up and play the main story against a stand-in GitHub; KEEP=1 stays up, LOSE=1 loses the database on the way
	@$(RUN)python -m demo $(if $(KEEP),--keep) $(if $(LOSE),--lose)

test: $(READY)  ## All of CI: format, lint, types and tests, side by side
	@$(MAKE) --no-print-directory -j 2 check tests

check: $(READY)  ## Format, lint, types
	$(RUN)ruff format --check .
	$(RUN)ruff check .
	$(RUN)mypy

# GitHub's example payloads come as an npm package; without npm the test of them is skipped, and fails in CI.
$(PAYLOADS): tests/payloads/package-lock.json $(READY)
	@mkdir -p $(@D) && cp tests/payloads/package.json tests/payloads/package-lock.json $(@D)
	@if command -v npm > /dev/null; then npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not there: GitHub's example payloads are not tested"; fi

$(FUZZER): fuzz/requirements.lock $(READY)
	$(RUN)pip install --quiet --disable-pip-version-check --require-hashes -r fuzz/requirements.lock
	@touch $@

tests: $(READY) $(PAYLOADS)
	$(RUN)pytest -n 3 --dist worksteal

soak: $(READY)  ## The long draw of generated histories; HISTORIES=n, TRAINS=n, SEED=n (a failing one is played again by its seed)
	SIGNALBOX_HISTORIES=$(or $(HISTORIES),200) SIGNALBOX_TRAINS=$(or $(TRAINS),300) SIGNALBOX_SEED=$(or $(SEED),$(shell date +%s)) $(RUN)pytest -v -n 2 tests/scenarios/test_histories.py tests/scenarios/test_train_histories.py

soak-draws: $(READY)  ## The generated tests that `make test` draws few examples of, with many
	SIGNALBOX_LONG=1 $(RUN)pytest -n 2 tests/core tests/golden tests/github/test_trial_on_sandbox.py tests/scenarios/test_start.py tests/scenarios/test_rollback_killed.py

soak-deaths: $(READY)  ## Kill Signalbox at every point of a story: on both databases, with one and with three workers, and at each point alone
	$(RUN)pytest -v -s tests/scenarios/long_killed.py

soak-plans: $(READY)  ## Many plans at once with faults and kills, to their ends; PLANS=n, SEED=n
	SIGNALBOX_PLANS=$(or $(PLANS),50) SIGNALBOX_SEED=$(or $(SEED),$(shell date +%s)) $(RUN)pytest -v -s tests/scenarios/test_many_plans.py

fuzz: $(FUZZER)  ## Search for inputs that trouble a reader; SECONDS=n for each, TARGETS="webhook commands markers config plan"
	for target in $(or $(TARGETS),webhook commands markers config plan); do $(RUN)python -m fuzz $$target --seconds $(or $(SECONDS),60) || exit 1; done

bench: $(READY)  ## What things cost, as ratios measured side by side in one run; ONLY=a,c measures some of it
	$(RUN)python -m bench $(ONLY)

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
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header --no-annotate fuzz/requirements.in --output-file fuzz/requirements.lock

clean:
	rm -rf $(VENV) .demo .fuzz .mypy_cache .pytest_cache .ruff_cache .hypothesis
