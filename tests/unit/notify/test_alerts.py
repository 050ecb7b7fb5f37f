from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.domain import Alert, AlertKind, Hit, Level, LiveState, Message, Stance
from monitor.errors import ConfigError
from monitor.notify import WordRenderer

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HEAD = "ab" * 32
MakeHit = Callable[..., Hit]


def make_alert(kind: AlertKind = AlertKind.MATCH, **fields: object) -> Alert:
    plain: dict[str, object] = {"kind": kind, "dedupe_key": "match:1:subject-1:likely", "created_at": NOW}
    return Alert(**(plain | fields))


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", re.sub(r"<[^>]*>", " ", text).lower())


def runs(text: str, length: int = 5) -> set[tuple[str, ...]]:
    words = words_of(text)
    return {tuple(words[place : place + length]) for place in range(len(words) - length + 1)}


def everything(message: Message) -> str:
    return f"{message.title}\n{message.text}\n{message.html}"


def test_a_match_says_where_how_likely_whether_kept_and_how_to_open_it(make_hit: MakeHit) -> None:
    message = WordRenderer().alert(make_alert(mention_id=12), make_hit(12), chain_head=HEAD)
    assert message.title == "One new item"
    assert message.text == (
        "There is one new mention at town-forum.\n\n"
        "Likelihood: Likely repeat of a statement you listed (92 of 100)\n"
        "Why: The wording is close to it (92 of 100), and the text is about the name on your list (95 of 100).\n"
        "Found: Sunday 22 November 2026, 06:00 (UTC)\n"
        "Evidence: Already saved: a full copy (hash starts 3f9a8b12cd34).\n\n"
        "To open it: goodname hits show 12\n\n"
        "You can leave this for later. The copy stays as it is.\n\n"
        f"End of the custody log: {HEAD}\n"
        f"Reference: {message.message_id.split('@')[0]}\n"
    )


@pytest.mark.parametrize("kind", list(AlertKind))
@pytest.mark.parametrize("language", ["en", "de"])
def test_a_veiled_alert_holds_no_word_run_name_author_or_address_of_the_hit(
    make_hit: MakeHit, kind: AlertKind, language: str
) -> None:
    hit = make_hit(12)
    message = WordRenderer(language=language).alert(make_alert(kind, mention_id=12), hit, chain_head=HEAD)
    said = everything(message)
    for secret in ("FIRST", "LAST", "Angry", "forum.example", "stole", "Leeds"):
        assert secret not in said
    for others in (hit.title, hit.text, hit.statement, hit.url, hit.author, *hit.reasons):
        assert not runs(others) & runs(said)


def test_the_veil_can_be_lifted(make_hit: MakeHit) -> None:
    message = WordRenderer(veil=False).alert(make_alert(), make_hit(text="<script>x</script>"), chain_head=HEAD)
    assert "Words: FIRST LAST stole money from patients for many years." in message.text
    assert "An Angry Person Of Leeds" in message.html
    shown = WordRenderer(veil=False).alert(
        make_alert(), make_hit(excerpt="<script>x</script>", title="<b>\n\u202ehi"), chain_head=HEAD
    )
    assert "&lt;script&gt;" in shown.html
    assert "<script" not in shown.html
    assert "Title: <b> hi" in shown.text


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("complete", "Already saved: a full copy (hash starts 3f9a8b12cd34)."),
        ("partial", "Already saved: part of the page (hash starts 3f9a8b12cd34)."),
        ("queued", "A copy is being made. Nothing is saved yet."),
        ("failed", "No copy could be saved yet. It is tried again."),
        ("none", "No copy was asked for."),
        ("something else", "No copy was asked for."),
    ],
)
def test_evidence_is_told_as_it_is(make_hit: MakeHit, state: str, said: str) -> None:
    message = WordRenderer().alert(make_alert(), make_hit(capture_state=state), chain_head="")
    assert f"Evidence: {said}\n" in message.text
    assert ("The copy stays" in message.text) is (state in ("complete", "partial"))
    assert "custody" not in message.text


@pytest.mark.parametrize(
    ("stance", "said"),
    [
        (Stance.DENIAL, "deny"),
        (Stance.QUESTION, "ask about"),
        (Stance.REBUTTAL, "argue against"),
        (Stance.REVERSED, "turn the statement around"),
    ],
)
def test_what_a_text_does_with_the_statement_is_said(make_hit: MakeHit, stance: Stance, said: str) -> None:
    message = WordRenderer().alert(make_alert(), make_hit(stance=stance, level=Level.POSSIBLE), chain_head="")
    assert said in message.text
    assert "Possible repeat" in message.text


