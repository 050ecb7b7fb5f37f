"""A small real installation: a temporary folder, SQLite, a loopback site with a feed, and a webhook that listens."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from monitor.cli import app

WATCHLIST = """
[[subject]]
id = "subject-1"
name = "FIRST LAST"
aliases = ["F. LAST"]
context_terms = ["Leeds", "dentist"]
  [subject.attestation]
  relation = "self"
  by = "FIRST LAST"
  on = 2026-11-22
  [[subject.statement]]
  id = "stole"
  text = "FIRST LAST stole money from patients"
"""

REPEAT = "I heard that FIRST LAST stole money from patients in Leeds."
HOSTILE = "FIRST LAST \x1b[2J\x1b]0;owned\x07 was [bold red]seen[/] in Leeds \u202etfel\u202c"
OTHER = "The town council met on Tuesday to talk about the new bus lane."


def feed_of(site: Site, *texts: str) -> bytes:
    """Make a JSON feed of posts whose pages are on the same site."""
    items = [
        {"id": f"post-{number}", "url": site.url(f"/post/{number}"), "content_text": text}
        for number, text in enumerate(texts, start=1)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Forum", "items": items}).encode()


@dataclass
class Site:
    """A loopback site: answers by path, and remembers what was posted to it."""

    port: int
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    posted: list[dict[str, Any]] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def put(
        self,
        path: str,
        body: bytes,
        media_type: str = "application/feed+json",
        status: int = 200,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.answers[path] = (status, media_type, body)
        self.headers[path] = headers or {}

    def reset(self) -> None:
        """Put everything back as it was at the start."""
        self.posted.clear()
        self.answers.clear()
        self.headers.clear()
        self.asked.clear()
        self.put("/feed.json", feed_of(self, REPEAT, HOSTILE, OTHER))
        self.put("/post/1", f"<html><title>A post</title><p>{REPEAT}</p></html>".encode(), "text/html")


@pytest.fixture(scope="session")
def server() -> Iterator[Site]:
    """Serve on one free loopback port for all tests."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here.asked.append(self.path)
            self._answer(*here.answers.get(self.path, (404, "text/plain", b"")))

        def do_POST(self) -> None:
            here.posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self._answer(*here.answers.get(self.path, (200, "text/plain", b"")))

        def _answer(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            for name, value in here.headers.get(self.path, {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    here = Site(listening.server_address[1])
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield here
    listening.shutdown()
    thread.join()
    listening.server_close()


@pytest.fixture
def site(server: Site) -> Site:
    """Give the site as it is at the start."""
    server.reset()
    return server


@dataclass
class Installation:
    """A folder with a configuration, and the command run on it."""

    folder: Path
    site: Site

    @property
    def config(self) -> Path:
        return self.folder / "goodname.toml"

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, "utf-8")
        path.chmod(0o600)
        return path

    def edit(self, old: str, new: str) -> None:
        text = self.config.read_text("utf-8")
        assert old in text
        self.write("goodname.toml", text.replace(old, new))

    def run(self, *words: str, code: int = 0, given: str | None = None) -> Result:
        """Run a command and check its exit code."""
        return run("--config", str(self.config), *words, code=code, given=given)

    def json(self, *words: str, code: int = 0) -> Any:
        return json.loads(self.run(*words, "--json", code=code).stdout)


def run(*words: str, code: int = 0, given: str | bytes | None = None) -> Result:
    """Run the command in this process and check its exit code."""
    root = logging.getLogger()
    handlers = root.handlers[:]
    result = CliRunner().invoke(app, list(words), input=given, catch_exceptions=False)
    root.handlers[:] = handlers  # a command that logs leaves one behind whose stream ends with it
    assert result.exit_code == code, f"{words}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
    return result


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep this machine's own configuration out."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)


def install(folder: Path, site: Site) -> Installation:
    """Make an installation with one feed, one webhook and one person, and no browser."""
    made = Installation(folder, site)
    made.write("watchlist.toml", WATCHLIST)
    made.write(
        "goodname.toml",
        f"""data_dir = "data"
[watchlist]
file = "watchlist.toml"
[alerts]
urls = ["json://127.0.0.1:{site.port}/hook"]
quiet_hours = ""
[network]
allow = ["127.0.0.1:{site.port}"]
[capture]
browser = "off"
[web]
bind = "off"
[[source]]
name = "town-forum"
connector = "feed"
every = "15m"
  [source.settings]
  url = "{site.url("/feed.json")}"
""",
    )
    return made


@pytest.fixture
def home(tmp_path: Path, site: Site) -> Installation:
    """Give a fresh installation of one's own."""
    return install(tmp_path, site)


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory, server: Site) -> Installation:
    """Give one installation after one pass, to look at: three posts read, two of them about the person."""
    server.reset()
    made = install(tmp_path_factory.mktemp("seed"), server)
    made.run("once")
    return made


@pytest.fixture
def full(seed: Installation, tmp_path: Path, site: Site) -> Installation:
    """Give a copy of the seed, to change."""
    shutil.copytree(seed.folder, tmp_path, dirs_exist_ok=True)
    return Installation(tmp_path, site)


@pytest.fixture(scope="session")
def root() -> Any:
    """Give the command as a tree of groups and commands."""
    return get_command(app)
