# The only definition of every task. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
VENV_PYTHON := $(VENV)/bin/python
EXTENSION := _openautomate.abi3.so
# The Python module links no libpython; its own folder keeps cargo from building everything again.
EXTENSION_TARGET := target/extension
CARGO_TEST := $(shell command -v cargo-nextest >/dev/null 2>&1 && echo "nextest run --no-fail-fast --profile make --test-threads $$(( 2 * $$(getconf _NPROCESSORS_ONLN) ))" || echo "test --no-fail-fast")

.PHONY: help run panel test test-rust test-doc test-in-process test-python test-main-job pytest-main-job test-panel lint style clippy deny fmt doc deps sbom openapi bench bench-smoke python extension clean

help: ## Lists the tasks.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: python ## Builds everything and shows the main job running on real input, until Ctrl-C.
	if command -v npm >/dev/null; then $(MAKE) panel; else echo "there is no Node, so the server comes without its control panel" >&2; fi
	cargo build --release -p openautomate-http -p openautomate-agent --bins
	$(MAKE) extension PROFILE=release
	$(VENV_PYTHON) examples/main_job/run.py --binaries target/release --python $(VENV_PYTHON)

# --- what the tests and the main job need

python: $(VENV)/ready ## Makes the Python environment of the automations and the tests.

$(VENV)/ready: examples/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV_PYTHON) -m pip install --quiet --disable-pip-version-check -r examples/requirements.txt
	touch $@

PROFILE ?= debug
extension: ## Builds the native half of the Python module and puts it beside the binaries.
	PYO3_BUILD_EXTENSION_MODULE=1 PYO3_PYTHON=$(abspath $(VENV_PYTHON)) cargo build -p openautomate-py --target-dir $(EXTENSION_TARGET) $(if $(filter release,$(PROFILE)),--release)
	mkdir -p target/$(PROFILE)
	cp $(EXTENSION_TARGET)/$(PROFILE)/lib_openautomate.so target/$(PROFILE)/$(EXTENSION)

# --- the control panel

PANEL := openautomate-http/panel

$(PANEL)/node_modules/.package-lock.json: $(PANEL)/package-lock.json
	cd $(PANEL) && npm ci

# What is embedded is what was built last. Cargo builds the server without Node, and then a page says how to get it.
panel: $(PANEL)/dist/panel.json ## Builds the control panel, which the next build of the server embeds.

$(PANEL)/dist/panel.json: $(PANEL)/node_modules/.package-lock.json $(shell find $(PANEL)/src $(PANEL)/scripts -type f) $(PANEL)/next.config.ts
	cd $(PANEL) && npm run build

# --- tests

# The binaries must not link libpython, so what needs it is built and run apart.
# Some need a PostgreSQL server: .ci/postgres finds one, or starts it. Each test has a schema of its own and drops it.
# Those of blobs need an S3-compatible server: .ci/s3 starts one for as long as they run.
# Those of NATS start servers of their own: .ci/nats finds the program, or installs it.
# One set of packages and features for all of it, so that nothing is built twice; the store comes with every driver.
RUST = $(foreach crate,core store http agent benches example-shop example-shop-diesel,-p openautomate-$(crate)) \
	--features openautomate-core/conformance,openautomate-store/diesel-postgres
RUST_ENV = PYO3_PYTHON=$(abspath $(VENV_PYTHON)) OPENAUTOMATE_TEST_PYTHON=$(abspath $(VENV_PYTHON)) \
	OPENAUTOMATE_EXTENSION=$(abspath target/debug/$(EXTENSION)) OPENAUTOMATE_TEST_UV=$(abspath $(VENV)/bin/uv)

# A test that waits for ever is ended after so many seconds and says where it was (those in Rust: .config/nextest.toml).
PYTEST = pytest -q -p no:cacheprovider --timeout 600

# The panel comes first: the server is built again with each build of it.
test: python ## Installs what the tests need and runs them all.
	$(MAKE) extension
	$(MAKE) panel
	$(MAKE) test-rust
	$(MAKE) test-doc
	$(MAKE) test-in-process
	$(MAKE) test-python
	$(MAKE) test-main-job
	$(MAKE) test-panel

test-rust: python
	address="$$(.ci/postgres)" && nats="$$(.ci/nats)" && $(RUST_ENV) OPENAUTOMATE_TEST_POSTGRES="$$address" \
		OPENAUTOMATE_TEST_NATS_SERVER="$$nats" .ci/s3 cargo $(CARGO_TEST) $(RUST)
	@echo "cases of the suite for stores:"
	@$(RUST_ENV) cargo test --quiet $(RUST) --test it -- --list | awk -F:: '/^(store::memory|conformance)::.*: test$$/ { count[$$2]++ } \
		END { for (store in count) printf "  %-16s %d\n", store, count[store] }' | sort

test-in-process: python ## Tests the interpreter in our own process, which links libpython.
	$(RUST_ENV) cargo $(CARGO_TEST) -p openautomate-core --features python,conformance in_process

test-doc: python
	$(RUST_ENV) cargo test --doc $(RUST)

test-python: python
	cd openautomate-py && $(abspath $(VENV_PYTHON)) -m $(PYTEST)
	cd examples/automations/invoices && $(abspath $(VENV_PYTHON)) -m $(PYTEST)

