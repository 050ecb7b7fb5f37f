"""Judge posts that were written for it: other languages, new allegations, own words, and posts that mean no harm.

Each names the lowest and the highest level that it may reach, and what the reasons have to say.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor.domain import Author, Level, Mention, Statement, Subject
from monitor.matching import Matcher

ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in Path(__file__).with_name("posts.jsonl").read_text("utf-8").splitlines()
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_a_post_reaches_its_level_and_says_why(row: dict[str, Any]) -> None:
    subject = Subject(
        id="s", name=row["subject"], handles=tuple(row["handles"]), context_terms=tuple(row["context_terms"])
    )
    author = Author(name="", handle=row["author"]) if "author" in row else None
    post = Mention(
        source="golden",
        external_id=row["id"],
        url="",
        text=row["text"],
        author=author,
        first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    (judged,) = Matcher([subject], [Statement(id="x", subject_id="s", text=row["statement"])]).judge(post)
    assert Level(row["at_least"]).rank <= judged.level.rank <= Level(row["at_most"]).rank, judged.reasons
    if "language" in row:
        assert f"language: {row['language']}" in judged.reasons
    if "reason" in row:
        assert any(reason.startswith(row["reason"]) for reason in judged.reasons), judged.reasons


def test_every_kind_is_there_and_no_post_twice() -> None:
    assert len({row["text"] for row in ROWS}) == len(ROWS) >= 40
    assert {row.get("language") for row in ROWS} >= {"es", "fr", "de"}
