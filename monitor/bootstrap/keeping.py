"""What is done with evidence once it is kept: time stamps, another look, exports."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.domain import Alert, Observation
from monitor.errors import ConfigError, why_of
from monitor.evidence import Authorities, FileVault, PageLooker, read_pinned
from monitor.http import HttpClient
from monitor.jobs import copy, export, recheck, removal, retention, room, stamp, wayback
from monitor.jobs.stamp import StampState
from monitor.ports import Capturer, Clock, Enclosure, Exported, Exporter, Store, Timestamper
from monitor.settings import Settings

if TYPE_CHECKING:
    from monitor.evidence import ObjectCopies, ObjectVault

STAMPS = "time-stamps"
RECHECK = "recheck"
WAYBACK = "wayback"
"""The names under which authorities and archives are asked and pages looked at again, for errors and rates."""


_MOST_BATCHES = 50


class EvidenceDesk:
    """Work on the evidence of one opened installation."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        vault: FileVault | ObjectVault,
        *,
        client: HttpClient,
        capturer: Capturer,
        clock: Clock,
    ) -> None:
        self._store = store
        self._vault = vault
        self._clock = clock
        self.timestamper: Timestamper = build_timestamper(settings, client, clock)
        self.calendars = build_calendars(settings, client)
        self.copies = build_copies(settings)
        self._archive = settings.evidence.wayback
        self._archive_http = client.for_source(WAYBACK, obey_robots=False)
        self._place = settings.data_dir
        self._warn, self._reserve = settings.capture.warn_mb << 20, settings.capture.reserve_mb << 20
        self._unmatched_for = settings.evidence.unmatched_for
        self._should_recheck = settings.evidence.recheck
        self._looking = recheck.Desk(
            store=store,
            vault=vault,
            looker=PageLooker(client.for_source(RECHECK, obey_robots=False)),
            capturer=capturer,
            clock=clock,
            min_level=settings.alerts.min_level,
        )

    async def once(self) -> None:
        """Do what is due by now."""
        for _ in range(_MOST_BATCHES):
            if not await self.recheck():
                break
        await self.stamp()
        await self.copy()
        await asyncio.to_thread(self.let_go)

    async def stamp(self, *, force: bool = False) -> int:
        """Have the next captures stamped by an authority outside and by calendars; gives how many tokens came."""
        done = await stamp.run(self._store, self._vault, self.timestamper, self._clock, force=force)
        if self.calendars is not None:
            done += await stamp.finish(self._store, self._vault, self.calendars, self._clock, force=force)
            done += await stamp.run(self._store, self._vault, self.calendars, self._clock, force=force)
        return done

    async def recheck(self) -> tuple[Observation, ...]:
        """Look again at the next kept pages that are due."""
        return await recheck.run(self._looking) if self._should_recheck else ()

    async def look_now(self, mention_id: int) -> Observation | None:
        """Look again at one kept page now; None when that was not possible."""
        return await recheck.look_now(self._looking, mention_id)

    async def copy(self) -> None:
        """Copy elsewhere what is new, if a place is configured."""
        copies = self.copies
        while copies is not None and await asyncio.to_thread(copy.run, self._store, copies):
            continue

    def copy_error(self) -> str:
        """Give why the last copy failed, or an empty string."""
        return copy.last_error(self._store)

    def watch_room(self) -> Alert | None:
        """Tell when the disk fills up, and when that is over."""
        return room.run(
            self._store, shutil.disk_usage(self._place).free, warn=self._warn, reserve=self._reserve, clock=self._clock
        )

    def let_go(self) -> tuple[str, ...]:
        """Delete captures that were kept long enough and match nothing; gives their ids."""
        return retention.run(self._store, self._vault, self._clock, self._unmatched_for)

    async def offer(self, mention_id: int, *, actor: str) -> wayback.Offered:
        """Offer one kept page to the public archive that is configured, if one is."""
        return await wayback.offer(self._store, self._vault, self._archive_http, self._archive, mention_id, actor=actor)

    def redact(self, capture_id: str, *, actor: str, reason: str) -> None:
        """Delete one capture on a person's word; a record with the reason stays."""
        removal.redact(self._store, self._vault, capture_id, actor=actor, reason=reason)

    def stamps(self) -> StampState:
        """Say how time stamps stand."""
        return stamp.state(self._store, self._vault, self.timestamper)

    def proofs(self) -> StampState | None:
        """Say how OpenTimestamps proofs stand; None when no calendar is configured."""
        return stamp.state(self._store, self._vault, self.calendars) if self.calendars is not None else None

    def _exporter(self, recipient: str) -> Exporter:
        """Make what writes exports; ConfigError for a recipient that is no public key, before anything is gathered."""
        from monitor.backup import check_recipient, seal_file  # noqa: PLC0415 # few runs write an export
        from monitor.evidence import FileExporter  # noqa: PLC0415 # as above

        if recipient:
            check_recipient(recipient)
        return FileExporter(self._vault, clock=self._clock, seal=seal_file)

    async def export(
        self,
        out: Path,
        *,
        mention_id: int = 0,
        subject_id: str = "",
        client_id: str | None = None,
        about: frozenset[str] | None = None,
        actor: str,
        recipient: str = "",
    ) -> Exported:
        """Write what is kept of a mention, of a subject, for a client, or of everything, to a ZIP anybody can check.

        With `about`, an export of a mention speaks of these people alone.
        """
        reach = export.Reach(store=self._store, vault=self._vault, about=about)

        def work() -> Exported:
            exporter = self._exporter(recipient)
            if mention_id:
                order = export.of_mention(reach, mention_id, actor=actor)
            elif subject_id:
                order = export.of_subject(reach, subject_id, actor=actor)
            elif client_id is not None:
                order = export.of_client(reach, client_id, actor=actor)
            else:
                order = export.of_all(reach, actor=actor)
            return exporter.export(order, out, recipient=recipient)

        return await asyncio.to_thread(work)

    async def export_case(
        self, case_id: int, print_packet: Callable[[], bytes], out: Path, *, actor: str, recipient: str = ""
    ) -> Exported:
        """Write what is kept of a case's mentions to a ZIP, with the packet for counsel in it.

        The packet is printed only when there is something to export and somebody to seal it for.
        """

        def work() -> Exported:
            exporter = self._exporter(recipient)
            order = export.of_case(export.Reach(store=self._store, vault=self._vault), case_id, actor=actor)
            packet = Enclosure(name="packet.pdf", body=print_packet())
            return exporter.export(replace(order, enclosures=(packet,)), out, recipient=recipient)

        return await asyncio.to_thread(work)