# The binaries that the tests in Rust were built with: `cargo build` would take other features of the dependencies,
# and build half of them again.
test-main-job: python
	$(RUST_ENV) cargo test --no-run $(RUST)
	address="$$(.ci/postgres)" && nats="$$(.ci/nats)" && OPENAUTOMATE_BINARIES=$(abspath target/debug) \
		OPENAUTOMATE_TEST_POSTGRES="$$address" OPENAUTOMATE_TEST_NATS_SERVER="$$nats" \
		.ci/s3 $(MAKE) pytest-main-job

# Those that take all of the machine that they can get are alone on it.
HOSTILE = examples/main_job/tests/test_hostile.py

pytest-main-job:
	$(VENV_PYTHON) -m $(PYTEST) $(HOSTILE)
	$(VENV_PYTHON) -m $(PYTEST) --numprocesses 2 --dist loadfile --ignore $(HOSTILE) examples/main_job/tests

# The same binaries; a debug build reads the panel's files from disk.
test-panel: python panel ## Checks the panel's types and style, and drives it in a browser against the real server.
	$(RUST_ENV) cargo test --no-run $(RUST)
	cd $(PANEL) && npm run check && npm test
	chromium="$$(.ci/chromium)" && cd $(PANEL) && OPENAUTOMATE_TEST_CHROMIUM="$$chromium" \
		OPENAUTOMATE_BINARIES=$(abspath target/debug) $(RUST_ENV) npm run test:browser

# --- the rules of the house

lint: style clippy deny ## Checks the rules of the house: all of these.

style: python ## Checks format, the direction of dependencies, and Python; builds nothing.
	cargo fmt --all --check
	$(MAKE) deps
	$(VENV_PYTHON) -m ruff check examples openautomate-py openautomate-core

clippy: python ## Lints the Rust code.
	cargo clippy $(RUST) --all-targets -- -D warnings
	PYO3_PYTHON=$(abspath $(VENV_PYTHON)) cargo clippy -p openautomate-core --all-targets --features python,conformance -- -D warnings

deny: ## Checks what may be among the dependencies: licenses, sources, known holes.
	deny="$$(.ci/cargo-deny)" && "$$deny" check licenses bans sources

deps: ## Checks that the core names no database, no web framework and, without its feature, no Python.
	@! cargo tree -p openautomate-core -e normal --no-default-features | grep -E '\b(sqlx|diesel|axum|pyo3) v'
	@! cargo tree -p openautomate-http -e normal | grep -E '\b(diesel-async) v'
	@! cargo tree -p openautomate-store -e normal | grep -E '\b(axum|openautomate-http|openautomate-agent) v'
	@! cargo tree -p openautomate-agent -e normal | grep -E '\b(sqlx|diesel|axum|openautomate-http|openautomate-store) v'
	@! cargo tree -p openautomate-http -e normal --no-default-features | grep -E '\b(sqlx|diesel|openautomate-store|openautomate-agent) v'
	@echo "dependencies point one way"

fmt: ## Formats everything.
	cargo fmt --all
	[ ! -x $(VENV_PYTHON) ] || $(VENV_PYTHON) -m ruff format examples openautomate-py openautomate-core

doc: ## Builds the documentation, warnings being errors.
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --features openautomate-core/conformance

openapi: ## Writes the golden OpenAPI document again.
	UPDATE_OPENAPI=1 cargo test -p openautomate-http --test it openapi

# What is in a release, for who must know (CycloneDX). cargo-cyclonedx is built once, which takes minutes.
sbom: ## Writes the bills of materials of the server, the agent and the panel into dist/sbom.
	command -v cargo-cyclonedx >/dev/null || cargo install --quiet --locked cargo-cyclonedx
	mkdir -p dist/sbom
	for crate in http agent; do \
		cargo cyclonedx --quiet --format json --spec-version 1.5 --manifest-path openautomate-$$crate/Cargo.toml --override-filename sbom && \
		mv openautomate-$$crate/sbom.json dist/sbom/openautomate-$$crate.json; done
	find openautomate-* benches examples -name sbom.json -not -path '*/node_modules/*' -delete
	cd $(PANEL) && npm sbom --package-lock-only --omit dev --sbom-format cyclonedx > ../../dist/sbom/panel.json
	ls dist/sbom

# --- measuring

BENCH_ENV = OPENAUTOMATE_TEST_PYTHON=$(abspath $(VENV_PYTHON)) OPENAUTOMATE_EXTENSION=$(abspath target/release/$(EXTENSION))

bench: python ## Runs the benchmarks (minutes).
	cargo build --release -p openautomate-http -p openautomate-agent --bins
	$(MAKE) extension PROFILE=release
	$(BENCH_ENV) cargo bench -p openautomate-benches
	$(VENV_PYTHON) benches/load/main_job.py --binaries target/release $(if $(shell command -v redis-server),--rq)

bench-smoke: python ## Runs every criterion benchmark once, to see that it still works.
	$(MAKE) extension PROFILE=release
	$(BENCH_ENV) cargo bench -p openautomate-benches -- --test

clean: ## Removes what was built and the data of `make run`.
	cargo clean
	rm -rf $(VENV) .run
