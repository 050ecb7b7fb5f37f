"""Choose the score from which people are told at once, by what a person said of earlier hits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """Hold one hit that would be told at once if its score reached the bar; `is_right` is None while nobody said."""

    score: int
    is_right: bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """Hold a bar for "likely" and what it would have meant, by the reviews so far.

    `likely` is None when no bar up to 100 keeps to the wish, or nothing was reviewed. `false_a_week` is estimated: the
    share of wrong ones among the reviewed hits above the bar, times all hits above it. `kept` and `lost` count the
    confirmed repeats above and below it.
    """

    likely: int | None
    false_a_week: float
    right: int
    wrong: int
    kept: int
    lost: int


def suggest(hits: Sequence[Reviewed], weeks: float, at_most: float, *, lowest: int = 1) -> Suggestion:
    """Give the lowest bar with at most so many false alerts a week; `lowest` is the bar for "possible"."""
    right = sum(hit.is_right is True for hit in hits)
    wrong = sum(hit.is_right is False for hit in hits)
    chosen, rate = None, 0.0
    if right + wrong:
        for bar in sorted({lowest, *(min(100, hit.score + 1) for hit in hits if hit.score >= lowest)}):
            rate = false_a_week(hits, weeks, bar)
            if rate <= at_most:
                chosen = bar
                break
    kept = sum(hit.is_right is True and chosen is not None and hit.score >= chosen for hit in hits)
    return Suggestion(likely=chosen, false_a_week=rate, right=right, wrong=wrong, kept=kept, lost=right - kept)


def false_a_week(hits: Sequence[Reviewed], weeks: float, bar: int) -> float:
    """Estimate how many alerts a week would be wrong with this bar."""
    above = [hit for hit in hits if hit.score >= bar]
    reviewed = [hit for hit in above if hit.is_right is not None]
    if not reviewed:
        # Nobody said anything of these: then the worst is taken.
        return len(above) / weeks
    wrong = sum(hit.is_right is False for hit in reviewed) / len(reviewed)
    return wrong * len(above) / weeks
