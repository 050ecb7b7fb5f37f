"""What may stand in the queue, and how urgent it is; pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from monitor.domain import Target
from monitor.ports import Waiting

CAPTURE, ALERT, ASSESS, POLL, RECHECK = "capture", "alert", "assess", "poll", "recheck"

KINDS = MappingProxyType({CAPTURE: 50, ALERT: 40, ASSESS: 30, POLL: 20, RECHECK: 10})
"""Every kind of job with its priority: what may vanish is kept first, what can wait comes last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """Hold one piece of work for whichever worker takes it.

    Two jobs with the same `key` never wait or run at the same time. `payload` is a JSON object of plain values.
    """

    kind: str
    key: str
    payload: bytes = b"{}"

    @property
    def priority(self) -> int:
        """Give how urgent it is; a higher number comes first."""
        return KINDS[self.kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class PollOrder:
    """Name a leased target and the lease under which its poll was ordered."""

    source: str
    query_key: str
    leased_until: datetime


def poll_job(target: Target) -> Job:
    """Order the poll of a leased target; ValueError for one that is not leased."""
    if target.lease_until is None:
        raise ValueError("only a leased target can be ordered")
    order = [target.source, target.query_key, target.lease_until.isoformat()]
    return Job(kind=POLL, key=f"{POLL}:{target.source}:{target.query_key}", payload=json.dumps(order).encode())


def read_poll(payload: bytes | None) -> PollOrder:
    """Read what `poll_job` wrote; ValueError when it is something else."""
    source, query_key, leased_until = json.loads(payload or b"[]")
    return PollOrder(source=source, query_key=query_key, leased_until=datetime.fromisoformat(leased_until))


def capture_job(request_id: int) -> Job:
    """Order one capture."""
    return Job(kind=CAPTURE, key=f"{CAPTURE}:{request_id}", payload=json.dumps(request_id).encode())


def read_capture(payload: bytes | None) -> int:
    """Read what `capture_job` wrote; ValueError when it is something else."""
    return int(json.loads(payload or b"0"))


def plan(targets: Sequence[Target], waiting: Waiting) -> tuple[Job, ...]:
    """Order everything that is due.

    Judging, telling and looking again are one job each, however much waits: they take their rows by lease or in
    order, and telling by one worker at a time is what keeps to each destination's limit.
    """
    jobs = [capture_job(number) for number in waiting.captures]
    if waiting.alerts:
        jobs.append(Job(kind=ALERT, key=ALERT))
    if waiting.has_unassessed:
        jobs.append(Job(kind=ASSESS, key=ASSESS))
    jobs += [poll_job(target) for target in targets]
    if waiting.has_rechecks:
        jobs.append(Job(kind=RECHECK, key=RECHECK))
    return tuple(jobs)
