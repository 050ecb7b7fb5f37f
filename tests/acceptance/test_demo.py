"""`goodname demo`, end to end: what it prints, what it leaves behind, and what it refuses."""

from __future__ import annotations

import email
import email.policy
import json
import re
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from monitor.demo import texts

pytestmark = pytest.mark.slow

CHROMIUM = any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
LIKELY = [find for find in texts.FINDS if find.likely]
ALL_POSTS = [
    post
    for group in (texts.DENTISTS, texts.MORNING, texts.BLOG, texts.REVIEWS, texts.WIRE, texts.FERRY)
    for post in group
]


@dataclass(frozen=True)
class Shown:
    root: Path
    output: str
    errors: str
    code: int
    seconds: float

    def mails(self):
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in sorted((self.root / "mailbox").glob("*.eml"))
        ]

    def calls(self):
        return [json.loads(path.read_text("utf-8")) for path in sorted((self.root / "webhook").glob("*.json"))]

    def manifests(self):
        return [
            (path.parent, json.loads(path.read_bytes()))
            for path in sorted((self.root / "data" / "evidence" / "captures").glob("*/manifest.json"))
        ]


@pytest.fixture(scope="module")
def shown(goodname, tmp_path_factory) -> Iterator[Shown]:
    place = tmp_path_factory.mktemp("demo")
    begun = time.monotonic()
    done = goodname("demo", cwd=place)
    return Shown(place / "demo-world", done.stdout, done.stderr, done.returncode, time.monotonic() - begun)


def test_ends_well_and_by_itself(shown):
    assert shown.code == 0, shown.output + shown.errors
    assert shown.seconds < 180  # half a minute on two idle cores; a busy machine must not fail the run
    assert "All of this went as it must." in shown.output
    assert "Traceback" not in shown.output + shown.errors


def test_tells_what_was_found_kept_told_and_not_checked(shown):
    for find in LIKELY:
        assert f": {find.label}, on {find.source}" in shown.output
    first, second = shown.output.split("Pass 2", 1)
    assert re.search(r"Not checked\n  ferry-notes: .", first)
    assert "Not checked\n  nothing: all 7 sources were read" in second
    assert "is gone; your copy is kept" in second
    assert "was edited; both versions are kept" in second
    assert "evidence verify" in second
    assert str(shown.root) in shown.output


def test_plain_output_has_no_terminal_codes(shown):
    assert "\x1b" not in shown.output


def test_every_likely_repeat_reached_both_channels(goodname, shown):
    hits = goodname.json("--config", str(shown.root / "goodname.toml"), "hits", "list", cwd=shown.root)
    likely = {hit["id"] for hit in hits if hit["level"] == "likely"}
    assert len(likely) == len(LIKELY)
    by_hook = [int(found) for call in shown.calls() for found in re.findall(r"hits show (\d+)", call["message"])]
    by_mail = [
        int(found)
        for mail in shown.mails()
        for found in re.findall(r"hits show (\d+)", mail.get_body(("plain",)).get_content())
    ]
    assert set(by_hook) >= likely
    assert set(by_mail) >= likely


def test_only_the_repeats_are_likely(goodname, shown):
    hits = goodname.json("--config", str(shown.root / "goodname.toml"), "hits", "list", cwd=shown.root)
    statements = sorted(hit["statement"] for hit in hits if hit["level"] == "likely")
    assert len(hits) > len(LIKELY), "the denial, the namesake and the harmless posts are listed too"
    assert len(statements) == len(LIKELY)
    assert all(hit["subject"] == texts.SUBJECT_ID for hit in hits)
    assert all(hit["capture"] in ("complete", "partial") for hit in hits if hit["level"] == "likely")


def test_alerts_neither_name_nor_quote(shown):
    mails = [
        "\n".join(
            [
                str(mail["subject"]),
                *(part.get_content() for part in mail.walk() if part.get_content_maintype() == "text"),
            ]
        )
        for mail in shown.mails()
    ]
    calls = [f"{call['title']}\n{call['message']}" for call in shown.calls()]
    for message in (*mails, *calls):
        assert "Voss" not in message
        for post in ALL_POSTS:
            words = post.text.split()
            for start in range(len(words) - 4):
                assert " ".join(words[start : start + 5]) not in message


def test_mails_are_proper(shown):
    mails = shown.mails()
    ids = [mail["message-id"] for mail in mails]
    assert all(ids)
    assert len(set(ids)) == len(ids)
    assert all(mail["from"] and mail["to"] and mail["date"] for mail in mails)
    assert all(mail["auto-submitted"] for mail in mails)
    assert all(not mail.defects for mail in mails)


