# make test    every test, installing what a fresh Debian machine lacks (fails and says so where it cannot)
# make check   formatting, lints, docs, architecture
# make bench   the goals of performance, measured against peers in the same run
# make study   the statistics of triggers and impact, in full (long)
# make picture the picture of the screen in the README, from the real program

CARGO ?= cargo
FEATURES ?= nats,kafka
.DEFAULT_GOAL := test
.PHONY: test check bench study picture tools

tools:
	@tests/setup.sh

test: tools
	$(CARGO) test --profile ci --features $(FEATURES) --no-fail-fast

check:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --features $(FEATURES) -- -D warnings
	$(CARGO) clippy -- -D warnings
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --no-deps --features $(FEATURES)

bench: tools
	$(CARGO) build --release
	target/python/bin/python benches/goals.py
	$(CARGO) bench --features $(FEATURES) --bench advice

study:
	WARROOM_STUDY=full $(CARGO) test --profile ci --test study --test playbook_study --test worked_cases --test trained -- --nocapture --test-threads 2

picture:
	$(CARGO) build --release
	$(CARGO) run --example picture -- target/release/warroom 120 40 8 tests/screens/desk.svg demo --seed 3 --from 50
