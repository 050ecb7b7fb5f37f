"""`goodname migrate`: from one file on one machine to a PostgreSQL that several share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.cli.screen import AsJson, count_in_words, moving_bar, note, say, say_facts, say_json
from monitor.cli.session import session_of


def migrate(
    ctx: typer.Context,
    *,
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty database, postgresql+psycopg://…")],
    evidence_to: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Copy the evidence too: a new data_dir, seen by all machines.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Copy this installation into a PostgreSQL, and compare every row and file.

    It must use SQLite. Stop the service first. The old installation stays as it is. An interrupted run leaves nothing
    half done: run it again. Afterwards change the configuration as it says.
    """
    from monitor.bootstrap.moving import move_installation

    settings = session_of(ctx).settings()
    with moving_bar("Moving rows") as rows, moving_bar("Moving evidence") as files:
        moved = move_installation(settings, to, evidence_to, rows=rows, files=files)
    total = sum(moved.rows.counts.values())
    if as_json:
        counts = {name: count for name, count in moved.rows.counts.items() if count}
        say_json({"rows": counts, "were_there": moved.rows.were_there, "files": moved.files})
        return
    words = "were there already, the same in every row" if moved.rows.were_there else "moved and compared"
    say(f"{count_in_words(total, 'row')} {words}.")
    found = moved.verification
    if found:
        say(f"{count_in_words(moved.files, 'evidence file')} copied; {found.captures} captures verify.")
        say_facts([("Chain head", found.chain_head)])
    note("Now set in goodname.toml:  [store] url" + (f"  and  data_dir = {str(evidence_to)!r}" if found else ""))
