"""What cases need of the database; a call from any thread, one transaction each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from monitor.domain import Action, Capture, Case, CaseClock, Hit, Hold, Lead, Mention, Observation, Paper


@dataclass(frozen=True, kw_only=True, slots=True)
class ExhibitRows:
    """Hold what is kept of one mention of a case: the hit, its words at that revision, captures and later looks."""

    hit: Hit
    mention: Mention
    captures: tuple[Capture, ...]
    observations: tuple[Observation, ...]


class CaseStore(Protocol):
    """Keep cases and everything that belongs to one.

    Each `save_` inserts a row whose id is 0 and replaces one that has an id, and gives it back with its id; StoreError
    when the id, the case or the subject is not known. Nothing of a case is ever deleted.
    """

    def save_case(self, case: Case) -> Case:
        """Keep a case."""
        ...

    def case(self, case_id: int) -> Case:
        """Give one case; StoreError when there is none."""
        ...

    def cases(self, *, subject_id: str = "", client_id: str | None = None) -> tuple[Case, ...]:
        """Give cases, newest first: of one subject, of one client's subjects, or all."""
        ...

    def exhibit_rows(self, subject_id: str, mention_ids: Collection[int]) -> tuple[ExhibitRows, ...]:
        """Give what is kept of mentions, by their ids, captures and looks oldest first.

        Each in the newest revision that was about the subject, as `hit` does; one that never was is left out. However
        many they are, the number of queries is the same.
        """
        ...

    def save_action(self, action: Action) -> Action:
        """Keep an action."""
        ...

    def actions(self, case_id: int) -> tuple[Action, ...]:
        """Give a case's actions, oldest first."""
        ...

    def save_paper(self, paper: Paper) -> Paper:
        """Keep one version of a draft; a version is never replaced: StoreError for one that has an id."""
        ...

    def papers(self, case_id: int) -> tuple[Paper, ...]:
        """Give every version of a case's drafts, oldest first."""
        ...

    def save_lead(self, lead: Lead) -> Lead:
        """Keep a lead."""
        ...

    def leads(self, case_id: int) -> tuple[Lead, ...]:
        """Give a case's leads, oldest first."""
        ...

    def save_clock(self, clock: CaseClock) -> CaseClock:
        """Keep a clock."""
        ...

    def clocks(self, case_id: int = 0, *, client_id: str | None = None) -> tuple[CaseClock, ...]:
        """Give clocks by the day they end: of one case, of one client's cases, or all."""
        ...

    def save_hold(self, hold: Hold) -> Hold:
        """Keep a case's hold, or that it was lifted: one hold a case, the newest counts."""
        ...

    def hold(self, case_id: int) -> Hold | None:
        """Give a case's newest hold, lifted or not, or None."""
        ...
