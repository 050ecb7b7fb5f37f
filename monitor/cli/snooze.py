"""`goodname snooze`: leave what repeats one statement to the summary for a while."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, say, say_json
from monitor.cli.session import login, with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App


def snooze(
    ctx: typer.Context,
    mention: Annotated[int, typer.Argument(help="The number of a mention that you were told of.")],
    *,
    span: Annotated[str, typer.Option("--for", help="How long, from 1h to 30d.")] = "3d",
    as_json: AsJson = False,
) -> None:
    """Leave what repeats the same statement to the summary for a while. Dangers are still told, pages still kept."""
    from monitor.settings import parse_duration

    try:
        wanted = parse_duration(span)
    except ValueError as error:
        raise InputError(f"{span!r} is no length of time.", why=f"{error}.", try_="Say --for 3d.") from None
    assert isinstance(wanted, timedelta)  # what is not a text comes back as it is

    async def work(app: App) -> datetime:
        from monitor.jobs import telling

        return telling.snooze(app.store, mention, wanted, app.clock.now(), by=login())

    until = with_app(ctx, work)
    if as_json:
        say_json({"mention": mention, "until": until})
    else:
        say(f"What repeats the same is left to the summary until {until:%Y-%m-%d %H:%M} UTC.")
