"""Print the demonstration's story: coloured on a terminal, plain lines elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from monitor.demo.expected import Seen, expected_finds
from monitor.demo.texts import Find
from monitor.domain import Capture, CaptureOutcome, Hit, Level, LiveState, PollOutcome

_LEVELS = {
    Level.LIKELY: "likely repeat",
    Level.POSSIBLE: "possible repeat",
    Level.NONE: "no repeat",
}
_STATES = {
    LiveState.GONE: "is gone; your copy is kept",
    LiveState.EDITED: "was edited; both versions are kept",
}
_SHOWN_WORDS = 84


class Teller:
    """Write headings and lines; words of others are plain text and never styled by their own marks."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False, soft_wrap=True, emoji=False, markup=False)

    def heading(self, words: str) -> None:
        """Write an empty line and a heading."""
        self._console.print()
        self._console.print(Text(words, style="bold cyan"))

    def line(self, words: str, *, style: str = "", indent: int = 2) -> None:
        """Write one line."""
        self._console.print(Text(" " * indent + words, style=style))

    @contextmanager
    def busy(self, words: str) -> Iterator[None]:
        """Show that something takes a while; on a terminal only."""
        if not self._console.is_terminal:
            yield
            return
        with self._console.status(Text(words)):
            yield


def tell_finds(teller: Teller, seen: Seen, step: int) -> None:
    """Print what was found in one pass: first what is likely, then what was read and not alerted."""
    finds = [find for find in expected_finds(step) if find.step == step]
    likely = [(find, hit) for find in finds if (hit := seen.hit(find)) and hit.level is Level.LIKELY]
    others = [(find, hit) for find in finds if (hit := seen.hit(find)) and hit.level is not Level.LIKELY]
    teller.heading(f"Found and alerted ({len(likely)})")
    for find, hit in likely:
        _tell_hit(teller, find, hit, seen.why.get(hit.mention_id, ()))
        _tell_capture(teller, seen.capture(find))
    if others:
        teller.heading(f"Read, and not alerted ({len(others)})")
    for find, hit in others:
        _tell_hit(teller, find, hit, seen.why.get(hit.mention_id, ()))


def _tell_hit(teller: Teller, find: Find, hit: Hit, why: Sequence[str]) -> None:
    words = " ".join(hit.text.split())
    shown = words if len(words) <= _SHOWN_WORDS else f"{words[: _SHOWN_WORDS - 1]}…"
    score = "" if hit.level is Level.NONE else f", {hit.score} of 100"
    style = "bold" if hit.level is Level.LIKELY else ""
    teller.line(f"{_LEVELS[hit.level]}{score}: {find.label}, on {hit.source}", style=style)
    teller.line(f"“{shown}”", indent=4, style="italic")
    if why:
        teller.line(f"why: {'; '.join(why)}", indent=4)


def _tell_capture(teller: Teller, capture: Capture | None) -> None:
    if capture is None:
        teller.line("kept: nothing", indent=4, style="red")
        return
    style = "red" if capture.outcome is CaptureOutcome.FAILED else "green"
    files = f"{len(capture.artifacts)} files in captures/{capture.id}"
    teller.line(
        f"kept: {capture.outcome.value}, {files}, sha256 {capture.manifest_sha256[:16]}…",
        indent=4,
        style=style,
    )


def tell_changes(teller: Teller, seen: Seen) -> None:
    """Print what was edited or has gone."""
    changes = [change for change in seen.changes if change.state in _STATES]
    if changes:
        teller.heading(f"Changed since the first pass ({len(changes)})")
    for change in changes:
        teller.line(f"{change.source}: a post {_STATES[change.state]} ({change.url})")


def tell_unchecked(teller: Teller, seen: Seen) -> None:
    """Print every source that could not be read in the last pass; say so too when there is none."""
    failed = [poll for poll in seen.polls if poll.outcome not in {PollOutcome.OK, PollOutcome.UNCHANGED}]
    teller.heading("Not checked")
    for poll in failed:
        teller.line(f"{poll.source}: {poll.error}", style="yellow")
    if not failed:
        teller.line(f"nothing: all {len(seen.polls)} sources were read")


def tell_example(teller: Teller, message: str) -> None:
    """Print one alert as it arrived, so that its calm can be seen."""
    teller.line("one of them, whole:")
    for line in message.strip().splitlines():
        teller.line(f"│ {line}", indent=4, style="dim")


def tell_faults(teller: Teller, faults: Sequence[str]) -> None:
    """Print what did not happen as it should."""
    teller.heading(f"Not as expected ({len(faults)})")
    for fault in faults:
        teller.line(fault, style="red")
