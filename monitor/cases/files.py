"""Open, fill, look at and close cases, and keep their plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from monitor.cases.exhibits import CaseExhibit, for_minimum, for_spread
from monitor.cases.minimum import Needed, minimum_set, missing
from monitor.cases.part import CasePart, ids_text, with_hits
from monitor.cases.plan import PlanItem, Seen, checklist, item_ids, rests_until, step_of
from monitor.cases.registry import require_jurisdiction
from monitor.cases.spread import Spread, spread_of
from monitor.domain import (
    Action,
    ActionOutcome,
    Case,
    CaseClock,
    CaseStatus,
    Hold,
    Lead,
    Owner,
    Paper,
    StillUp,
    Subject,
    still_up,
)
from monitor.errors import InputError


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """Hold a case at a glance."""

    case: Case
    subject: Subject
    items: tuple[PlanItem, ...]
    exhibits: tuple[CaseExhibit, ...]
    needed: tuple[Needed, ...]
    spread: Spread
    actions: tuple[Action, ...]
    papers: tuple[Paper, ...]
    leads: tuple[Lead, ...]
    clocks: tuple[CaseClock, ...]
    hold: Hold | None
    still_up: tuple[StillUp, ...]
    rests_until: datetime | None


class CaseFiles(CasePart):
    """Do what step 1 and step 2 ask for, and give a case at a glance."""

    def open(
        self, subject_id: str, title: str, *, jurisdictions: Sequence[str] = (), mention_ids: Sequence[int] = ()
    ) -> Case:
        """Open a case; InputError for an unknown person, place or mention, or one that nobody confirmed."""
        self._subject(subject_id)
        places = tuple(dict.fromkeys(require_jurisdiction(code) for code in jurisdictions))
        now = self.clock.now()
        name = " ".join(title.split())
        if not name:
            raise InputError("A case needs a title.", why="It is how you find it again.", try_="Give it a short name.")
        case = Case(subject_id=subject_id, title=name, opened_at=now, jurisdictions=places)
        case = self.store.save_case(with_hits(case, self._confirmed(case, mention_ids)))
        self._log("case_opened", case, mentions=ids_text(case.mention_ids))
        self._keep_missing(case)
        return case

    def add(self, case_id: int, mention_ids: Sequence[int]) -> Case:
        """Add confirmed mentions; those that have no complete capture are queued to be kept."""
        case = self._open_case(case_id)
        fresh = self._confirmed(case, mention_ids)
        case = self.store.save_case(with_hits(case, fresh))
        self._log("case_mentions_added", case, mentions=ids_text([hit.mention_id for hit in fresh]))
        self._keep_missing(case)
        return case

    def mark_worst(self, case_id: int, mention_ids: Sequence[int], *, is_worst: bool = True) -> Case:
        """Mark mentions of a case as its most concerning ones, or take the mark away; doing it again changes nothing.

        InputError for a mention that is not in the case, or for none at all.
        """
        case = self._open_case(case_id)
        if not mention_ids:
            raise InputError("It is not said which mention this is about.", try_="Name one or more of the case.")
        for mention_id in mention_ids:
            if mention_id not in case.mention_ids:
                raise InputError(
                    f"Mention {mention_id} is not in case {case_id}.", try_=f"Run `goodname case show {case_id}`."
                )
        others = tuple(one for one in case.worst_ids if one not in mention_ids)
        kept = tuple(dict.fromkeys((*case.worst_ids, *mention_ids))) if is_worst else others
        if kept == case.worst_ids:
            return case
        self._log("case_worst_marked" if is_worst else "case_worst_unmarked", case, mentions=ids_text(mention_ids))
        return self.store.save_case(replace(case, worst_ids=kept))

    def overview(self, case_id: int) -> Overview:
        """Give a case at a glance."""
        case = self.store.case(case_id)
        exhibits = self.exhibits(case)
        actions, clocks = self.store.actions(case_id), self.store.clocks(case_id)
        papers, leads, hold = self.store.papers(case_id), self.store.leads(case_id), self.store.hold(case_id)
        needed = minimum_set(for_minimum(exhibits))
        seen = Seen(
            mentions=len(exhibits),
            captured=sum(one.is_kept for one in exhibits),
            minimum_missing=missing(needed),
            leads=len(leads),
            papers=len(papers),
            clocks=len(clocks),
            is_held=hold is not None and hold.lifted_at is None,
        )
        return Overview(
            case=case,
            subject=self._subject(case.subject_id),
            items=checklist(case, actions, seen),
            exhibits=exhibits,
            needed=needed,
            spread=spread_of(for_spread(exhibits)),
            actions=actions,
            papers=papers,
            leads=leads,
            clocks=clocks,
            hold=hold,
            still_up=still_up(actions, {one.mention_id: one.state for one in exhibits}, self.clock.now()),
            rests_until=rests_until(case, actions),
        )

    def close(self, case_id: int, because: str) -> Case:
        """Close a case with a reason; what it holds stays."""
        case = self._open_case(case_id)
        if not because.strip():
            raise InputError("It is not said why the case is closed.", try_='Add --because "…".')
        closed = replace(case, status=CaseStatus.CLOSED, closed_at=self.clock.now(), closed_because=because.strip())
        self._log("case_closed", closed, because=because.strip())
        return self.store.save_case(closed)

    def tick(
        self,
        case_id: int,
        item: str,
        outcome: ActionOutcome,
        *,
        because: str = "",
        owner: Owner | None = None,
        due_on: date | None = None,
    ) -> Action:
        """Say that an item of the checklist is done, skipped (with a reason), or whose it is and by when."""
        self._open_case(case_id)
        if item not in item_ids():
            raise InputError(f"There is no item {item!r}.", why="Items: " + ", ".join(item_ids()) + ".")
        if outcome is ActionOutcome.SKIPPED and not because.strip():
            raise InputError("Skipping needs a reason.", why="It is kept with the case.", try_='Add --because "…".')
        known = next((one for one in self.store.actions(case_id) if one.item == item), None)
        action = known or Action(case_id=case_id, step=step_of(item), title=item, made_at=self.clock.now(), item=item)
        action = replace(
            action,
            outcome=outcome,
            reason=because.strip(),
            owner=owner or action.owner,
            due_on=due_on or action.due_on,
        )
        self._log_id("case_plan", case_id, item=item, outcome=outcome.value, because=because.strip())
        return self.store.save_action(action)
