"""Work out a bar for alerts from a person's own reviews; it is shown, and never applied from here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor.domain import Hit, ReviewVerdict, Stance
from monitor.matching import Thresholds
from monitor.matching.tuning import Reviewed, Suggestion, false_a_week, suggest
from monitor.ports import HitFilter, Store

_MOST = 10_000
_WEEK = timedelta(weeks=1)
_TOLD = frozenset({Stance.REPEAT, Stance.UNCLEAR})
_VERDICTS = {
    ReviewVerdict.CONFIRMED: True,
    ReviewVerdict.NOT_ABOUT_SUBJECT: False,
    ReviewVerdict.NOT_HARMFUL: False,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """Hold the suggested bar beside the present one and what that one means, over the `weeks` the hits span."""

    suggestion: Suggestion
    now: int
    now_false_a_week: float
    weeks: float
    hits: int


def advise(store: Store, thresholds: Thresholds, at_most: float, subject_id: str = "") -> Advice:
    """Suggest a bar for one subject's hits, or for everybody's, with at most so many false alerts a week."""
    found = store.hits(HitFilter(subject_id=subject_id, limit=_MOST))
    told = [hit for hit in found if hit.stance in _TOLD and hit.about_score >= thresholds.about_likely]
    hits = [Reviewed(score=hit.score, is_right=_is_right(hit)) for hit in told]
    seen = [hit.first_seen_at for hit in found]
    weeks = max(1.0, (max(seen) - min(seen)) / _WEEK) if seen else 1.0
    return Advice(
        suggestion=suggest(hits, weeks, at_most, lowest=thresholds.possible),
        now=thresholds.likely,
        now_false_a_week=false_a_week(hits, weeks, thresholds.likely),
        weeks=weeks,
        hits=len(hits),
    )


def _is_right(hit: Hit) -> bool | None:
    return _VERDICTS.get(ReviewVerdict(hit.review)) if hit.review else None
