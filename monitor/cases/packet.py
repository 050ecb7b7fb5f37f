"""Put a case together for counsel: what was observed, apart from what was told; what is missing, said. Pure.

Nothing here is a finding. Words of others stand as they were published, with their place; what the client says stands
under the client's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from monitor.cases.exhibits import CaseExhibit
from monitor.cases.files import Overview
from monitor.cases.picture import summary
from monitor.cases.plan import ItemState
from monitor.cases.registry import JURISDICTIONS, registry
from monitor.domain import CustodyEvent, LiveState, PosterState
from monitor.ports import PENDING

_STATES = {
    LiveState.LIVE: "still there",
    LiveState.EDITED: "there, with other words",
    LiveState.GONE: "gone",
    LiveState.LOGIN_WALL: "behind a login",
    LiveState.BOT_WALL: "behind a test for humans",
    LiveState.NETWORK: "not reachable",
    LiveState.UNKNOWN: "unknown",
}
_POSTERS = {
    PosterState.OPEN: "Nobody has decided yet whether the poster can be named.",
    PosterState.NAMED: "A person decided that the poster can be named.",
    PosterState.CANNOT_BE_NAMED: "A person decided that the poster cannot be named from what is known (John Doe).",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Hold one line of the chronology: when, what, and what it rests on."""

    at: datetime
    what: str
    basis: str


def packet(
    overview: Overview, *, chain_head: str, software: str, at: datetime, custody: Iterable[CustodyEvent] = ()
) -> dict[str, Any]:
    """Give everything the packet prints, as JSON values; moments in UTC, to the minute.

    From `custody`, the log, come the time stamps that outside authorities gave to captures.
    """
    stamps = _stamps(custody)
    case = overview.case
    return {
        "title": case.title,
        "subject": overview.subject.name,
        "case": str(case.id),
        "made_at": _minute(at),
        "software": software,
        "chain_head": chain_head,
        "counsel": case.counsel,
        "places": [JURISDICTIONS[code] for code in case.jurisdictions],
        "statements": list(case.statement_ids),
        "chronology": [[f"{one.at:%Y-%m-%d %H:%M}", one.what, one.basis] for one in chronology(overview)],
        "told": told(overview),
        "exhibits": [_exhibit(one, stamps) for one in overview.exhibits],
        "spread": {
            "summary": summary(overview.spread),
            "rows": [
                [row.source, row.statement_id, str(row.count), str(row.authors), _day(row.first_on), _day(row.last_on)]
                for row in overview.spread.rows
            ],
        },
        "poster": _POSTERS[case.poster],
        "accounts": accounts(overview.exhibits),
        "leads": [[one.value, one.basis, one.confidence.value, one.entered_by] for one in overview.leads],
        "ledger": ledger(overview),
        "clocks": [[_day(one.due_on), one.title, one.set_by.value, one.note] for one in overview.clocks],
        "hold": _hold(overview),
        "incomplete": incomplete(overview),
    }


def told(overview: Overview) -> dict[str, str]:
    """Give what the client told, which is nobody's observation; empty where nothing was told."""
    facts = dict(overview.case.facts)
    return {name: facts.get(name, "") for name in ("harm", "inaccuracy", "meaning", "unfavourable", "own_posts")}


def chronology(overview: Overview) -> tuple[Moment, ...]:
    """Give what was observed and done, by time; nothing that was only told stands here."""
    moments: list[Moment] = []
    for one in overview.exhibits:
        moments += _of_exhibit(one)
    for action in overview.actions:
        if action.sent_at is not None:
            what = f"{action.title or action.step.value} sent to {action.addressee or 'an addressee not named'}"
            moments.append(Moment(at=action.sent_at, what=what, basis="entered by a person"))
        if action.sent_at is not None and action.decided_at is not None:
            what = f"outcome entered: {action.outcome.value}"
            moments.append(Moment(at=action.decided_at, what=what, basis=action.reference or "entered by a person"))
    moments.append(Moment(at=overview.case.opened_at, what="case opened", basis="custody log"))
    return tuple(sorted(moments, key=lambda one: (one.at, one.what)))


def accounts(exhibits: Sequence[CaseExhibit]) -> list[list[str]]:
    """Give the accounts as publicly seen, each with its exhibits and its first and last day here."""
    groups: dict[tuple[str, str, str], list[CaseExhibit]] = {}
    for one in exhibits:
        if one.author:
            groups.setdefault((one.source, one.author, one.author_url), []).append(one)
    return [
        [
            source,
            name,
            url,
            ", ".join(one.label for one in group),
            _day(min(one.said_at for one in group).date()),
            _day(max(one.said_at for one in group).date()),
        ]
        for (source, name, url), group in sorted(groups.items())
    ]


