"""`goodname case`: from a confirmed mention to a packet, by command; veiled until asked for, and nothing is sent."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from tests.unit.cli.conftest import Installation

PHRASES = ("I heard that", "in Leeds")
GIVE_ALL = [
    f"--fact={name}=given"
    for name in ("reasons_illegal", "complainant_name", "complainant_email", "good_faith", "inaccuracy")
]


@pytest.fixture
def case(full: Installation) -> Installation:
    """Give an installation with one case that holds the one confirmed repeat; its copy is partial without a browser."""
    full.run("hits", "mark", "1", "confirmed")
    full.run("case", "new", "The forum", "--mention", "1", "--place", "de")
    return full


def test_a_case_needs_a_confirmed_mention(full: Installation) -> None:
    refused = full.run("case", "new", "The forum", "--mention", "1", code=2)
    assert "Nobody has confirmed mention 1 yet" in refused.stderr
    assert "goodname hits mark 1 confirmed" in refused.stderr
    assert "There is no case yet." in full.run("case", "list").stdout


def test_a_case_at_a_glance_is_veiled(case: Installation) -> None:
    (listed,) = case.json("case", "list")
    assert (listed["id"], listed["title"], listed["jurisdictions"]) == (1, "The forum", ["DE"])
    for form in ((), ("--json",)):
        veiled = case.run("case", "show", "1", *form).stdout
        assert not [phrase for phrase in PHRASES if phrase in veiled]
        shown = case.run("case", "show", "1", *form, "--reveal").stdout
        assert [phrase for phrase in PHRASES if phrase in shown]


def test_the_plan_is_worked_off(case: Installation) -> None:
    said = case.run("case", "plan", "1").stdout
    assert "[ ]" in said
    assert "Next: Let a day pass" in said
    assert "needs a reason" in case.run("case", "plan", "1", "--skip", "rest", code=2).stderr
    items = case.json("case", "plan", "1", "--skip", "rest", "--because", "counsel wrote", "--due", "2027-01-02")
    rest = next(item for item in items if item["id"] == "rest")
    assert (rest["state"], rest["reason"], rest["due_on"]) == ("skipped", "counsel wrote", "2027-01-02")
    assert "not said which item" in case.run("case", "plan", "1", "--because", "x", code=2).stderr
    assert "YYYY-MM-DD" in case.run("case", "plan", "1", "--done", "rest", "--due", "soon", code=2).stderr


def test_the_worst_is_marked_by_a_person(case: Installation) -> None:
    assert "which mention" in case.run("case", "worst", "1", code=2).stderr
    assert "not in case 1" in case.run("case", "worst", "1", "--mention", "99", code=2).stderr
    assert "Marked in case 1: mention 1." in case.run("case", "worst", "1", "--mention", "1").stdout
    assert "worst (marked)" in case.run("case", "show", "1").stdout
    assert case.json("case", "worst", "1", "--mention", "1", "--no-longer")["worst_ids"] == []
    assert "Nothing is marked" in case.run("case", "worst", "1", "--mention", "1", "--no-longer").stdout


def test_leads_and_the_poster(case: Installation) -> None:
    assert "three things" in case.run("case", "identify", "1", "--lead", "N", code=2).stderr
    told = case.json(
        "case", "identify", "1", "--lead", "N", "--basis", "a guess", "--by", "me", "--poster", "cannot_be_named"
    )
    assert (told["poster"], told["leads"][0]["value"], told["suggestions"]) == ("cannot_be_named", "N", [])
    assert "nothing in common" in case.run("case", "identify", "1").stdout


def test_a_letter_is_drafted_edited_and_only_then_noted_as_sent(case: Installation, tmp_path: Path) -> None:
    letter = ("case", "letter", "1", "--to", "the owner", "--from", "FIRST LAST", "--false", "It is not so.")
    said = case.run(*letter).stdout
    assert "it is not sent" in said
    assert "> I heard that FIRST LAST stole money" in said
    text = tmp_path / "letter.txt"
    case.run(*letter, "--out", str(text))
    assert text.stat().st_mode & 0o077 == 0
    text.write_text("Shorter.", "utf-8")
    made = case.json("case", "revise", "1", "1", str(text), "--out", str(tmp_path / "l.pdf"))
    assert (made["paper"]["version"], made["paper"]["body"]) == (2, "Shorter.")
    assert (tmp_path / "l.pdf").read_bytes().startswith(b"%PDF")
    refused = case.run("case", "sent", "1", "--draft", "1", code=2).stderr
    assert "the case rests until" in refused
    assert "no complete copy" in refused
    sent = case.json("case", "sent", "1", "--draft", "1", "--because", "counsel wrote")
    assert "counsel wrote" in sent["reason"]
    assert "removed" in case.run("case", "outcome", "1", str(sent["id"]), "removed", "--reference", "R-1").stdout
    assert "R-1" in case.run("case", "show", "1").stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("letter", "1"), "to whom this letter goes"),
        (("letter", "1", "--to", "x", "--kind", "notice"), "notice is no letter"),
        (("letter", "1", "--to", "x", "--out", "letter.docx"), "ending that is not known"),
        (("revise", "1", "1", "nowhere.txt"), "cannot be read as plain text"),
        (("letter", "9", "--to", "x"), "no case 9"),
        (("report", "1", "--notice", "moon"), "no kind of notice 'moon'"),
        (("report", "1", "--notice", "uk-2013", "--platform", "moon"), "no platform 'moon'"),
        (("report", "1", "--notice", "uk-2013", "--fact", "x"), "NAME=TEXT"),
        (("report", "1", "--notice", "uk-2013", "--fact", "x=y"), "no fact 'x'"),
        (("sent", "1"), "not said what was sent"),
        (("sent", "1", "--notice", "uk-2013", "--on", "2999-01-01", "--because", "x"), "cannot lie in the future"),
        (("outcome", "1", "7", "removed"), "no action 7"),
        (("clock", "1", "--rule", "us-ca-limitation"), "by a rule or by a day"),
        (("clock", "1", "--rule", "us-ca-limitation", "--starts", "2999-01-01"), "cannot lie in the future"),
        (("hold", "1"), "needs a reason and a name"),
        (("hold", "1", "--lift"), "not on hold"),
        (("packet", "1", "--out", "packet.doc"), "ending that is not known"),
        (("close", "1"), "why the case is closed"),
        (("add", "1"), "not said what to add"),
        (("add", "1", "--mention", "2"), "Nobody has confirmed mention 2"),
        (("new", "x", "--place", "Atlantis"), "not in the registry"),
        (("new", "x", "--subject", "nobody"), "nobody with the id"),
    ],
)
def test_bad_input_is_answered_and_changes_nothing(case: Installation, words: tuple[str, ...], said: str) -> None:
    before = case.json("case", "show", "1", "--reveal")
    told = case.run("case", *words, code=1 if "9" in words else 2).stderr
    assert said in told
    assert "Try:" in told or "Why:" in told
    assert case.json("case", "show", "1", "--reveal") == before


def test_a_notice_is_not_called_complete_while_a_part_is_missing(case: Installation, tmp_path: Path) -> None:
    kinds = {one["notice"] for one in case.json("case", "report", "1")}
    assert kinds == {"eu-dsa-16", "platform-form", "us-dmca-512"} - {"us-dmca-512"}
    said = case.run("case", "report", "1", "--notice", "eu-dsa-16").stdout
    assert "NOT complete, 5 missing" in said
    out = tmp_path / "notice.txt"
    said = case.run("case", "report", "1", "--notice", "eu-dsa-16", *GIVE_ALL[:-1], "--out", str(out)).stdout
    assert "NOT complete, 1 missing" in said
    assert out.read_text("utf-8").splitlines()[4].startswith("NOT COMPLETE")
    assert ": complete." in case.run("case", "report", "1", "--notice", "eu-dsa-16", *GIVE_ALL).stdout
    for ending in ("pdf", "json"):
        case.run("case", "report", "1", "--notice", "eu-dsa-16", "--out", str(tmp_path / f"n.{ending}"))
        assert (tmp_path / f"n.{ending}").stat().st_size > 200


def test_the_packet_names_what_is_missing(case: Installation, tmp_path: Path) -> None:
    out = tmp_path / "packet.pdf"
    said = case.run("case", "packet", "1", "--out", str(out), "--counsel", "COUNSEL", "--fact", "harm=calls").stdout
    assert "[E1] has no complete copy" in said
    assert "own posts" in said
    assert out.read_bytes().startswith(b"%PDF")
    assert case.json("case", "list")[0]["counsel"] == "COUNSEL"


def test_the_packet_and_the_evidence_go_into_one_zip_that_verifies(case: Installation, tmp_path: Path) -> None:
    out = tmp_path / "packet.zip"
    told = case.json("case", "packet", "1", "--out", str(out), "--by", "COUNSEL")
    with zipfile.ZipFile(out) as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    packet = files["data/packet.pdf"]
    assert packet.startswith(b"%PDF")
    assert told["export"]["captures"] == 1
    case.run("evidence", "verify", str(out), "--head", told["export"]["chain_head"])
    log = [json.loads(line) for line in files["data/custody.jsonl"].splitlines()]
    assert [one["event"] for one in log[-2:]] == ["case_packet", "export"]
    assert log[-2]["detail"]["sha256"] == hashlib.sha256(packet).hexdigest()
    assert (log[-1]["actor"], log[-1]["detail"]["scope"]) == ("COUNSEL", "case 1")
    assert out.stat().st_mode & 0o077 == 0


def test_a_zip_with_nothing_kept_is_refused_and_no_packet_is_noted(full: Installation, tmp_path: Path) -> None:
    full.run("case", "new", "Nothing yet", "--subject", "subject-1")
    out = tmp_path / "packet.zip"
    told = full.run("case", "packet", "1", "--out", str(out), code=1).stderr
    assert "nothing to export" in told
    assert "--out FILE.pdf" in told
    assert not list(tmp_path.glob("*packet*"))
    log = next(full.folder.rglob("custody.jsonl"), None)
    assert log is None or "case_packet" not in log.read_text("utf-8")
    assert "Only a ZIP" in full.run("case", "packet", "1", "--out", "p.pdf", "--recipient", "age1x", code=2).stderr


def test_a_letter_begins_with_its_own_clients_letterhead(case: Installation, tmp_path: Path) -> None:
    folder = case.folder / "letterheads"
    folder.mkdir()
    config = case.folder / "goodname.toml"
    config.write_text(config.read_text("utf-8") + '\n[cases]\nletterheads = "letterheads"\n', "utf-8")
    (folder / "letterhead.txt").write_text("ADVISERS & CO\nMARKET STREET 1\n", "utf-8")
    (folder / "north.txt").write_text("ANOTHER FIRM", "utf-8")
    plain = ("case", "letter", "1", "--to", "THE OWNER", "--from", "ME")
    body = case.json(*plain)["paper"]["body"]
    assert body.startswith("ADVISERS & CO\nMARKET STREET 1\n\n")
    assert "ANOTHER" not in body
    logo = io.BytesIO()
    Image.new("RGB", (60, 20), "navy").save(logo, "PNG")
    (folder / "letterhead.png").write_bytes(logo.getvalue())
    case.run(*plain, "--out", str(tmp_path / "letter.pdf"))
    document = pypdf.PdfReader(tmp_path / "letter.pdf")
    assert len(document.pages[0].images) == 1
    (folder / "letterhead.png").write_bytes(b"GIF89a")
    assert "no PNG" in case.run(*plain, code=2).stderr


def test_clocks_and_holds(case: Installation) -> None:
    told = case.json("case", "clock", "1", "--rule", "de-limitation", "--starts", "2025-05-05", "--by", "counsel")
    assert told["clocks"][0]["due_on"] == "2028-12-31"
    assert {rule["jurisdiction"] for rule in told["rules"]} == {"DE", "EU", "*"}
    said = case.run("case", "clock", "1", "--due", "2027-01-31", "--title", "Reply of the host").stdout
    assert "Reply of the host" in said
    assert "ask counsel" in said
    assert "on hold" in case.run("case", "hold", "1", "--because", "suit", "--by", "counsel").stdout
    assert "lifted" in case.run("case", "hold", "1", "--lift", "--by", "counsel").stdout
    assert "closed" in case.run("case", "close", "1", "--because", "settled").stdout
