"""The process that fetches films can do nothing else."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.evidence.films import film_type

WORKER = Path(__file__).resolve().parents[3] / "monitor" / "evidence" / "film_worker.py"


def confined(code: str, proxy: tuple[str, int] = ("127.0.0.1", 9)) -> subprocess.CompletedProcess[str]:
    """Run code in a process with the worker's limits."""
    program = (
        f"import runpy, sys\nworker = runpy.run_path({str(WORKER)!r})\n"
        f"worker['confine']({proxy!r}, seconds=10, file_bytes=1000)\n{code}"
    )
    return subprocess.run(
        [sys.executable, "-I", "-c", program], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    "code",
    [
        "import socket; socket.create_connection(('127.0.0.1', 1))",
        "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))",
        "import socket; socket.getaddrinfo('forum.example', 80)",
        "import socket; socket.socket().bind(('127.0.0.1', 0))",
        "import subprocess; subprocess.run(['/bin/true'])",
        "import os; os.system('true')",
        "import os; os.fork()",
        "import os; os.execv('/bin/true', ['true'])",
        "import ctypes; ctypes.CDLL('libc.so.6')",
    ],
)
def test_nothing_but_the_proxy_is_reached_and_nothing_is_started(code: str) -> None:
    done = confined(code)
    assert done.returncode != 0
    assert "Forbidden" in done.stderr.splitlines()[-1], done.stderr


def test_the_proxy_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        done = confined(f"import socket; socket.create_connection({address!r}).close(); print('reached')", address)
    assert done.stdout == "reached\n", done.stderr


def test_memory_and_file_sizes_are_bounded(tmp_path: Path) -> None:
    assert "MemoryError" in confined("bytearray(2 << 30)").stderr
    done = confined(f"open({str(tmp_path / 'film')!r}, 'wb', buffering=0).write(b'x' * 5000)")
    assert (tmp_path / "film").stat().st_size <= 1000, done.stderr


@pytest.mark.parametrize(
    ("beginning", "expected"),
    [
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x20ftypM4A ", "audio/mp4"),
        (b"G" + b"\0" * 187 + b"G", "video/mp2t"),
        (b"\x1aE\xdf\xa3rest", "video/webm"),
        (b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        (b"<html>", ""),
        (b"GIF89a" + b"x" * 300, ""),
        (b"", ""),
    ],
)
def test_films_are_known_by_their_first_bytes(beginning: bytes, expected: str) -> None:
    assert film_type(beginning)[0] == expected
