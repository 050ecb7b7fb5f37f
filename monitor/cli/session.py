"""Hold what the options before a command chose, and open the program for a command that needs it."""

from __future__ import annotations

import asyncio
import getpass
import logging
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import typer

from monitor.errors import InputError, try_of, why_of

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Subject
    from monitor.settings import Settings

T = TypeVar("T")


@dataclass(slots=True)
class Session:
    """Hold the options that stand before the command."""

    config: Path | None = None
    debug: bool = False

    def path(self) -> Path:
        """Find the configuration file; ConfigError when there is none."""
        from monitor.settings import config_path

        return config_path(self.config)

    def settings(self) -> Settings:
        """Read the configuration; ConfigError names every fault."""
        from monitor.settings import load_settings

        return load_settings(self.path())


def session_of(ctx: typer.Context) -> Session:
    """Give the session of a running command."""
    session = ctx.find_object(Session)
    return session if session is not None else Session()


def login() -> str:
    """Say who runs the program, for the custody log."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return "unknown"


def set_up_logs(*, debug: bool) -> None:
    """Keep the jobs' log lines out of a command's output; with `debug` they go to standard error."""
    if debug:
        from monitor.logs import set_up_logging

        set_up_logging("debug", sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())


def _log_as_the_service(level: str) -> None:
    from monitor.logs import set_up_logging

    set_up_logging(level, sys.stderr)


def with_app(ctx: typer.Context, work: Callable[[App], Awaitable[T]], *, logs: bool = False) -> T:
    """Open the program as configured, do one piece of work with it, and close it whatever happens.

    With `logs` the jobs log to standard error as the service does; standard output stays the command's own.
    """
    from monitor.bootstrap import open_app

    session = session_of(ctx)
    set_up_logs(debug=session.debug)
    settings = session.settings()
    if logs and not session.debug:
        _log_as_the_service(settings.log_level)

    async def opened() -> T:
        async with open_app(settings) as app:
            return await work(app)

    return asyncio.run(opened())


def known_subject(app: App, subject_id: str) -> Subject:
    """Give a subject, active or not, by its id; InputError names the known ones."""
    subjects = {subject.id: subject for subject in app.store.subjects(active_only=False)}
    if subject_id in subjects:
        return subjects[subject_id]
    raise InputError(
        f"There is no person or firm with the id {subject_id!r}.",
        why=f"Known: {', '.join(sorted(subjects)) or 'nobody yet'}.",
        try_="Run `goodname person list`.",
    )


def write_file(path: Path, body: bytes) -> None:
    """Write a file the user asked for, readable by its owner only; InputError when it cannot be written."""
    try:
        path.touch(mode=0o600, exist_ok=True)
        path.write_bytes(body)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written.", why=why_of(error), try_=try_of(error, "Choose another file name.")
        ) from None
