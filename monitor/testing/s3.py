"""A real S3 server on a loopback port, for tests and benchmarks; started by them and ended with them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

KEYS = {"access_key_id": "k", "secret_access_key": "s", "region": "us-east-1"}
_PATIENCE_S = 60


class S3Server:
    """Know a running server by its address."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.options = {**KEYS, "endpoint": endpoint}
        self._names = count()

    def new_bucket(self) -> str:
        """Make an empty bucket; gives its name."""
        name = f"evidence-{os.getpid()}-{next(self._names)}"
        order = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")  # noqa: S310 # a loopback address
        urllib.request.urlopen(order, timeout=30).close()  # noqa: S310 # as above
        return name


def server_program() -> Path | None:
    """Find the server that `scripts/setup.sh dev` installs beside the packages; None when there is none."""
    here = Path(sys.prefix) / "tools" / "s3" / "bin" / "moto_server"
    found = str(here) if here.exists() else shutil.which("moto_server")
    return Path(found) if found else None


@contextmanager
def s3_server(program: Path) -> Iterator[S3Server]:
    """Run a server of its own on a free port; everything in it is gone at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(  # noqa: S603 # a program of the development set-up
        ["/usr/bin/env", "MOTO_CALL_RESET_API=false", str(program), "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = S3Server(f"http://127.0.0.1:{port}")
    try:
        _wait(server.endpoint, process)
        yield server
    finally:
        process.terminate()
        process.wait(20)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    begun = time.monotonic()
    while True:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310 # a loopback address
        except OSError:
            assert process.poll() is None, "the S3 server ended at once"
            assert time.monotonic() - begun < _PATIENCE_S, "the S3 server does not listen"
            time.sleep(0.1)  # it says in no other way that it listens
        else:
            return