def test_the_summary_says_what_was_not_checked(shown):
    mail = email.message_from_bytes((shown.root / "digest.eml").read_bytes(), policy=email.policy.default)
    text = mail.get_body(("plain",)).get_content()
    html = (shown.root / "digest.html").read_text("utf-8")
    for source in ("town-forum", "quay-blog", "town-reviews", "town-wire", "ferry-notes"):
        assert source in text
        assert source in html
    assert "<script" not in html
    assert not re.search(r"""(?:src|background)=["']?https?:""", html), "the summary loads nothing from elsewhere"


def test_evidence_holds_what_was_said(shown):
    kept = shown.manifests()
    wanted = {find.words for find in LIKELY}
    for folder, _ in kept:
        body = "\n".join(
            path.read_text("utf-8", "replace")
            for path in folder.rglob("*")
            if path.suffix in {".txt", ".html", ".json"}
        )
        wanted -= {words for words in wanted if words in body}
    assert not wanted


def test_one_changed_byte_is_found(goodname, shown, tmp_path):
    copy = tmp_path / "evidence"
    shutil.copytree(shown.root / "data" / "evidence", copy)
    whole = goodname("evidence", "verify", str(copy), cwd=tmp_path)
    assert whole.returncode == 2, whole.stdout  # intact, but no head from outside was given
    victim = max(copy.glob("captures/*/*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
    body = bytearray(victim.read_bytes())
    body[len(body) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(body)
    done = goodname("evidence", "verify", str(copy), cwd=tmp_path)
    assert done.returncode == 1
    assert victim.name in done.stdout + done.stderr


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
def test_text_fetched_by_script_is_in_the_capture(shown):
    wire = [folder for folder, manifest in shown.manifests() if "/story/letter-7" in json.dumps(manifest)]
    assert wire
    text = "\n".join(path.read_text("utf-8", "replace") for path in wire[0].rglob("*.txt"))
    assert "Sir, how long will Wrenmouth look away?" in text
    assert "One moment" not in text


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")
def test_two_posts_of_one_page_have_pictures_of_their_own(shown):
    clips = [
        file["sha256"]
        for _, manifest in shown.manifests()
        if "/t/dentists" in json.dumps(manifest)
        for file in manifest["files"]
        if file["role"] == "clip"
    ]
    assert len(clips) >= 3
    assert len(set(clips)) == len(clips)


def test_one_repeat_becomes_a_case_whose_papers_are_drafts(goodname, shown):
    folder = shown.root / "case"
    for name in ("letter.pdf", "notice.pdf", "packet.pdf"):
        assert (folder / name).read_bytes().startswith(b"%PDF")
    notice = (folder / "notice.txt").read_text("utf-8")
    assert "NOT COMPLETE. Missing:" in notice
    assert notice.count("[missing]") == 1
    assert "To: The owner of the town forum" in (folder / "letter.txt").read_text("utf-8")
    (case,) = goodname.json("--config", str(shown.root / "goodname.toml"), "case", "list", cwd=shown.root)
    assert case["status"] == "open"
    assert "One confirmed repeat becomes a case" in shown.output


def test_an_occupied_folder_is_left_alone(goodname, tmp_path):
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "goodname.toml").write_text("precious")
    done = goodname("demo", "--directory", str(mine), cwd=tmp_path)
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["What", "Why", "Try"]
    assert (mine / "goodname.toml").read_text() == "precious"
    assert list(mine.iterdir()) == [mine / "goodname.toml"]


def test_settings_from_outside_cannot_send_it_elsewhere(goodname, tmp_path):
    real = tmp_path / "real"
    done = goodname("demo", cwd=tmp_path, env={"GOODNAME_DATA_DIR": str(real)})
    assert done.returncode == 2
    assert "own folder" in done.stderr
    assert not real.exists()


def test_keep_stays_up_until_ctrl_c(goodname, tmp_path):
    place = tmp_path / "kept"
    command = [str(goodname.path), "demo", "--keep", "--browser", "off", "--directory", str(place)]
    with (
        (tmp_path / "out").open("wb") as out,
        subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True) as process,
    ):
        try:
            told = next(line for line in process.stderr if "Still watching" in line)
            (address,) = re.findall(r"http://\S+/healthz", told)
            end = time.monotonic() + 60
            while not (health := _health(address)):
                assert time.monotonic() < end
                assert process.poll() is None
            assert {source["name"] for source in health["sources"]} >= {"town-forum", "ferry-notes"}
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()
    assert "Traceback" not in (tmp_path / "out").read_text("utf-8")
    assert "Voss" not in (place / "goodname.log").read_text("utf-8")


def _health(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return json.loads(answer.read())
    except urllib.error.URLError:
        return None
