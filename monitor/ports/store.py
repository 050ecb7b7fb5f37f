"""What the jobs need of the database; a call from any thread, one transaction each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from monitor.domain import (
    Alert,
    AlertStatus,
    Assessment,
    Capture,
    CaptureRequest,
    Change,
    Coverage,
    Delivery,
    Hit,
    Mention,
    Observation,
    Poll,
    RawResponse,
    Review,
    SourceHealth,
    Statement,
    Subject,
    Target,
)
from monitor.ports.accounts import AccountStore
from monitor.ports.cases import CaseStore
from monitor.ports.planning import PlanStore
from monitor.ports.recheck import RecheckStore
from monitor.ports.retention import RetentionStore
from monitor.ports.review import ReviewStore
from monitor.ports.rounds import RoundStore
from monitor.ports.rows import Decision, Earlier, HitFilter, PageResult, PageRows, PollEnd


class SubjectStore(Protocol):
    """Keep subjects and statements."""

    def provision(self, subjects: Sequence[Subject], statements: Sequence[Statement]) -> None:
        """Bring what a watch list file says into the store.

        Idempotent. Rows that came from the file before and are no longer in it become inactive or withdrawn, never
        deleted; rows that a person added are left alone, and one with the same id is overwritten by the file.
        """
        ...

    def save_subject(self, subject: Subject) -> None:
        """Insert or replace one subject, as added by a person."""
        ...

    def save_statement(self, statement: Statement) -> None:
        """Insert or replace one statement, as added by a person; StoreError when its subject is unknown."""
        ...

    def subjects_mark(self) -> str:
        """Give what is another after each write of a subject or statement, by whatever process; cheap to ask for.

        Read it before the rows that it stands for.
        """
        ...

    def subjects(self, *, active_only: bool = True) -> tuple[Subject, ...]:
        """Give the subjects, by id."""
        ...

    def statements(self, subject_id: str = "", *, active_only: bool = True) -> tuple[Statement, ...]:
        """Give the statements of one subject, or of all, by subject and id."""
        ...


class PollStore(Protocol):
    """Keep what is due, where each source stands, and how polls went."""

    def sync_targets(self, targets: Sequence[Target], now: datetime) -> None:
        """Make the due table hold exactly these targets.

        Idempotent: a known target keeps its due time (brought forward when `every` got shorter, though never before
        the moment that its source asked for), failures and cursor; a new one is due now; one that is no longer given
        is never due again, and its cursor is kept.
        """
        ...

    def lease_targets(
        self, now: datetime, *, limit: int, lease_for: timedelta, ignore_due: bool = False
    ) -> tuple[Target, ...]:
        """Lease due targets, the longest due first; a lease that runs out makes the target due again.

        `ignore_due` leases every target that nobody holds and whose source did not ask to wait. Short positions are
        given along.
        """
        ...

    def release_targets(self, targets: Sequence[Target]) -> None:
        """Give leases back whose polls' ends were not kept: they are due as before; others' leases stay."""
        ...

    def cursor(self, source: str, query_key: str) -> str:
        """Give the kept position as JSON text, or an empty string."""
        ...

    def save_page(self, rows: PageRows) -> PageResult:
        """Keep one fetched page: new mentions, new revisions, removals, raw bytes, cursor, in one transaction.

        A mention is known by (source, external_id); the same content_sha256 as its newest revision changes nothing.
        Raw bytes are kept only where a mention was new or revised. A `gone` item that is known, and not already
        gone, gets an Observation "gone"; a mention that is seen again after that gets one "live".
        Raises StoreBusy when the database is locked or the disk is full; nothing is changed then.
        """
        ...

    def known(self, source: str, external_ids: Collection[str]) -> frozenset[str]:
        """Give those of these ids of a source that are kept as mentions."""
        ...

    def finish_polls(self, ends: Sequence[PollEnd]) -> None:
        """Record polls, give their leases back, and set when each target is due next and its failures in a row."""
        ...

    def health(self) -> tuple[SourceHealth, ...]:
        """Sum up every source that has targets, by name."""
        ...

    def polls(self, *, source: str = "", since: datetime | None = None, limit: int = 100) -> tuple[Poll, ...]:
        """Give polls, newest first."""
        ...


class MentionStore(Protocol):
    """Keep mentions and what was judged of them."""

    def unassessed(self, limit: int) -> tuple[Mention, ...]:
        """Give newest revisions that wait for a decision, oldest first; those to be judged again come last."""
        ...

    def count_hunted(self) -> int:
        """Count the mentions that wait to be judged again."""
        ...

    def stored(self, *, since: datetime | None = None, after_id: int = 0, limit: int = 500) -> tuple[Mention, ...]:
        """Give newest revisions by the mention's id, from the one after `after_id`; `since` is of first sight."""
        ...

    def earlier(self, mention_ids: Sequence[int]) -> Mapping[int, Mapping[str, Earlier]]:
        """Give by mention and subject how newest revisions were judged before.

        A mention is in the answer when its newest revision was decided about, even if it named nobody then.
        """
        ...

    def save_decisions(self, decisions: Sequence[Decision]) -> None:
        """Keep decisions in one transaction: assessments with matches, capture request, alerts.

        Idempotent by (mention, revision): a second decision about the same revision replaces the assessments and
        adds no second request; an alert whose dedupe_key is known is not added again.
        """
        ...

    def forget_assessments(self, *, subject_id: str = "", since: datetime | None = None) -> int:
        """Make mentions unassessed again, so that a new rule is run over them; gives how many."""
        ...

    def mention(self, mention_id: int, *, revision: int | None = None) -> Mention:
        """Give the newest or one revision; StoreError when there is none."""
        ...

    def find(self, source: str, external_id: str) -> Mention | None:
        """Give the newest revision of a mention by its source's own id, or None."""
        ...

    def revisions(self, mention_id: int) -> tuple[Mention, ...]:
        """Give all revisions, oldest first; StoreError when there is none."""
        ...

    def raw(self, sha256: str) -> RawResponse | None:
        """Give kept raw bytes, or None when they were never kept or are past their time."""
        ...

    def assessments(self, mention_id: int) -> tuple[Assessment, ...]:
        """Give the assessments of a mention's newest assessed revision, by subject."""
        ...

    def hits(self, chosen: HitFilter) -> tuple[Hit, ...]:
        """Give hits: one a mention and subject it is about (about score above 0)."""
        ...

    def save_review(self, review: Review) -> None:
        """Record a person's verdict; the newest counts, none is deleted."""
        ...

    def reviews(self, mention_id: int) -> tuple[Review, ...]:
        """Give the reviews of a mention, oldest first."""
        ...

    def count_mentions(self, start: datetime, end: datetime) -> int:
        """Count mentions first seen in [start, end)."""
        ...


