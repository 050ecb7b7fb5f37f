"""Write to the terminal: lines, tables, JSON; others' words only without what could steer a terminal."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

_ESCAPE_SEQUENCE = re.compile(
    "\x1b\\][^\x07\x1b]*(?:\x07|\x1b\\\\)?"  # operating system commands, such as a new window title or a link
    "|(?:\x1b[PX^_])[^\x1b]*(?:\x1b\\\\)?"  # device control, privacy message and other strings
    "|(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # control sequences: colours, cursor, erasing
    "|\x1b[ -/]*[0-~]?"  # any other escape
)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_GAP = "  "

AsJson = Annotated[bool, typer.Option("--json", help="Write the result as JSON.")]
"""The option that every command has which prints something."""


def printable(text: str, *, limit: int = 0) -> str:
    """Strip what could steer a terminal or reorder a line: escape sequences, controls, direction marks.

    Newlines and tabs become one space. `limit` (characters, 0: none) cuts with an ellipsis.
    """
    flat = " ".join(_CONTROL.sub("", _ESCAPE_SEQUENCE.sub("", text)).split())
    return f"{flat[: limit - 1]}…" if 0 < limit < len(flat) else flat


def printable_lines(text: str) -> list[str]:
    """Strip like `printable`, but keep the lines."""
    return [printable(line) for line in text.splitlines()]


def say(*lines: str) -> None:
    """Write lines to standard output as they are; others' words go through `printable` before."""
    for line in lines:
        typer.echo(line)


def note(line: str) -> None:
    """Write a remark to standard error, so that piped output stays clean."""
    typer.echo(line, err=True)


def to_json(value: object) -> Any:  # noqa: ANN401 # whatever JSON can hold
    """Turn domain values into what JSON can hold: moments as ISO 8601, enumerations as their word."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value) if field.repr}
    if isinstance(value, Mapping):
        return {str(key): to_json(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(entry) for entry in value]
    return _plain(value)


def _plain(value: object) -> str | float:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be shown as JSON")


def say_json(value: object) -> None:
    """Write one JSON value; everything beyond ASCII is escaped, so that it can neither break nor steer a terminal."""
    typer.echo(json.dumps(to_json(value), indent=2).replace("\x7f", "\\u007f"))


def say_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table: fitted to a terminal, else in plain columns where nothing is cut.

    Cells may hold others' words; they are made printable here.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _say_fitted(headings, cells)
        return
    widths = [max(len(row[number]) for row in [list(headings), *cells]) for number in range(len(headings))]
    for row in [list(headings), *cells]:
        say(_GAP.join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _say_fitted(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False, markup=False, emoji=False).print(table)


def say_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Write labelled facts, one a line, aligned; empty ones are left out. Values may hold others' words."""
    shown = [(label, printable(value)) for label, value in facts if value]
    width = max((len(label) for label, _ in shown), default=0)
    for label, value in shown:
        say(f"{label.ljust(width)}{_GAP}{value}")


@contextmanager
def busy(words: str) -> Iterator[None]:
    """Show that work is going on, on a terminal only."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False, markup=False).status(words):
        yield


@contextmanager
def moving_bar(words: str) -> Iterator[Callable[[int, int], None]]:
    """Show how far work has come, on a terminal only; give what to call with bytes done and bytes in all."""
    if not sys.stderr.isatty():
        yield lambda _done, _all: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True, highlight=False, markup=False), transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total or None)


def span_in_words(span: timedelta) -> str:
    """Write a time span roughly: "under a minute", "5 minutes", "3 hours", "2 days"."""
    seconds = abs(span.total_seconds())
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            return count_in_words(int(seconds // size), word)
    return "under a minute"


def moment_in_words(moment: datetime | None, now: datetime, zone: tzinfo) -> str:
    """Write a moment in local time with how long ago or ahead it is; "never" for None."""
    if moment is None:
        return "never"
    span = span_in_words(moment - now)
    distance = f"in {span}" if moment > now else f"{span} ago"
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z} ({distance})"


def count_in_words(count: int, word: str) -> str:
    """Write a number with its noun: "1 capture", "2 captures"."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def size_in_words(count: float) -> str:
    """Write a number of bytes roughly: "512 B", "1.5 MB", "20.0 GB"."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
