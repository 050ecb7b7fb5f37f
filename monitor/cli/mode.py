"""`goodname pause|handover|storm`: how you are told for now. Evidence is kept the same all the while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, say, say_json
from monitor.cli.session import with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.jobs.telling import Mode


class Switch(StrEnum):
    """Say on or off."""

    ON = "on"
    OFF = "off"


def pause(
    ctx: typer.Context,
    days: Annotated[str, typer.Argument(metavar="1|7|30|off", help="For how many days, or `off` to be told again.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Pause all messages for 1, 7 or 30 days. Watching and keeping evidence go on; one summary follows the pause."""
    from monitor.jobs import telling

    if days not in ("off", *map(str, telling.PAUSES)):
        raise InputError(
            f"Messages cannot be paused for {days!r}.", why="A pause has an end.", try_="Choose 1, 7, 30 or off."
        )

    def change(mode: Mode, app: App) -> Mode:
        if days == "off":
            return replace(mode, paused_until=None)
        return telling.pause(mode, int(days), app.clock.now())

    _set(ctx, change, as_json=as_json)


def handover(
    ctx: typer.Context,
    switch: Annotated[Switch, typer.Argument(help="on: your helper is told everything, you get the summary alone.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Hand the watch over to your helper, or take it back."""
    _set(ctx, lambda mode, app: replace(mode, is_handed_over=_with_helper(app, switch)), as_json=as_json)


def storm(
    ctx: typer.Context,
    switch: Annotated[Switch, typer.Argument(help="on: for days when very much comes in.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Turn storm mode on or off: your helper is told everything, you get one mail a day."""
    _set(ctx, lambda mode, app: replace(mode, is_storm=_with_helper(app, switch)), as_json=as_json)


def _with_helper(app: App, switch: Switch) -> bool:
    from monitor.jobs import telling

    if switch is Switch.ON:
        telling.require_helper(app.manner)
    return switch is Switch.ON


def _set(ctx: typer.Context, change: Callable[[Mode, App], Mode], *, as_json: bool) -> None:
    from monitor.jobs import telling

    async def work(app: App) -> Mode:
        mode = change(telling.mode_of(app.store), app)
        telling.keep_mode(app.store, mode)
        return mode

    mode = with_app(ctx, work)
    if as_json:
        say_json(mode)
    else:
        say(*mode_in_words(mode))


def mode_in_words(mode: Mode) -> list[str]:
    """Say how a person is told for now."""
    lines = []
    if mode.paused_until is not None:
        lines.append(f"Messages are paused until {mode.paused_until:%Y-%m-%d %H:%M} UTC. Pages are kept all the while.")
    if mode.is_storm:
        lines.append("Storm mode: your helper is told everything, you get one summary a day.")
    elif mode.is_handed_over:
        lines.append("Handed over: your helper is told everything, you get one summary a day.")
    return lines or ["You are told in the ordinary way."]
