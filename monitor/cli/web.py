"""`goodname web`: the page in the browser, without the service, and one-time links into it."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, say, say_json
from monitor.cli.session import with_app
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.bootstrap import App


def web(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="[NAME]", help="With --link: whose password is set anew.")] = "",
    *,
    link: Annotated[bool, typer.Option("--link", help="Only print a one-time link into the page, and end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show the page in the browser, or print a one-time link into it; `goodname run` shows it too.

    As long as nobody has an account, a one-time link is printed with which to make the first. It works once and for
    an hour. Ctrl-C ends it.
    """
    with_app(ctx, (lambda app: _link(app, name, as_json=as_json)) if link else _serve)


async def _link(app: App, name: str, *, as_json: bool) -> None:
    from monitor.bootstrap.web import setup_path

    origin = app.settings.web.address or f"http://{app.settings.web.bind}"
    address = f"{origin}{setup_path(app, name)}"
    if as_json:
        say_json({"link": address})
    else:
        say(address)


async def _serve(app: App) -> None:
    from monitor.bootstrap.web import probe_of, setup_path, web_server

    server = web_server(app, lambda: probe_of(app))
    if server is None:
        raise ConfigError(
            "The web page is switched off.", why='`bind` under [web] is "off".', try_="Set an address there."
        )
    await server.start()
    origin = app.settings.web.address or f"http://{server.address}"
    say(f"The page is at {origin}/ until you press Ctrl-C.")
    if not app.store.accounts():
        say(f"Make your account with this link; it works once: {origin}{setup_path(app)}")
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await server.stop()
