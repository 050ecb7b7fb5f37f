#!/usr/bin/env bash
# Write the lock files anew from pyproject.toml: names, versions and hashes, and no address of any index.
#
#   scripts/lock.sh [--upgrade]     keep what is locked where it still fits, or take the newest of everything
#
# requirements.lock        what the product needs, with every extra
# requirements-dev.lock    the same, and what tests, checks, documentation and benchmarks need
# requirements-build.lock  what builds the package itself
# requirements-s3.lock     an S3 server for tests, in an environment of its own
# requirements-replay.lock what shows web archives again, for tests, in an environment of its own
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
[ -n "$uv" ] || uv=.venv/bin/uv
if [ ! -x "$uv" ]; then
    echo "lock: uv is missing. Run: make setup" >&2
    exit 1
fi

upgrade=()
if [ "${1:-}" = "--upgrade" ]; then upgrade=(--upgrade); fi

# --no-config: a person's own uv settings could add an index or a folder of files, and a lock must not depend on them.
compile() {
    local out=$1
    shift
    "$uv" pip compile "$@" --no-config --universal --python-version 3.11 --generate-hashes \
        --no-header --no-annotate --quiet "${upgrade[@]}" --output-file "$out" >/dev/null
    echo "lock: $out, $(grep -c '^[a-z]' "$out") packages"
}

compile requirements.lock pyproject.toml --extra all
compile requirements-dev.lock pyproject.toml --extra all --group dev --group build --group docs --group bench \
    --constraint requirements.lock
compile requirements-build.lock --group build --constraint requirements-dev.lock
compile requirements-s3.lock --group s3
compile requirements-replay.lock --group replay
