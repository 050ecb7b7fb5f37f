"""Letters, notices, the packet and its picture: every script drawn, hostile text inert, the same bytes each time."""

from __future__ import annotations

import io
import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from monitor.cases.exhibits import CaseExhibit, known_facts
from monitor.cases.files import Overview
from monitor.cases.letters import LETTERS, Sender, draft
from monitor.cases.minimum import minimum_set
from monitor.cases.notices import fill
from monitor.cases.packet import packet
from monitor.cases.picture import spread_svg, summary
from monitor.cases.plan import Seen, checklist
from monitor.cases.printing import notice_facts, notice_text, print_letter, print_notice, print_packet
from monitor.cases.registry import registry
from monitor.cases.spread import Sighting, spread_of
from monitor.domain import (
    Artifact,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    Case,
    Completeness,
    Confidence,
    CustodyEvent,
    Lead,
    LiveState,
    Observation,
    Origin,
    Paper,
    PaperKind,
)
from monitor.errors import InputError
from monitor.testing.builders import make_subject

NOW = datetime(2026, 5, 2, 12, 30, 7, 5, tzinfo=UTC)
SCRIPTS = ("Vossová", "Алина", "Αλίνα", "علينا", "אלינה", "अलीना", "อลีนา", "艾琳娜", "アリーナ", "알리나", "😀 ✊🏽")
HOSTILE = (
    "<script>alert(1)</script>",
    '#import "x.typ"; #panic()',
    "$ x $ \\ * _ ` = - + / @label <label>",
    "{{ 7*7 }} {% raw %}",
    "\x00\x07\x1b[2J \u202etxet\u202c \ud800 \ue000",
    "=cmd|' /C calc'!A0",
    "Dear Sir or Madam,\n\nI take it all back.",
)


def exhibit(number: int = 1, words: str = "FIRST LAST stole money", **changes: object) -> CaseExhibit:
    capture = Capture(
        id=f"20260501T000000Z-{number:04x}",
        mention_id=number,
        revision=1,
        requested_url="https://forum.example/1",
        final_url="https://forum.example/1",
        http_status=200,
        captured_at=NOW,
        outcome=CaptureOutcome.COMPLETE,
        completeness=Completeness.FOUND,
        artifacts=(
            Artifact(
                role=ArtifactRole.TEXT,
                path="page.txt",
                media_type="text/plain",
                size=9,
                sha256="a" * 64,
                origin=Origin.RENDERED,
            ),
        ),
        manifest_sha256="b" * 64,
    )
    given = {
        "number": number,
        "mention_id": number,
        "revision": 1,
        "source": "town-forum",
        "url": f"https://forum.example/t/{number}",
        "title": "",
        "words": words,
        "field": "text",
        "start": 0,
        "end": len(words),
        "context": words,
        "statement_id": "stole",
        "statement": "FIRST LAST stole money",
        "score": 97,
        "author": "quayrat",
        "author_url": "",
        "published_at": NOW - timedelta(days=number),
        "precision": "exact",
        "first_seen_at": NOW,
        "capture": capture,
    }
    return CaseExhibit(**(given | changes))  # type: ignore[arg-type]


def overview(exhibits: Sequence[CaseExhibit], **facts: str) -> Overview:
    case = Case(
        id=1,
        subject_id="subject-1",
        title="The forum",
        opened_at=NOW,
        mention_ids=tuple(one.mention_id for one in exhibits),
        facts=tuple(facts.items()),
    )
    seen = Seen(mentions=0, captured=0, minimum_missing=(), leads=0, papers=0, clocks=0, is_held=False)
    sightings = [
        Sighting(source=one.source, statement_id="stole", on=one.said_at.date(), author=one.author) for one in exhibits
    ]
    return Overview(
        case=case,
        subject=make_subject(),
        items=checklist(case, [], seen),
        exhibits=tuple(exhibits),
        needed=minimum_set([]),
        spread=spread_of(sightings),
        actions=(),
        papers=(),
        leads=(),
        clocks=(),
        hold=None,
        still_up=(),
        rests_until=None,
    )


def facts_of(shown: Overview) -> dict[str, object]:
    return packet(shown, chain_head="c" * 64, software="goodname test", at=NOW)


