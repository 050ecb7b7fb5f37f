"""What every part of the case desk stands on: the ports, and how a case is read, guarded and logged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from monitor.cases.exhibits import CaseExhibit, exhibit_of, for_minimum
from monitor.cases.letters import Letterhead, no_letterhead
from monitor.cases.minimum import without_copy
from monitor.cases.outward import require_something
from monitor.cases.registry import Registry, registry
from monitor.domain import CaptureRequest, Case, CaseStatus, Hit, ReviewVerdict, Subject
from monitor.errors import InputError
from monitor.ports import Clock, Store, Vault


@dataclass(frozen=True, kw_only=True, slots=True)
class CasePart:
    """Hold the ports; `linkable` are the sources whose terms allow to compare their authors.

    `letterhead_of` gives what stands on top of a client's letters, by the client's id.
    """

    store: Store
    vault: Vault
    clock: Clock
    linkable: frozenset[str] = frozenset()
    actor: str = "goodname"
    letterhead_of: Callable[[str], Letterhead] = no_letterhead

    @property
    def registry(self) -> Registry:
        """Give the registry."""
        return registry()

    def exhibits(self, case: Case) -> tuple[CaseExhibit, ...]:
        """Give a case's mentions with their words and best captures, in the order they were said, numbered from 1."""
        found = list(self.store.exhibit_rows(case.subject_id, case.mention_ids))
        found.sort(key=lambda one: (one.mention.published_at or one.mention.first_seen_at, one.mention.id))
        exhibits = (
            exhibit_of(number, one.hit, one.mention, one.captures, one.observations)
            for number, one in enumerate(found, start=1)
        )
        return tuple(replace(one, is_marked=one.mention_id in case.worst_ids) for one in exhibits)

    def _subject(self, subject_id: str) -> Subject:
        for subject in self.store.subjects(active_only=False):
            if subject.id == subject_id:
                return subject
        raise InputError(f"There is nobody with the id {subject_id!r}.", try_="Run `goodname person list`.")

    def _open_case(self, case_id: int) -> Case:
        case = self.store.case(case_id)
        if case.status is CaseStatus.CLOSED:
            raise InputError(
                f"Case {case_id} is closed.", why=case.closed_because, try_="Open a new one: `goodname case new`."
            )
        return case

    def _confirmed(self, case: Case, mention_ids: Iterable[int]) -> tuple[Hit, ...]:
        """Give the hits of these mentions, each once, when a person confirmed every one for this subject."""
        found = []
        for mention_id in dict.fromkeys(mention_ids):
            hit = self.store.hit(mention_id, case.subject_id)
            if hit is None:
                raise InputError(
                    f"Mention {mention_id} is not about {case.subject_id}.",
                    why="A case holds confirmed mentions of one person or firm.",
                    try_=f"Run `goodname hits list --subject {case.subject_id}`.",
                )
            if hit.review != ReviewVerdict.CONFIRMED.value:
                raise InputError(
                    f"Nobody has confirmed mention {mention_id} yet.",
                    why="A person decides what belongs to a case, not the program.",
                    try_=f"Look at it, then run `goodname hits mark {mention_id} confirmed`.",
                )
            found.append(hit)
        return tuple(found)

    def _keep_missing(self, case: Case) -> None:
        """Ask for a capture of whatever has no complete one; one that is still asked for is not asked for twice."""
        exhibits = self.exhibits(case)
        lacking = set(without_copy(for_minimum(exhibits)))
        for exhibit in exhibits:
            if exhibit.mention_id in lacking:
                request = CaptureRequest(
                    id=0,
                    mention_id=exhibit.mention_id,
                    revision=exhibit.revision,
                    url=exhibit.url,
                    subject_id=case.subject_id,
                    quotes=(exhibit.words,) if exhibit.words else (),
                    facts={"case": str(case.id)},
                )
                self.store.request_capture(request, self.clock.now())

    def _exhibits_to_write_about(self, case: Case, mention_ids: Sequence[int] = ()) -> tuple[CaseExhibit, ...]:
        """Give the chosen exhibits, or all; numbers stay those of the case. InputError when there is none."""
        exhibits = self.exhibits(case)
        for mention_id in set(mention_ids) - {one.mention_id for one in exhibits}:
            raise InputError(
                f"Mention {mention_id} is not in case {case.id}.", try_=f"Run `goodname case show {case.id}`."
            )
        exhibits = tuple(one for one in exhibits if not mention_ids or one.mention_id in mention_ids)
        require_something(case, exhibits)
        return exhibits

    def _log(self, event: str, case: Case, **detail: str) -> None:
        self._log_id(event, case.id, subject=case.subject_id, **detail)

    def _log_id(self, event: str, case_id: int, **detail: str) -> None:
        kept = {name: text for name, text in {"case": str(case_id), **detail}.items() if text}
        self.vault.record(event, actor=self.actor, detail=kept)


def with_hits(case: Case, hits: Iterable[Hit]) -> Case:
    """Give the case with these mentions, and the statements they repeat, added behind its own."""
    chosen = tuple(hits)
    statements = (hit.statement_id for hit in chosen if hit.statement_id)
    return replace(
        case,
        mention_ids=tuple(dict.fromkeys((*case.mention_ids, *(hit.mention_id for hit in chosen)))),
        statement_ids=tuple(dict.fromkeys((*case.statement_ids, *statements))),
    )


def ids_text(mention_ids: Sequence[int]) -> str:
    """Write ids for the log."""
    return ", ".join(map(str, mention_ids))
