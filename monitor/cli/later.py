"""`goodname evidence recheck` and `diff`: what became of a page since it was kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, busy, note, printable_lines, say, say_facts, say_json, say_table, to_json
from monitor.cli.session import with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Mention, Observation
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
