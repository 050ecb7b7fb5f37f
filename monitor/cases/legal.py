"""Keep the clocks and the hold of a case."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from monitor import __version__
from monitor.cases.clocks import ends, require_past
from monitor.cases.files import CaseFiles
from monitor.cases.packet import packet
from monitor.cases.printing import print_packet
from monitor.domain import CaseClock, Hold, Owner
from monitor.errors import InputError

HOLD_REVIEW = timedelta(days=180)


@dataclass(frozen=True, kw_only=True, slots=True)
class Packet:
    """Hold a printed packet: a PDF, characters that no font draws, and what is incomplete, in words."""

    body: bytes = field(repr=False)
    replaced: tuple[str, ...]
    incomplete: list[str]


class CaseLegal(CaseFiles):
    """Do what step 6 asks for: periods that somebody confirmed, and the hold."""

    def set_clock(self, case_id: int, *, rule: str, starts_on: date, by: Owner, note: str = "") -> CaseClock:
        """Keep a period that a person confirmed, by a rule of the registry."""
        case = self._open_case(case_id)
        found = self.registry.clock(rule)
        require_past(starts_on, self.clock.now().date(), "The day it starts")
        period = ends(found, starts_on)
        earliest = "the earliest possible day; days that do not count may make it later" if period.is_earliest else ""
        clock = CaseClock(
            case_id=case_id,
            title=found.title,
            starts_on=starts_on,
            due_on=period.due_on,
            set_by=by,
            set_at=self.clock.now(),
            rule=rule,
            note="; ".join(part for part in (note, earliest) if part),
        )
        self._log("case_clock", case, rule=rule, due_on=period.due_on.isoformat(), by=by.value)
        return self.store.save_clock(clock)

    def set_day(self, case_id: int, *, title: str, due_on: date, by: Owner, note: str = "") -> CaseClock:
        """Keep a day that a person, or counsel, set outright."""
        case = self._open_case(case_id)
        today = self.clock.now().date()
        clock = CaseClock(
            case_id=case_id, title=title, starts_on=today, due_on=due_on, set_by=by, set_at=self.clock.now(), note=note
        )
        self._log("case_clock", case, due_on=due_on.isoformat(), by=by.value)
        return self.store.save_clock(clock)

    def place_hold(self, case_id: int, reason: str, by: str, *, review_on: date | None = None) -> Hold:
        """Keep everything of a case from deletion; InputError without a reason or a name."""
        case = self._open_case(case_id)
        if not (reason.strip() and by.strip()):
            raise InputError("A hold needs a reason and a name.", try_='Add --because "…" --by NAME.')
        now = self.clock.now()
        hold = Hold(
            case_id=case_id,
            reason=reason.strip(),
            placed_by=by.strip(),
            placed_at=now,
            review_on=review_on or (now + HOLD_REVIEW).date(),
        )
        self._log("hold", case, because=hold.reason, by=hold.placed_by)
        return self.store.save_hold(hold)

    def lift_hold(self, case_id: int, by: str) -> Hold:
        """Lift a case's hold; InputError when there is none."""
        hold = self.store.hold(case_id)
        if hold is None or hold.lifted_at is not None:
            raise InputError("This case is not on hold.", try_=f"Run `goodname case show {case_id}`.")
        self._log_id("hold_lifted", case_id, by=by)
        return self.store.save_hold(replace(hold, lifted_at=self.clock.now(), lifted_by=by.strip()))

    def make_packet(self, case_id: int, *, counsel: str = "") -> Packet:
        """Print the packet for counsel as it stands now; `counsel` is kept with the case when given."""
        case = self.store.case(case_id)
        if counsel.strip() and counsel.strip() != case.counsel:
            self.store.save_case(replace(case, counsel=counsel.strip()))
        overview, now = self.overview(case_id), self.clock.now()
        facts = packet(
            overview,
            chain_head=self.vault.chain_head(),
            software=f"goodname {__version__}",
            at=now,
            custody=self.vault.custody(),
        )
        printed = print_packet(facts, overview.spread, now)
        sha256 = hashlib.sha256(printed.body).hexdigest()
        self._log("case_packet", overview.case, counsel=counsel.strip(), sha256=sha256)
        return Packet(body=printed.body, replaced=printed.replaced, incomplete=facts["incomplete"])
