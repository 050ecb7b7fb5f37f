"""Show what a change of the rules would do to what is already stored."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.judged import VEIL, judgement_json
from monitor.cli.screen import count_in_words, printable, say, say_json
from monitor.cli.session import with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Judgement
    from monitor.jobs.preview import Changed, Preview, Previewer

_SHOWN = 20
_EXCERPT = 160

PreviewOnly = Annotated[
    bool, typer.Option("--preview", help="Only show what it would change in the last 30 days; nothing is kept.")
]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show the words that were found.")]


@contextmanager
def counting(words: str) -> Iterator[Callable[[int, int], None] | None]:
    """Show how many of how many are done, on a terminal only; gives what is to be told, None elsewhere."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, transient=True, console=_console()) as bar:
        task = bar.add_task(words, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _console() -> Any:  # noqa: ANN401 # rich is imported only where a terminal shows it
    from rich.console import Console

    return Console(stderr=True, highlight=False, markup=False)


def show_preview(ctx: typer.Context, look: Callable[[App, Previewer], Preview], *, reveal: bool, as_json: bool) -> None:
    """Show what a change would do, and keep nothing; `look` makes the changed entry and asks the previewer."""
    with counting("Looking at what is stored") as tell:

        async def opened(app: App) -> Preview:
            return look(app, app.previewer(tell))

        found = with_app(ctx, opened)
    say_preview(found, reveal=reveal, as_json=as_json)


def say_preview(preview: Preview, *, reveal: bool, as_json: bool) -> None:
    """Write what a change would find and no longer find; others' words only when they are asked for."""
    if as_json:
        say_json(_preview_json(preview, reveal=reveal))
        return
    looked_at = count_in_words(preview.looked_at, "stored mention")
    say(f"Nothing was kept. Looked at {looked_at} since {preview.since:%Y-%m-%d}.")
    if not preview.gained_count and not preview.lost_count:
        say("The change would make no difference to them.")
    _say_changes("would match", preview.gained, preview.gained_count, reveal=reveal)
    _say_changes("would no longer match, or more weakly", preview.lost, preview.lost_count, reveal=reveal)
    say("Run the command again without --preview to keep the change.")


def _say_changes(words: str, changes: tuple[Changed, ...], count: int, *, reveal: bool) -> None:
    if not count:
        return
    say("", f"{count} {words}:")
    for change in changes[:_SHOWN]:
        mention = change.mention
        say(f"  {mention.id}  {change.level_before.value} -> {change.level_after.value}  {printable(mention.source)}")
        say(f"      {_excerpt(change) if reveal else VEIL}")
    if count > _SHOWN:
        say(f"  … and {count - _SHOWN} more; --json lists up to 200")


def _excerpt(change: Changed) -> str:
    judged = change.after or change.before
    best = judged.best if judged else None
    return printable(best.excerpt if best else change.mention.text or change.mention.title, limit=_EXCERPT)


def _preview_json(preview: Preview, *, reveal: bool) -> dict[str, object]:
    def judged(judgement: Judgement | None) -> dict[str, object] | None:
        return judgement_json(judgement, reveal=reveal) if judgement else None

    def one(change: Changed) -> dict[str, object]:
        return {
            "mention": change.mention.id,
            "source": change.mention.source,
            "url": change.mention.url,
            "first_seen_at": change.mention.first_seen_at,
            "level_before": change.level_before,
            "level_after": change.level_after,
            "before": judged(change.before),
            "after": judged(change.after),
        }

    return {
        "subject": preview.subject_id,
        "since": preview.since,
        "looked_at": preview.looked_at,
        "gained_count": preview.gained_count,
        "lost_count": preview.lost_count,
        "gained": [one(change) for change in preview.gained],
        "lost": [one(change) for change in preview.lost],
    }
