"""What is done about confirmed mentions: the case, its steps, papers, leads and clocks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from monitor.domain._utc import require_utc
from monitor.domain.evidence import LiveState


class Step(StrEnum):
    """Name the six steps of a case, in their order."""

    PLAN = "plan"
    EVIDENCE = "evidence"
    IDENTIFY = "identify"
    LETTER = "letter"
    REPORT = "report"
    LEGAL = "legal"

    @property
    def number(self) -> int:
        """Count the steps from 1."""
        return list(Step).index(self) + 1


class CaseStatus(StrEnum):
    """Say whether anything more is done in a case."""

    OPEN = "open"
    CLOSED = "closed"


class Owner(StrEnum):
    """Say who does a thing."""

    SELF = "self"
    HELPER = "helper"
    COUNSEL = "counsel"


class PosterState(StrEnum):
    """Say what is known of who posted; only a person decides it."""

    OPEN = "open"
    NAMED = "named"
    CANNOT_BE_NAMED = "cannot_be_named"


class ActionOutcome(StrEnum):
    """Say what came of an action."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    REMOVED = "removed"
    CORRECTED = "corrected"
    REFUSED = "refused"
    NO_REPLY = "no_reply"


class PaperKind(StrEnum):
    """Say what a draft is; the tool writes drafts, a person decides and sends."""

    REMOVAL_REQUEST = "removal_request"
    CORRECTION_REQUEST = "correction_request"
    PRESERVATION_REQUEST = "preservation_request"
    NOTICE = "notice"


class Confidence(StrEnum):
    """Say how strong a person holds a lead to be."""

    WEAK = "weak"
    FAIR = "fair"
    STRONG = "strong"


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """Hold statements and confirmed mentions of one subject that something is done about.

    `id` is 0 until the store has given one. `jurisdictions` are codes of the registry ("US-CA", "EU"). `facts` are
    what a person gave for notices, by the registry's names. `counsel` is a name, or empty. `worst_ids` are the
    mentions that a person marked as the most concerning ones, in the order they were marked.
    """

    subject_id: str
    title: str
    opened_at: datetime
    id: int = 0
    status: CaseStatus = CaseStatus.OPEN
    statement_ids: tuple[str, ...] = ()
    mention_ids: tuple[int, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    counsel: str = ""
    poster: PosterState = PosterState.OPEN
    facts: tuple[tuple[str, str], ...] = ()
    closed_at: datetime | None = None
    closed_because: str = ""
    worst_ids: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """Record one thing that is to be done, or was done, in one step of a case.

    `item` names the checklist item it answers (empty for letters and reports). `reference` is what the addressee
    calls it; `reply_due_on` and `due_on` are days where the person lives. `reason` says why it was skipped, or went
    on without a complete capture.
    """

    case_id: int
    step: Step
    title: str
    made_at: datetime
    id: int = 0
    item: str = ""
    owner: Owner = Owner.SELF
    addressee: str = ""
    notice: str = ""
    mention_ids: tuple[int, ...] = ()
    paper_id: int = 0
    reference: str = ""
    due_on: date | None = None
    sent_at: datetime | None = None
    received_at: datetime | None = None
    reply_due_on: date | None = None
    decided_at: datetime | None = None
    appealed_at: datetime | None = None
    outcome: ActionOutcome = ActionOutcome.OPEN
    reason: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """Hold one version of a draft; an edit is a new version, and the older ones stay.

    `first_id` is the id of the first version, 0 for the first version itself.
    `exhibits` are the capture ids that its facts rest on, in the order of their numbers in the text.
    """

    case_id: int
    kind: PaperKind
    addressee: str
    subject_line: str
    body: str
    written_at: datetime
    id: int = 0
    version: int = 1
    first_id: int = 0
    written_by: str = ""
    exhibits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        require_utc(self)

    @property
    def draft_id(self) -> int:
        """Name the draft that this is a version of: its first version's id."""
        return self.first_id or self.id


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """Record a supposition about who posted: never a finding, never merged, always somebody's.

    `basis` says in words what it rests on; `entered_by` who holds it.
    """

    case_id: int
    value: str
    basis: str
    confidence: Confidence
    entered_by: str
    entered_at: datetime
    id: int = 0

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseClock:
    """Hold a period that somebody confirmed for a case.

    `rule` is the registry's id, or empty for a day that was entered outright. `set_by` is who confirmed it: it is
    shown as theirs, never as advice.
    """

    case_id: int
    title: str
    starts_on: date
    due_on: date
    set_by: Owner
    set_at: datetime
    id: int = 0
    rule: str = ""
    note: str = ""
    is_done: bool = False

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Keep everything of a case from deletion until somebody lifts it; `review_on` is when to look again."""

    case_id: int
    reason: str
    placed_by: str
    placed_at: datetime
    review_on: date
    lifted_at: datetime | None = None
    lifted_by: str = ""

    def __post_init__(self) -> None:
        require_utc(self)


def clocks_coming(clocks: Iterable[CaseClock], today: date, within: timedelta) -> tuple[CaseClock, ...]:
    """Give the clocks that are not done and end within this time, or have ended, by day."""
    last = today + within
    return tuple(sorted((one for one in clocks if not one.is_done and one.due_on <= last), key=lambda one: one.due_on))


@dataclass(frozen=True, kw_only=True, slots=True)
class StillUp:
    """Say that something reported is still there, and for how many days."""

    action: Action
    mention_id: int
    days: int


def still_up(actions: Iterable[Action], states: Mapping[int, LiveState | None], now: datetime) -> tuple[StillUp, ...]:
    """Name what was sent about, has no good outcome yet, and is not seen to be gone.

    `states` are the newest looks by mention, None for one that nobody looked at again; others are left out.
    """
    there = {name for name, state in states.items() if state in (None, LiveState.LIVE, LiveState.EDITED)}
    return tuple(
        StillUp(action=action, mention_id=mention_id, days=(now - action.sent_at).days)
        for action in actions
        if action.sent_at is not None and action.outcome in (ActionOutcome.OPEN, ActionOutcome.REFUSED)
        for mention_id in action.mention_ids
        if mention_id in there
    )
