"""Start a PostgreSQL of one's own in a folder, reached through a socket there, for benchmarks."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

_INSTALLED = Path("/usr/lib/postgresql")


class LoopbackPostgres:
    """Run a server until `close`; `url` is one new database in it. SystemExit when the server is not installed."""

    def __init__(self) -> None:
        found = sorted(_INSTALLED.glob("*/bin/initdb"), reverse=True)
        name = str(found[0]) if found else shutil.which("initdb")
        if name is None:
            raise SystemExit("PostgreSQL's server is not installed: apt-get install postgresql")
        self._programs = Path(name).parent
        # A socket's path has at most 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="gn-pg-"))
        # The server refuses to run as root.
        self._user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        if self._user:
            shutil.chown(self.folder, "postgres", "postgres")
        data = str(self.folder / "data")
        self._run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale")
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")
        self._run("createdb", "-h", str(self.folder), "-U", "postgres", "goodname")
        self.url = f"postgresql+psycopg://postgres@/goodname?host={self.folder}"

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def complaints(self) -> list[str]:
        """Have the server check every table and index; gives what it found."""
        words = ["-h", str(self.folder), "-U", "postgres", "--install-missing", "--heapallindexed", "goodname"]
        done = self._call("pg_amcheck", *words)
        return [] if done.returncode == 0 else done.stdout.splitlines()

    def _call(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        command = [*self._user, str(self._programs / program), *words]
        return subprocess.run(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            # The server that pg_ctl starts would hold a pipe open.
            stdout=subprocess.DEVNULL if program == "pg_ctl" else subprocess.PIPE,
            stderr=subprocess.DEVNULL if program == "pg_ctl" else subprocess.STDOUT,
            text=True,
            check=False,
        )

    def _run(self, program: str, *words: str) -> None:
        done = self._call(program, *words)
        if done.returncode:
            raise SystemExit(f"{program}: {done.stdout or self.folder / 'log'}")
