"""What a service manager tells the process through its environment."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class ServiceManager:
    """Hold systemd's notification socket (empty: none) and watchdog period in seconds (0: none)."""

    notify_socket: str = ""
    watchdog_s: float = 0.0


def service_manager() -> ServiceManager:
    """Read NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID as sd_notify(3) and sd_watchdog_enabled(3) define them."""
    period = os.environ.get("WATCHDOG_USEC", "")
    meant_for = os.environ.get("WATCHDOG_PID", "") or str(os.getpid())
    watched = period.isdigit() and meant_for == str(os.getpid())
    return ServiceManager(
        notify_socket=os.environ.get("NOTIFY_SOCKET", ""), watchdog_s=int(period) / 1_000_000 if watched else 0.0
    )
