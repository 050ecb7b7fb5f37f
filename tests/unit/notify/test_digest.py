from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.domain import Change, Coverage, Digest, HealthState, Hit, Level, LiveState, Message
from monitor.notify import WordRenderer

END = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
MakeHit = Callable[..., Hit]
MakeDigest = Callable[..., Digest]
MakeCoverage = Callable[..., Coverage]


def render(digest: Digest, **options: object) -> Message:
    return WordRenderer(**options).digest(digest, message_id="digest-2026-11-22")


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text).lower())
    return {tuple(words[place : place + 5]) for place in range(len(words) - 4)}


def failing(make_coverage: MakeCoverage) -> tuple[Coverage, ...]:
    return (
        *(make_coverage(f"source-{n}") for n in range(4)),
        make_coverage(
            "review-site",
            state=HealthState.BLOCKED,
            failures=96,
            why="the site answers 403 at https://review.example/search?q=FIRST+LAST",
            last_good_at=END - timedelta(days=2),
        ),
        make_coverage("news-feed", state=HealthState.DEGRADED, failures=20),
    )


def test_an_empty_day_says_so_and_when_it_was_checked(make_digest: MakeDigest) -> None:
    message = render(make_digest())
    assert message.title == "Your daily summary: nothing new"
    assert message.text.startswith("Nothing new. All 6 sources were checked, last at 07:58.\n")
    assert "<h1" in message.html
    assert "Nothing new. All 6 sources were checked, last at 07:58." in message.html


@pytest.mark.parametrize("language", ["en", "de"])
def test_nothing_new_is_never_said_without_its_limits(
    make_digest: MakeDigest, make_coverage: MakeCoverage, language: str
) -> None:
    message = render(make_digest(coverage=failing(make_coverage)), language=language)
    assert "2" in message.title
    assert not re.search(r"nothing new|nichts neues", message.title, re.IGNORECASE)
    said = f"{message.text} {re.sub('<[^>]*>', ' ', message.html)}"
    for found in re.finditer(r"(Nothing new|Nichts Neues)(.{0,80})", said):
        assert found[2].startswith((" where we could look: 4 of 6", ", soweit wir sehen konnten: 4 von 6"))
    assert "review-site" in message.text


def test_a_day_on_which_nobody_looked_claims_nothing(make_digest: MakeDigest, make_coverage: MakeCoverage) -> None:
    blind = (make_coverage("a", checks=0, state=HealthState.UNCHECKED, last_good_at=None),)
    message = render(make_digest(coverage=blind))
    assert message.title == "Your daily summary: no source was checked"
    assert "cannot say whether there is anything new" in message.text
    assert "a: not checked. It has not been tried yet. There was no good check yet." in message.text
    bare = render(make_digest(coverage=()))
    for words in (bare.text, bare.html):
        assert words.count("No source is set up, so nothing was checked.") >= 2
        assert "Every source was checked" not in words


def test_what_was_not_checked_and_why(make_digest: MakeDigest, make_coverage: MakeCoverage) -> None:
    message = render(make_digest(coverage=failing(make_coverage)))
    assert (
        "* review-site: not checked. The site answers 403 at https://review.example/…."
        " Last good check: 20 November, 08:00.\n" in message.text
    )
    assert (
        "* news-feed: checked only in part (20 of 96 tries failed). It answers with errors."
        " Last good check: 22 November, 07:58.\n" in message.text
    )


def test_new_mentions_are_counted_in_the_title_and_named_in_one_sentence(
    make_digest: MakeDigest, make_hit: MakeHit
) -> None:
    hits = [make_hit(n) for n in range(3)] + [make_hit(9, level=Level.POSSIBLE, score=60)]
    message = render(make_digest(*hits))
    assert message.title == "Your daily summary: 4 new"
    assert message.text.startswith(
        "4 new mentions. 3 likely repeat a statement you listed. All 6 sources were checked.\n"
    )
    assert "4 new · 3 likely repeats · 1,834 posts checked" in message.text


