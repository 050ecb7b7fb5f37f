"""Every module can be imported without any of the libraries that only some installations have."""

from __future__ import annotations

import subprocess
import sys

OPTIONAL = (
    "asyncpg", "htmldate", "numpy", "opentimestamps", "pgqueuer", "playwright", "praw", "prawcore", "psycopg",
    "py3langid", "pyrage", "tokenizers", "trafilatura", "tweepy", "typst", "yt_dlp",
)  # fmt: skip
BEHIND_AN_EXTRA = {
    f"monitor.evidence.{name}" for name in ("browser", "calendars", "capture", "keep", "proofs", "visit", "world")
} | {"monitor.workers.engine"}
"""These are loaded only where there is a browser, where calendars for proofs are named, or where work is shared."""

WALK = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    sys.modules[name] = None  # from here on its import raises ImportError
for root in ("monitor", "connectors"):
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, f"{root}."):
        if not found.name.endswith("__main__") and ".migrations.env" not in found.name:
            try:
                importlib.import_module(found.name)
            except ImportError as error:
                print(found.name, error)
"""


def failing(*blocked: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-I", "-c", WALK, *blocked], capture_output=True, text=True, timeout=120, check=True
    )
    return [line.split()[0] for line in run.stdout.splitlines()]


def test_a_bare_installation_can_import_everything():
    assert set(failing(*OPTIONAL)) <= BEHIND_AN_EXTRA


def test_a_needed_library_is_missed():
    assert "monitor.http.fetching" in failing("aiohttp")
