"""A real PostgreSQL on a local socket, for tests and benchmarks; started by them and ended with them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

_SERVERS = Path("/usr/lib/postgresql")


def server_programs() -> Path | None:
    """Find the folder of the newest installed server's programs, None when there is none."""
    for folder in sorted(_SERVERS.glob("*/bin"), reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).parent if found else None


class PostgresServer:
    """Run a server with its data in `folder`, reached through a socket there alone.

    It fears no power cut: without fsync tests take a fraction of the time. Killing it loses nothing all the same.
    Benchmarks of writing ask for `fsync`, as installations have it.
    """

    def __init__(self, programs: Path, folder: Path, *, fsync: bool = False) -> None:
        self.programs = programs
        self.folder = folder
        self.fsync = "on" if fsync else "off"
        # The server refuses to run as root.
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.geteuid() == 0 else []
        if self.user:
            shutil.chown(folder, "postgres", "postgres")
        self._names = count()

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs; AssertionError with its words when it fails."""
        done = self._call(program, *arguments)
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _call(self, program: str, *arguments: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 # programs of an installed server
            [*self.user, str(self.programs / program), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def start(self) -> None:
        """Start the server, making its data at the first time; returns when it takes connections."""
        data = str(self.folder / "data")
        if not (self.folder / "data").exists():
            self.run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        options = (
            f"-c listen_addresses='' -c unix_socket_directories={self.folder}"
            f" -c fsync={self.fsync} -c max_connections=100"
        )
        self.run("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Stop the server at once, as a crash would."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", "immediate", "stop")

    def restart(self) -> None:
        """Cut everybody off, as a crash would, and start the server again."""
        self.stop()
        self.start()

    def url(self, database: str) -> str:
        """Give the address of a database."""
        return f"postgresql+psycopg://postgres@/{database}?host={self.folder}"

    def complaints(self, database: str) -> list[str]:
        """Have the server check every table and index of a database; gives what it found."""
        words = ["-h", str(self.folder), "-U", "postgres", "--install-missing", "--heapallindexed", database]
        done = self._call("pg_amcheck", *words, timeout_s=600)
        return [] if done.returncode == 0 else f"{done.stdout}{done.stderr}".splitlines()

    def execute(self, sql: str) -> None:
        """Run one statement in the database that every server has."""
        import psycopg  # noqa: PLC0415  # an optional extra

        with psycopg.connect(f"host={self.folder} user=postgres dbname=postgres", autocommit=True) as connection:
            connection.execute(sql)

    def new_database(self) -> str:
        """Make an empty database; gives its name."""
        name = f"test_{next(self._names)}"
        self.execute(f"CREATE DATABASE {name}")
        return name


@contextmanager
def postgres_server(*, fsync: bool = False) -> Iterator[PostgresServer]:
    """Run a server until the block ends; FileNotFoundError when none is installed."""
    programs = server_programs()
    if programs is None:
        raise FileNotFoundError("PostgreSQL's server is not installed")
    # A socket's path has at most 107 characters, which deep folders may exceed.
    folder = Path(tempfile.mkdtemp(prefix="gn-pg-"))
    server = PostgresServer(programs, folder, fsync=fsync)
    try:
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder)
