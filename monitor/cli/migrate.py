"""`goodname migrate`: from one machine's database and folder to those that several machines share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.previews import counting
from monitor.cli.screen import AsJson, count_in_words, moving_bar, note, say, say_facts, say_json
from monitor.cli.session import session_of

if TYPE_CHECKING:
    from monitor.bootstrap.moving import Moved


def migrate(
    ctx: typer.Context,
    *,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, postgresql+psycopg://…")] = "",
    evidence_to: Annotated[
        str,
        typer.Option(
            metavar="FOLDER|URL",
            help="Move the evidence too, or alone: a new data_dir that all machines see, or s3://bucket/prefix.",
        ),
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Copy this installation's rows into a PostgreSQL, its evidence elsewhere, or both, and compare everything.

    Rows can be moved from SQLite. Stop the service first. The old installation stays as it is. An interrupted run
    leaves nothing that hinders: run it again. Keys of an object store are read from [evidence] in the configuration
    or from the environment, as always. Afterwards change the configuration as it says.
    """
    from monitor.bootstrap.moving import Bars, is_address, move_installation

    settings = session_of(ctx).settings()
    moved = move_installation(settings, to, evidence_to, Bars(moving=moving_bar, counting=counting))
    if as_json:
        say_json(_facts(moved))
        return
    _say(moved)
    place = "[evidence] url" if is_address(evidence_to) else "data_dir"
    wanted = [*(["[store] url"] if to else []), *([f"{place} = {evidence_to!r}"] if evidence_to else [])]
    note(f"Now set in goodname.toml:  {'  and  '.join(wanted)}")
    if is_address(evidence_to) and settings.evidence.copy_to:
        note("and take [evidence] copy_to out: it copies a folder; let the bucket be copied by its own replication.")


def _facts(moved: Moved) -> dict[str, object]:
    rows, found = moved.rows, moved.verification
    return {
        "rows": {name: count for name, count in rows.counts.items() if count} if rows else {},
        "were_there": bool(rows and rows.were_there),
        "files": moved.files,
        "captures": found.captures if found else 0,
        "chain_head": found.chain_head if found else "",
    }


def _say(moved: Moved) -> None:
    if rows := moved.rows:
        words = "were there already, the same in every row" if rows.were_there else "moved and compared"
        say(f"{count_in_words(sum(rows.counts.values()), 'row')} {words}.")
    if found := moved.verification:
        say(f"{count_in_words(moved.files, 'evidence file')} copied; {found.captures} captures verify.")
        say_facts([("Chain head", found.chain_head)])
