"""`goodname config`: check the configuration, show it without secrets, print an example and the schema."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, note, say, say_json
from monitor.cli.session import session_of
from monitor.errors import ConfigError, MonitorError

if TYPE_CHECKING:
    from monitor.settings import Settings

group = command_group("Check and show the configuration.")


class Which(StrEnum):
    """Say which example file is meant."""

    GOODNAME = "goodname"
    WATCHLIST = "watchlist"


@group.callback()
def _config() -> None:
    """Check and show the configuration."""


@group.command()
def check(
    ctx: typer.Context,
    *,
    as_json: AsJson = False,
) -> None:
    """Read the configuration and everything it names, and list every fault at once.

    Looks at the file, overrides from the environment, secret files, the watch list, each source's own settings and
    the channels. Contacts nobody but, where work is shared, the database. Exit code 2 when there is a fault; a warning
    alone is 0.
    """
    from monitor.bootstrap import check_config

    path = session_of(ctx).path()
    report = check_config(path)
    if report.settings and report.settings.queue.engine == "pgqueuer":
        report = replace(report, faults=(*report.faults, *_try_queue(report.settings)))
    if as_json:
        say_json({"file": path, "ok": not report.faults, "faults": report.faults, "warnings": report.warnings})
        raise typer.Exit(faults.USAGE if report.faults else faults.OK)
    for warning in report.warnings:
        note(f"Warning: {warning}")
    if report.faults:
        raise ConfigError(f"{path} cannot be used as it is.", faults=report.faults, try_=_next_step(report.faults))
    say(f"{path} is in order.")


def _try_queue(settings: Settings) -> tuple[str, ...]:
    """Open the shared queue and close it again; gives what is wrong with it."""
    from monitor.workers import open_queue

    async def opened() -> None:
        async with open_queue(settings.store.url.get_secret_value()):
            return

    try:
        asyncio.run(opened())
    except MonitorError as error:
        return (f"[queue]: {error}",)
    return ()


def _next_step(found: tuple[str, ...]) -> str:
    rest = "it" if len(found) == 1 else "them"
    return f"Mend {rest} in the file, then run `goodname config check` again."


@group.command()
def show(
    ctx: typer.Context,
    *,
    redacted: Annotated[  # the word is accepted and changes nothing
        bool, typer.Option("--redacted", help="Hide secrets; they are always hidden, and the word says so.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Show the configuration in force: file, environment, secret files and what the page added; secrets hidden."""
    from monitor.cli.redact import redacted as without_secrets
    from monitor.cli.toml import write_toml
    from monitor.plugins import load_connectors
    from monitor.settings import read_added, with_added

    assert redacted
    path = session_of(ctx).path()
    settings = session_of(ctx).settings()
    shown = without_secrets(with_added(settings, read_added(settings.data_dir)), load_connectors())
    if as_json:
        say_json({"file": path, "settings": shown})
    else:
        say(f"# In force, from {path} and overrides; secrets are hidden.", write_toml(shown).rstrip("\n"))


@group.command()
def example(
    which: Annotated[Which, typer.Argument(help="Which file.")] = Which.GOODNAME,
) -> None:
    """Print an example file with every key, its default and its meaning."""
    from monitor.settings import example_settings, example_watchlist

    text = example_settings() if which is Which.GOODNAME else example_watchlist()
    say(text.rstrip("\n"))


@group.command()
def schema() -> None:
    """Print the JSON Schema of goodname.toml and watchlist.toml, for editors that check while you write."""
    from monitor.settings import settings_schema

    say(settings_schema().rstrip("\n"))
