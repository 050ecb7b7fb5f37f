"""`goodname doctor`: check everything that must work, and mend what can be mended."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import checks, faults
from monitor.cli.checks import Check, Outcome
from monitor.cli.screen import AsJson, busy, printable, say, say_json
from monitor.cli.session import Session, session_of, set_up_logs
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.settings import Settings


def doctor(
    ctx: typer.Context,
    *,
    fix: Annotated[bool, typer.Option("--fix", help="Run the command that mends each fault, after asking.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --fix: do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check everything that must work, with one command to mend each fault. Contacts nobody and sends nothing.

    Exit code 0 when nothing failed (warnings alone are 0), 2 when the configuration cannot be used, else 3.
    """
    session = session_of(ctx)
    set_up_logs(debug=session.debug)
    with busy("Looking at everything…"):
        found = examine(session)
    if as_json:
        say_json([_to_json(check) for check in found])
    else:
        for check in found:
            _say(check)
    if fix:
        _mend([check for check in found if check.outcome is not Outcome.OK], ask=not yes)
    failed = [check for check in found if check.outcome is Outcome.FAIL]
    if failed:
        is_config = any(check.name == "configuration" for check in failed)
        raise typer.Exit(faults.USAGE if is_config else faults.PARTLY_FAILED)


def examine(session: Session) -> list[Check]:
    """Make every check that can be made; one that cannot says why."""
    from monitor.clock import SystemClock

    found = [checks.check_python()]
    try:
        path = session.path()
        settings = _settings(path, found)
    except MonitorError as error:
        found += [_failed("configuration", error)]
        settings = None
    if settings is None:
        return [*found, checks.check_clock(SystemClock().now()), checks.check_fonts()]
    found += checks.check_files(path, settings)
    found += [checks.check_browser(settings), checks.check_fonts(), checks.check_disk(settings)]
    return found + _with_program(settings)


def _settings(path: Path, found: list[Check]) -> Settings | None:
    from monitor.bootstrap import check_config

    report = check_config(path)
    found += checks.check_configuration(report.faults, report.warnings)
    return report.settings


def _with_program(settings: Settings) -> list[Check]:
    import asyncio

    from monitor.bootstrap import open_app

    async def look() -> list[Check]:
        async with open_app(settings) as app:
            return _look(app)

    try:
        return asyncio.run(look())
    except MonitorError as error:
        return [_failed("database", error)]


def _look(app: App) -> list[Check]:
    polls = app.store.polls(limit=1)
    newest = polls[0].finished_at if polls else None
    steps: dict[str, Callable[[], list[Check]]] = {
        "database": lambda: [checks.check_store(app)],
        "clock": lambda: [checks.check_clock(app.clock.now(), newest)],
        "people": lambda: checks.check_people(app),
        "sources": lambda: checks.check_sources(app),
        "channels": lambda: [checks.check_channels(app)],
        "time stamps": lambda: [checks.check_stamps(app)],
        "copies": lambda: [checks.check_copies(app)],
    }
    found: list[Check] = []
    for name, step in steps.items():
        try:
            found += step()
        except MonitorError as error:
            found.append(_failed(name, error))
    return found


def _failed(name: str, error: MonitorError) -> Check:
    return Check(name=name, outcome=Outcome.FAIL, what=error.what, why=error.why, try_=error.try_)


def _say(check: Check) -> None:
    say(f"{check.outcome.value.ljust(5)} {check.name}: {printable(check.what)}")
    if check.outcome is Outcome.OK:
        return
    if check.why:
        say(f"      Why:  {printable(check.why)}")
    remedy = command_of(check)
    if remedy:
        say(f"      Try:  {printable(remedy)}")


def command_of(check: Check) -> str:
    """Give the one thing to try: the command that mends it, as it is typed, else words."""
    if not check.fix:
        return check.try_
    needs_root = check.fix[0] in ("apt-get", "timedatectl") and os.geteuid() != 0
    return shlex.join([*(["sudo"] if needs_root else []), *check.fix])


def _to_json(check: Check) -> dict[str, object]:
    return {
        "check": check.name,
        "outcome": check.outcome,
        "what": check.what,
        "why": check.why or None,
        "try": command_of(check) or None,
    }


def _mend(found: list[Check], *, ask: bool) -> None:
    """Run what can be run, one command after another; what needs other rights or a person is only named."""
    for check in found:
        command = command_of(check)
        if not check.fix or command.startswith("sudo ") or shutil.which(check.fix[0]) is None:
            typer.echo(f"By hand: {check.name}: {printable(command or check.what)}", err=True)
            continue
        if ask and not (sys.stdin.isatty() and typer.confirm(f"Run `{command}`?", err=True)):
            typer.echo(f"Not run: {command}", err=True)
            continue
        typer.echo(f"Running: {command}", err=True)
        code = subprocess.run(check.fix, check=False, stdout=sys.stderr.fileno() if _has_number() else None).returncode  # noqa: S603 # from `checks`, no shell
        typer.echo("Done." if code == 0 else f"It ended with exit code {code}.", err=True)


def _has_number() -> bool:
    try:
        sys.stderr.fileno()
    except (OSError, ValueError):
        return False
    return True
