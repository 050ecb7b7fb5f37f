#!/usr/bin/env bash
# Try the example connector as a stranger would: a fresh environment, this project and the example installed into it,
# the kit run from the example's own folder. Prints how long it took.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || true)
[ -n "$uv" ] || uv=$PWD/.venv/bin/uv
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$uv" venv --quiet --python .venv/bin/python "$folder/venv"
"$uv" pip install --quiet --python "$folder/venv/bin/python" --constraint requirements-dev.lock \
    . "./examples/guestbook[test]"
cp -r examples/guestbook/tests "$folder/tests"
cd "$folder"
env -u PYTHONPATH "$folder/venv/bin/python" -m pytest -q -p no:cacheprovider tests
echo "example: good after $SECONDS s"
