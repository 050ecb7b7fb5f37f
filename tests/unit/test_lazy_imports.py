"""What is heavy is loaded when it is first used: looking at an idle installation needs none of it.

A connector, and the libraries it reads with, is loaded where a source uses it, or when all of them are listed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from monitor.clock import SystemClock
from monitor.store import open_store

HEAVY = {
    "PIL", "aiohttp", "aiosmtplib", "alembic", "apprise", "argon2", "asyncpg", "bs4", "connectors", "cryptography",
    "css_inline", "feedparser", "icalendar", "jinja2", "lxml", "numpy", "obstore", "pgqueuer", "platformdirs",
    "playwright", "praw", "prometheus_client", "requests", "rfc3161_client", "sqlalchemy.dialects.postgresql",
    "tokenizers", "trafilatura", "tweepy", "typst", "xml.etree.ElementTree", "yarl", "yt_dlp",
}  # fmt: skip
PAGE = {"fastapi", "uvicorn", "starlette"}

STATUS = """
import sys
from monitor.cli import main
try:
    sys.argv = ["goodname", "--config", CONFIG, "status"]
    main()
except SystemExit:
    pass
"""
OPENED = """
import asyncio
from pathlib import Path
import monitor.daemon
from monitor.bootstrap import Settings, open_app, service_manager

async def look():
    async with open_app(Settings(data_dir=Path(CONFIG).parent / "data", web={"bind": BIND})) as app:
        monitor.daemon.Service(app, service_manager())

asyncio.run(look())
"""
NOTIFIER = """
from monitor.notify import AppriseNotifier
AppriseNotifier(["json://127.0.0.1:9/hook"])
"""


def loaded(code: str, folder: Path, bind: str = "off") -> set[str]:
    """Run code on an installation without sources in a process of its own; gives the modules loaded in the end."""
    config = folder / "goodname.toml"
    config.write_text(f'data_dir = "{folder / "data"}"\n')
    # Making the database loads what an installation that has one never needs.
    open_store(f"sqlite:///{folder / 'data' / 'goodname.db'}", clock=SystemClock()).close()
    end = "\nimport sys\nprint('loaded', *sys.modules)"
    whole = f"CONFIG, BIND = {str(config)!r}, {bind!r}\n{code}{end}"
    run = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, timeout=120, check=False)
    assert run.returncode == 0, run.stderr
    last = run.stdout.splitlines()[-1].split()
    assert last[0] == "loaded"
    return set(last[1:])


def test_status_loads_nothing_heavy(tmp_path: Path):
    found = loaded(STATUS, tmp_path)
    assert "sqlalchemy" in found, "the status was not looked at"
    assert sorted(found & (HEAVY | PAGE)) == []


@pytest.mark.parametrize(("bind", "unwanted"), [("off", HEAVY | PAGE), ("127.0.0.1:0", HEAVY)])
def test_an_idle_service_loads_nothing_heavy(tmp_path: Path, bind: str, unwanted: set[str]):
    found = loaded(OPENED, tmp_path, bind)
    assert ("fastapi" in found) is (bind != "off")
    assert sorted(found & unwanted) == []


def test_a_channel_loads_apprise(tmp_path: Path):
    assert "apprise" in loaded(NOTIFIER, tmp_path)
