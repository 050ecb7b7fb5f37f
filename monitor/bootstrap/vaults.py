"""Choose where evidence is kept first: a folder of this machine, or an object store that several machines share."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from monitor.clock import SystemClock
from monitor.errors import ConfigError, EvidenceError, why_of
from monitor.evidence import FileVault, check_store
from monitor.ports import Clock, Verification
from monitor.settings import Settings

if TYPE_CHECKING:
    from monitor.evidence import Objects, ObjectVault

FOLDER = "evidence"
"""The folder among the data that holds the evidence, or held it before it was moved into an object store."""

BESIDE = "evidence-beside"
"""The folder among the data for what a machine keeps beside an object store: a mirror of the log, a cache."""

_RIVALS = 8
_FORK = "so the custody log could be forked"
_HOW_TO_MOVE = "Leave `evidence.url` out and run `goodname migrate --evidence-to URL`, or move the old folder away."


def build_vault(settings: Settings, clock: Clock) -> FileVault | ObjectVault:
    """Make the vault. ConfigError for an address that is none, and for an object store without what was kept here.

    Nothing is asked of an object store yet, but before its first use by a machine that has evidence in its folder.
    """
    reserve = settings.capture.reserve_mb * 1024 * 1024
    if not settings.evidence.url:
        return FileVault(settings.data_dir / FOLDER, clock=clock, actor="goodname", reserve_bytes=reserve)
    from monitor.evidence import ObjectVault  # noqa: PLC0415 # loads obstore: only where evidence is kept there

    cache = settings.evidence.cache_mb << 20
    objects, local = evidence_objects(settings), settings.data_dir / BESIDE
    if not local.exists() and (fault := _left_behind(settings, objects)):
        raise ConfigError(
            "What was kept in the folder is not known to be in the object store.", faults=(fault,), try_=_HOW_TO_MOVE
        )
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

    return check_store(ObjectPlace(evidence_objects(settings)), head=head, pinned=pinned, progress=progress)


def head_of_objects(settings: Settings) -> str:
    """Give the end of the custody log in the object store; EvidenceError when it cannot be reached."""
    return build_vault(settings, SystemClock()).chain_head()


def evidence_fault(settings: Settings) -> str:
    """Try the object store with a few writes and a removal; gives in words what is wrong, or an empty string.

    A store that lets an object be replaced cannot be used: nothing would keep two writers from forking the chain.
    """
    if not settings.evidence.url:
        return ""
    if settings.evidence.copy_to:
        return "`evidence.copy_to` copies a folder: with `evidence.url`, let the bucket's own replication copy it"
    try:
        objects = evidence_objects(settings)
    except ConfigError as error:
        return "; ".join(error.faults)
    return trial_fault(objects) or _left_behind(settings, objects)


def trial_fault(objects: Objects) -> str:
    """Write one object several times over and remove it; gives in words why the store cannot be used, or "".

    Some stores refuse a second write, and let two pass that come at once: so it is tried both ways.
    """
    name = f"trial/{secrets.token_hex(8)}"
    try:
        try:
            if _winners(objects, [name]) + _winners(objects, [name]) > 1:
                return f"`evidence.url`: this store replaces objects (it ignores If-None-Match), {_FORK}"
            if _winners(objects, [f"{name}-{_RIVALS}"] * _RIVALS) > 1:
                return f"`evidence.url`: of several writes at once this store takes more than one, {_FORK}"
        finally:
            objects.remove([name, f"{name}-{_RIVALS}"])
    except OSError as error:
        return f"`evidence.url`: it cannot be written: {why_of(error)}"
    return ""


def _winners(objects: Objects, names: list[str]) -> int:
    """Create objects, all at the same moment; give how many writers were told that they did."""
    together = threading.Barrier(len(names))

    def write(name: str) -> bool:
        together.wait()
        try:
            objects.create(name, secrets.token_bytes(8))
        except FileExistsError:
            return False
        return True

    with ThreadPoolExecutor(len(names)) as pool:
        return sum(pool.map(write, names))


def _left_behind(settings: Settings, objects: Objects) -> str:
    """Say that the folder holds evidence which the object store does not know; an empty string when there is none."""
    from monitor.evidence import is_sent  # noqa: PLC0415 # as above

    folder = settings.data_dir / FOLDER
    try:
        if is_sent(folder, objects):
            return ""
    except OSError as error:
        return f"`evidence.url`: it cannot be read: {why_of(error)}"
    return f"`evidence.url`: the custody log in {folder} is not there, or not to its end"
