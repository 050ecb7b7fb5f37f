"""Say who may have posted, as leads; draft letters, fill notices, and keep the ledger of what was sent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

from monitor.cases.clocks import require_past
from monitor.cases.exhibits import CaseExhibit, known_facts
from monitor.cases.leads import Suggestions, suggest
from monitor.cases.letters import Draft, Sender, draft
from monitor.cases.notices import Filled, fill
from monitor.cases.outward import require_ready
from monitor.cases.part import CasePart
from monitor.cases.printing import print_letter
from monitor.cases.registry import Platform
from monitor.domain import Action, ActionOutcome, Case, Confidence, Lead, Paper, PaperKind, PosterState
from monitor.errors import InputError
from monitor.pdf import Printed

REPLY_WITHIN = timedelta(days=14)
_LABEL = re.compile(r"\[(E\d+)\]")


class CasePapers(CasePart):
    """Do what steps 3 to 5 ask for; nothing here is sent by the program."""

    def suggestions(self, case_id: int) -> Suggestions:
        """Point out what the case's mentions have in common; looks nothing up."""
        case = self.store.case(case_id)
        mentions = [self.store.mention(one) for one in case.mention_ids]
        return suggest(mentions, never_linked={one.source for one in mentions} - self.linkable)

    def add_lead(self, case_id: int, value: str, basis: str, confidence: Confidence, by: str) -> Lead:
        """Keep a supposition as somebody's own; InputError without a value, a basis or a name."""
        self._open_case(case_id)
        if not (value.strip() and basis.strip() and by.strip()):
            raise InputError(
                "A lead needs three things.",
                why="What it is, what it rests on, and whose it is.",
                try_="Give all three.",
            )
        lead = Lead(
            case_id=case_id,
            value=value.strip(),
            basis=basis.strip(),
            confidence=confidence,
            entered_by=by.strip(),
            entered_at=self.clock.now(),
        )
        self._log_id("case_lead", case_id, by=lead.entered_by)
        return self.store.save_lead(lead)

    def set_poster(self, case_id: int, state: PosterState) -> Case:
        """Keep a person's decision whether the poster can be named."""
        case = replace(self._open_case(case_id), poster=state)
        self._log("case_poster", case, state=state.value)
        return self.store.save_case(case)

    def draft_letter(
        self,
        case_id: int,
        kind: PaperKind,
        *,
        addressee: str,
        sender: Sender,
        inaccuracy: str = "",
        by: str = "",
        mention_ids: Sequence[int] = (),
    ) -> tuple[Paper, tuple[str, ...]]:
        """Draft a letter as a new paper; gives it and what a person should still fill in. Sends nothing."""
        case = self._open_case(case_id)
        today = self.clock.now().date()
        exhibits = self._exhibits_to_write_about(case, mention_ids)
        facts, subject = dict(case.facts), self._subject(case.subject_id)
        letterhead = sender.letterhead or self.letterhead_of(subject.client_id).text
        drafted = draft(
            kind,
            subject=subject,
            exhibits=exhibits,
            addressee=addressee,
            sender=replace(sender, name=sender.name or facts.get("complainant_name", ""), letterhead=letterhead),
            inaccuracy=inaccuracy or facts.get("inaccuracy", ""),
            written_on=today,
            reply_by=today + REPLY_WITHIN,
        )
        paper = self._keep_paper(case, kind, drafted, addressee, by, exhibits)
        return paper, drafted.missing

    def letter_pdf(self, paper: Paper) -> Printed:
        """Print one version of a letter, with its client's logo."""
        subject = self._subject(self.store.case(paper.case_id).subject_id)
        return print_letter(paper, logo=self.letterhead_of(subject.client_id).logo)

    def revise(self, case_id: int, paper_id: int, body: str, *, by: str = "") -> Paper:
        """Keep an edited draft as its next version; the older ones stay."""
        self._open_case(case_id)
        old = self._paper(case_id, paper_id)
        newest = max(one.version for one in self.store.papers(case_id) if one.draft_id == old.draft_id)
        if not body.strip():
            raise InputError("The new version is empty.", why="Nothing was changed.", try_="Give a file with the text.")
        version = replace(
            old,
            id=0,
            first_id=old.draft_id,
            version=newest + 1,
            body=body,
            written_at=self.clock.now(),
            written_by=by or self.actor,
        )
        self._log_id("case_paper_revised", case_id, paper=str(paper_id), version=str(version.version))
        return self.store.save_paper(version)

    def give_facts(self, case_id: int, facts: dict[str, str]) -> Case:
        """Keep what a person gave for notices; InputError for a fact the registry does not know."""
        case = self._open_case(case_id)
        for name in facts:
            if name not in self.registry.facts:
                raise InputError(f"There is no fact {name!r}.", why="Facts: " + ", ".join(self.registry.facts) + ".")
        merged = {**dict(case.facts), **{name: value.strip() for name, value in facts.items()}}
        self._log("case_facts", case, facts=", ".join(facts))
        return self.store.save_case(replace(case, facts=tuple((name, text) for name, text in merged.items() if text)))

    def fill_notice(
        self, case_id: int, notice: str, *, platform: str = "", mention_ids: Sequence[int] = ()
    ) -> tuple[Filled, tuple[CaseExhibit, ...]]:
        """Fill a notice with what the case knows; gives it and the exhibits it is about.

        A notice goes to one place: of the chosen exhibits only those that stand there are named. Without a platform it
        is where the first of them stands; for a site with a host of its own, that very site.
        """
        case = self.store.case(case_id)
        chosen = self._exhibits_to_write_about(case, mention_ids)
        row = self.registry.platform(platform) if platform else self.registry.platform_of(chosen[0].url)
        exhibits = self._standing_at(row, chosen)
        kind = self.registry.notice(notice)
        facts = {**dict(case.facts), **known_facts(exhibits)}
        return fill(self.registry, kind, facts, platform=row), exhibits

    def notices(self, case: Case, exhibits: Sequence[CaseExhibit]) -> tuple[Filled, ...]:
        """Fill every kind of notice that may matter where the case plays and its first exhibit stands."""
        if not exhibits:
            return ()
        row = self.registry.platform_of(exhibits[0].url)
        facts = {**dict(case.facts), **known_facts(self._standing_at(row, exhibits))}
        kinds = self.registry.notices_for(case.jurisdictions, row)
        return tuple(fill(self.registry, kind, facts, platform=row) for kind in kinds)

    def _standing_at(self, row: Platform, exhibits: Sequence[CaseExhibit]) -> tuple[CaseExhibit, ...]:
        there = [one for one in exhibits if self.registry.platform_of(one.url).id == row.id]
        if not there:
            raise InputError(
                f"Nothing in this case stands on {row.title}.",
                why="A notice names addresses on the platform it goes to.",
                try_="Leave --platform out, or name another one.",
            )
        if row.domains:
            return tuple(there)
        site = urlsplit(there[0].url).netloc
        return tuple(one for one in there if urlsplit(one.url).netloc == site)

    def send(self, case_id: int, action: Action, *, because: str = "") -> Action:
        """Record that a person has sent something; refused while the case rests or a copy is missing.

        With `because` it is recorded all the same, with the reason. A draft brings its addressee and the exhibits that
        its text names; else it is about all of the case, or the mentions that are given.
        """
        case = self._open_case(case_id)
        about = self._exhibits_to_write_about(case, action.mention_ids)
        if action.paper_id:
            paper = self._paper(case_id, action.paper_id)
            action = replace(action, addressee=action.addressee or paper.addressee)
            named = [one for one in about if one.label in _LABEL.findall(paper.body)]
            about = tuple(named) or about
        reason = require_ready(case, self.store.actions(case_id), about, self.clock.now(), because=because)
        require_past((action.sent_at or self.clock.now()).date(), self.clock.now().date(), "The day it was sent")
        sent_at = action.sent_at or self.clock.now()
        kept = replace(
            action,
            case_id=case_id,
            sent_at=sent_at,
            reply_due_on=action.reply_due_on or (sent_at + REPLY_WITHIN).date(),
            mention_ids=tuple(one.mention_id for one in about),
            reason=reason or action.reason,
        )
        self._log("case_sent", case, step=kept.step.value, addressee=kept.addressee, because=reason)
        return self.store.save_action(kept)

    def outcome(self, case_id: int, action_id: int, outcome: ActionOutcome, *, reference: str = "") -> Action:
        """Record what came of something that was sent."""
        action = next((one for one in self.store.actions(case_id) if one.id == action_id), None)
        if action is None:
            raise InputError(
                f"There is no action {action_id} in this case.", try_=f"Run `goodname case show {case_id}`."
            )
        changed = replace(
            action,
            outcome=outcome,
            reference=reference or action.reference,
            decided_at=self.clock.now() if outcome is not ActionOutcome.OPEN else None,
        )
        self._log_id("case_outcome", case_id, action=str(action_id), outcome=outcome.value)
        return self.store.save_action(changed)

    def _keep_paper(
        self, case: Case, kind: PaperKind, drafted: Draft, addressee: str, by: str, exhibits: Sequence[CaseExhibit]
    ) -> Paper:
        paper = Paper(
            case_id=case.id,
            kind=kind,
            addressee=addressee,
            subject_line=drafted.subject_line,
            body=drafted.body,
            written_at=self.clock.now(),
            written_by=by or self.actor,
            exhibits=tuple(one.capture.id for one in exhibits if one.capture is not None),
        )
        kept = self.store.save_paper(paper)
        self._log("case_paper", case, paper=str(kept.id), kind=kind.value)
        return kept

    def _paper(self, case_id: int, paper_id: int) -> Paper:
        for paper in self.store.papers(case_id):
            if paper.id == paper_id:
                return paper
        raise InputError(f"There is no draft {paper_id} in this case.", try_=f"Run `goodname case show {case_id}`.")
