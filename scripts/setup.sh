#!/usr/bin/env bash
# Set up .venv from the lock files, and the programs of the system that the product or its tests use.
#
#   scripts/setup.sh demo    what `goodname demo` needs: the product with every extra, Chromium, fonts
#   scripts/setup.sh dev     the same, and what tests, checks, documentation and benchmarks need: also PostgreSQL
#
# Takes uv when it is there, else venv and pip, which then fetch the uv named in requirements-build.lock.
# Installs Debian packages only as root; otherwise it says what to install and goes on.
# A second run with nothing changed is over at once.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-dev}
case $kind in
    demo) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *)
        echo "usage: scripts/setup.sh [demo|dev]" >&2
        exit 2
        ;;
esac

venv=.venv
stamp=$venv/.goodname-setup
uv=$(command -v uv || true)
is_root=false
if [ "$(id -u)" = 0 ]; then is_root=true; fi

say() { printf 'setup: %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$1" >&2
    printf '  Try: %s\n' "$2" >&2
    exit 1
}

# --- programs of the system ------------------------------------------------------------------------------------------

# What apt says is shown only when it fails.
quietly() {
    local output
    output=$("$@" </dev/null 2>&1) && return 0
    printf '%s\n' "$output" >&2
    return 1
}

apt_updated=false
debian_install() {
    $is_root && command -v apt-get >/dev/null || return 1
    if ! $apt_updated; then
        quietly apt-get update -qq || return 1
        apt_updated=true
    fi
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"
}

is_installed() { dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null | grep -q '^ii'; }

# want WHY PACKAGE...: install what is missing of these packages, or say how, and go on either way.
want() {
    local why=$1 missing=() package
    shift
    for package in "$@"; do is_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    if $is_root && command -v apt-get >/dev/null; then
        say "installing ${missing[*]} ($why)"
        debian_install "${missing[@]}" && return 0
    fi
    say "going on without ${missing[*]} ($why)"
    say "  to have it: sudo apt-get install --no-install-recommends ${missing[*]}"
}

has_browser() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    return 1
}

has_libatomic() { compgen -G '/usr/lib*/libatomic.so.1' >/dev/null || compgen -G '/usr/lib/*/libatomic.so.1' >/dev/null; }

has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || command -v initdb >/dev/null; }

system_packages() {
    has_browser || want "for pictures of pages" chromium
    has_libatomic || want "the browser's driver needs it" libatomic1
    want "else other scripts and emoji are pictured as empty boxes" \
        fonts-noto-core fonts-noto-cjk fonts-noto-color-emoji
    [ "$kind" = dev ] || return 0
    has_postgresql || want "for the tests on a real PostgreSQL" postgresql
}

# --- Python ----------------------------------------------------------------------------------------------------------

find_python() {
    local name
    for name in python3.11 python3 python3.12 python3.13 python3.14; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return 0
        fi
    done
    return 1
}

make_venv() {
    local python
    python=$(find_python) ||
        fail "Python 3.11 or newer is missing." "sudo apt-get install python3 python3-venv, then the same command again"
    say "making $venv with $("$python" --version)"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$python" "$venv"
        return
    fi
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        debian_install python3-venv ||
            fail "This Python cannot make virtual environments." "sudo apt-get install python3-venv, then the same command again"
    fi
    "$python" -m venv "$venv"
}

has_pip() { "$venv/bin/python" -c 'import pip' 2>/dev/null; }
pip_install() { "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-input "$@"; }

# uv is ten times as quick; pip knows a source of packages that a person has set up for pip alone.
py_install() {
    if [ -n "$uv" ] && "$uv" pip install --quiet --compile-bytecode --python "$venv/bin/python" "$@"; then return 0; fi
    has_pip || fail "The packages could not be installed; the reason stands above." "make setup"
    pip_install "$@"
}

python_packages() {
    if [ ! -x "$venv/bin/python" ]; then
        make_venv
    elif [ -z "$uv" ] && ! has_pip; then
        rm -rf "$venv" # was made by uv, which has gone, and has no pip of its own
        make_venv
    fi
    if [ -z "$uv" ]; then
        pip_install --no-deps --require-hashes -r requirements-build.lock
        if "$venv/bin/uv" --version >/dev/null 2>&1; then uv=$venv/bin/uv; fi
    fi
    say "installing $(grep -c '^[a-z]' "$lock") packages from $lock"
    py_install --require-hashes -r "$lock"
    py_install --require-hashes -r requirements-build.lock
    # The project itself: from here, editable, built by the locked builder, adding no package of its own.
    py_install --no-deps --no-build-isolation --editable .
    "$venv/bin/python" -m compileall -q monitor connectors # else the first command takes seconds longer
}

tool_install() {
    local tools=$1 lock=$2
    if [ -n "$uv" ] && "$uv" venv --quiet --python "$venv/bin/python" "$tools" &&
        "$uv" pip install --quiet --python "$tools/bin/python" --require-hashes -r "$lock" 2>/dev/null; then
        cp "$lock" "$tools/installed.lock"
        return 0
    fi
    rm -rf "$tools"
    "$venv/bin/python" -m venv "$tools" && "$tools/bin/python" -m pip install -qq --disable-pip-version-check \
        --no-input --require-hashes -r "$lock" && cp "$lock" "$tools/installed.lock"
}

# Programs that only tests use, each in an environment of its own: what they need is not what the product needs.
tool_environments() {
    local name tools
    [ "$kind" = dev ] || return 0
    for name in s3 replay; do
        tools=$venv/tools/$name
        cmp -s "requirements-$name.lock" "$tools/installed.lock" && continue
        rm -rf "$tools"
        say "installing what only tests use: $name"
        tool_install "$tools" "requirements-$name.lock" || say "going on without it: its tests are skipped"
    done
}

# The stamp says for which files .venv was set up; "dev" holds everything that "demo" asks for.
digest=$({ pwd && cat pyproject.toml requirements*.lock scripts/setup.sh; } | sha256sum | cut -c1-64)
is_set_up() {
    [ -x "$venv/bin/goodname" ] && [ -f "$stamp" ] || return 1
    case "$(cat "$stamp")" in "dev $digest" | "$kind $digest") return 0 ;; *) return 1 ;; esac
}

system_packages
if ! is_set_up; then
    python_packages
    tool_environments
    echo "$kind $digest" >"$stamp"
    say "ready after $SECONDS s"
fi
