from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from monitor.domain import Author, Mention, Statement, Subject


@pytest.fixture
def voss() -> Subject:
    return Subject(
        id="s1",
        name="Dr. Alina Voss",
        handles=("@dralinavoss",),
        context_terms=("Leeds", "dentist"),
        exclude_terms=("figure skater",),
    )


@pytest.fixture
def stole() -> tuple[Statement, ...]:
    return (Statement(id="stole", subject_id="s1", text="Dr. Alina Voss stole money from patients"),)


@pytest.fixture
def mention() -> Callable[..., Mention]:
    def make(text: str, *, title: str = "", author: Author | None = None) -> Mention:
        return Mention(
            source="t", external_id="1", url="", text=text, title=title, author=author,
            first_seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip

    return make
