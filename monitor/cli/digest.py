"""`goodname digest`: look at the summary, or send it now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, busy, printable_lines, say, say_json
from monitor.cli.session import with_app, write_file
from monitor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Message

group = command_group("Preview or send the summary.")

Weekly = Annotated[bool, typer.Option("--weekly", help="The last seven days, as the weekly summary has them.")]
FORMATS = (".html", ".txt", ".eml")


@group.callback()
def _digest() -> None:
    """Preview or send the summary."""


@group.command()
def preview(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help=f"Write it to a file; its ending chooses: {', '.join(FORMATS)}."),
    ] = None,
    client: Annotated[str, typer.Option(metavar="ID", help="Only this client's people.")] = "",
    *,
    weekly: Weekly = False,
) -> None:
    """Show the summary as it stands now; nothing is sent and nothing is marked as told."""
    if out is not None and out.suffix.lower() not in FORMATS:
        raise InputError(
            f"{out} has no known ending.",
            why=f"The ending chooses the format: {', '.join(FORMATS)}.",
            try_="Run `goodname digest preview --out summary.html`.",
        )
    message = with_app(ctx, lambda app: _preview(app, client, is_weekly=weekly))
    if out is None:
        say(message.title, "", *printable_lines(message.text))
        return
    from monitor.bootstrap import render_file

    write_file(out, render_file(message, out.suffix.lower()))
    say(f"Written to {out}.")


async def _preview(app: App, client: str, *, is_weekly: bool) -> Message:
    clients = {subject.client_id for subject in app.store.subjects(active_only=False)}
    if client and client not in clients:
        raise InputError(
            f"There is no client {client!r}.",
            why=f"Known: {', '.join(sorted(clients - {''})) or 'none'}.",
            try_="Run `goodname person list`.",
        )
    return app.messages.digest_message(app.messages.digest(client, is_weekly=is_weekly))


@group.command()
def send(
    ctx: typer.Context,
    *,
    weekly: Weekly = False,
    as_json: AsJson = False,
) -> None:
    """Send the summary now, and whatever else waits to be told.

    Exit code 0 when all of it went out, 3 when a part waits for another try, 1 when nothing went out.
    """
    with busy("Sending the summary…"):
        sent, waiting = with_app(ctx, lambda app: _send(app, is_weekly=weekly))
    if as_json:
        say_json({"sent": sent, "waiting": waiting})
    else:
        say(f"Sent: {sent}. Waiting for another try: {waiting}.")
    if waiting:
        raise typer.Exit(faults.PARTLY_FAILED if sent else faults.FAILED)


async def _send(app: App, *, is_weekly: bool) -> tuple[int, int]:
    if not app.notifier.channels:
        raise ConfigError(
            "No channel is configured.",
            why="`alerts.urls` is empty, so the summary would reach nobody.",
            try_="Put an Apprise URL under [alerts], then run `goodname notify test`.",
        )
    return await app.messages.send_digest(is_weekly=is_weekly)