def pdf_text(body: bytes) -> str:
    pypdf = pytest.importorskip("pypdf")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(body)).pages).replace("\u200b", "")


@pytest.mark.parametrize("kind", LETTERS)
@pytest.mark.parametrize("count", [1, 3])
def test_every_letter_is_civil_and_traceable(kind: PaperKind, count: int) -> None:
    exhibits = [exhibit(number) for number in range(1, count + 1)]
    drafted = draft(
        kind,
        subject=make_subject(),
        exhibits=exhibits,
        addressee="the owner",
        sender=Sender(name="FIRST LAST", letterhead="LAST & LAST\n1 Quay"),
        inaccuracy="It is not so.",
        written_on=date(2026, 5, 2),
        reply_by=date(2026, 5, 16),
    )
    assert drafted.missing == ()
    assert drafted.body.startswith("LAST & LAST\n1 Quay\n\n2 May 2026\n\nTo: the owner\n")
    assert "by 16 May 2026" in drafted.body
    for one in exhibits:
        assert f"[{one.label}] {one.url}" in drafted.body
        assert one.capture is not None
        assert one.capture.manifest_sha256 in drafted.body
    for word in ("sue", "court action", "damages", "!", "defam", "lawyer", "criminal"):
        assert word not in drafted.body.lower()
    assert "statements" not in drafted.subject_line or count > 1


@pytest.mark.parametrize("words", HOSTILE)
def test_others_words_stay_quoted_line_by_line(words: str) -> None:
    drafted = draft(
        PaperKind.REMOVAL_REQUEST,
        subject=make_subject(),
        exhibits=[exhibit(words=words, author=words, url=f"https://forum.example/{words}")],
        addressee="x",
        sender=Sender(name="x"),
        inaccuracy="x",
        written_on=date(2026, 5, 2),
    )
    quoted = [line.removeprefix("     > ") for line in drafted.body.splitlines() if line.startswith("     > ")]
    assert quoted == words.splitlines()
    assert sum(line == "Dear Sir or Madam," for line in drafted.body.splitlines()) == 1


def test_only_a_letter_is_drafted_as_one() -> None:
    with pytest.raises(InputError, match="notice is no letter"):
        draft(
            PaperKind.NOTICE,
            subject=make_subject(),
            exhibits=[],
            addressee="x",
            sender=Sender(name="x"),
            inaccuracy="",
            written_on=date(2026, 5, 2),
        )


def test_a_packet_keeps_what_was_seen_apart_from_what_was_told() -> None:
    gone = Observation(capture_id="c", mention_id=1, state=LiveState.GONE, signal="404", observed_at=NOW)
    lead = Lead(
        case_id=1, value="N. N.", basis="same handle", confidence=Confidence.WEAK, entered_by="me", entered_at=NOW
    )
    shown = replace(
        overview([exhibit(watched=(gone,)), exhibit(2, capture=None)], harm="Patients left.", unfavourable="A fine."),
        leads=(lead,),
    )
    facts = facts_of(shown)
    told = json.dumps(facts["told"])
    observed = json.dumps(facts["chronology"])
    assert "Patients left." in told
    assert "Patients left." not in observed
    assert "A fine." in told
    assert ["N. N.", "same handle", "weak", "me"] in facts["leads"]  # type: ignore[operator]
    assert any("gone" in line for line in observed.split("]"))
    missing = facts["incomplete"]
    assert isinstance(missing, list)
    assert "[E2] has no complete copy" in missing
    assert not any("what it has done" in line for line in missing)
    assert any("own posts" in line for line in missing)


def test_documents_are_reproducible_and_draw_every_script() -> None:
    pytest.importorskip("typst")
    shown = overview(
        [exhibit(number, words=f"{text} stole money", author=text) for number, text in enumerate(SCRIPTS, 1)]
    )
    first, second = (print_packet(facts_of(shown), shown.spread, NOW) for _ in range(2))
    assert first.body == second.body
    assert first.replaced == ()
    text = pdf_text(first.body)
    for part in ("艾琳娜", "Алина", "Vossová", "902(13)", "Signature"):
        assert part in text
    assert "defamatory" not in text.lower()


