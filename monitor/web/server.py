"""Serve the web application inside the daemon's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from monitor.errors import ConfigError, why_of


class _QuietServer(uvicorn.Server):
    """Leave signals to the daemon."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: the daemon decides when to stop."""
        yield


class WebServer:
    """Hold a web server that starts and stops with the daemon."""

    def __init__(self, app: FastAPI, bind: str) -> None:
        host, _, port = bind.rpartition(":")
        self._host, self._port = host.strip("[]"), int(port)
        config = uvicorn.Config(
            app, log_config=None, access_log=False, server_header=False, lifespan="off", timeout_graceful_shutdown=3
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None
        self._socket: socket.socket | None = None

    @property
    def address(self) -> str:
        """Give "host:port" as bound, or an empty string before `start`."""
        if self._socket is None:
            return ""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def start(self) -> None:
        """Bind and serve; ConfigError when the address is taken or not this machine's."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((self._host, self._port))
            bound.listen(128)
        except OSError as error:
            bound.close()
            raise ConfigError(
                f"The web page cannot listen on {self._host}:{self._port}.",
                why=why_of(error),
                try_='Set another address under [web] bind, or "off".',
            ) from None
        self._socket = bound
        self._task = asyncio.create_task(self._server.serve(sockets=[bound]), name="web")

    async def stop(self) -> None:
        """Stop serving; idempotent."""
        if self._task:
            self._server.should_exit = True
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        if self._socket:
            self._socket.close()
            self._socket = None
