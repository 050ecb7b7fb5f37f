#!/usr/bin/env bash
# Run every benchmark that has a quick mode once, and check that it prints JSON. For figures, run them without --smoke.
# Those that read real claims take them from beside the checkout, and are left out where they are not there.
set -euo pipefail
cd "$(dirname "$0")/.."

python=.venv/bin/python
claims=../shared/data/claims
failed=0
for benchmark in benchmarks/*.py; do
    grep -q -- '"--smoke"' "$benchmark" || continue
    arguments=(--smoke)
    if grep -q -- '"--data".*required=True' "$benchmark"; then
        if [ ! -d "$claims" ]; then
            echo "bench-smoke: $benchmark left out: the claims it reads are not there"
            continue
        fi
        arguments+=(--data "$claims")
    fi
    start=$SECONDS
    if "$python" "$benchmark" "${arguments[@]}" </dev/null | "$python" -c 'import json, sys; json.load(sys.stdin)'; then
        echo "bench-smoke: $benchmark, $((SECONDS - start)) s"
    else
        echo "bench-smoke: $benchmark failed, or did not print JSON" >&2
        failed=1
    fi
done
exit "$failed"
