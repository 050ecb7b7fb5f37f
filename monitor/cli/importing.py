"""`goodname import`: keep the pages of a list of links, and watch the feeds of a list of feeds."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, count_in_words, note, printable, say, say_json
from monitor.cli.session import known_subject, session_of, with_app
from monitor.errors import InputError, MonitorError, why_of

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.text.link_list import Line


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """Hold what became of one line: kept, partial, known, added, would keep, would add, bad or failed."""

    line: int
    result: str
    url: str = ""
    why: str = ""


def import_(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, one link a line, OPML, or saved alerts.")],
    subject: Annotated[str, typer.Option(metavar="ID", help="Whom the pages are about; feeds need none.")] = "",
    *,
    every: Annotated[str, typer.Option(metavar="SPAN", help="How often new feeds are polled.")] = "15m",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep every page of a list of links by hand, and watch every feed of an OPML file.

    Takes CSV (a column such as url or link; commas, semicolons or tabs), one link a line, OPML, a saved Google Alerts
    feed or mail page. What is known already is skipped, so a stopped import is run again. New feeds are appended to the
    configuration file after a check of the whole. Exit code 3 when some lines could not be used.
    """
    lines = _read(file)
    if not subject and any(line.url and not line.is_feed for line in lines):
        raise InputError(
            "It is not said whom these pages are about.",
            try_="Add --subject ID; `goodname person list` shows the ids.",
        )
    show = _Shown(total=len(lines), is_quiet=as_json)
    feeds = [line for line in lines if line.is_feed and line.url]
    results = with_app(ctx, lambda app: _walk(app, lines, subject, show, dry_run=dry_run))
    results += _watch(ctx, feeds, every, show, dry_run=dry_run)
    results.sort(key=lambda one: one.line)
    counts = {kind: sum(one.result == kind for one in results) for kind in sorted({one.result for one in results})}
    if as_json:
        say_json({"file": str(file), "counts": counts, "lines": results})
    else:
        words = ", ".join(f"{number} {kind}" for kind, number in counts.items())
        say(f"{count_in_words(len(results), 'line')}: {words}." if results else "The file holds no link.")
    is_bad = any(one.result in ("bad", "failed", "partial") for one in results)
    raise typer.Exit(faults.PARTLY_FAILED if is_bad else faults.OK)


@dataclass(slots=True)
class _Shown:
    """Say what became of each line as soon as it is known; with JSON, count on a terminal instead."""

    total: int
    is_quiet: bool
    done: int = 0

    def __call__(self, result: Result) -> Result:
        self.done += 1
        if not self.is_quiet:
            words = f"{result.url} {result.why}".strip()
            say(f"line {result.line}: {result.result}  {printable(words, limit=300)}".rstrip())
        elif sys.stderr.isatty():
            note(f"{self.done} of {self.total}")
        return result


def _read(file: Path) -> tuple[Line, ...]:
    from monitor.text.link_list import MAX_BYTES, NotALinkList, read_links

    try:
        with file.open("rb") as opened:
            return read_links(opened.read(MAX_BYTES + 1))
    except OSError as error:
        raise InputError(f"{file} cannot be read.", why=why_of(error)) from None
    except NotALinkList as error:
        raise InputError(
            f"{file} is no list of links.",
            why=f"{error}",
            try_="Save it as CSV with a column named url, or write one link a line.",
        ) from None


async def _walk(app: App, lines: Sequence[Line], subject: str, show: _Shown, *, dry_run: bool) -> list[Result]:
    from monitor.text import canonical_url

    if subject:
        known_subject(app, subject)
    results: list[Result] = []
    seen: set[str] = set()
    for line in lines:
        if line.fault:
            results.append(show(Result(line=line.number, result="bad", why=line.fault)))
        elif not line.is_feed:
            key = canonical_url(line.url)
            result = (
                Result(line=line.number, result="known", url=line.url, why="(stands in this file above)")
                if key in seen
                else await _keep(app, line, subject, dry_run=dry_run)
            )
            seen.add(key)
            results.append(show(result))
    return results


async def _keep(app: App, line: Line, subject: str, *, dry_run: bool) -> Result:
    from monitor.domain import CaptureOutcome

    if app.kept_by_hand(line.url, subject):
        return Result(line=line.number, result="known", url=line.url)
    if dry_run:
        return Result(line=line.number, result="would keep", url=line.url)
    try:
        capture = await app.keep_url(line.url, subject)
    except MonitorError as error:
        return Result(line=line.number, result="failed", url=line.url, why=str(error))
    words = {CaptureOutcome.COMPLETE: "kept", CaptureOutcome.PARTIAL: "partial"}
    why = capture.failure or "; ".join(capture.incomplete)
    return Result(line=line.number, result=words.get(capture.outcome, "failed"), url=line.url, why=why)


def _watch(ctx: typer.Context, feeds: Sequence[Line], every: str, show: _Shown, *, dry_run: bool) -> list[Result]:
    """Append a block for each feed that is not watched yet, all in one write."""
    from monitor.cli.source import append_blocks
    from monitor.text import canonical_url

    if not feeds:
        return []
    sources = session_of(ctx).settings().source
    names = {source.name for source in sources}
    watched = {canonical_url(str(source.settings.get("url", ""))) for source in sources if source.connector == "feed"}
    results, blocks = [], []
    for line in feeds:
        key = canonical_url(line.url)
        if key in watched:
            results.append(Result(line=line.number, result="known", url=line.url))
            continue
        watched.add(key)
        name = _name_of(line, names)
        names.add(name)
        blocks.append({"name": name, "connector": "feed", "every": every, "settings": {"url": line.url}})
        word = "would add" if dry_run else "added"
        results.append(Result(line=line.number, result=word, url=line.url, why=f"as {name}"))
    if blocks and not dry_run:
        append_blocks(session_of(ctx).path(), blocks)
    return [show(one) for one in results]


def _name_of(line: Line, taken: Iterable[str]) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "-", line.title or re.sub(r"^https?://", "", line.url)).strip("-").lower()

    base, used = words[:50].strip("-") or "feed", set(taken)
    name, number = base, 1
    while name in used:
        number += 1
        name = f"{base}-{number}"
    return name
