"""`goodname ack`: say that you have seen what was told of a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, say, say_json
from monitor.cli.session import login, with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App


def ack(
    ctx: typer.Context,
    mention: Annotated[int, typer.Argument(help="The number of a mention that you were told of.")],
    *,
    undo: Annotated[bool, typer.Option("--undo", help="Be told of repeats again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that you have seen it. Repeats wait for the summary until something more serious comes; dangers are told."""

    async def work(app: App) -> bool:
        from monitor.jobs import telling

        if undo:
            return telling.take_back(app.store, mention, login(), app.clock.now())
        telling.acknowledge(app.store, mention, login(), app.clock.now())
        return True

    is_changed = with_app(ctx, work)
    if as_json:
        say_json({"mention": mention, "acknowledged": not undo, "changed": is_changed})
    elif undo:
        say("You are told of repeats again." if is_changed else "It was not acknowledged, so nothing changed.")
    else:
        say("Seen. What repeats the same is left to the summary until something more serious comes.")