class CaptureStore(Protocol):
    """Keep capture requests, captures, and later observations."""

    def request_capture(self, request: CaptureRequest, now: datetime) -> int:
        """Ask for a capture by hand; gives the request's id (the known one when it is still open)."""
        ...

    def lease_captures(
        self, now: datetime, *, limit: int, lease_for: timedelta, only: int = 0
    ) -> tuple[CaptureRequest, ...]:
        """Lease open requests that are due, oldest first, with their raw bytes; `attempts` is one more than failed.

        `only` leases just the request with this id, if it is due.
        Leasing counts as an interruption until the request is finished, retried or given back. A request that was
        interrupted before comes after those that were not, and alone: it may be what ends the program.
        """
        ...

    def finish_capture(self, capture: Capture, alerts: Sequence[Alert] = ()) -> None:
        """Record a capture and close its request; idempotent by the capture's id.

        Alerts about the mention that were waiting for its evidence, and were not tried yet, are due at once.
        """
        ...

    def retry_capture(self, request_id: int, *, next_attempt_at: datetime, error: str) -> None:
        """Give a leased request back, to be tried again at that time."""
        ...

    def return_capture(self, request_id: int) -> None:
        """Give a leased request back as if it had not been leased: the program ends in order."""
        ...

    def capture(self, capture_id: str) -> Capture:
        """Give one capture; StoreError when there is none."""
        ...

    def captures(self, mention_id: int) -> tuple[Capture, ...]:
        """Give a mention's captures, oldest first."""
        ...

    def drop_capture(self, capture_id: str) -> None:
        """Forget a capture whose files were deleted; idempotent. What was observed of its mention stays."""
        ...

    def capture_ids(self) -> frozenset[str]:
        """Give the ids of all recorded captures."""
        ...

    def save_observation(self, observation: Observation) -> None:
        """Record one later look at a mention."""
        ...

    def observations(self, mention_id: int) -> tuple[Observation, ...]:
        """Give a mention's observations, oldest first."""
        ...

    def changes(self, start: datetime, end: datetime, client_id: str | None = None) -> tuple[Change, ...]:
        """Give edits and removals of mentions about a subject, seen in [start, end)."""
        ...