def test_hostile_text_is_only_text_in_every_document() -> None:
    pytest.importorskip("typst")
    exhibits = [
        exhibit(number, words=text, author=text, title=text, source=text) for number, text in enumerate(HOSTILE, 1)
    ]
    shown = overview(exhibits, harm=HOSTILE[1], inaccuracy=HOSTILE[3])
    made = print_packet(facts_of(shown), shown.spread, NOW)
    text = pdf_text(made.body)
    assert "#panic()" in text
    assert "{{ 7*7 }}" in text
    assert "U+E000" in made.replaced
    filled = fill(registry(), registry().notice("eu-dsa-16"), known_facts(exhibits))
    notice = notice_facts(filled, exhibits, case_id=1, at=NOW)
    assert "#import" in pdf_text(print_notice(notice, NOW).body)
    paper = Paper(
        case_id=1,
        kind=PaperKind.REMOVAL_REQUEST,
        addressee="x",
        subject_line=HOSTILE[1],
        body="\n".join(HOSTILE),
        written_at=NOW,
    )
    assert "#panic()" in pdf_text(print_letter(paper).body)


def test_a_notice_says_on_top_that_it_is_not_complete() -> None:
    pytest.importorskip("typst")
    exhibits = [exhibit()]
    filled = fill(registry(), registry().notice("uk-2013"), known_facts(exhibits), platform=registry().platform("host"))
    facts = notice_facts(filled, exhibits, case_id=1, at=NOW)
    text = notice_text(facts)
    assert text.index("NOT COMPLETE") < text.index("The exact words")
    assert facts["to"] == "forum.example: the site's own host"
    shown = pdf_text(print_notice(facts, NOW).body)
    assert "Not complete." in shown
    whole = dict.fromkeys((part.fact for part in filled.parts), "given")
    complete = fill(registry(), registry().notice("uk-2013"), whole, platform=registry().platform("host"))
    assert "NOT COMPLETE" not in notice_text(notice_facts(complete, exhibits, case_id=1, at=NOW))


@pytest.mark.parametrize("name", HOSTILE)
def test_the_picture_of_spread_is_sound_and_says_what_it_shows(name: str) -> None:
    spread = spread_of([Sighting(source=name, statement_id="a", on=date(2026, 1, day)) for day in range(1, 20)])
    picture = spread_svg(spread)
    root = ET.fromstring(picture.encode("utf-8", "replace"))
    assert root.tag.endswith("svg")
    assert {element.tag.rpartition("}")[2] for element in root.iter()} <= {"svg", "title", "text", "rect"}
    assert summary(spread) in picture
    assert "Nothing is confirmed" in spread_svg(spread_of([]))


def test_the_templates_name_only_facts_that_are_defined() -> None:
    """A letter's words come from its own context; every other fact a template reads must be in the registry."""
    source = (Path(__file__).parents[3] / "monitor/cases/packet.py").read_text("utf-8")
    for name in ("harm", "inaccuracy", "meaning", "unfavourable", "own_posts"):
        assert f'"{name}"' in source
        assert name in registry().facts


def test_the_packet_says_which_authority_stamped_an_exhibit_and_which_none_did() -> None:
    stamped, bare = exhibit(1), exhibit(2)
    assert stamped.capture is not None
    event = CustodyEvent(
        seq=2,
        event="timestamp",
        actor="goodname",
        at=NOW,
        sha256="d" * 64,
        previous_sha256="e" * 64,
        capture_id=stamped.capture.id,
        detail={"authority": "tsa.example", "time": "2026-05-01T00:00:09Z", "serial": "77", "tsr_sha256": "f" * 64},
    )
    shown = overview([stamped, bare])
    facts = packet(shown, chain_head="c" * 64, software="goodname test", at=NOW, custody=[event])
    assert [one["stamps"] for one in facts["exhibits"]] == [
        [["tsa.example", "2026-05-01T00:00:09Z", "77", "f" * 64]],
        [],
    ]
    text = pdf_text(print_packet(facts, shown.spread, NOW).body)
    assert "tsa.example" in text
    assert text.count("No outside authority has put a time stamp on it.") == 1
