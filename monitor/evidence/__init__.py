"""Keep pages as evidence, in a form that anyone can check.

`BrowserCapturer` needs the Playwright package, `Calendars` the one for OpenTimestamps; each is loaded when it is first
asked for, so that everything else here works without it; so is all that keeps objects, whose library takes memory that
few installations need to spend, and what writes and reads exports.
"""

from typing import TYPE_CHECKING

from monitor.evidence.chromium import find_chromium, missing_browser
from monitor.evidence.copying import EvidenceFiles, evidence_files
from monitor.evidence.films import FilmKeeper
from monitor.evidence.looker import PageLooker
from monitor.evidence.plain import PlainCapturer
from monitor.evidence.proxies import BrowserProxy
from monitor.evidence.sealed import SealedCaptures
from monitor.evidence.timestamps import Authorities
from monitor.evidence.tokens import read_pinned
from monitor.evidence.vault import FileVault
from monitor.evidence.verify import check_store, verify_path

if TYPE_CHECKING:
    from monitor.evidence.calendars import Calendars
    from monitor.evidence.capture import BrowserCapturer
    from monitor.evidence.copies import ObjectCopies
    from monitor.evidence.export import FileExporter, check_export, is_export
    from monitor.evidence.moving import is_sent, require_whole, send_evidence
    from monitor.evidence.object_vault import ObjectPlace, ObjectVault
    from monitor.evidence.objects import Objects

__all__ = [
    "Authorities",
    "BrowserCapturer",
    "BrowserProxy",
    "Calendars",
    "EvidenceFiles",
    "FileExporter",
    "FileVault",
    "FilmKeeper",
    "ObjectCopies",
    "ObjectPlace",
    "ObjectVault",
    "Objects",
    "PageLooker",
    "PlainCapturer",
    "SealedCaptures",
    "check_export",
    "check_store",
    "evidence_files",
    "find_chromium",
    "is_export",
    "is_sent",
    "missing_browser",
    "read_pinned",
    "require_whole",
    "send_evidence",
    "verify_path",
]


def __getattr__(name: str) -> object:
    """Load what not every installation uses; ModuleNotFoundError when its extra is not installed."""
    if name == "BrowserCapturer":
        from monitor.evidence.capture import BrowserCapturer  # noqa: PLC0415  # Playwright is an extra

        return BrowserCapturer
    if name == "ObjectCopies":
        from monitor.evidence.copies import ObjectCopies  # noqa: PLC0415  # obstore is heavy

        return ObjectCopies
    if name == "Objects":
        from monitor.evidence.objects import Objects  # noqa: PLC0415  # obstore is heavy

        return Objects
    if name in ("ObjectPlace", "ObjectVault"):
        from monitor.evidence import object_vault  # noqa: PLC0415  # obstore is heavy

        return getattr(object_vault, name)
    if name in ("is_sent", "require_whole", "send_evidence"):
        from monitor.evidence import moving  # noqa: PLC0415  # obstore is heavy

        return getattr(moving, name)
    if name == "Calendars":
        from monitor.evidence.calendars import Calendars  # noqa: PLC0415  # OpenTimestamps is an extra

        return Calendars
    if name in ("FileExporter", "check_export", "is_export"):
        from monitor.evidence import export  # noqa: PLC0415  # few runs write or read one

        return getattr(export, name)
    raise AttributeError(name)