def ledger(overview: Overview) -> list[list[str]]:
    """Give what was sent: day, step, addressee, reference, reply due, outcome, remark."""
    return [
        [
            _minute(one.sent_at),
            one.step.value,
            one.addressee,
            one.reference,
            _day(one.reply_due_on) if one.reply_due_on else "",
            one.outcome.value,
            one.reason,
        ]
        for one in overview.actions
        if one.sent_at is not None
    ]


def incomplete(overview: Overview) -> list[str]:
    """Name what is missing, so that nobody takes the packet for more than it is."""
    facts = dict(overview.case.facts)
    found = [
        f"[{one.label}] has no complete copy"
        + (f": {one.capture.failure}" if one.capture and one.capture.failure else "")
        for one in overview.exhibits
        if not one.is_kept
    ]
    found += [f"[{one.label}] {gap}" for one in overview.exhibits if one.capture for gap in one.capture.incomplete]
    lost = len(overview.case.mention_ids) - len(overview.exhibits)
    if lost:
        found.append(f"{lost} mention(s) of this case are no longer judged to be about {overview.subject.name}")
    for name in ("harm", "inaccuracy", "unfavourable", "own_posts"):
        if not facts.get(name):
            found.append(f"not given: {registry().facts[name].label.lower()}")
    found += [f"open in the plan: {item.title}" for item in overview.items if item.state is ItemState.MISSING]
    return found


def _of_exhibit(one: CaseExhibit) -> list[Moment]:
    moments = []
    if one.published_at is not None:
        precision = "" if one.precision == "exact" else f" ({one.precision})"
        what = f"[{one.label}] published on {one.source}{precision}"
        moments.append(Moment(at=one.published_at, what=what, basis="as the source says"))
    moments.append(Moment(at=one.first_seen_at, what=f"[{one.label}] first seen", basis="observed by this program"))
    if one.capture is not None:
        what = f"[{one.label}] captured, {one.capture.outcome.value}"
        moments.append(Moment(at=one.capture.captured_at, what=what, basis=f"capture {one.capture.id}"))
    for look in one.watched:
        what = f"[{one.label}] looked at again: {_STATES[look.state]}"
        moments.append(Moment(at=look.observed_at, what=what, basis=look.signal))
    return moments


def _stamps(custody: Iterable[CustodyEvent]) -> dict[str, list[list[str]]]:
    """Give each capture's tokens: authority, time and serial number as the token says, SHA-256 of the token."""
    found: dict[str, list[list[str]]] = {}
    for event in custody:
        if event.event == "timestamp" and event.detail.get("status") != PENDING:
            row = [event.detail.get(name, "") for name in ("authority", "time", "serial", "tsr_sha256")]
            found.setdefault(event.capture_id, []).append(row)
    return found


def _exhibit(one: CaseExhibit, stamps: Mapping[str, list[list[str]]]) -> dict[str, Any]:
    capture = one.capture
    return {
        "label": one.label,
        "url": one.url,
        "source": one.source,
        "title": one.title,
        "author": one.author,
        "words": one.words,
        "place": f"characters {one.start} to {one.end} of the {one.field}, revision {one.revision}",
        "context": one.context,
        "statement": one.statement,
        "published": _minute(one.published_at) if one.published_at else "not known",
        "first_seen": _minute(one.first_seen_at),
        "state": _STATES[one.state] if one.state else "not looked at again",
        "capture": "" if capture is None else capture.id,
        "outcome": "none" if capture is None else capture.outcome.value,
        "captured": "" if capture is None else _minute(capture.captured_at),
        "manifest": "" if capture is None else capture.manifest_sha256,
        "stamps": [] if capture is None else stamps.get(capture.id, []),
        "files": [] if capture is None else [[file.path, str(file.size), file.sha256] for file in capture.artifacts],
    }


def _hold(overview: Overview) -> str:
    hold = overview.hold
    if hold is None or hold.lifted_at is not None:
        return ""
    return (
        f"on hold since {_minute(hold.placed_at)} by {hold.placed_by}: {hold.reason}; review on {_day(hold.review_on)}"
    )


def _minute(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def _day(day: date) -> str:
    return day.isoformat()
