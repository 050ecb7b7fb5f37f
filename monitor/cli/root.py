"""The command `goodname` itself: the options before the command, and the one place where every error ends."""

from __future__ import annotations

import shlex
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException
from typer.main import get_command

from monitor import __version__
from monitor.cli import faults
from monitor.cli.commands import COMMANDS
from monitor.cli.group import HelpfulGroup, LazyCommands
from monitor.cli.session import Session, session_of
from monitor.errors import MonitorError

_MAY_FOLLOW = {"--config": True, "--debug": False}
"""Options of `goodname` that may also stand behind the command, and whether a value follows them."""


def options_first(args: list[str]) -> list[str]:
    """Move the options of `goodname` itself before the command, so that people may write them behind it."""
    first: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word.partition("=")[0] not in _MAY_FOLLOW:
            rest.append(word)
        else:
            first.append(word)
            if _MAY_FOLLOW.get(word):
                first += [value for value in (next(words, None),) if value is not None]
    return first + rest


class RootGroup(HelpfulGroup):
    """Load commands when they are called, and let every error end in words and an exit code."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 # handed on to typer as they came
        super().__init__(**{**settings, "commands": {}})
        self.commands = LazyCommands(COMMANDS)

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401 # typer keeps the type to itself
        """Name the commands without loading them."""
        return list(self.commands)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 # typer keeps the types to itself
        """Write the list of commands from their summaries."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 # typer keeps the type to itself
        """Read the options before the command."""
        return super().parse_args(ctx, options_first(args))

    def main(  # the parameters are typer's
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Run one command and leave with its exit code; wrong calls are told as all errors are."""
        try:
            ended = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except TyperException as error:
            faults.show(_wrong_call(error))
            ended = getattr(error, "exit_code", faults.USAGE)
        except typer.Abort:
            faults.show(faults.Fault(what="Stopped at your wish; nothing more was done."))
            ended = faults.FAILED
        code = ended if isinstance(ended, int) else faults.OK
        return sys.exit(code) if standalone_mode else code

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 # typer keeps the type to itself
        """Run the chosen command; an error of ours becomes What, Why and Try."""
        try:
            return super().invoke(ctx)
        except MonitorError as error:
            self._trace(ctx)
            faults.show(faults.describe(error))
            raise typer.Exit(faults.exit_code(error)) from None

    @staticmethod
    def _trace(ctx: Any) -> None:  # noqa: ANN401 # typer keeps the type to itself
        if session_of(ctx).debug:
            from monitor.logs import redact

            typer.echo(redact(traceback.format_exc()), err=True)


def _wrong_call(error: TyperException) -> faults.Fault:
    ctx = getattr(error, "ctx", None)
    command = ctx.command_path if ctx is not None else "goodname"
    return faults.Fault(what=error.format_message(), try_=f"Run `{command} --help`.")


app = typer.Typer(
    cls=RootGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="--config and --debug may also stand behind the command. Every command has its own --help.",
)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"goodname {__version__}")
        raise typer.Exit


@app.callback()
def goodname(
    ctx: typer.Context,
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="The configuration: else GOODNAME_CONFIG, ./goodname.toml, your config folder."
        ),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the full trace of an error.")] = False,
    version: Annotated[  # answered by its callback
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Watch for false statements about you, keep the evidence, stay calm."""
    ctx.obj = Session(config=config, debug=debug)


def last_words(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Put an error that nobody foresaw into words, without its message, which may hold anything; for sys.excepthook.

    With --debug the whole trace is written, with what looks like a secret masked.
    """
    if "--debug" in sys.argv:
        from monitor.logs import redact

        typer.echo(redact("".join(traceback.format_exception(kind, error, trace))), err=True)
    faults.show(faults.describe_unforeseen(error, shlex.join(["goodname", "--debug", *sys.argv[1:]])))


def main() -> None:
    """Run the command line; the entry point of the command `goodname`."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    sys.excepthook = last_words
    get_command(app)()
