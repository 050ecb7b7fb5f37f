"""In which order a summary shows what was found."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.alert import Hit


def statement_key(hit: Hit) -> str:
    """Name the statement a hit repeats, across people; empty where it repeats nothing listed."""
    return f"{hit.subject_id}\x1f{hit.statement_id}" if hit.statement_id else ""


def by_weight(found: Iterable[Hit]) -> tuple[Hit, ...]:
    """Order hits: statements with the heaviest hit first, unmatched ones last, then by weight and time."""
    everything = tuple(found)
    heaviest: dict[str, tuple[int, int]] = {}
    for hit in everything:
        weight = (hit.level.rank, hit.score)
        heaviest[statement_key(hit)] = max(weight, heaviest.get(statement_key(hit), weight))

    def order(hit: Hit) -> tuple[object, ...]:
        level, score = heaviest[statement_key(hit)]
        return (
            not statement_key(hit),
            -level,
            -score,
            statement_key(hit),
            -hit.level.rank,
            -hit.score,
            hit.first_seen_at,
            hit.mention_id,
        )

    return tuple(sorted(everything, key=order))
