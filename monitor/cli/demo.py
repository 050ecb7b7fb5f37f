"""`goodname demo`: the program at work on a small invented world."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from monitor.demo import Folder, World
    from monitor.settings import Settings


def demo(
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Stay up and go on watching until Ctrl-C.")] = False,
    directory: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A new or empty folder; else ./demo-world, demo-world-2 …")
    ] = None,
    browser: Annotated[
        str, typer.Option(metavar="auto|off|PATH", help="How pages are kept, as under [capture] browser.")
    ] = "auto",
) -> None:
    """Try it on a small invented world: no accounts, no internet.

    Starts an invented town's sites, a mailbox and a webhook on this machine, watches them through two passes, and
    shows what was found, kept, told, and not checked. Ends 0 when everything went as it must, else 1.
    """
    import asyncio

    from monitor.demo import World, new_folder, write_configuration
    from monitor.logs import set_up_logging

    folder = new_folder(directory)
    with World(folder.root) as world, (folder.root / "goodname.log").open("a", encoding="utf-8") as log:
        settings = _own_settings(write_configuration(folder, world, browser=browser), folder)
        set_up_logging(settings.log_level, log)
        faults = asyncio.run(_show(settings, folder, world))
        if keep and not faults:
            _stay(settings)
    raise typer.Exit(1 if faults else 0)


def _own_settings(path: Path, folder: Folder) -> Settings:
    """Read the configuration; ConfigError when the environment would send the demonstration elsewhere."""
    from monitor.errors import ConfigError
    from monitor.settings import load_settings

    settings = load_settings(path)
    is_inside = settings.data_dir == folder.root / "data" and not settings.store.url.get_secret_value()
    if is_inside and len(settings.alerts.urls) == 2:
        return settings
    raise ConfigError(
        "The demonstration would not stay in its own folder.",
        why="Variables that start with GOODNAME_, or secret files, change its configuration.",
        try_="Run `env -u GOODNAME_DATA_DIR -u GOODNAME_STORE__URL -u GOODNAME_ALERTS__URLS goodname demo`.",
    )


async def _show(settings: Settings, folder: Folder, world: World) -> tuple[str, ...]:
    import sys

    from monitor.bootstrap import open_app
    from monitor.demo import Stage, Teller, show

    command = "from monitor.cli import main; main()"
    async with open_app(settings) as app:
        stage = Stage(
            world=world,
            folder=folder,
            product=app,
            teller=Teller(),
            verify=(sys.executable, "-c", command, "--config", str(folder.settings), "evidence", "verify"),
            has_browser=app.capture_mode.chromium is not None,
            kept_how=str(app.capture_mode).replace("no browser:", "no browser, so without pictures:"),
        )
        return await show(stage)


def _stay(settings: Settings) -> None:
    import asyncio

    from monitor import daemon

    typer.echo(f"\nStill watching; http://{settings.web.bind}/healthz tells how it is. Ctrl-C ends it.", err=True)
    asyncio.run(daemon.serve(settings))
