"""The installed command, run as a person or a service manager would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from monitor.demo import Folder, World, write_configuration


@dataclass(frozen=True)
class Command:
    """The command `goodname` as installed beside this Python."""

    path: Path

    def __call__(self, *words: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """Run it to its end; output as text."""
        return subprocess.run(
            [str(self.path), *words],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=180,
        )

    def json(self, *words: str, cwd: Path) -> Any:
        """Run it and read its JSON."""
        done = self(*words, "--json", cwd=cwd)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="session")
def goodname() -> Command:
    path = Path(sys.executable).with_name("goodname")
    assert path.is_file(), f"the command is not installed at {path}"
    return Command(path)


@pytest.fixture
def town(tmp_path: Path) -> Iterator[tuple[World, Folder]]:
    """An invented town, and a configuration that watches it every second and keeps pages without pictures."""
    with World(tmp_path) as world:
        folder = Folder(tmp_path)
        write_configuration(folder, world, browser="off", every="1s")
        yield world, folder
