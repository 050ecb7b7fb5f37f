"""Killed with messages on the way: the one service of an installation tells them anew at its next start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

PATIENCE_S = 60.0
"""Far less than the five minutes that a message on its way is leased for."""


class Hook:
    """Take calls, and hear which mentions they are of; while it is shut, do not answer."""

    def __init__(self, port: int) -> None:
        self.heard: list[str] = []
        self.is_open = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                lines = str(json.loads(body)["message"]).splitlines()
                hook.heard += [line.strip() for line in lines if "hits show" in line]  # the rest may change meanwhile
                hook.is_open.wait()
                try:
                    self.send_response(204)
                    self.end_headers()
                except OSError:
                    return  # whoever called was killed meanwhile

            def log_message(self, *args: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook(0)
    threading.Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.is_open.set()
    made.server.shutdown()
    made.server.server_close()


@contextmanager
def service(goodname: Any, settings: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run `goodname run` and kill it at the end."""
    with (settings.parent / "service.log").open("ab") as log:
        process = subprocess.Popen(
            [str(goodname.path), "--config", str(settings), "run"], stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(is_so: Callable[[], bool], what: str) -> float:
    begun = time.monotonic()
    while not is_so():
        assert time.monotonic() - begun < PATIENCE_S, f"waited in vain for {what}"
        time.sleep(0.05)
    return time.monotonic() - begun


def test_what_was_on_its_way_is_told_at_the_next_start(goodname, town, hook):
    world, folder = town
    text = folder.settings.read_text("utf-8")
    folder.settings.write_text(text.replace(world.hook.address, f"127.0.0.1:{hook.server.server_port}"), "utf-8")
    with service(goodname, folder.settings):
        wait_for(lambda: len(hook.heard) > 0, "a message on its way")
    lost = list(hook.heard)
    hook.is_open.set()
    with service(goodname, folder.settings):
        again = wait_for(lambda: set(lost) <= set(hook.heard[len(lost) :]), "word of the same mentions again")
    print(f"{len(lost)} mentions on the way, again after {again:.1f} s")
    assert set(Counter(hook.heard).values()) <= {1, 2}, "twice at most: once more than the kill took"
