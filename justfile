# Development recipes. `scripts/demo` and `scripts/test` need no just.
set shell := ["bash", "-euo", "pipefail", "-c"]

# List the recipes.
default:
    @just --list

# Install what building and running needs.
setup:
    scripts/setup

# The main job, end to end, on a local stack.
demo *args:
    scripts/demo {{ args }}

# Every check and every test, or only those whose names match.
test *filter:
    scripts/test {{ filter }}

# Format the code.
fmt:
    cargo fmt --all

# Clippy as CI runs it.
lint:
    cargo clippy --workspace --all-targets -- -D warnings

# Build the on-chain programs to target/deploy.
programs:
    scripts/build-programs

# Tests of the on-chain programs alone.
test-programs: programs
    cargo test --package cyxwiz-tests-onchain --package job-escrow --package node-registry --package reputation --package training-proof --package vesting

# That no key which anyone can forge proofs with compiles into a program for real money.
mainnet-keys:
    scripts/check-mainnet-keys

# Rehearse a key ceremony with snarkjs on this machine: half an hour, and ten minutes when it is repeated.
ceremony *folder:
    crates/proof/scripts/rehearse-ceremony {{ folder }}

# Record the compute units of every instruction.
cu: programs
    CU_UPDATE=1 cargo test --package cyxwiz-tests-onchain units

# What a whole job costs on the chain in lamports: one JSON object a line, with a ratio to its reference.
cost: programs
    cargo run --quiet --package cyxwiz-tests-onchain --example cost

# The market on a real validator: PROGRAM is a solana-test-validator, or pass --chain-url URL.
validator *args:
    scripts/against-validator {{ args }}

# Every state of larger markets in the pure model: ten minutes or more, and up to ten gigabytes.
model:
    cargo test --package cyxwiz-tests-model -- --include-ignored --nocapture --test-threads=1

# Many random lives of a market in the pure model and on the real programs, from another seed each time.
differential lives="20000": programs
    CYXWIZ_LIVES={{ lives }} CYXWIZ_SEED=$(date +%s) cargo test --package cyxwiz-tests-onchain differential -- --nocapture

# Fuzz the programs: an hour per target by default.
fuzz seconds="3600" *targets: programs
    scripts/fuzz --seconds {{ seconds }} {{ targets }}

# Write the programs' IDLs.
idl:
    scripts/build-idl

# Refresh the coordinator's offline query data.
sqlx-prepare:
    scripts/sqlx-prepare

# Unify dependency features anew, after a change of dependencies (needs cargo-hakari).
hakari:
    cargo hakari generate
    cargo hakari manage-deps --yes

# Dependency rules, licences and sources.
deny:
    scripts/check-dependencies

# Known advisories (downloads the advisory database).
advisories:
    cargo deny check advisories

# Benches: one JSON object a line, each with a ratio to its reference.
bench *args: programs
    cargo build --release --workspace --bins --quiet
    cargo run --release --quiet --package cyxwiz-tests-bench --bin marketplace -- {{ args }}

# The proof's circuits, each with arkworks' own prover on the same constraints in the same run: constraints, times, memory, keys.
bench-proof *args:
    cargo run --release --quiet --package cyxwiz-proof --example bench -- {{ args }}

# What committing to a transcript costs a training of two minutes and more, against the same training without it.
bench-commitments *args:
    cargo run --release --quiet --package cyxwiz-tests-bench --bin commitments -- {{ args }}

# Start the local stack and keep it.
up:
    cargo run --quiet --bin cyxwiz -- dev up

# Stop the local stack.
down:
    cargo run --quiet --bin cyxwiz -- dev down
