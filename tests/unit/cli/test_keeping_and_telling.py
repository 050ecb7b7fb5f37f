"""`goodname add`, `evidence`, `notify` and `digest`."""

from __future__ import annotations

import email
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from monitor.clock import SystemClock
from monitor.demo.serving import free_port
from monitor.domain import Alert, AlertKind, Delivery, DeliveryOutcome
from monitor.jobs import channels
from monitor.store import open_store
from tests.unit.cli.conftest import REPEAT, run


@pytest.fixture
def strict_mail() -> Iterator[int]:
    """Run a mail server that refuses every login and repeats the password that it was given; gives its port."""

    class Strict:
        async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
            return "250 kept"

    def refuse(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        said = f"535 5.7.8 Wrong user or {data.password.decode()}"
        return AuthResult(success=False, handled=False, message=said)

    port = free_port()
    server = Controller(Strict(), hostname="127.0.0.1", port=port, authenticator=refuse, auth_require_tls=False)
    server.start()
    yield port
    server.stop()


class TestAdd:
    def test_a_page_is_kept_and_becomes_a_mention(self, home):
        kept = home.json("add", home.site.url("/post/1"), "--subject", "subject-1", "--quote", "stole money", code=3)
        assert kept["outcome"] == "partial"  # without a browser there is no picture
        assert kept["completeness"] == "found"
        assert (home.folder / "data" / "evidence" / "captures" / kept["id"]).is_dir()
        (hit,) = home.json("hits", "list")
        assert (hit["source"], hit["subject"], hit["capture"]) == ("by-hand", "subject-1", "partial")
        home.run("evidence", "verify", code=2)

    def test_its_word_stands_when_everything_is_judged_again(self, home):
        home.site.put("/other", b"<p>The council met on Tuesday.</p>", "text/html")
        home.run("add", home.site.url("/other"), "--subject", "subject-1", code=3)
        home.run("statement", "add", REPEAT, "--id", "again")
        home.run("once")
        (judged,) = home.json("explain", "1", "--reveal")
        assert (judged["level"], judged["about"]["score"]) == ("possible", 100)
        assert "a person added this page by hand" in judged["reasons"]

    def test_it_says_where_it_is_and_what_is_missing(self, home):
        shown = home.run("add", home.site.url("/post/1"), "--subject", "subject-1", code=3).stdout
        assert "Kept      partial" in shown
        assert "SHA-256" in shown
        assert "goodname hits show 1" in shown

    @pytest.mark.parametrize(
        ("words", "code", "what"),
        [
            (("ftp://example.org/x", "--subject", "subject-1"), 1, "This is not a web address."),
            (("https://example.org/x", "--subject", "nobody"), 2, "There is no person or firm with the id 'nobody'."),
        ],
    )
    def test_what_cannot_be_kept_says_why(self, home, words, code, what):
        assert home.run("add", *words, code=code).stderr.startswith(f"What: {what}")


class TestVerify:
    def test_intact(self, full):
        shown = full.run("evidence", "verify", code=2).stdout
        assert shown.startswith("Intact: 1 capture with ")
        assert "Not confirmed: no chain head" in shown
        found = full.json("evidence", "verify", code=2)
        assert (found["intact"], found["captures"], found["findings"]) == (True, 1, [])
        assert found["chain_head"] in shown

    def test_it_needs_no_configuration_when_the_place_is_given(self, full):
        full.config.unlink()
        folder = full.folder / "data" / "evidence"
        assert run("evidence", "verify", str(folder), code=2).stdout.startswith("Intact: ")
        (capture,) = (folder / "captures").iterdir()
        assert run("evidence", "verify", str(capture), code=2).stdout.startswith("Intact: ")

    def test_altered_missing_and_stray_are_named(self, full):
        (capture,) = (full.folder / "data" / "evidence" / "captures").iterdir()
        files = sorted(path for path in capture.rglob("*") if path.is_file() and path.name != "manifest.json")
        files[0].chmod(0o600)
        files[0].write_bytes(b"changed")
        files[1].unlink()
        (capture / "stray.txt").write_text("put in")
        result = full.run("evidence", "verify", code=1)
        assert result.stdout.startswith("NOT intact: 1 capture")
        for name in (files[0].name, files[1].name, "stray.txt"):
            assert name in result.stdout
        assert len(full.json("evidence", "verify", code=1)["findings"]) == 3

    def test_a_cut_log_is_found_by_a_head_kept_outside(self, full):
        head = full.json("evidence", "verify", code=2)["chain_head"]
        full.run("evidence", "verify", "--head", head)
        other = "0" * 64
        full.run("evidence", "verify", "--head", other, code=1)

    @pytest.mark.parametrize("words", [("absent",), (".",), ("data/evidence", "--head", "no hash")])
    def test_what_cannot_be_checked_says_so(self, full, words):
        result = full.run("evidence", "verify", *words, code=3)
        assert result.stderr.startswith("What: ")
        assert "Try:  " in result.stderr

    def test_nothing_kept_yet(self, home):
        assert "There is no evidence at" in home.run("evidence", "verify", "nowhere", code=3).stderr


class TestExport:
    @pytest.mark.parametrize("what", [("--mention", "1"), ("--subject", "subject-1"), ("--client", ""), ("--all",)])
    def test_what_is_kept_is_handed_over_and_can_be_checked(self, full, what):
        done = full.json("evidence", "export", *what, "--out", str(full.folder / "out.zip"), "--by", "FIRST LAST")
        assert done["captures"] == 1
        checked = run("evidence", "verify", done["path"], "--head", done["chain_head"], "--json")
        assert json.loads(checked.stdout)["findings"] == []
        event = json.loads((full.folder / "data/evidence/custody.jsonl").read_text().splitlines()[-1])
        assert (event["event"], event["actor"], event["hash"]) == ("export", "FIRST LAST", done["chain_head"])
        (full.folder / "out.zip").write_bytes((full.folder / "out.zip").read_bytes() + b"x")
        assert run("evidence", "verify", done["path"], code=1).stdout.startswith("NOT intact: ")

    def test_it_says_where_it_is_and_how_it_is_checked(self, full):
        shown = full.run("evidence", "export", "--all", "--out", str(full.folder / "out.zip")).stdout
        assert "SHA-256" in shown
        assert "goodname evidence verify" in shown

    @pytest.mark.parametrize(
        ("words", "code", "what"),
        [
            (("--out", "x.zip"), 2, "What is to be exported?"),
            (("--all", "--mention", "1", "--out", "x.zip"), 2, "What is to be exported?"),
            (("--all", "--out", "goodname.toml"), 2, "goodname.toml is there already."),
            (("--all", "--out", "nowhere/x.zip"), 2, "There is no folder nowhere."),
            (("--subject", "nobody", "--out", "x.zip"), 2, "There is no person or firm with the id 'nobody'."),
            (("--client", "nobody", "--out", "x.zip"), 2, "Nobody is watched for client nobody."),
            (("--client", "", "--all", "--out", "x.zip"), 2, "What is to be exported?"),
            (("--mention", "99", "--out", "x.zip"), 1, "There is no such mention: 99."),
            (("--mention", "2", "--out", "x.zip"), 1, "There is nothing to export."),
        ],
    )
    def test_what_cannot_be_exported_says_why(self, full, words, code, what):
        assert full.run("evidence", "export", *words, code=code).stderr.startswith(f"What: {what}")


class TestNotify:
    def test_every_channel_gets_a_message(self, home):
        shown = home.run("notify", "test").stdout
        assert "sent" in shown
        assert len(home.site.posted) == 1
        (outcome,) = home.json("notify", "test")
        assert outcome["sent"] is True
        assert outcome["error"] is None

    def test_with_the_last_hit_it_stays_veiled(self, full):
        full.run("notify", "test", "--with", "last-hit")
        assert len(full.site.posted) == 1
        assert "stole" not in json.dumps(full.site.posted)

    def test_without_a_hit_there_is_none_to_send(self, home):
        result = home.run("notify", "test", "--with", "last-hit", code=2)
        assert "There is no hit to send yet." in result.stderr
        assert home.site.posted == []

    def test_a_channel_that_fails(self, home):
        home.site.put("/hook", b"", status=500)
        (outcome,) = home.json("notify", "test", code=1)
        assert outcome["sent"] is False
        assert outcome["error"]
        home.edit('urls = ["json', f'urls = ["json://127.0.0.1:{home.site.port}/other", "json')
        assert "failed" in home.run("notify", "test", code=3).stdout

    def test_each_failing_channel_says_what_why_and_what_to_try(self, full, strict_mail):
        hook, password = f"127.0.0.1:{full.site.port}", "not-the-password"
        full.edit(
            f'urls = ["json://{hook}/hook"]',
            f'urls = ["json://{hook}/hook", "json://{hook}/gone",'
            f' "mailto://me:{password}@127.0.0.1:{strict_mail}/?from=a@b.example&to=c@b.example"]',
        )
        full.site.put("/gone", b"", status=404)
        done = full.run("notify", "test", "--with", "last-hit", code=3)
        assert [line.split()[-1] for line in done.stdout.splitlines()[1:]] == ["sent", "failed", "failed"]
        assert done.stderr.count("What: ") == done.stderr.count("Why:  ") == done.stderr.count("Try:  ") == 2
        assert "error=404" in done.stderr
        assert "The login was refused: 535 5.7.8 Wrong user or ***" in done.stderr
        assert "Try:  Check the user name and password; many providers want an app password here." in done.stderr
        told = full.json("notify", "test", code=3)
        assert [one["sent"] for one in told] == [True, False, False]
        assert told[2]["why"].startswith("The login was refused: 535")
        assert told[2]["try"].startswith("Check the user name and password")
        assert password not in done.stdout + done.stderr + json.dumps(told)

    def test_a_channel_that_was_switched_off_is_shown_and_put_back(self, full):
        hook = f"127.0.0.1:{full.site.port}"
        full.edit(f'urls = ["json://{hook}/hook"]', f'urls = ["json://{hook}/hook", "json://{hook}/gone"]')
        full.site.put("/gone", b"", status=404)
        names = full.json("status")["channels"]
        name = names[1]
        with closing(open_store(f"sqlite:///{full.folder}/data/goodname.db", clock=SystemClock())) as store:
            alert, now = store.alerts(limit=1)[0].id, datetime.now(UTC)
            for place, minutes in enumerate((20, 15, 5)):
                outcome, at = DeliveryOutcome.REFUSED, now - timedelta(minutes=minutes)
                row = Delivery(
                    alert_id=alert, channel=name, attempt=place, outcome=outcome, delivered_at=at, error="404"
                )
                store.save_delivery(row)
            channels.review(store, [name], [names], now)
            store.enqueue(Alert(kind=AlertKind.CAPTURE_FAILED, dedupe_key="new", created_at=now))
        shown = full.run("status", code=3).stdout
        assert f"1 channel refuses messages: {name}." in shown
        assert f"goodname notify enable {name}" in shown
        full.run("once")
        (failing,) = full.json("status", code=3)["channels_failing"]
        assert (failing["name"], failing["switched_off"]) == (name, True)
        put_back = full.json("notify", "enable", name)
        assert put_back["was_off"] is True
        assert failing["missed"] == len(put_back["missed"]) > 0
        assert full.json("status")["channels_failing"] == []
        assert "There is no channel" in full.run("notify", "enable", "nothing", code=2).stderr
        assert "is sent to again" in full.run("notify", "enable", name).stdout

    @pytest.mark.parametrize("command", [("notify", "test"), ("digest", "send")])
    def test_no_channel(self, home, command):
        home.edit(f'urls = ["json://127.0.0.1:{home.site.port}/hook"]', "urls = []")
        assert "No channel is configured." in home.run(*command, code=2).stderr


class TestDigest:
    def test_the_weekly_one_is_shown_and_sent(self, full):
        assert full.run("digest", "preview", "--weekly").stdout.startswith("Your weekly summary: ")
        out = full.folder / "week.eml"
        full.run("digest", "preview", "--weekly", "--out", str(out))
        assert email.message_from_bytes(out.read_bytes())["Subject"].startswith("Your weekly summary: ")
        full.run("digest", "send", "--weekly")
        assert full.site.posted[-1]["title"].startswith("Your weekly summary: ")

    def test_it_speaks_german(self, full):
        full.edit("[alerts]", '[alerts]\nlanguage = "de"')
        assert full.run("digest", "preview", "--weekly").stdout.startswith("Ihr Wochenbericht: ")

    def test_a_preview_sends_and_changes_nothing(self, full):
        before = len(full.site.posted)
        first = full.run("digest", "preview").stdout
        assert "stole money" not in first
        assert full.run("digest", "preview").stdout.splitlines()[0] == first.splitlines()[0]
        assert len(full.site.posted) == before

    @pytest.mark.parametrize("ending", [".html", ".txt", ".eml", ".HTML"])
    def test_a_file_by_its_ending(self, full, ending):
        out = full.folder / f"summary{ending}"
        assert full.run("digest", "preview", "--out", str(out)).stdout == f"Written to {out}.\n"
        body = out.read_bytes()
        assert out.stat().st_mode & 0o777 == 0o600
        assert REPEAT.encode() not in body
        if ending.lower() == ".html":
            assert body.lstrip().lower().startswith(b"<!doctype html")
        if ending == ".eml":
            assert email.message_from_bytes(body)["Subject"]

    def test_what_cannot_be_written_says_why(self, full):
        assert "has no known ending" in full.run("digest", "preview", "--out", "x.pdf", code=2).stderr
        assert "cannot be written" in full.run("digest", "preview", "--out", "absent/x.html", code=2).stderr
        assert "There is no client 'x'." in full.run("digest", "preview", "--client", "x", code=2).stderr

    def test_sending(self, full):
        before = len(full.site.posted)
        assert full.run("digest", "send").stdout.startswith("Sent: 1.")
        assert len(full.site.posted) == before + 1
        full.site.put("/hook", b"", status=500)
        assert full.json("digest", "send", code=1) == {"sent": 0, "waiting": 1}


class TestTimeStamps:
    def test_without_an_authority_it_is_said_and_nothing_else(self, full):
        assert full.json("status")["evidence"]["time_stamps"]["is_configured"] is False
        (check,) = (one for one in full.json("doctor") if one["check"] == "time stamps")
        assert check["outcome"] == "warn"

    def test_an_authority_without_certificates_is_refused(self, full):
        full.write("goodname.toml", full.config.read_text() + '[timestamps]\nauthorities = ["http://127.0.0.1:1/"]\n')
        assert "`certificates` is missing" in full.run("config", "check", code=2).stderr

    def test_certificates_that_are_none_are_named(self, full):
        full.write("none.pem", "x")
        stamps = '[timestamps]\nauthorities = ["http://127.0.0.1:1/"]\ncertificates = "none.pem"\n'
        full.write("goodname.toml", full.config.read_text() + stamps)
        assert "`timestamps.certificates`" in full.run("config", "check", code=2).stderr
        assert "none.pem" in full.run("evidence", "verify", code=2).stderr
        refused = run("evidence", "verify", "data/evidence", "--certificates", "absent", code=3).stderr
        assert refused.startswith("What: absent cannot be read.")

    def test_a_calendar_that_does_not_answer_is_named_and_nothing_is_lost(self, full):
        pytest.importorskip("opentimestamps", reason="the extra `ots` is not installed")
        full.write("goodname.toml", full.config.read_text() + '[timestamps]\ncalendars = ["http://127.0.0.1:1"]\n')
        full.run("config", "check")
        full.run("once")
        proofs = full.json("status")["evidence"]["proofs"]
        assert (proofs["waiting"] > 0, proofs["promised"], proofs["failures"]) == (True, 0, 1)
        assert "OpenTimestamps" in full.run("status").stdout
        (check,) = (one for one in full.json("doctor") if one["check"] == "time stamps")
        assert (check["outcome"], "http://127.0.0.1:1" in check["why"]) == ("warn", True)
        assert full.json("evidence", "verify", code=2)["intact"] is True

    def test_calendars_without_their_package_are_a_fault_of_the_configuration(self, full, monkeypatch):
        full.write("goodname.toml", full.config.read_text() + '[timestamps]\ncalendars = ["http://127.0.0.1:1"]\n')
        monkeypatch.setattr("monitor.bootstrap.check.find_spec", lambda name: None)
        monkeypatch.setitem(sys.modules, "monitor.evidence.calendars", None)
        assert "goodname[ots]" in full.run("config", "check", code=2).stderr
        assert "goodname[ots]" in full.run("status", code=2).stderr

    def test_a_calendar_is_an_address_of_the_web(self, full):
        full.write("goodname.toml", full.config.read_text() + '[timestamps]\ncalendars = ["ftp://x"]\n')
        assert "starts with http" in full.run("config", "check", code=2).stderr


class TestLater:
    def test_a_look_now_and_what_it_found(self, full):
        assert full.json("evidence", "recheck", "1")["state"] == "live"
        text = REPEAT.replace("stole", "may have borrowed")
        full.site.put("/post/1", f"<html><title>A post</title><p>{text}</p></html>".encode(), "text/html")
        shown = full.run("evidence", "recheck", "1").stdout
        assert "edited" in shown
        shown = full.run("evidence", "diff", "1").stdout
        assert "[-stole-] {+may have borrowed+}" in shown
        assert "LOOKED AT" in shown
        found = full.json("evidence", "diff", "1")
        assert [one["state"] for one in found["observations"]] == ["live", "edited"]
        assert found["edits"][0]["to"] == 2

    def test_nothing_seen_yet(self, full):
        assert full.run("evidence", "diff", "1").stdout.startswith("No edit was seen.")

    @pytest.mark.parametrize("command", ["diff", "recheck"])
    def test_an_unknown_mention(self, full, command):
        assert "There is no such mention: 99." in full.run("evidence", command, "99", code=1).stderr


class TestRemoval:
    SAID = ("--because", "wish of a third party", "--by", "FIRST LAST")

    @staticmethod
    def capture_of(full) -> str:
        (capture,) = (full.folder / "data" / "evidence" / "captures").iterdir()
        return capture.name

    def test_a_capture_is_deleted_with_a_reason(self, full):
        capture = self.capture_of(full)
        assert "Nothing was deleted." in full.run("evidence", "redact", capture, *self.SAID, code=2).stderr
        assert "is deleted" in full.run("evidence", "redact", capture, *self.SAID, "--yes").stdout
        assert full.json("evidence", "verify")["findings"] == []
        assert {hit["capture"] for hit in full.json("hits", "list")} == {"none"}

    def test_not_while_it_is_on_hold(self, full):
        capture = self.capture_of(full)
        assert full.run("evidence", "holds").stdout.startswith("Nothing")
        full.run("evidence", "hold", capture, "--because", "suit", "--by", "COUNSEL", "--until", "2020-01-31")
        assert "2020-01-31 (past)" in full.run("evidence", "holds").stdout
        assert full.json("evidence", "holds")[capture]["reason"] == "suit"
        assert "on hold" in full.run("evidence", "redact", capture, *self.SAID, "--yes", code=1).stderr
        full.run("evidence", "hold", capture, "--because", "settled", "--by", "COUNSEL", "--lift")
        full.run("evidence", "redact", capture, *self.SAID, "--yes")

    def test_not_while_its_case_is_on_hold(self, full):
        full.run("hits", "mark", "1", "confirmed")
        full.run("case", "new", "A case", "--mention", "1")
        full.run("case", "hold", "1", "--because", "suit", "--by", "COUNSEL")
        refused = full.run("evidence", "redact", self.capture_of(full), *self.SAID, "--yes", code=1)
        assert "case 1" in refused.stderr

    @pytest.mark.parametrize(
        ("words", "what"),
        [
            (("hold", "x", "--because", " ", "--by", "N"), "A hold needs a reason and a name."),
            (("hold", "x", "--because", "r", "--by", "N", "--until", "soon"), "'soon' is no day."),
            (("redact", "x", "--because", " ", "--by", "N", "--yes"), "A deletion needs a reason and a name."),
        ],
    )
    def test_a_wrong_call(self, full, words, what):
        assert full.run("evidence", *words, code=2).stderr.startswith(f"What: {what}")


class TestCopies:
    def test_nowhere(self, full):
        assert full.run("evidence", "copies", code=2).stderr.startswith("What: Evidence is not copied anywhere.")

    def test_a_copy_is_compared(self, full, tmp_path):
        text = f'[evidence]\ncopy_to = "file://{tmp_path / "elsewhere"}"\n'
        full.write("goodname.toml", full.config.read_text() + text)
        assert full.run("evidence", "copies").stdout.startswith("The copy holds what is here.")
        (kept, *_) = (path for path in (tmp_path / "elsewhere" / "objects").rglob("*") if path.is_file())
        kept.write_bytes(b"other")
        (finding,) = full.json("evidence", "copies", code=1)
        assert finding["problem"] == "altered in the copy"
        (check,) = (one for one in full.json("doctor") if one["check"] == "copies")
        assert check["outcome"] == "ok"


class TestWayback:
    SAID = ("--by", "FIRST LAST", "--yes")

    def test_it_is_off_and_says_why(self, full):
        refused = full.run("evidence", "wayback", "1", *self.SAID, code=2).stderr
        assert "No public archive is configured." in refused
        assert "publishes" in refused

    def test_a_page_is_offered_by_hand_and_recorded(self, full):
        full.write("goodname.toml", full.config.read_text() + f'[evidence]\nwayback = "{full.site.url("/save/")}"\n')
        assert "Nothing was offered." in full.run("evidence", "wayback", "1", "--by", "N", code=2).stderr
        assert "did not take" in full.run("evidence", "wayback", "1", *self.SAID, code=1).stderr
        page = full.site.url("/post/1")
        full.site.put(f"/save/{page}", b"saved", "text/html")
        assert full.json("evidence", "wayback", "1", *self.SAID)["url"] == page
        event = json.loads((full.folder / "data/evidence/custody.jsonl").read_text().splitlines()[-1])
        assert (event["event"], event["actor"], event["detail"]["url"]) == ("wayback", "FIRST LAST", page)
        assert "not kept here yet" in full.run("evidence", "wayback", "2", *self.SAID, code=2).stderr
