# The only list of commands. On a fresh machine with rustup, a C compiler and make,
# each of them sets up what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
CARGO ?= cargo
# Where `make run` keeps its data, and where it shows its page.
DATA ?= target/demo
BIND ?= 127.0.0.1:8080
# Every folder of plugins/ with a manifest.
SHIPPED := $(patsubst plugins/%/plugin.toml,%,$(wildcard plugins/*/plugin.toml))

.PHONY: help run test check bench plugins doc setup test-web fuzz

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## install what the toolchain lacks
	@rustup target list --installed | grep -qx wasm32-wasip1 || rustup target add wasm32-wasip1

run: setup ## build everything and show the demo in a page
	$(CARGO) build --release --locked
	$(MAKE) --no-print-directory plugins CAIFENG=target/release/caifeng
	target/release/caifeng serve --data $(DATA) --bind $(BIND)

# The binary that encodes plugins; `make run` has it built already.
CAIFENG ?= target/debug/caifeng
target/debug/caifeng: setup
	$(CARGO) build --locked
.PHONY: target/debug/caifeng

plugins: $(CAIFENG) ## build the shipped plugins into target/plugins
	@mkdir -p target/plugins
	for plugin in $(SHIPPED); do $(CAIFENG) plugin build plugins/$$plugin --out target/plugins/$$plugin.wasm; done

test: setup plugins ## run every test
	$(CARGO) test --workspace --locked --no-fail-fast
	$(MAKE) --no-print-directory test-web

test-web: ## drive the page in a real browser (needs Node 20 and Chromium; says so and goes on without)
	tests/web/run

fuzz: setup plugins ## fuzz the API from outside (needs Python 3 and PyPI the first time; says so and goes on without)
	tests/api/fuzz

check: setup ## formatting, lints, documentation, licences, spelling
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	$(CARGO) clippy $(SHIPPED:%=-p caifeng-%) --target wasm32-wasip1 --locked -- -D warnings
	# Module documentation is for who reads the source, and may point at what is private.
	RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" $(CARGO) doc --workspace --no-deps --locked --document-private-items
	@if command -v cargo-deny >/dev/null; then $(CARGO) deny --offline check bans licenses sources; else echo "cargo-deny is not installed: licences were not checked"; fi
	@if command -v typos >/dev/null; then typos; else echo "typos is not installed (pip install typos): spelling was not checked"; fi

bench: setup ## print one JSON object a line: what it costs, beside what it is compared with
	$(CARGO) bench --locked -p caifeng --bench caifeng --no-run
	$(MAKE) --no-print-directory plugins CAIFENG=target/release/caifeng
	@target/release/caifeng plugin build tests/guests/selector --out target/guests/selector.wasm
	@$(CARGO) bench --locked -p caifeng --bench caifeng

doc: setup ## build the documentation of all crates
	$(CARGO) doc --workspace --no-deps --locked
	@echo "target/doc/caifeng/index.html · target/doc/caifeng_plugin_sdk/index.html"
