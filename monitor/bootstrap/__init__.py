"""Put the parts together; nothing else knows which adapter stands behind a port."""

from collections.abc import Callable
from pathlib import Path

from monitor.bootstrap.app import App, open_app
from monitor.bootstrap.check import ConfigReport, check_config
from monitor.bootstrap.cycle import CycleReport
from monitor.bootstrap.keeping import EvidenceDesk, pinned_certificates
from monitor.bootstrap.notices import Notices
from monitor.bootstrap.side_by_side import Polls
from monitor.bootstrap.told import TOLD, ToldNote
from monitor.bootstrap.vaults import verify_objects
from monitor.evidence import find_chromium, verify_path
from monitor.notify import render_file
from monitor.ports import Verification
from monitor.settings import ServiceManager, Settings, service_manager

__all__ = [
    "TOLD",
    "App",
    "ConfigReport",
    "CycleReport",
    "EvidenceDesk",
    "Notices",
    "Polls",
    "ServiceManager",
    "Settings",
    "ToldNote",
    "check_config",
    "find_chromium",
    "open_app",
    "pinned_certificates",
    "render_file",
    "service_manager",
    "verify_evidence",
    "verify_objects",
]


def verify_evidence(
    path: Path, head: str = "", *, pinned: bytes = b"", progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check stored evidence below a folder, or an export, without the database.

    `head` is a chain head kept outside the machine, `pinned` are certificates (PEM) of time stamp authorities.
    `progress` is told how many captures of how many are checked.
    """
    from monitor.evidence import check_export, is_export  # noqa: PLC0415 # few runs read one

    if is_export(path):
        return check_export(path, head=head, pinned=pinned)
    return verify_path(path, head=head, pinned=pinned, progress=progress)
