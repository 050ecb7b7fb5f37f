"""What every page is handed: ports, the time, and how it may be reached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from monitor.cases.desk import CaseDesk
from monitor.domain import AccessEvent, Account, Role, Subject, WebSession
from monitor.jobs.preview import Previewer
from monitor.ports import Clock, Operations, Store, Vault

IDLE = timedelta(hours=1)
ABSOLUTE = timedelta(hours=12)
"""A session ends after an hour without a page, and after twelve hours in any case."""

REVEAL_FOR = timedelta(minutes=15)


def _nothing_shared() -> Mapping[str, Mapping[str, int]]:
    return {}


@dataclass(frozen=True, kw_only=True)
class Site:
    """Hold the ports behind the pages.

    `hosts` are names by which the page may be reached beside loopback ones; `address` is the https address that a
    proxy gives it, or empty; `scratch` is a folder for files that are being made. `queue` counts shared jobs by state
    and kind, as `Probe.queue` does, without looking at anything else.
    """

    store: Store
    vault: Vault
    clock: Clock
    operations: Operations
    previewer: Previewer
    cases: CaseDesk
    scratch: Path
    hosts: tuple[str, ...] = ()
    address: str = ""
    queue: Callable[[], Mapping[str, Mapping[str, int]]] = _nothing_shared

    @cached_property
    def zone(self) -> tzinfo:
        """Give the time zone in which moments are shown."""
        return ZoneInfo(self.operations.timezone)

    @property
    def is_secure(self) -> bool:
        """Tell whether browsers reach the page over https, so that cookies may say so."""
        return self.address.startswith("https://")


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Hold who is looking, and what they may see.

    `token` is the session's own and makes the forms' hidden field; it is empty for a program with an API token.
    """

    site: Site
    account: Account
    session: WebSession | None = None
    token: str = field(default="", repr=False)

    @cached_property
    def watched(self) -> dict[str, Subject]:
        """Give the subjects that this visitor may see, by id, paused ones too."""
        clients = self.account.clients
        found = self.site.store.subjects(active_only=False)
        return {one.id: one for one in found if clients is None or one.client_id in clients}

    @cached_property
    def clients(self) -> tuple[str, ...]:
        """Name the clients of those who may be seen; empty for those without a client."""
        return tuple(sorted({one.client_id for one in self.watched.values()}))

    @property
    def subjects(self) -> frozenset[str] | None:
        """Give the ids of subjects that may be seen; None for all."""
        return None if self.account.clients is None else frozenset(self.watched)

    def may(self, subject_id: str, role: Role = Role.VIEWER) -> bool:
        """Tell whether this visitor has at least this role for a subject."""
        subject = self.watched.get(subject_id)
        return subject is not None and self.account.may(subject.client_id, role)

    def may_anywhere(self, role: Role) -> bool:
        """Tell whether this visitor has at least this role for some client."""
        return any(given.rank >= role.rank for given in self.account.grants.values())

    def is_revealed(self, now: datetime) -> bool:
        """Tell whether the veil is lifted for a while."""
        until = self.session.revealed_until if self.session else None
        return until is not None and until > now

    def log(self, action: str, *, subject_id: str = "", mention_id: int = 0, detail: str = "") -> None:
        """Write down what this visitor opened or changed."""
        subject = self.watched.get(subject_id)
        event = AccessEvent(
            action=action,
            account=self.account.name,
            at=self.site.clock.now(),
            client_id=subject.client_id if subject else "",
            subject_id=subject_id,
            mention_id=mention_id,
            detail=detail[:300],
        )
        self.site.store.log_access(event)