def test_a_mention_that_repeats_nothing_has_no_score_of_likelihood(make_hit: MakeHit) -> None:
    hit = make_hit(level=Level.NONE, statement_id="", statement="", score=0, stance=None)
    message = WordRenderer().alert(make_alert(), hit, chain_head="")
    assert "Likelihood: Repeats nothing you listed\n" in message.text


def test_a_dashboard_address_becomes_a_link_and_anything_else_does_not(make_hit: MakeHit) -> None:
    linked = WordRenderer(base_url="https://watch.example/").alert(make_alert(), make_hit(7), chain_head="")
    assert "https://watch.example/mention/7" in linked.text
    assert 'href="https://watch.example/mention/7"' in linked.html
    for bad in ("javascript:alert(1)", "ftp://x", "https://user:pw@x.example"):
        assert "href" not in WordRenderer(base_url=bad).alert(make_alert(), make_hit(7), chain_head="").html


def test_a_source_that_fails_is_told_with_time_reason_and_advice() -> None:
    payload = {"source": "town-forum", "since": "2026-11-21T03:10:00+00:00", "why": "it answers 500", "try": "Wait."}
    message = WordRenderer(timezone="Europe/Berlin").alert(
        make_alert(AlertKind.SOURCE_FAILING, payload=payload | {"failures": 3}), None, chain_head=HEAD
    )
    assert message.title == "A source cannot be read"
    assert "What appears there is not seen. \n" not in message.text
    assert "It failed 3 times in a row.\n" in message.text
    assert "Since: Saturday 21 November 2026, 04:10 (Europe/Berlin)\nWhy: it answers 500\nYou can try: Wait.\n" in (
        message.text
    )


@pytest.mark.parametrize(
    ("kind", "payload", "said"),
    [
        (AlertKind.SOURCE_FAILING, {"source": "s", "error": "refused"}, "Why: refused\n"),
        (AlertKind.SOURCE_BACK, {"source": "town-forum"}, "The source town-forum can be read again."),
        (AlertKind.CAPTURE_FAILED, {"why": "no room", "attempts": 3}, "It was tried 3 times."),
        (AlertKind.CAPTURE_FAILED, {}, "A mention at one of your sources was found"),
        (AlertKind.DISK_LOW, {"free_mb": 450}, "The disk has 450 megabytes left.\nEverything goes on"),
        (AlertKind.DISK_LOW, {"free_mb": 1, "stopped": True}, "one megabyte left.\nNo new copies"),
        (
            AlertKind.STORE_FAILING,
            {"why": "disk is full"},
            "then run `goodname doctor`.\n\nIt is enough to look at it today.",
        ),
        (AlertKind.STORE_BACK, {}, "The database takes everything again."),
        (AlertKind.DISK_OK, {"free_mb": 9000}, "There is enough room."),
        (AlertKind.CHANGE, {"source": "blog", "state": "gone"}, "A mention at blog is no longer there."),
        (AlertKind.CHANGE, {"source": "blog", "state": "odd"}, "A mention at blog may have changed."),
        (AlertKind.SPREAD, {"count": 9, "hours": 1}, "9 new mentions likely repeat the same statement.\nThey were"),
        (AlertKind.CHANNEL_FAILING, {"channel": "json-1", "why": "gone"}, "tried for 7 days"),
        (AlertKind.CHANNEL_FAILING, {"channel": "json-1", "given_up": True}, "no longer tried"),
        (AlertKind.CHANNEL_FAILING, {"channel": "json-1", "switched_off": True}, "goodname notify enable json-1"),
        (
            AlertKind.UNSEEN,
            {"hours": 6},
            "An alert that should not wait was sent 6 hours ago, and nobody has looked so far.",
        ),
        (AlertKind.TEST, {}, "This is a test."),
        (AlertKind.DIGEST, {}, "There is something new for you."),
        (AlertKind.MATCH, {}, "There is one new mention."),
    ],
)
def test_each_kind_says_its_own(kind: AlertKind, payload: dict[str, object], said: str) -> None:
    message = WordRenderer().alert(make_alert(kind, payload=payload), None, chain_head="")
    assert said in message.text
    assert message.html
    assert "!" not in message.title + message.text


def test_reasons_keep_addresses_veiled() -> None:
    payload = {"source": "blog", "why": "net::ERR_FAILED at https://blog.example/first-last-lied-to-all"}
    alert = make_alert(AlertKind.CAPTURE_FAILED, payload=payload)
    assert "first-last" not in everything(WordRenderer().alert(alert, None, chain_head=""))
    assert "first-last" in WordRenderer(veil=False).alert(alert, None, chain_head="").text