def build_timestamper(settings: Settings, client: HttpClient, clock: Clock) -> Timestamper:
    """Make the one that asks time stamp authorities; ConfigError when the certificates cannot be used."""
    wanted = settings.timestamps
    http = client.for_source(STAMPS, obey_robots=False)
    return Authorities(wanted.authorities, pinned_certificates(settings), http=http, clock=clock)


def build_calendars(settings: Settings, client: HttpClient) -> Timestamper | None:
    """Make the one that asks calendars, if some are named; ConfigError when the extra `ots` is not installed."""
    urls = settings.timestamps.calendars
    if not urls:
        return None
    try:
        from monitor.evidence import Calendars  # noqa: PLC0415  # OpenTimestamps is an extra
    except ModuleNotFoundError:
        raise ConfigError(
            "OpenTimestamps calendars cannot be asked.",
            faults=("`timestamps.calendars`: this needs a further package: pip install 'goodname[ots]'",),
        ) from None
    return Calendars(urls, http=client.for_source(STAMPS, obey_robots=False))


def pinned_certificates(settings: Settings) -> bytes:
    """Read the pinned certificates, if some are named; ConfigError when they cannot be used."""
    path = settings.timestamps.certificates
    if path is None:
        return b""
    try:
        body = path.read_bytes()
        read_pinned(body)
    except (OSError, ValueError) as error:
        why = why_of(error) if isinstance(error, OSError) else str(error)
        raise ConfigError(
            "The certificates of the time stamp authorities cannot be used.",
            faults=(f"`timestamps.certificates`: {path}: {why}",),
        ) from None
    return body


def build_copies(settings: Settings) -> ObjectCopies | None:
    """Make the one that copies evidence elsewhere, if a place is named; EvidenceError when it is none."""
    wanted = settings.evidence
    if not wanted.copy_to:
        return None
    from monitor.evidence import ObjectCopies  # noqa: PLC0415 # loads obstore: only when a place is named

    options = {
        "endpoint": wanted.copy_endpoint,
        "region": wanted.copy_region,
        "access_key_id": wanted.copy_key_id.get_secret_value(),
        "secret_access_key": wanted.copy_secret.get_secret_value(),
    }
    return ObjectCopies(settings.data_dir / "evidence", wanted.copy_to, options)
