from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.cases.spread import Sighting, spread_of


def sighting(source: str, day: int, statement: str = "a", author: str = "") -> Sighting:
    return Sighting(source=source, statement_id=statement, on=date(2026, 1, 1) + timedelta(days=day), author=author)


def test_a_table_and_counts() -> None:
    spread = spread_of(
        [
            sighting("forum", 0, author="x"),
            sighting("forum", 2, author="x"),
            sighting("blog", 1),
            sighting("forum", 0, "b"),
        ]
    )
    assert [(row.source, row.statement_id, row.count, row.authors) for row in spread.rows] == [
        ("forum", "a", 2, 1),
        ("blog", "a", 1, 0),
        ("forum", "b", 1, 0),
    ]
    assert spread.rows[0].last_on - spread.rows[0].first_on == timedelta(days=2)
    assert (spread.sources, spread.days_per_span) == (("forum", "blog"), 1)
    assert spread.counts == ((2, 0, 1), (0, 1, 0))


def test_nothing_has_not_spread() -> None:
    assert spread_of([]).total == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4000)), min_size=1, max_size=60), st.integers(1, 30))
def test_every_sighting_is_counted_once(pairs: list[tuple[str, int]], most: int) -> None:
    spread = spread_of([sighting(source, day) for source, day in pairs], most_spans=most)
    assert sum(map(sum, spread.counts)) == spread.total == len(pairs) == sum(row.count for row in spread.rows)
    assert len(spread.starts) <= most
    assert all(len(row) == len(spread.starts) for row in spread.counts)
