"""`goodname evidence recheck`, `diff` and `wayback`: what became of a page since it was kept."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, busy, note, printable_lines, say, say_facts, say_json, say_table, to_json
from monitor.cli.session import with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Mention, Observation
    from monitor.jobs.wayback import Offered
    from monitor.text.passages import Edit

MentionId = Annotated[int, typer.Argument(metavar="ID", help="The mention; see `goodname hits list`.")]


def recheck(ctx: typer.Context, mention: MentionId, *, as_json: AsJson = False) -> None:
    """Look again, now, at the page of one mention that was kept.

    States: live, edited, gone (seen gone twice), login_wall, bot_wall, network, unknown. Exit code 3 when no look was
    possible.
    """

    async def look(app: App) -> Observation | None:
        return await app.evidence.look_now(mention)

    with busy("Looking at the page…"):
        seen = with_app(ctx, look)
    if as_json:
        say_json(seen)
    elif seen:
        say_facts([("State", seen.state.value.replace("_", " ")), ("What was seen", seen.signal)])
    if seen is None:
        note("No look was possible; the log (--debug) says why.")
        raise typer.Exit(faults.PARTLY_FAILED)


def wayback(
    ctx: typer.Context,
    mention: MentionId,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decided it.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Offer one kept page to the public archive named by [evidence] wayback.

    It is off until you name one: the archive shows the page to everybody, and that somebody asked for it. It is a
    second witness of what stood there. What it answers is recorded in the custody log.
    """
    if not yes and not (sys.stdin.isatty() and typer.confirm("Publish this page in a public archive?", err=True)):
        raise InputError("Nothing was offered.", why="it was not confirmed", try_="Add --yes.")

    async def work(app: App) -> Offered:
        return await app.evidence.offer(mention, actor=by)

    with busy("Asking the archive…"):
        offered = with_app(ctx, work)
    if as_json:
        say_json(offered)
    else:
        say_facts([("Offered", offered.url), ("Archived at", offered.archived_url), ("Answer", str(offered.status))])


def diff(ctx: typer.Context, mention: MentionId, *, as_json: AsJson = False) -> None:
    """Show word by word how one mention was edited, and what later looks at its page found.

    Words that went stand in [-brackets-], new ones in {+braces+}.
    """

    async def read(app: App) -> tuple[tuple[Mention, ...], tuple[Observation, ...]]:
        return app.store.revisions(mention), app.store.observations(mention)

    revisions, observations = with_app(ctx, read)
    edits = _edits(revisions)
    if as_json:
        say_json({"mention": mention, "edits": edits, "observations": to_json(observations)})
        return
    for edit in edits:
        say(f"Revision {edit['from']} to {edit['to']}, seen {edit['seen_at']:%Y-%m-%d %H:%M} UTC:")
        for line in printable_lines(_marked(edit["words"])):
            say(f"  {line}")
    if not edits:
        say("No edit was seen.")
    if observations:
        say("")
        rows = [
            [f"{one.observed_at:%Y-%m-%d %H:%M} UTC", one.state.value.replace("_", " "), one.signal]
            for one in observations
        ]
        say_table(["LOOKED AT", "STATE", "WHAT WAS SEEN"], rows)


def _edits(revisions: tuple[Mention, ...]) -> list[dict[str, Any]]:
    from itertools import pairwise

    from monitor.text.passages import compare

    return [
        {
            "from": old.revision,
            "to": new.revision,
            "seen_at": new.first_seen_at,
            "words": compare(f"{old.title} {old.text}", f"{new.title} {new.text}"),
        }
        for old, new in pairwise(revisions)
    ]


def _marked(edits: tuple[Edit, ...]) -> str:
    parts = []
    for edit in edits:
        parts += [edit.same, f"[-{edit.removed}-]" if edit.removed else "", f"{{+{edit.added}+}}" if edit.added else ""]
    return " ".join(part for part in parts if part)