@pytest.mark.parametrize(("state", "said"), [("gone", "The page has gone since."), ("edited", "was edited since.")])
def test_what_happened_to_the_page_since_is_said(make_hit: MakeHit, state: str, said: str) -> None:
    message = WordRenderer().alert(make_alert(), make_hit(live_state=LiveState(state)), chain_head="")
    assert said in message.text


def test_a_test_with_a_mention_shows_what_an_alert_looks_like(make_hit: MakeHit) -> None:
    message = WordRenderer().alert(make_alert(AlertKind.TEST), make_hit(5), chain_head="")
    assert "An alert about a mention at town-forum looks like this." in message.text
    assert "goodname hits show 5" in message.text


def test_the_id_follows_from_the_dedupe_key_alone(make_hit: MakeHit) -> None:
    renderer = WordRenderer(sender_domain="watch.example")
    first = renderer.alert(make_alert(id=1), make_hit(), chain_head=HEAD)
    again = renderer.alert(make_alert(id=2, attempts=4), make_hit(capture_state="queued"), chain_head="")
    other = renderer.alert(make_alert(dedupe_key="match:2"), make_hit(), chain_head=HEAD)
    assert first.message_id == again.message_id == renderer.minimal(make_alert()).message_id
    assert first.message_id != other.message_id
    assert re.fullmatch(r"match-[0-9a-f]{20}@watch\.example", first.message_id)


ODD_VALUES = st.one_of(st.text(), st.none(), st.integers(), st.floats(), st.booleans(), st.lists(st.text(max_size=3)))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    kind=st.sampled_from(list(AlertKind)),
    payload=st.dictionaries(
        st.sampled_from(
            ["source", "since", "until", "why", "try", "state", "at", "count", "hours", "attempts", "error"]
        ),
        ODD_VALUES,
    ),
    key=st.text(),
    head=st.text(),
)
def test_no_payload_breaks_an_alert(kind: AlertKind, payload: dict[str, object], key: str, head: str) -> None:
    alert = make_alert(kind, payload=payload, dedupe_key=key)
    for message in (WordRenderer().alert(alert, None, chain_head=head), WordRenderer().minimal(alert)):
        everything(message).encode("utf-8")
        assert message.title.isprintable()
        assert 0 < len(message.title) <= 200


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(text=st.text(max_size=300), veil=st.booleans())
def test_no_hostile_hit_breaks_an_alert(make_hit: MakeHit, text: str, veil: bool) -> None:
    hit = make_hit(source=text, title=text, text=text, author=text, excerpt=text, statement=text, evidence_sha256=text)
    message = WordRenderer(veil=veil).alert(make_alert(), hit, chain_head=text)
    everything(message).encode("utf-8")
    assert "<script" not in message.html


def test_an_unknown_time_zone_still_gives_a_time(make_hit: MakeHit) -> None:
    message = WordRenderer(timezone="Mars/Olympus").alert(make_alert(), make_hit(), chain_head="")
    assert "06:00 (UTC)" in message.text


def test_an_unknown_language_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="language"):
        WordRenderer(language="xx")


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "found in what had already been collected"), ("de", "Gefunden in bereits Gesammeltem")],
)
def test_what_a_changed_rule_found_among_the_collected_says_so(make_hit: MakeHit, language: str, said: str) -> None:
    renderer = WordRenderer(language=language)
    alert = make_alert(mention_id=12)
    assert said in renderer.alert(alert, make_hit(12, hunted_at=NOW), chain_head=HEAD).text
    assert said not in renderer.alert(alert, make_hit(12), chain_head=HEAD).text


@pytest.mark.parametrize("language", ["en", "de"])
def test_links_to_answer_with_stand_in_text_and_html_of_a_match(make_hit: MakeHit, language: str) -> None:
    made = {"ack": "https://watch.example/act/ack.12.9.m", "snooze": "https://watch.example/act/snooze.12.9.m"}
    renderer = WordRenderer(language=language, links=lambda alert: made if alert.kind is AlertKind.MATCH else {})
    message = renderer.alert(make_alert(mention_id=12), make_hit(12), chain_head=HEAD)
    for link in made.values():
        assert f":\n{link}\n" in message.text
        assert f'href="{link}"' in message.html
    assert "/act/" not in everything(renderer.alert(make_alert(AlertKind.TEST), make_hit(12), chain_head=HEAD))
    assert "/act/" not in everything(renderer.minimal(make_alert()))
