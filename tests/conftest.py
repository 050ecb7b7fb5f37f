"""What every test may rely on: loopback sockets only, no settings from outside, and the shared recordings if there."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import event
from sqlalchemy.engine import Engine

from monitor.logs import JsonFormatter
from monitor.testing.postgres import PostgresServer, server_programs
from monitor.testing.postgres import postgres_server as a_postgres_server
from monitor.testing.s3 import S3Server, s3_server, server_program

CHECKOUT = Path(__file__).resolve().parents[1]
IN_CI = bool(os.environ.get("CI"))

for name in [name for name in os.environ if name.startswith("GOODNAME_")]:
    del os.environ[name]

# Two busy cores make deadlines a matter of luck; CI draws the same examples each time.
settings.register_profile("house", deadline=None, derandomize=IN_CI, print_blob=True)
settings.load_profile("house")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """Give the root of the checkout."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of recordings and hostile inputs that lies beside the checkout; read-only, never copied in."""
    folder = CHECKOUT.parent / "shared" / "data"
    if folder.is_dir():
        return folder
    if IN_CI:
        pytest.fail("shared/data is not beside the checkout, and in CI it must be")
    pytest.skip("shared/data is not beside the checkout")


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Collect what every database is asked from now on; clear it to begin anew."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """Run an S3 server of this session's own."""
    program = server_program()
    if program is None:
        pytest.skip("the S3 server for tests is not installed: scripts/setup.sh dev")
    with s3_server(program) as server:
        yield server


def _give_up(reason: str) -> None:
    if IN_CI:
        pytest.fail(f"{reason}, and in CI it must be there")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if find_spec("psycopg") is None:
        _give_up("the driver for PostgreSQL is not installed")
    if server_programs() is None:
        _give_up("PostgreSQL's server is not installed")
    with a_postgres_server() as server:
        yield server


@pytest.fixture
def new_postgres(postgres_server: PostgresServer) -> Iterator[str]:
    """Name a new, empty database for a test that does things to it."""
    name = postgres_server.new_database()
    yield name
    postgres_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(autouse=True)
def _logs_as_they_were() -> Iterator[None]:
    """Undo what a command that logs, called within a test, set up for the whole process."""
    own, root = logging.getLogger("goodname"), logging.getLogger()
    levels = own.level, root.level
    yield
    for handler in [one for one in root.handlers if isinstance(one.formatter, JsonFormatter)]:
        root.removeHandler(handler)
    own.setLevel(levels[0])
    root.setLevel(levels[1])
    logging.captureWarnings(capture=False)
