"""What is kept of an item: cleaned, bounded, and known by its content."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor.contract import EmptyCursor, Page
from monitor.domain import Author, Gone, Item
from monitor.jobs.keep import MAX_TEXT, rows_from

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def item(**changes: object) -> Item:
    fields: dict[str, object] = {"external_id": "1", "url": "https://example.org/1", "text": "words", "fetched_at": NOW}
    return Item(**(fields | changes))  # type: ignore[arg-type]


def kept(*items: Item, **page: object) -> object:
    return rows_from("forum", "*", Page(items=items, cursor=EmptyCursor(), **page), NOW)  # type: ignore[arg-type]


def test_a_lone_surrogate_and_a_nul_are_cleaned_and_the_raw_bytes_stay() -> None:
    raw = b"the \x00 bytes as they came"
    rows = kept(item(text="a\x00b\ud800c", title="t\x1b[31m", author=Author(name="x\u0000y"), raw=raw))
    mention = rows.mentions[0]
    assert mention.text == "a\ufffdb\ufffdc"
    assert "\x1b" not in mention.title
    assert mention.author is not None
    assert mention.author.name == "x\ufffdy"
    assert rows.raw[0].body == raw
    assert mention.raw_sha256 == hashlib.sha256(raw).hexdigest() == rows.raw[0].sha256


@given(st.text(max_size=200))
def test_whatever_comes_can_be_stored_as_utf8(text: str) -> None:
    mention = kept(item(text=text, title=text, external_id=text or "x", url=text)).mentions[0]
    for value in (mention.text, mention.title, mention.external_id, mention.url, mention.canonical_url):
        assert "\x00" not in value
        value.encode("utf-8")


def test_items_cut_from_one_answer_share_one_raw_row() -> None:
    raw = b"one answer"
    rows = kept(item(external_id="1", raw=raw), item(external_id="2", raw=raw), item(external_id="3", raw=b"other"))
    assert len(rows.mentions) == 3
    assert sorted(one.body for one in rows.raw) == [b"one answer", b"other"]


def test_an_edit_changes_the_content_hash_and_a_new_time_does_not() -> None:
    first = kept(item()).mentions[0]
    assert kept(item(edited_at=NOW)).mentions[0].content_sha256 == first.content_sha256
    assert kept(item(text="other words")).mentions[0].content_sha256 != first.content_sha256
    assert kept(item(rating=1.0)).mentions[0].content_sha256 != first.content_sha256


def test_an_item_given_twice_on_a_page_counts_once() -> None:
    rows = kept(item(text="old"), item(text="new"))
    assert [mention.text for mention in rows.mentions] == ["new"]


def test_a_huge_post_is_cut_and_removals_are_passed_on() -> None:
    rows = kept(item(text="x" * (MAX_TEXT + 5)), gone=(Gone(external_id="9", signal="no longer\nlisted"),))
    assert len(rows.mentions[0].text) == MAX_TEXT
    assert rows.gone == (Gone(external_id="9", signal="no longer listed"),)