def test_a_period_of_another_length_is_not_called_daily(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    week = make_digest(make_hit(), starts_at=END - timedelta(days=7))
    assert render(week).title == "Your weekly summary: 1 new"
    assert render(make_digest(starts_at=END - timedelta(days=7))).title == "Your weekly summary: nothing new"
    assert render(make_digest(make_hit(), starts_at=END - timedelta(days=3))).title == "Your summary: 1 new"
    long_day = make_digest(make_hit(), starts_at=END - timedelta(hours=25))
    assert render(long_day).title == "Your daily summary: 1 new"


def test_twelve_cards_by_statement_and_then_a_count(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    lied = [make_hit(n, statement_id="lied", score=80) for n in range(5)]
    stole = [make_hit(100 + n, score=90 + n) for n in range(10)]
    unmatched = [make_hit(200 + n, level=Level.NONE, statement_id="", statement="", score=0) for n in range(6)]
    message = render(make_digest(*unmatched, *lied, *stole))
    shown = [int(number) for number in re.findall(r"Open: goodname hits show (\d+)", message.text)]
    assert shown == [109, 108, 107, 106, 105, 104, 103, 102, 101, 100, 0, 1]
    assert "and 9 more. To see all: goodname hits list" in message.text
    assert message.text.index("Statement 1") < message.text.index("Statement 2")
    assert message.html.count("goodname hits show") == 12
    assert "and 9 more" in message.html


@pytest.mark.parametrize("count", [0, 1, 12, 100, 1000])
@pytest.mark.parametrize("options", [{}, {"veil": False}, {"base_url": "https://watch.example"}, {"language": "de"}])
def test_it_stays_small(make_digest: MakeDigest, make_hit: MakeHit, count: int, options: dict[str, object]) -> None:
    long = "word " * 2000
    hits = (make_hit(n, text=long, title=long, excerpt=long, author=long) for n in range(count))
    message = render(make_digest(*hits), **options)
    assert len(message.html.encode()) <= 100_000
    assert len(message.text.encode()) <= 50_000


def test_it_stays_small_with_many_changes_and_failing_sources(
    make_digest: MakeDigest, make_coverage: MakeCoverage
) -> None:
    change = Change(
        mention_id=1,
        subject_id="subject-1",
        source="town-forum",
        url="https://forum.example/x",
        state=LiveState.GONE,
        signal="HTTP 404",
        observed_at=END - timedelta(hours=1),
    )
    bad = tuple(make_coverage(f"s{n}", state=HealthState.AUTH, failures=96, why="x" * 5000) for n in range(500))
    message = render(make_digest(changes=(change,) * 500, coverage=bad))
    assert len(message.html.encode()) <= 100_000
    assert message.text.count("and 488 more") == 2


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("count", [1, 12, 100])
def test_veiled_it_holds_no_run_of_five_words_of_any_mention(
    make_digest: MakeDigest, make_hit: MakeHit, count: int, language: str
) -> None:
    hits = [make_hit(n, statement_id=f"first-last-stole-money-from-{n}") for n in range(count)]
    change = Change(
        mention_id=1,
        subject_id="subject-1",
        source="town-forum",
        url=hits[0].url,
        state=LiveState.EDITED,
        signal=f"was: {hits[0].text}",
        observed_at=END,
    )
    message = render(make_digest(*hits, changes=(change,)), language=language)
    said = f"{message.title}\n{message.text}\n{message.html}"
    for hit in hits:
        for others in (hit.title, hit.text, hit.statement, hit.url, hit.excerpt, hit.author, *hit.reasons):
            assert not runs(others) & runs(said)
    assert not re.search(r"FIRST|LAST|stole|Leeds|forum\.example", said)


def test_unveiled_it_shows_words_as_plain_text(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    hit = make_hit(excerpt="<img src=x onerror=alert(1)>", title="{{ 7*7 }}")
    message = render(make_digest(hit), veil=False)
    assert "&lt;img src=x onerror=alert(1)&gt;" in message.html
    assert "<img" not in message.html
    assert "{{ 7*7 }}" in message.html
    assert "Statement 1: FIRST LAST stole money from patients" in message.text


def test_changes_say_that_a_copy_is_kept_only_where_that_is_known(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    gone = Change(
        mention_id=1,
        subject_id="subject-1",
        source="town-forum",
        url="https://forum.example/x",
        state=LiveState.GONE,
        signal="HTTP 404",
        observed_at=END - timedelta(hours=4),
    )
    changes = (gone, replace(gone, mention_id=2, state=LiveState.EDITED))
    text = render(make_digest(make_hit(1), changes=changes)).text
    assert (
        "* town-forum: gone since 22 November, 04:00. Your copy is kept. Open: goodname hits show 1\n"
        "* town-forum: edited, seen 22 November, 04:00. Open: goodname hits show 2\n" in text
    )
    assert "2 pages have changed." in text


def test_times_are_in_the_digests_own_zone(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    text = render(make_digest(make_hit(), timezone="Asia/Kathmandu")).text
    assert "21 November, 13:45 to 22 November, 13:45 (Asia/Kathmandu)" in text
    assert "Found 22 November, 11:45" in text
    assert "(UTC)" in render(make_digest(timezone="No/Where")).text


def test_captures_that_failed_clients_reviews_and_the_chain_head_are_shown(
    make_digest: MakeDigest, make_hit: MakeHit
) -> None:
    hit = make_hit(review="later", capture_state="failed", evidence_sha256="")
    text = render(make_digest(hit, capture_failures=1, client_id="client-7")).text
    assert "For one mention no copy could be saved." in text
    assert "Client: client-7" in text
    assert "You put this off for later." in text
    assert f"End of the custody log: {'ab' * 32}" in text
    assert "Reference: digest-2026-11-22" in text


def test_the_page_has_what_readers_and_programs_need(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    page = render(make_digest(make_hit()), language="de").html
    assert page.startswith("<!DOCTYPE html>")
    assert '<html lang="de"' in page
    assert "prefers-color-scheme: dark" in page or "prefers-color-scheme:dark" in page
    assert 'name="viewport"' in page
    assert not re.search(r"<(img|script|link|iframe|form|object)\b|url\(|@import|src=", page)
    assert all('role="presentation"' in table for table in re.findall(r"<table[^>]*>", page))


def test_the_same_digest_gives_the_same_message(make_digest: MakeDigest, make_hit: MakeHit) -> None:
    digest = make_digest(*(make_hit(n) for n in range(20)))
    assert render(digest) == render(digest)
    assert render(digest).message_id == "digest-2026-11-22@goodname.invalid"
