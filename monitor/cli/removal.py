"""`goodname evidence hold`, `holds` and `redact`: what must stay, and what a person removes."""

from __future__ import annotations

import sys
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, say, say_json, say_table
from monitor.cli.session import with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.ports import Finding

CaptureId = Annotated[
    str, typer.Argument(metavar="CAPTURE", help="The capture's id, such as 20261122T164400Z-1a2b3c4d.")
]
Because = Annotated[str, typer.Option("--because", metavar="WORDS", help="Why; stands in the custody log for ever.")]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Who decided it.")]


def hold(
    ctx: typer.Context,
    capture: CaptureId,
    because: Because,
    by: By,
    until: Annotated[
        str,
        typer.Option(
            "--until", metavar="DAY", help="When to look at it anew, as 2027-05-31; it ends by your word only."
        ),
    ] = "",
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Lift the hold.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep a capture from being deleted, until the hold is lifted."""
    if not because.strip() or not by.strip():
        raise InputError("A hold needs a reason and a name.", try_='Add --because "…" --by NAME.')
    day = _day(until) if until else ""

    async def work(app: App) -> None:
        app.vault.hold(capture, actor=by.strip(), reason=because.strip(), until=day, is_lifted=lift)

    with_app(ctx, work)
    if as_json:
        say_json({"capture": capture, "held": not lift})
        return
    say(f"The hold on {capture} is lifted." if lift else f"{capture} is on hold: it cannot be deleted.")


def holds(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """List the captures on hold; a case's own hold is shown by `goodname case show`."""

    async def work(app: App) -> tuple[date, dict[str, dict[str, str]]]:
        return app.clock.now().date(), {name: dict(one) for name, one in app.vault.held().items()}

    today, found = with_app(ctx, work)
    if as_json:
        say_json(found)
        return
    if not found:
        say("Nothing is on hold.")
        return
    rows = [
        [
            name,
            one["reviewer"],
            one["review_on"] + (" (past)" if "" < one["review_on"] < today.isoformat() else ""),
            one["reason"],
        ]
        for name, one in sorted(found.items())
    ]
    say_table(["CAPTURE", "BY", "LOOK AGAIN ON", "BECAUSE"], rows)


def copies(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Compare the copy elsewhere, named by [evidence] copy_to, with what is here.

    Every copied file is fetched and hashed. The copy's custody records are a witness from outside: when one of them is
    not here any more, the log here was cut or rewritten. Exit code 1 when something differs.
    """

    async def work(app: App) -> tuple[Finding, ...]:
        if app.evidence.copies is None:
            raise InputError("Evidence is not copied anywhere.", try_="Name a place under [evidence] copy_to.")
        await app.evidence.copy()
        return app.evidence.copies.check()

    found = with_app(ctx, work)
    if as_json:
        say_json(found)
    elif found:
        say_table(["CAPTURE", "FILE", "FAULT"], [[one.capture_id or "-", one.path, one.problem] for one in found])
    else:
        say("The copy holds what is here.")
    if found:
        raise typer.Exit(faults.FAILED)


def redact(
    ctx: typer.Context,
    capture: CaptureId,
    because: Because,
    by: By,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete one capture's files for good; the custody log keeps that it was there, who deleted it, and why.

    Refused while the capture, or a case it belongs to, is on hold. Copies in backups and exports are not touched.
    """
    if not yes and not (sys.stdin.isatty() and typer.confirm(f"Delete {capture} for good?", err=True)):
        raise InputError("Nothing was deleted.", why="it was not confirmed", try_="Add --yes.")

    async def work(app: App) -> None:
        app.evidence.redact(capture, actor=by, reason=because)

    with_app(ctx, work)
    if as_json:
        say_json({"capture": capture, "deleted": True})
        return
    say(f"{capture} is deleted; the custody log says so.")


def _day(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007 # a day has no zone
    except ValueError:
        raise InputError(f"{text!r} is no day.", why="expected one such as 2027-05-31") from None
