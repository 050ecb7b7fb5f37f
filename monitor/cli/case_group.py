"""The group `goodname case`, and what its commands share."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from monitor.cli.group import command_group
from monitor.cli.screen import printable
from monitor.errors import InputError

group = command_group("Take confirmed repeats through the six steps, from a plan to a packet for counsel.")

CaseId = Annotated[int, typer.Argument(metavar="ID", help="The case, as `goodname case list` shows it.")]
Mentions = Annotated[list[int] | None, typer.Option("--mention", metavar="ID", help="A confirmed mention; may repeat.")]
Because = Annotated[str, typer.Option("--because", metavar="TEXT", help="Your reason; it is kept with the case.")]
Facts = Annotated[
    list[str] | None, typer.Option("--fact", metavar="NAME=TEXT", help="Give a part in your words; kept with the case.")
]


@group.callback()
def _case() -> None:
    """Take confirmed repeats through the six steps, from a plan to a packet for counsel."""


def day_of(text: str, option: str) -> date | None:
    """Read a day written as YYYY-MM-DD, None for an empty text; InputError otherwise."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{option} is not a day: {printable(text, limit=40)!r}.",
            why="Days are written YYYY-MM-DD.",
            try_=f"Write {option} 2026-11-25.",
        ) from None


def facts_of(given: list[str] | None) -> dict[str, str]:
    """Read facts written as NAME=TEXT; InputError for one that is not."""
    facts = {}
    for text in given or []:
        name, sign, value = text.partition("=")
        if not sign:
            raise InputError(f"--fact is written NAME=TEXT, not {text!r}.", try_='Write --fact meaning="…".')
        facts[name.strip()] = value
    return facts
