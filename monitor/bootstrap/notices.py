"""Tell whoever supervises a process how it is: systemd, or anything else that listens as systemd does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from monitor.settings import ServiceManager


class Notices:
    """Tell systemd how the process is (sd_notify(3)); does nothing without a notification socket."""

    def __init__(self, manager: ServiceManager) -> None:
        self._watchdog_s = manager.watchdog_s
        self._address = "\0" + manager.notify_socket[1:] if manager.notify_socket[:1] == "@" else manager.notify_socket

    def send(self, state: str) -> None:
        """Send one state such as "READY=1"; a service manager that does not listen is no fault of ours."""
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as speaker:
            speaker.settimeout(0)  # a service manager that does not read must not hold up the service
            speaker.sendto(state.encode(), self._address)

    async def feed_watchdog(self, is_well: Callable[[], bool]) -> None:
        """Say that the process is well, while it is, three times as often as systemd asks, if it does."""
        while self._watchdog_s:
            if is_well():
                self.send("WATCHDOG=1")
            await asyncio.sleep(self._watchdog_s / 3)
