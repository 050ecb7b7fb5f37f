#!/usr/bin/env bash
# Run every benchmark that has a quick mode once, and check that it prints JSON. For figures, run them without --smoke.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
for benchmark in benchmarks/*.py; do
    grep -q -- '"--smoke"' "$benchmark" || continue
    start=$SECONDS
    if ! output=$("$python" "$benchmark" --smoke </dev/null); then
        echo "bench-smoke: $benchmark failed" >&2
        exit 1
    fi
    printf '%s' "$output" | "$python" -c 'import json, sys; json.load(sys.stdin)' || {
        echo "bench-smoke: $benchmark did not print JSON" >&2
        exit 1
    }
    echo "bench-smoke: $benchmark, $((SECONDS - start)) s"
done
