"""Put the parts together; nothing else knows which adapter stands behind a port."""

from collections.abc import Callable
from pathlib import Path

from monitor.backup import Contents
from monitor.bootstrap.app import App, open_app
from monitor.bootstrap.backup import Wanted, write_backup
from monitor.bootstrap.check import ConfigReport, check_config
from monitor.bootstrap.cycle import CycleReport
from monitor.bootstrap.keeping import EvidenceDesk, pinned_certificates
from monitor.bootstrap.restore import Restored, Wish, restore_backup
from monitor.evidence import check_export, find_chromium, is_export, verify_path
from monitor.notify import render_file
from monitor.ports import Verification
from monitor.settings import ServiceManager, Settings, service_manager

__all__ = [
    "App",
    "ConfigReport",
    "Contents",
    "CycleReport",
    "EvidenceDesk",
    "Restored",
    "ServiceManager",
    "Settings",
    "Wanted",
    "Wish",
    "check_config",
    "find_chromium",
    "open_app",
    "pinned_certificates",
    "render_file",
    "restore_backup",
    "service_manager",
    "verify_evidence",
    "write_backup",
]


def verify_evidence(
    path: Path, head: str = "", *, pinned: bytes = b"", progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check stored evidence below a folder, or an export, without the database.

    `head` is a chain head kept outside the machine, `pinned` are certificates (PEM) of time stamp authorities.
    `progress` is told how many captures of how many are checked.
    """
    if is_export(path):
        return check_export(path, head=head, pinned=pinned)
    return verify_path(path, head=head, pinned=pinned, progress=progress)
