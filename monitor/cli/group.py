"""Make groups of commands that answer a bare call with their help, and load a command only when it is called."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

from monitor.cli.faults import USAGE

_HELP_NAMES = {"help_option_names": ["-h", "--help"]}

Command = TyperCommand | TyperGroup


class HelpfulGroup(TyperGroup):
    """Show the help, with the exit code of a wrong call, when no command is given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 # typer keeps the type to itself
        """Read the words after the group's name."""
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)


def command_group(summary: str) -> typer.Typer:
    """Make an empty group; help stays plain text, because drawing boxes costs more than all the rest of `--help`."""
    return typer.Typer(
        cls=HelpfulGroup,
        help=summary,
        rich_markup_mode=None,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings=_HELP_NAMES,
    )


def single(name: str, function: Callable[..., None]) -> Command:
    """Make a command that stands alone, from the function that does it."""
    holder = typer.Typer(
        rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, context_settings=_HELP_NAMES
    )
    holder.command(name)(function)
    return _known(get_command(holder))


def grouped(name: str, group: typer.Typer) -> Command:
    """Make a group of commands ready to be called, however few it holds."""
    made = get_group(group)
    made.name = name
    return _known(made)


def _known(made: object) -> Command:
    assert isinstance(made, TyperCommand | TyperGroup)
    return made


@dataclass(frozen=True, slots=True)
class Entry:
    """Name one command before it is loaded: its summary for the list, and how to load it."""

    summary: str
    load: Callable[[], Command]


class LazyCommands(MutableMapping[str, Any]):
    """Hold commands by name, each loaded at its first use."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = dict(entries)
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 # typer's own base type is private
        """Load a command; KeyError when there is none of this name."""
        if name not in self._loaded:
            self._loaded[name] = self._entries[name].load()
        return self._loaded[name]

    def __setitem__(self, name: str, command: Any) -> None:  # noqa: ANN401 # see __getitem__
        """Put a loaded command under a name."""
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        """Forget a command."""
        self._loaded.pop(name, None)
        del self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names without loading anything."""
        return iter({**self._entries, **self._loaded})

    def __len__(self) -> int:
        """Count the names."""
        return len({**self._entries, **self._loaded})
