"""Choose where evidence is kept first: a folder of this machine, or an object store that several machines share."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from monitor.clock import SystemClock
from monitor.errors import ConfigError, EvidenceError
from monitor.evidence import FileVault, check_store
from monitor.ports import Clock, Verification
from monitor.settings import Settings

if TYPE_CHECKING:
    from monitor.evidence import Objects, ObjectVault

FOLDER = "evidence"
"""The folder among the data: the evidence itself, or what this machine keeps beside an object store."""


def build_vault(settings: Settings, clock: Clock) -> FileVault | ObjectVault:
    """Make the vault; nothing is asked of an object store yet. ConfigError for an address that is none."""
    reserve = settings.capture.reserve_mb * 1024 * 1024
    local = settings.data_dir / FOLDER
    if not settings.evidence.url:
        return FileVault(local, clock=clock, actor="goodname", reserve_bytes=reserve)
    from monitor.evidence import ObjectVault  # noqa: PLC0415 # loads obstore: only where evidence is kept there

    cache = settings.evidence.cache_mb << 20
    objects = evidence_objects(settings)
    return ObjectVault(objects, local, clock=clock, actor="goodname", reserve_bytes=reserve, cache_bytes=cache)


def evidence_objects(settings: Settings) -> Objects:
    """Open the object store that is named under [evidence]; ConfigError for an address that is none."""
    from monitor.evidence import Objects  # noqa: PLC0415 # as above

    wanted = settings.evidence
    options = {
        "endpoint": wanted.endpoint,
        "region": wanted.region,
        "access_key_id": wanted.key_id.get_secret_value(),
        "secret_access_key": wanted.secret.get_secret_value(),
    }
    try:
        return Objects(wanted.url, options)
    except EvidenceError as error:
        raise ConfigError("Evidence cannot be kept there.", faults=(f"`evidence.url`: {error.why}",)) from None


def verify_objects(
    settings: Settings, head: str, *, pinned: bytes, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check evidence in the object store, reading each object in pieces; EvidenceError when it cannot be reached."""
    from monitor.evidence import ObjectPlace  # noqa: PLC0415 # as above

    try:
        return check_store(ObjectPlace(evidence_objects(settings)), head=head, pinned=pinned, progress=progress)
    except OSError as error:
        raise EvidenceError(
            "The evidence cannot be read.",
            why=error.strerror or str(error),
            try_="Check [evidence] in the configuration with `goodname config check`.",
        ) from error


def head_of_objects(settings: Settings) -> str:
    """Give the end of the custody log in the object store; EvidenceError when it cannot be reached."""
    return build_vault(settings, SystemClock()).chain_head()


def evidence_fault(settings: Settings) -> str:
    """Try the object store with two writes and a removal; gives in words what is wrong, or an empty string.

    A store that lets an object be replaced cannot be used: nothing would keep two writers from forking the chain.
    """
    if not settings.evidence.url:
        return ""
    if settings.evidence.copy_to:
        return "`evidence.copy_to` copies a folder: with `evidence.url`, let the bucket's own replication copy it"
    try:
        objects, name = evidence_objects(settings), f"trial/{secrets.token_hex(8)}"
        objects.create(name, b"a trial")
        try:
            objects.create(name, b"another")
        except FileExistsError:
            return ""
        finally:
            objects.remove([name])
    except ConfigError as error:
        return "; ".join(error.faults)
    except OSError as error:
        return f"`evidence.url`: it cannot be written: {error.strerror or error}"
    return "`evidence.url`: this store replaces objects (it ignores If-None-Match), so the custody log could be forked"
