"""Put the parts together; nothing else knows which adapter stands behind a port."""

from pathlib import Path

from monitor.bootstrap.app import App, CycleReport, open_app
from monitor.bootstrap.check import ConfigReport, check_config
from monitor.evidence import find_chromium, verify_path
from monitor.notify import render_file
from monitor.ports import Verification
from monitor.settings import ServiceManager, Settings, service_manager

__all__ = [
    "App",
    "ConfigReport",
    "CycleReport",
    "ServiceManager",
    "Settings",
    "check_config",
    "find_chromium",
    "open_app",
    "render_file",
    "service_manager",
    "verify_evidence",
]


def verify_evidence(path: Path, head: str = "") -> Verification:
    """Check stored evidence below a folder without the database; `head` is a chain head kept outside the machine."""
    return verify_path(path, head=head)
