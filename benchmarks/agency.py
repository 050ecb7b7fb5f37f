"""Invent an agency's subjects and what is written about them; always the same from one seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from monitor.domain import AboutSubject, Assessment, Judgement, Level, Match, Mention, Stance
from monitor.ports import Decision, PageRows, Store
from monitor.testing import make_mention, make_statement, make_subject

VOCABULARY = 200_000
SUBJECTS = 200
_SOURCES = 12
_ABOUT_NOBODY, _ABOUT_TWO = 0.10, 0.95
_SYLLABLES = [consonant + vowel for consonant in "bdfgklmnprstvz" for vowel in ("a", "e", "i", "o", "u")]


def spelled(number: int) -> str:
    """Spell a number as a word of its own, at least two syllables long."""
    word = ""
    while number or len(word) < 4:
        number, rest = divmod(number, len(_SYLLABLES))
        word += _SYLLABLES[rest]
    return word


def judgement_of(mention: Mention, subject_id: str, level: Level) -> Judgement:
    """Judge a post to be about a subject, and, but for level none, to repeat the statement "stole"."""
    match = Match(
        subject_id=subject_id,
        statement_id="stole",
        score=91,
        stance=Stance.REPEAT,
        method="lexical",
        excerpt=mention.text[:80],
        span=(0, 20),
        reasons=("same words",),
    )
    return Judgement(
        subject_id=subject_id,
        about=AboutSubject(score=80, spans=((0, 10),), title_spans=(), reasons=("the full name",)),
        matches=() if level is Level.NONE else (match,),
        level=level,
        reasons=("name",),
        matcher_version="1",
    )


class Agency:
    """Make mentions: word frequencies follow Zipf's law, and some subjects are written about far more than others."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.words = [spelled(number) for number in range(VOCABULARY)]
        self.subjects = [f"subject-{number}" for number in range(SUBJECTS)]
        self.names = [f"{spelled(number).title()}x {spelled(number * 7 + 3).title()}q" for number in range(SUBJECTS)]
        self._word_weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
        self._subject_weights = list(accumulate(rank**-0.8 for rank in range(1, SUBJECTS + 1)))
        self._about: dict[str, tuple[int, ...]] = {}

    def enlist(self, store: Store) -> None:
        """Save who is watched, each with a client and a listed statement of their own."""
        for subject_id, name in zip(self.subjects, self.names, strict=True):
            store.save_subject(make_subject(id=subject_id, name=name, client_id=f"client-{subject_id}"))
            store.save_statement(make_statement(subject_id=subject_id, text=f"{name} stole money from patients"))

    def draw_subjects(self, count: int) -> list[int]:
        """Draw subjects, those that are written about most the most often."""
        return self.random.choices(range(SUBJECTS), cum_weights=self._subject_weights, k=count)

    def page(self, first: int, count: int, now: datetime) -> PageRows:
        """Write so many mentions, numbered from `first`."""
        source = f"source-{first // count % _SOURCES}"
        mentions = tuple(self._mention(number, source, now) for number in range(first, first + count))
        return PageRows(source=source, query_key="*", mentions=mentions, raw=(), cursor=str(first), gone=())

    def decisions(self, mentions: Sequence[Mention], now: datetime) -> list[Decision]:
        """Judge mentions as they were meant."""
        return [
            Decision(
                mention_id=one.id,
                revision=one.revision,
                assessments=tuple(self._assessment(one, place, now) for place in self._about.pop(one.external_id)),
            )
            for one in mentions
        ]

    def _mention(self, number: int, source: str, now: datetime) -> Mention:
        toss = self.random.random()
        about = tuple(dict.fromkeys(self.draw_subjects((toss >= _ABOUT_NOBODY) + (toss >= _ABOUT_TWO))))
        length = min(1_500, 5 + int(self.random.lognormvariate(3.5, 0.8)))
        words = self.random.choices(self.words, cum_weights=self._word_weights, k=length)
        for place in about:
            words.insert(self.random.randrange(length), self.names[place])
        external_id = f"p{number}"
        self._about[external_id] = about
        return make_mention(
            source=source,
            external_id=external_id,
            url=f"https://{source}.example/t/{number}",
            title=" ".join(words[:4]),
            text=" ".join(words),
            first_seen_at=now,
            published_at=now,
        )

    def _assessment(self, mention: Mention, place: int, now: datetime) -> Assessment:
        subject_id = self.subjects[place]
        level = self.random.choices((Level.NONE, Level.POSSIBLE, Level.LIKELY), (70, 20, 10))[0]
        judgement = judgement_of(mention, subject_id, level)
        return Assessment(mention_id=mention.id, revision=mention.revision, judgement=judgement, assessed_at=now)
