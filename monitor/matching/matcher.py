"""Judge mentions for many subjects: one pass through the gate, then a judgement for each subject that was named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor.domain import Author, Judgement, Mention, Statement, Subject
from monitor.matching import about
from monitor.matching.decide import Found, judge
from monitor.matching.encoder import Encoder
from monitor.matching.gate import Gate, NameHit
from monitor.matching.statements import Wording, wordings
from monitor.matching.thresholds import Thresholds
from monitor.text.views import fold
from monitor.text.words import stem


class Matcher:
    """Judge mentions by one set of rules (subjects, statements, thresholds).

    Built once per rule set and only read afterwards, so it may be shared between threads.
    """

    def __init__(
        self,
        subjects: Sequence[Subject],
        statements: Sequence[Statement],
        thresholds: Thresholds | None = None,
        encoder: Encoder | None = None,
    ) -> None:
        self.thresholds = thresholds or Thresholds()
        self._gate = Gate([subject for subject in subjects if subject.is_active])
        self._statements: dict[str, tuple[Statement, ...]] = defaultdict(tuple)
        for statement in statements:
            self._statements[statement.subject_id] += (statement,)
        self._ready: dict[int, Sequence[Wording]] = {}
        self._encoder = encoder
        self._by_handle: dict[str, list[int]] = defaultdict(list)
        for number, subject in enumerate(self._gate.subjects):
            for handle in subject.handles:
                self._by_handle[handle.strip().lstrip("@").casefold()].append(number)

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Give the active subjects."""
        return self._gate.subjects

    @property
    def gate_terms(self) -> tuple[str, ...]:
        """List every folded name form that is looked for."""
        return self._gate.terms

    def judge(self, mention: Mention) -> tuple[Judgement, ...]:
        """Give one judgement for each subject whose name was found, in the order of the subjects.

        A family name alone, without a title, counts as found only with a context term or a likely statement.
        """
        named = self.named(mention.title, mention.text, mention.author)
        return self.judge_named(mention, named) if named else ()

    def named(self, title: str, text: str, author: Author | None) -> dict[int, Found]:
        """Find the subjects that are named in the words or signed them, by their position among the subjects."""
        in_text = self._by_subject(text)
        in_title = self._by_subject(title) if title else {}
        numbers = in_text.keys() | in_title.keys() | self._signed(author)
        return {one: Found(tuple(in_title.get(one, ())), tuple(in_text.get(one, ()))) for one in sorted(numbers)}

    def names_anyone(self, mention: Mention) -> bool:
        """Tell whether `judge` could give anything at all; without judging, so that a stream can be sifted by it."""
        return any(
            not about.is_weak_alone((*found.title, *found.text)) or self._is_worth_a_look(number, mention, found)
            for number, found in self.named(mention.title, mention.text, mention.author).items()
        )

    def judge_named(self, mention: Mention, named: Mapping[int, Found]) -> tuple[Judgement, ...]:
        """Judge a mention in which `named` was found; what `judge` does after looking for names."""
        judgements = []
        for number, found in named.items():
            if about.is_weak_alone((*found.title, *found.text)) and not self._is_worth_a_look(number, mention, found):
                continue
            subject = self._gate.subjects[number]
            judgement = judge(mention, subject, self._wordings(number), self.thresholds, found, self._encoder)
            if judgement.about.score >= self.thresholds.about_min or not about.is_weak_alone(
                (*found.title, *found.text)
            ):
                judgements.append(judgement)
        return tuple(judgements)

    def _wordings(self, number: int) -> Sequence[Wording]:
        ready = self._ready.get(number)
        if ready is None:
            subject = self._gate.subjects[number]
            ready = self._ready[number] = wordings(subject, self._statements[subject.id])
        return ready

    def _is_worth_a_look(self, number: int, mention: Mention, found: Found) -> bool:
        """Tell whether a family name alone could mean the subject: written as a name, with context or telling words."""
        text = mention.text or mention.title
        hits, content = (found.text, mention.text) if found.text else (found.title, mention.title)
        if not content[hits[0].start].isupper() and content != content.lower():
            return False
        padded = f" {fold(text[:20_000])} "
        if about.present_terms(self._gate.subjects[number].context_terms, padded):
            return True
        stems = {stem(word) for word in padded.split()}
        return any(len(stems & wording.telling) >= 2 for wording in self._wordings(number))

    def _by_subject(self, text: str) -> dict[int, list[NameHit]]:
        grouped: dict[int, list[NameHit]] = {}
        for hit in self._gate.search(text):
            grouped.setdefault(hit.subject, []).append(hit)
        return grouped

    def _signed(self, author: Author | None) -> set[int]:
        if author is None or not author.handle:
            return set()
        return set(self._by_handle.get(author.handle.strip().lstrip("@").casefold(), ()))
