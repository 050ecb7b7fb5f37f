"""`goodname match`: judge posts from standard input by a watch list file, without configuration or database."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Protocol, cast

import typer

from monitor.cli import faults
from monitor.cli.screen import note

CHUNK_BYTES = 1 << 16
LONGEST_LINE = 16 * 1024 * 1024

_encode = json.JSONEncoder(separators=(",", ":")).encode


class Readable(Protocol):
    """Read what is there, at most so many bytes, waiting only while there is nothing; b"" at the end."""

    def read1(self, size: int, /) -> bytes:
        """Read once."""
        ...


class LineReader:
    """Cut a stream into lines without ever holding more than one, and call `before_wait` before each read.

    A line longer than `longest` bytes is thrown away while it is read and given as an empty object's opening brace,
    which no reader takes for a post; its number is in `too_long`.
    """

    def __init__(self, stream: Readable, before_wait: Callable[[], object], longest: int = LONGEST_LINE) -> None:
        self.too_long: set[int] = set()
        self._stream, self._before_wait, self._longest = stream, before_wait, longest
        self._number = 0

    def __iter__(self) -> Iterator[bytes]:
        """Give the lines in order; the last one need not end with a newline."""
        parts: list[bytes] = []
        size = 0
        while chunk := self._stream.read1(CHUNK_BYTES):
            first, *others = chunk.split(b"\n")
            size = self._hold(parts, size, first)
            for line in others:
                yield self._whole(parts, size)
                size = self._hold(parts, 0, line)
            self._before_wait()
        if size:
            yield self._whole(parts, size)

    def _hold(self, parts: list[bytes], size: int, part: bytes) -> int:
        size += len(part)
        if size <= self._longest:
            parts.append(part)
        else:
            parts.clear()
        return size

    def _whole(self, parts: list[bytes], size: int) -> bytes:
        self._number += 1
        line = b"".join(parts) if size <= self._longest else b"{"
        if size > self._longest:
            self.too_long.add(self._number)
        parts.clear()
        return line


def match(
    watchlist: Annotated[Path, typer.Option(metavar="FILE", help="The watch list: who, and which false statements.")],
) -> None:
    """Judge posts from standard input, without a database.

    Reads one JSON object a line: {"id", "text", "title"?, "author"?, "url"?, "published_at"?}. Writes one verdict a
    line, in the same order, as soon as it is known. A line that is no such object gets a verdict with "error" and
    its line number; the others go on, and the exit code is 3.
    """
    from monitor.domain import StatementStatus
    from monitor.matching import Matcher
    from monitor.matching.jsonl import judge_lines
    from monitor.settings import load_watchlist

    rules = load_watchlist(watchlist)
    active = [statement for statement in rules.statements() if statement.status is not StatementStatus.WITHDRAWN]
    matcher = Matcher(rules.subjects(), active)
    gc.freeze()  # what was just built stays until the end; going through it again and again would cost a tenth
    out = sys.stdout.buffer
    lines = LineReader(cast("Readable", sys.stdin.buffer), out.flush)
    bad = 0
    for verdict, is_good in judge_lines(lines, matcher):
        if not is_good:
            bad += 1
            if verdict["line"] in lines.too_long:
                lines.too_long.discard(verdict["line"])
                verdict["error"] = f"the line is longer than {LONGEST_LINE // (1024 * 1024)} MB"
        out.write(_encode(verdict).encode("ascii") + b"\n")
    out.flush()
    if bad:
        note(f"{bad} {'line was' if bad == 1 else 'lines were'} no post; see the verdicts with an error.")
        raise typer.Exit(faults.PARTLY_FAILED)
