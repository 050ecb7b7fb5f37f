"""Hold what a case knows of each confirmed mention, numbered, for letters, notices and packets. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from monitor.cases.minimum import Exhibit
from monitor.cases.spread import Sighting
from monitor.domain import Capture, CaptureOutcome, Hit, LiveState, Mention, Observation

_RANK = {CaptureOutcome.FAILED: 0, CaptureOutcome.PARTIAL: 1, CaptureOutcome.COMPLETE: 2}


@dataclass(frozen=True, kw_only=True, slots=True)
class CaseExhibit:
    """Hold one confirmed mention as a paper quotes it; holds others' words.

    `number` counts from 1 and stands in the text as [E1]. `words` are the exact words that matched and `start`, `end`
    their place, in characters, in `field` ("text" or "title") of revision `revision`; without a match the words are
    the whole text. `capture` is the best capture so far. `watched` are the later looks, oldest first.
    `is_marked` says that a person holds it to be among the most concerning ones.
    """

    number: int
    mention_id: int
    revision: int
    source: str
    url: str
    title: str
    words: str
    field: str
    start: int
    end: int
    context: str
    statement_id: str
    statement: str
    score: int
    author: str
    author_url: str
    published_at: datetime | None
    precision: str
    first_seen_at: datetime
    capture: Capture | None
    watched: tuple[Observation, ...] = ()
    is_marked: bool = False

    @property
    def label(self) -> str:
        """Name it as papers do."""
        return f"E{self.number}"

    @property
    def said_at(self) -> datetime:
        """Say when it was published, else when it was first seen."""
        return self.published_at or self.first_seen_at

    @property
    def is_kept(self) -> bool:
        """Say whether a complete copy is kept."""
        return self.capture is not None and self.capture.outcome is CaptureOutcome.COMPLETE

    @property
    def state(self) -> LiveState | None:
        """Say what the newest look found, None when nobody looked again."""
        return self.watched[-1].state if self.watched else None


def exhibit_of(
    number: int, hit: Hit, mention: Mention, captures: Iterable[Capture], watched: Sequence[Observation]
) -> CaseExhibit:
    """Put together what is known of one mention; the words are looked up again in the text, so that they are exact."""
    field, start, end = _place(hit.excerpt, mention)
    whole = mention.title if field == "title" else mention.text
    author = mention.author
    return CaseExhibit(
        number=number,
        mention_id=hit.mention_id,
        revision=mention.revision,
        source=hit.source,
        url=mention.url,
        title=mention.title,
        words=whole[start:end],
        field=field,
        start=start,
        end=end,
        context=whole[max(0, start - 200) : end + 200],
        statement_id=hit.statement_id,
        statement=hit.statement,
        score=hit.score,
        author="" if author is None else author.handle or author.name,
        author_url="" if author is None else author.profile_url,
        published_at=mention.published_at,
        precision=mention.published_precision.value,
        first_seen_at=mention.first_seen_at,
        capture=best_capture(captures),
        watched=tuple(watched),
    )


def best_capture(captures: Iterable[Capture]) -> Capture | None:
    """Give the most complete capture; of equals the first, since it is nearest to what was published."""
    return max(captures, key=lambda one: (_RANK[one.outcome], -one.captured_at.timestamp()), default=None)


def known_facts(exhibits: Sequence[CaseExhibit]) -> dict[str, str]:
    """Give the facts of notices that the case itself knows; what it does not know is left out."""
    kept = [one for one in exhibits if one.is_kept]
    dated = [one for one in exhibits if one.published_at is not None]
    facts = {
        "urls": "\n".join(dict.fromkeys(one.url for one in exhibits)),
        "exact_words": "\n".join(f"[{one.label}] “{' '.join(one.words.split())}”" for one in exhibits if one.words),
        "published_on": "\n".join(f"[{one.label}] {one.said_at:%Y-%m-%d} (UTC)" for one in dated),
        "poster": "\n".join(f"[{one.label}] {one.author}" for one in exhibits if one.author),
    }
    if kept and len(kept) == len(exhibits):
        facts["exhibits"] = "\n".join(f"[{one.label}] capture {one.capture.id}" for one in kept if one.capture)
    return {name: text for name, text in facts.items() if text}


def for_minimum(exhibits: Iterable[CaseExhibit]) -> tuple[Exhibit, ...]:
    """Give what the minimum set asks of each exhibit."""
    return tuple(
        Exhibit(
            mention_id=one.mention_id,
            said_at=one.said_at,
            concern=one.score,
            capture=None if one.capture is None else one.capture.outcome,
            is_marked=one.is_marked,
        )
        for one in exhibits
    )


def for_spread(exhibits: Iterable[CaseExhibit]) -> tuple[Sighting, ...]:
    """Give what the picture of spread asks of each exhibit."""
    return tuple(
        Sighting(source=one.source, statement_id=one.statement_id, on=one.said_at.date(), author=one.author)
        for one in exhibits
    )


def _place(excerpt: str, mention: Mention) -> tuple[str, int, int]:
    for field, text in (("text", mention.text), ("title", mention.title)):
        at = text.find(excerpt) if excerpt else -1
        if at >= 0:
            return field, at, at + len(excerpt)
    return "text", 0, len(mention.text)
