"""Turn every error into What / Why / Try on the standard error stream; the only place that does."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from monitor.cli.screen import printable
from monitor.errors import AuthenticationFailed, ConfigError, InputError, MonitorError, PluginNotFound

OK = 0
FAILED = 1
USAGE = 2
PARTLY_FAILED = 3
NEEDS_CREDENTIALS = 4
INTERRUPTED = 130

_MAX_WORDS = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """Hold one error as it is shown: what happened, each reason, one thing to try."""

    what: str
    why: tuple[str, ...] = ()
    try_: str = ""


def exit_code(error: MonitorError) -> int:
    """Give the exit code of an error: 2 usage or configuration, 4 needs credentials, else 1."""
    if isinstance(error, AuthenticationFailed):
        return NEEDS_CREDENTIALS
    return USAGE if isinstance(error, ConfigError | InputError | PluginNotFound) else FAILED


def describe(error: MonitorError) -> Fault:
    """Put an error of ours into words; a ConfigError lists every fault by itself."""
    faults = error.faults if isinstance(error, ConfigError) else ()
    return Fault(what=error.what, why=faults or ((error.why,) if error.why else ()), try_=error.try_)


def describe_unforeseen(error: BaseException, command: str) -> Fault:
    """Put an error nobody foresaw into words: its kind and the place where it came up, never its message.

    `command` is what shows the full trace.
    """
    return Fault(
        what="Something went wrong that was not foreseen. This is a fault in goodname, not in what you did.",
        why=(f"{type(error).__name__} at {_place(error)}.",),
        try_=f"Run `{command}` for the full trace, and look it over before you share it: it may hold private words.",
    )


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "monitor" in Path(frame.filename).parts] or frames
    if not own:
        return "an unknown place"
    parts = Path(own[-1].filename).parts
    start = len(parts) - 1 - parts[::-1].index("monitor") if "monitor" in parts else len(parts) - 1
    return f"{'/'.join(parts[start:])} line {own[-1].lineno}"


def show(fault: Fault) -> None:
    """Write a fault to standard error: coloured on a terminal, plain lines elsewhere."""
    lines = [("What: ", fault.what), *_reasons(fault.why)]
    if fault.try_:
        lines.append(("Try:  ", fault.try_))
    shown = [(label, printable(words, limit=_MAX_WORDS)) for label, words in lines]
    if sys.stderr.isatty():
        _show_coloured(shown)
    else:
        for label, words in shown:
            typer.echo(f"{label}{words}", err=True)


def _reasons(why: Sequence[str]) -> list[tuple[str, str]]:
    if len(why) == 1:
        return [("Why:  ", why[0])]
    if why:
        return [("Why:  ", f"{len(why)} faults:"), *(("      - ", reason) for reason in why)]
    return []


def _show_coloured(lines: Sequence[tuple[str, str]]) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for label, words in lines:
        console.print(Text.assemble((label, "bold"), words))
