"""`goodname notify`: try every channel, and put one back that was switched off."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, busy, count_in_words, say, say_json, say_table
from monitor.cli.session import with_app
from monitor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.errors import DeliveryError

    _Outcomes = tuple[tuple[str, DeliveryError | None], ...]

group = command_group("Test how you are told, and put a channel back.")


class Sample(StrEnum):
    """Say what a test message is made of."""

    LAST_HIT = "last-hit"


@group.callback()
def _notify() -> None:
    """Test how you are told, and put a channel back."""


@group.command("test")
def try_channels(
    ctx: typer.Context,
    sample: Annotated[
        Sample | None, typer.Option("--with", help="Send the alert of your newest hit instead of a test message.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Send a message on every channel, now; for each that fails, say what happened, why, and what to try.

    Exit code 0 when every channel took it, 3 when some did, 1 when none did, 2 when none is configured.
    """
    with busy("Sending…"):
        outcomes, tags = with_app(ctx, lambda app: _send(app, sample))
    if as_json:
        say_json([_as_json(channel, error, tags.get(channel, ())) for channel, error in outcomes])
    else:
        rows = [
            [channel, ", ".join(tags.get(channel, ())) or "everything", "failed" if error else "sent"]
            for channel, error in outcomes
        ]
        say_table(["CHANNEL", "TAKES", "OUTCOME"], rows)
        for _, error in outcomes:
            if error:
                faults.show(faults.describe(error))
    failed = [channel for channel, error in outcomes if error]
    if failed:
        raise typer.Exit(faults.FAILED if len(failed) == len(outcomes) else faults.PARTLY_FAILED)


@group.command("enable")
def enable(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="The channel's name, as `goodname status` shows it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Send on a channel again that was switched off, because it refused again and again, or paused.

    What went to the other channels alone meanwhile is named; it is not sent again.
    """
    was = with_app(ctx, lambda app: _enable(app, name))
    if as_json:
        say_json(was)
        return
    say(f"{name} is sent to again.")
    if was["missed"]:
        count = count_in_words(len(was["missed"]), "alert")
        say(f"While it was off, {count} went to the other channels alone: {', '.join(map(str, was['missed']))}.")
    say("Try it: goodname notify test")


async def _enable(app: App, name: str) -> dict[str, Any]:
    from monitor.bootstrap.added import put_back
    from monitor.jobs.channels import missed_on

    was = put_back(app, name)
    missed = missed_on(app.store, name, was.since) if was else ()
    return {"channel": name, "was_off": was is not None, "why": was.why if was else "", "missed": missed}


async def _send(app: App, sample: Sample | None) -> tuple[_Outcomes, dict[str, tuple[str, ...]]]:
    from monitor.bootstrap.added import channel_states
    from monitor.ports import HitFilter

    if not app.notifier.channels:
        raise ConfigError(
            "No channel is configured.",
            why="`alerts.urls` is empty, so nobody would be told anything.",
            try_='Put an Apprise URL under [alerts], such as urls = ["mailto://user:password@example.org"].',
        )
    hits = app.store.hits(HitFilter(limit=1)) if sample else ()
    if sample and not hits:
        raise InputError(
            "There is no hit to send yet.",
            why="Nothing about anybody watched has been found so far.",
            try_="Run `goodname notify test` without --with.",
        )
    tags = {one.name: one.takes for one in channel_states(app.store, app.notifier)}
    return await app.messages.send_test(hits[0] if hits else None), tags


def _as_json(channel: str, error: DeliveryError | None, takes: Sequence[str]) -> dict[str, object]:
    said = {"error": str(error), "why": error.why, "try": error.try_} if error else {"error": None}
    return {"channel": channel, "takes": takes, "sent": error is None, **said}
