"""Make the blurred pictures that mails show of kept pages; whatever cannot be read is left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from monitor.blur import blurred
from monitor.domain import Artifact, ArtifactRole, Capture, Hit, by_weight
from monitor.errors import MonitorError
from monitor.ports import Store, Vault

log = logging.getLogger("goodname.thumbnails")

WIDTH, HEIGHT = 160, 100
GRAINS = 8
MOST = 12
MOST_BYTES = 100_000
_LARGEST_READ = 60 * 1024 * 1024
_ROLES = (ArtifactRole.CLIP, ArtifactRole.SCREENSHOT)


def thumbnails(store: Store, vault: Vault, found: Iterable[Hit], *, most_bytes: int = MOST_BYTES) -> dict[str, bytes]:
    """Give a blurred JPEG for each capture of the heaviest hits, by the capture's id.

    At most `MOST` hits are looked at and at most `most_bytes` given in all. Every file is checked against its hash. A
    picture that is missing, damaged or too large to open safely is left out: a message never waits for one.
    """
    pictures: dict[str, bytes] = {}
    for capture_id in dict.fromkeys(hit.capture_id for hit in by_weight(found)[:MOST] if hit.capture_id):
        picture = _thumbnail(store, vault, capture_id)
        if picture and sum(map(len, pictures.values())) + len(picture) <= most_bytes:
            pictures[capture_id] = picture
    return pictures


def _thumbnail(store: Store, vault: Vault, capture_id: str) -> bytes | None:
    try:
        kept = store.capture(capture_id)
    except MonitorError as error:
        log.warning("a capture for a mail's picture is not there", extra={"capture": capture_id, "why": str(error)})
        return None
    for artifact in _pictures_of(kept):
        try:
            body = vault.read(capture_id, artifact.path)
        except MonitorError as error:
            log.warning("a picture for a mail cannot be read", extra={"capture": capture_id, "why": str(error)})
            continue
        made = blurred(body, width=WIDTH, height=HEIGHT, grains=GRAINS, form="JPEG")
        if made:
            return made
    return None


def _pictures_of(kept: Capture) -> list[Artifact]:
    """Give the pictures a capture has of the page: of the post itself first, then of all of it."""
    wanted = [one for one in kept.artifacts if one.role in _ROLES and one.size <= _LARGEST_READ]
    return sorted(wanted, key=lambda one: _ROLES.index(one.role))
