"""Every store keeps pages and mentions alike."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Author, Gone, LiveState, MentionKind, Observation, Precision, RawResponse
from monitor.errors import StoreError
from monitor.ports import PageResult
from monitor.store import SqlStore
from monitor.testing.builders import NOW, make_mention

FULL = make_mention(
    source="town-forum",
    external_id="post-9",
    kind=MentionKind.REVIEW,
    url="https://forum.example/t/9?utm_source=x",
    author=Author(
        name="somebody",
        handle="@some",
        profile_url="https://forum.example/u/some",
        external_id="u1",
        account_created_at=datetime(2019, 2, 3, 4, 5, 6, 7, tzinfo=UTC),
    ),
    title="标题 \N{PILE OF POO}",
    text="نص عربي\nand more " * 50,
    language="ar",
    rating=1.5,
    in_reply_to_url="https://forum.example/t/8",
    media=("https://forum.example/1.png", "https://forum.example/2.png"),
    published_at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    published_precision=Precision.DAY,
    edited_at=NOW,
    anchor="#post-9",
    raw_sha256="ab" * 32,
)


def test_every_field_comes_back(store: SqlStore, shelf):
    (kept,) = shelf.keep(FULL)
    assert kept == replace(FULL, id=kept.id)
    assert kept.id > 0
    assert store.mention(kept.id) == kept
    assert store.mention(kept.id, revision=1) == kept
    assert store.revisions(kept.id) == (kept,)


def test_a_bare_mention_comes_back(store: SqlStore, shelf):
    bare = make_mention(author=None, published_at=None, published_precision=Precision.UNKNOWN, rating=0.0)
    (kept,) = shelf.keep(bare)
    assert kept == replace(bare, id=kept.id)


def test_moments_come_back_in_utc_whatever_their_zone_was(store: SqlStore, shelf):
    zone = timezone(timedelta(0), "GMT")
    (kept,) = shelf.keep(make_mention(first_seen_at=NOW.astimezone(zone)))
    assert kept.first_seen_at == NOW
    assert kept.first_seen_at.tzinfo is UTC


def test_a_known_mention_changes_nothing(store: SqlStore, shelf):
    page = shelf.page(FULL, make_mention())
    assert store.save_page(page) == PageResult(new=2, revised=0, gone=0)
    again = replace(page, mentions=tuple(replace(one, first_seen_at=NOW + timedelta(days=1)) for one in page.mentions))
    assert store.save_page(again) == PageResult(new=0, revised=0, gone=0)
    found = store.find("town-forum", "post-9")
    assert found
    assert found.first_seen_at == NOW
    assert store.count_mentions(NOW, NOW + timedelta(days=2)) == 2


def test_an_edit_is_a_new_revision(store: SqlStore, shelf):
    first = shelf.post(text="one")
    later = NOW + timedelta(hours=1)
    edited = make_mention(text="two", first_seen_at=later, url="https://forum.example/moved")
    assert store.save_page(shelf.page(edited)) == PageResult(new=0, revised=1, gone=0)
    newest = store.mention(first.id)
    assert (newest.revision, newest.text, newest.first_seen_at, newest.url) == (2, "two", later, edited.url)
    assert store.revisions(first.id) == (first, newest)
    assert store.mention(first.id, revision=1) == first
    assert store.count_mentions(NOW, NOW + timedelta(seconds=1)) == 1
    assert store.count_mentions(later, later + timedelta(seconds=1)) == 0


def test_an_edit_back_is_a_revision_too(store: SqlStore, shelf):
    for text in ("one", "two", "one"):
        kept = shelf.post(text=text)
    assert kept.revision == 3


def test_one_page_may_hold_a_mention_several_times(store: SqlStore, shelf):
    page = shelf.page(
        make_mention(text="one"), make_mention(text="one"), make_mention(text="two"), make_mention(external_id="other")
    )
    assert store.save_page(page) == PageResult(new=2, revised=1, gone=0)
    found = store.find("town-forum", "post-1")
    assert found
    assert (found.revision, found.text) == (2, "two")
    assert store.save_page(replace(page, mentions=page.mentions[2:])) == PageResult(new=0, revised=0, gone=0)


def test_the_same_id_at_two_sources_is_two_mentions(store: SqlStore, shelf):
    one = shelf.post(source="a")
    two = shelf.post(source="b")
    assert one.id != two.id
    assert store.find("c", "post-1") is None


def test_a_content_hash_is_made_where_none_is_given(store: SqlStore, shelf):
    (kept,) = shelf.keep(replace(make_mention(), content_sha256=""))
    assert kept.content_sha256 == make_mention().content_sha256


def test_very_long_ids_and_texts(store: SqlStore, shelf):
    names = ["long" * 5_000 + end for end in ("a", "b")]
    text = "".join(chr(0x4E00 + n % 20_000) + " " for n in range(400_000))
    kept = shelf.keep(*(make_mention(external_id=name, text=text, url="https://x.example/" + name) for name in names))
    assert [one.external_id for one in kept] == names
    assert kept[0].text == text
    assert store.save_page(shelf.page(*kept)) == PageResult(new=0, revised=0, gone=0)


def test_unstorable_characters_stop_nothing(store: SqlStore, shelf):
    odd = make_mention(external_id="id\x00\ud800", url="https://x.example/\x00", author=Author(name="a\x00b\udc00"))
    assert store.save_page(shelf.page(odd, gone=(Gone(external_id="other\x00", signal="404"),))).new == 1
    assert store.save_page(shelf.page(odd)).new == 0
    found = store.find("town-forum", "id\x00\ud800")
    assert found
    assert found.url == "https://x.example/\ufffd"


def test_the_cursor_lands_with_the_page(store: SqlStore, shelf):
    store.save_page(shelf.page(FULL, cursor="1", query_key="q"))
    store.save_page(shelf.page(cursor="2", query_key="q"))
    store.save_page(shelf.page(cursor="3", query_key="other"))
    assert (store.cursor("town-forum", "q"), store.cursor("town-forum", "other")) == ("2", "3")


def test_a_page_lands_whole_or_not_at_all(store: SqlStore, shelf):
    naive = replace(make_mention(external_id="late"))
    object.__setattr__(naive, "first_seen_at", datetime(2026, 1, 1))  # noqa: DTZ001 - what the store must refuse
    page = shelf.page(make_mention(external_id="early"), naive, cursor="after")
    with pytest.raises(StoreError):
        store.save_page(page)
    assert store.find("town-forum", "early") is None
    assert store.cursor("town-forum", "*") == ""
    assert store.unassessed(10) == ()


def test_raw_bytes_are_kept_for_new_and_revised_mentions_only(store: SqlStore, shelf):
    bodies = {name * 32: (name * 10_000).encode() for name in ("a1", "b2", "c3", "d4")}
    raw = tuple(shelf.raw(body, sha256) for sha256, body in bodies.items())
    known = make_mention(raw_sha256="a1" * 32)
    store.save_page(shelf.page(known, make_mention(external_id="same-bytes", raw_sha256="a1" * 32), raw=raw))
    assert store.raw("a1" * 32) == RawResponse(sha256="a1" * 32, media_type="text/html", body=bodies["a1" * 32])
    assert store.raw("b2" * 32) is None
    store.save_page(shelf.page(replace(known, raw_sha256="b2" * 32), raw=raw))
    assert store.raw("b2" * 32) is None
    store.save_page(shelf.page(make_mention(text="edited", raw_sha256="c3" * 32), raw=raw))
    assert store.raw("c3" * 32) == raw[2]


def test_raw_bytes_of_any_kind_come_back(store: SqlStore, shelf):
    body = bytes(range(256)) * 40
    store.save_page(shelf.page(make_mention(raw_sha256="e5" * 32), raw=(shelf.raw(body, "e5" * 32),)))
    store.save_page(shelf.page(make_mention(external_id="e", raw_sha256="f6" * 32), raw=(shelf.raw(b"", "f6" * 32),)))
    assert store.raw("e5" * 32) == shelf.raw(body, "e5" * 32)
    assert store.raw("f6" * 32) == shelf.raw(b"", "f6" * 32)


def test_a_removal_is_told_once(store: SqlStore, shelf, clock):
    kept = shelf.post()
    clock.advance(60)
    gone = (Gone(external_id="post-1", signal="404"), Gone(external_id="unknown", signal="404"))
    assert store.save_page(shelf.page(gone=gone)) == PageResult(new=0, revised=0, gone=1)
    assert store.save_page(shelf.page(gone=gone * 2)) == PageResult(new=0, revised=0, gone=0)
    assert store.observations(kept.id) == (
        Observation(mention_id=kept.id, state=LiveState.GONE, signal="404", observed_at=clock.now()),
    )
    assert store.mention(kept.id).revision == 1


@pytest.mark.parametrize("text", ["FIRST LAST stole money", "edited meanwhile"])
def test_a_mention_that_is_shown_again_is_live(store: SqlStore, shelf, clock, text):
    kept = shelf.post()
    gone = (Gone(external_id="post-1", signal="404"),)
    store.save_page(shelf.page(gone=gone))
    clock.advance(60)
    store.save_page(shelf.page(make_mention(text=text)))
    store.save_page(shelf.page(make_mention(text=text)))
    states = [one.state for one in store.observations(kept.id)]
    assert states == [LiveState.GONE, LiveState.LIVE]
    assert store.save_page(shelf.page(gone=gone)).gone == 1


def test_new_and_gone_in_one_page(store: SqlStore, shelf):
    page = shelf.page(make_mention(), gone=(Gone(external_id="post-1", signal="deleted"),))
    assert store.save_page(page) == PageResult(new=1, revised=0, gone=1)
    assert store.save_page(shelf.page(gone=page.gone)).gone == 0


def test_an_observed_removal_counts_for_the_source_too(store: SqlStore, shelf):
    kept = shelf.post()
    seen = Observation(mention_id=kept.id, state=LiveState.GONE, signal="410", observed_at=NOW)
    store.save_observation(seen)
    assert store.save_page(shelf.page(gone=(Gone(external_id="post-1", signal="404"),))).gone == 0
    store.save_page(shelf.page(make_mention(text="FIRST LAST stole money")))
    assert [one.state for one in store.observations(kept.id)] == [LiveState.GONE, LiveState.LIVE]


def test_what_is_not_there(store: SqlStore, shelf):
    kept = shelf.post()
    for call in (lambda: store.mention(kept.id + 1), lambda: store.mention(kept.id, revision=2)):
        with pytest.raises(StoreError, match="no such mention"):
            call()
    with pytest.raises(StoreError, match="no such mention"):
        store.revisions(kept.id + 1)
    assert store.raw("00" * 32) is None


def test_large_pages(store: SqlStore, shelf):
    many = tuple(make_mention(external_id=f"p{n}", text=f"text {n}") for n in range(1_700))
    assert store.save_page(shelf.page(*many)).new == 1_700
    assert store.save_page(shelf.page(*many, make_mention(external_id="one-more"))).new == 1


runs = count()
posts = st.tuples(st.sampled_from(["a", "b", "c", "ü", "d\x00"]), st.sampled_from(["one", "two", "three"]))
pages = st.lists(st.tuples(st.lists(posts, max_size=6), st.lists(st.sampled_from("abc"), max_size=2)), max_size=8)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pages=pages)
def test_pages_in_any_order_never_double_a_mention(store: SqlStore, shelf, pages):
    source = f"source-{next(runs)}"
    texts: dict[str, list[str]] = {}
    new = revised = 0
    for items, gone in pages:
        mentions = tuple(make_mention(source=source, external_id=name, text=text) for name, text in items)
        removed = tuple(Gone(external_id=name, signal="404") for name in gone)
        result = store.save_page(shelf.page(*mentions, source=source, gone=removed))
        new, revised = new + result.new, revised + result.revised
        for name, text in items:
            if texts.setdefault(name, [])[-1:] != [text]:
                texts[name].append(text)
    assert new == len(texts)
    assert revised == sum(len(kept) for kept in texts.values()) - len(texts)
    for name, expected in texts.items():
        found = store.find(source, name)
        assert found
        assert [one.text for one in store.revisions(found.id)] == expected
        assert [one.revision for one in store.revisions(found.id)] == list(range(1, len(expected) + 1))
