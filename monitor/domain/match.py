"""What was judged of a mention, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from monitor.domain._utc import require_utc


class Level(StrEnum):
    """Say in one word how likely a mention repeats a listed statement."""

    NONE = "none"
    POSSIBLE = "possible"
    LIKELY = "likely"

    @property
    def rank(self) -> int:
        """Order the levels: 0 none, 1 possible, 2 likely."""
        return ("none", "possible", "likely").index(self.value)


class Stance(StrEnum):
    """Say what a text does with the statement it contains."""

    REPEAT = "repeat"
    DENIAL = "denial"
    QUESTION = "question"
    REBUTTAL = "rebuttal"
    REVERSED = "reversed"
    UNCLEAR = "unclear"


class ReviewVerdict(StrEnum):
    """Say what a person decided about a mention; WITHDRAWN takes the verdict before it back."""

    CONFIRMED = "confirmed"
    NOT_ABOUT_SUBJECT = "not_about_subject"
    NOT_HARMFUL = "not_harmful"
    LATER = "later"
    WITHDRAWN = "withdrawn"


Span = tuple[int, int]
"""Start and end (exclusive) as code-point offsets into the text that `Mention.text` or `Mention.title` holds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AboutSubject:
    """Say whether a text is about the subject: score 0-100, the places that name it, and reasons in words.

    `spans` are offsets into the mention's text, `title_spans` into its title.
    """

    score: int
    spans: tuple[Span, ...] = ()
    title_spans: tuple[Span, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Say that a text resembles a listed statement.

    `score` is 0-100; `span` and `excerpt` are the best sentence; `field` says whether the span is an offset into the
    mention's "text" or its "title".
    """

    subject_id: str
    statement_id: str
    score: int
    stance: Stance
    method: str
    excerpt: str
    span: Span
    field: str = "text"
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """Hold everything the matcher decided about one mention and one subject.

    Pure result: carries no time and no id of a stored row. `matches` are best first.
    """

    subject_id: str
    about: AboutSubject
    matches: tuple[Match, ...]
    level: Level
    reasons: tuple[str, ...]
    matcher_version: str

    @property
    def best(self) -> Match | None:
        """Give the strongest match, or None."""
        return self.matches[0] if self.matches else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Assessment:
    """Tie a judgement to the stored revision it is about.

    `hunted_at` says when a retro-hunt raised the level of what had been judged before; None for all else.
    """

    mention_id: int
    revision: int
    judgement: Judgement
    assessed_at: datetime
    hunted_at: datetime | None = None

    def __post_init__(self) -> None:
        require_utc(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """Record a person's verdict on a mention."""

    mention_id: int
    subject_id: str
    verdict: ReviewVerdict
    reviewed_at: datetime
    reviewer: str = ""
    note: str = ""

    def __post_init__(self) -> None:
        require_utc(self)