class OutboxStore(Protocol):
    """Keep alerts until they are delivered."""

    def enqueue(self, alert: Alert) -> bool:
        """Put an alert into the outbox; False when its dedupe_key is already there."""
        ...

    def lease_alerts(self, now: datetime, *, limit: int, lease_for: timedelta) -> tuple[Alert, ...]:
        """Lease pending alerts that are due, oldest first, with `attempts` counted up."""
        ...

    def delivered_channels(self, alert_id: int) -> frozenset[str]:
        """Give the channels on which this alert was already sent."""
        ...

    def save_delivery(self, delivery: Delivery) -> None:
        """Record one attempt on one channel."""
        ...

    def settle_alert(self, alert_id: int, status: AlertStatus, *, next_attempt_at: datetime | None = None) -> None:
        """Give a leased alert back: sent, given up, or pending again at that time."""
        ...

    def deliveries(self, *, alert_id: int = 0, channel: str = "", limit: int = 100) -> tuple[Delivery, ...]:
        """Give attempts, newest first."""
        ...

    def alerts(self, *, status: AlertStatus | None = None, limit: int = 100) -> tuple[Alert, ...]:
        """Give alerts, newest first."""
        ...

    def told_alerts(self, start: datetime, end: datetime) -> tuple[tuple[Alert, datetime], ...]:
        """Give alerts on mentions that first reached a channel in (start, end], with that moment, oldest first."""
        ...

    def alerts_about(self, mention_id: int) -> tuple[Alert, ...]:
        """Give a mention's alerts, oldest first."""
        ...

    def hit(self, mention_id: int, subject_id: str) -> Hit | None:
        """Give what is known now of an alert's mention, evidence included."""
        ...

    def coverage(self, start: datetime, end: datetime) -> tuple[Coverage, ...]:
        """Say for every source whether it was looked at in [start, end), by name."""
        ...


class Store(
    SubjectStore,
    PollStore,
    MentionStore,
    CaptureStore,
    RecheckStore,
    OutboxStore,
    RoundStore,
    AccountStore,
    ReviewStore,
    CaseStore,
    PlanStore,
    RetentionStore,
    Protocol,
):
    """Keep everything but evidence files; one implementation for SQLite and PostgreSQL."""

    def setting(self, key: str) -> str:
        """Give a small kept value (a marker such as "last digest"), or an empty string."""
        ...

    def set_setting(self, key: str, value: str) -> None:
        """Keep a small value."""
        ...

    def setting_once(self, key: str, value: str) -> str:
        """Keep a small value unless there is one, and give the one that is kept; the same to every process."""
        ...

    def used(self, account: str, period: str) -> int:
        """Give what an account was counted for in a period; see `monitor.contract.Ledger`."""
        ...

    def take(self, account: str, period: str, amount: int, most: int) -> bool:
        """Count more for an account, unless the period's total would pass `most`; tells whether it was counted."""
        ...

    def give_back(self, account: str, period: str, amount: int) -> None:
        """Count less for an account, if its newest period is still this one."""
        ...

    def release_leases(self) -> None:
        """Make everything that is leased free at once.

        Only for the one process that works on this store, at its start: what a killed predecessor held is then
        resumed at once instead of when its leases run out.
        """
        ...

    def mend_times(self, now: datetime) -> int:
        """Make due what waits for a moment that a clock running ahead has set; gives how many rows were mended.

        Idempotent; for the start, and for after the wall clock was turned back.
        """
        ...

    def check(self) -> Mapping[str, str]:
        """Look at the database: engine, version, schema, journal mode, integrity, size; StoreError when unusable."""
        ...

    def close(self) -> None:
        """Let go of every connection; idempotent."""
        ...
