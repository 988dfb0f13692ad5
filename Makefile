# `make run` and `make test` do all set-up themselves: a virtual environment in .venv from the locked dependencies, with
# uv fetched through pip where it is not installed.
SHELL := /bin/sh
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null)
RETURNS ?= ../shared/returns
BIN := .venv/bin

export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export GX_ANALYTICS_ENABLED := false
export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help run test suite test-quick test-slow test-r test-spark lint lint-sql types dictionary bench drill figures coverage comparability dependencies clean

help:
	@echo "make run        the main job on the bundled synthetic sample (RUN_ARGS='--returns DIR' for real returns)"
	@echo "make test       lint, types, unit, architecture, dbt on the sample, the real returns where present"
	@echo "make test-quick unit, architecture, estimators, documents, landing; every model, dbt unit test and data test on the sample,"
	@echo "                which is kept: a minute or so, and a minute more at first and after a change of landing or models"
	@echo "make bench      how long each stage takes on the real returns (RETURNS=DIR)"
	@echo "make test-slow  what takes too long for every change: schedules on a real Prefect server, simulations, every page"
	@echo "make test-spark the same models on Spark, every mart cell by cell against DuckDB's (docs/engines.md); wants Java 17 or 21"
	@echo "make drill      everything that can go wrong with a refresh, and 200 random faults (docs/reliability.md); hours, or"
	@echo "                by part: DRILL_ARGS='--only kill --random 0'"
	@echo "make figures    rewrite the kept figures of the real returns (tests/real/*.csv), to be read as a diff (RETURNS=DIR)"
	@echo "make dictionary what columns mean, written beside them from dbt_project/seeds/measure.csv and dbt_project/columns.yml"
	@echo "make coverage   docs/coverage.md from the published warehouse"
	@echo "make comparability  docs/comparability.md from the published warehouse"
	@echo "make dependencies  docs/dependencies.md: every package with version and licence; nothing copyleft"

# What is not compiled beforehand: packages' own tests, and packages of which one process at most imports a little.
UNCOMPILED := /(tests|apprise|mypy|mypyc|selenium)/

.venv/.synced: pyproject.toml uv.lock
ifeq ($(UV),)
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv; }
	.uv/bin/uv sync --frozen --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
else
	"$(UV)" sync --frozen
endif
# With bytecode: where Python may not write any (as in many containers), every process would compile what it imports again.
# Templates that packages carry do not compile, and need not.
	@$(BIN)/python -m compileall -qq -j 0 -x '$(UNCOMPILED)' .venv/lib || true
	@touch $@

run: .venv/.synced
	$(BIN)/csw run $(RUN_ARGS)

# Side by side: types take a minute on one core where nothing is cached.
test: .venv/.synced
	@$(MAKE) --no-print-directory -j3 lint types suite

# Three processes: on two cores one of them waits for files that another is writing. Threads of BLAS would wait for one another.
suite test-quick: export OPENBLAS_NUM_THREADS := 1
suite: .venv/.synced
	$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not slow"

test-quick: .venv/.synced
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --keep -m "not slow and not real" \
		--ignore tests/estimators/r \
		tests/warehouse/test_dbt_project.py tests/unit tests/architecture tests/common tests/documents tests/estimators tests/landing

lint: .venv/.synced
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-sql: .venv/.synced
	$(BIN)/sqlfluff lint dbt_project/models

dictionary: .venv/.synced
	$(BIN)/python dbt_project/dictionary.py

types: .venv/.synced
	$(BIN)/mypy

bench: .venv/.synced
	$(BIN)/python -m tests.bench --returns $(RETURNS)

test-slow: .venv/.synced
	$(BIN)/pytest -m slow

drill: .venv/.synced
	$(BIN)/python -m tests.drill $(DRILL_ARGS)

test-r: .venv/.synced
	$(BIN)/pytest -s tests/estimators/r

# Spark is in an environment of its own: nobody else needs its gigabyte.
test-spark: export OPENBLAS_NUM_THREADS := 1
test-spark:
	@command -v java >/dev/null 2>&1 || { \
		echo "make test-spark: Spark runs on Java, and there is none. Debian, Ubuntu: apt-get install openjdk-17-jre-headless" >&2; exit 1; }
	@version=$$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p'); [ "$${version:-0}" -ge 17 ] || { \
		echo "make test-spark: Spark 4 wants Java 17 or later; this is Java $${version:-of an unknown version}" >&2; exit 1; }
ifeq ($(UV),)
	@test -x .uv/bin/uv || { $(PYTHON) -m venv .uv && .uv/bin/pip install --quiet uv; }
	UV_PROJECT_ENVIRONMENT=.venv-spark .uv/bin/uv sync --frozen --group spark --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')"
else
	UV_PROJECT_ENVIRONMENT=.venv-spark "$(UV)" sync --frozen --group spark
endif
	.venv-spark/bin/pytest --keep tests/spark

figures: .venv/.synced
	$(BIN)/python -m tests.real.figures --returns $(RETURNS)

coverage: .venv/.synced
	$(BIN)/csw coverage --out docs/coverage.md

comparability: .venv/.synced
	$(BIN)/csw comparability --out docs/comparability.md

dependencies: .venv/.synced
	$(BIN)/python -m tests.dependencies

clean:
	rm -rf .venv .venv-spark .uv data target logs
