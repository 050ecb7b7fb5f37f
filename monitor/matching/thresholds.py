"""Say from which score on a judgement counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Thresholds:
    """Hold the scores (0-100) at which levels begin.

    `possible` and `likely` are statement scores. `about_min` is the least certainty that the subject is meant for any
    level above none, `about_likely` the least for "likely". `unclear_likely` is the statement score from which a text
    of unclear stance still counts as "likely".
    """

    possible: int = 35
    likely: int = 65
    about_min: int = 30
    about_likely: int = 60
    unclear_likely: int = 90

    def __post_init__(self) -> None:
        values = (self.possible, self.likely, self.about_min, self.about_likely, self.unclear_likely)
        if not all(0 <= value <= 100 for value in values):
            raise ValueError("thresholds lie between 0 and 100")
        if self.possible > self.likely or self.about_min > self.about_likely:
            raise ValueError('a threshold for "possible" cannot be above the one for "likely"')
