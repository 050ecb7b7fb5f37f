"""`goodname try` on addresses: a real page on a loopback site, read through the guarded client."""

from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import OTHER, REPEAT, Installation

HTML = "text/html; charset=utf-8"


def _parts(stderr: str) -> list[str]:
    return [line.partition(":")[0] for line in stderr.splitlines() if line.partition(":")[0] in ("What", "Why", "Try")]


def test_title_and_text_of_a_page_are_judged_and_scripts_are_not(home: Installation) -> None:
    page = f"<title>FIRST LAST of Leeds</title><script>{REPEAT}</script><h1>News</h1><p>{OTHER}</p>"
    home.site.put("/named", page.encode(), HTML)
    (judged,) = home.json("try", home.site.url("/named"), "--reveal")
    assert judged["level"] == "none"
    assert judged["about"]["title_spans"] == [[0, 10]]
    assert judged["matches"] == []


def test_spans_are_those_of_the_visible_text(home: Installation) -> None:
    home.site.put("/page", f"<p>{OTHER}</p><p>\u201c{REPEAT}</p>".encode(), HTML)
    (judged,) = home.json("try", home.site.url("/page"), "--reveal")
    (match,) = judged["matches"]
    start, end = match["span"]
    assert match["statement"] == "stole"
    assert 0 <= start < end
    assert len(match["excerpt"]) == end - start
    assert "stole money from patients" in match["excerpt"]


def test_a_page_without_the_name_says_why_it_is_no_hit(home: Installation) -> None:
    home.site.put("/other", f"<p>{OTHER}</p>".encode(), HTML)
    shown = home.run("try", home.site.url("/other")).stdout
    assert shown.startswith("FIRST LAST (subject-1): none")
    assert "no form of the name “FIRST LAST” found" in shown


def test_a_page_about_the_person_that_repeats_nothing_says_so(home: Installation) -> None:
    home.site.put("/praise", b"<p>FIRST LAST, the dentist in Leeds, was kind to my son.</p>", HTML)
    shown = home.run("try", home.site.url("/praise")).stdout
    assert shown.startswith("FIRST LAST (subject-1): none")
    assert "about the subject, repeats no listed statement" in shown


def test_the_watch_list_of_a_file_is_used_for_a_page(home: Installation) -> None:
    other = (home.folder / "watchlist.toml").read_text("utf-8").replace("FIRST LAST", "OTHER NAME")
    path = home.write("other.toml", other.replace("F. LAST", "O. NAME"))
    shown = home.run("try", home.site.url("/post/1"), "--watchlist", str(path)).stdout
    assert shown.startswith("OTHER NAME (subject-1): none")


@pytest.mark.parametrize("status", [403, 404, 500, 503])
def test_a_page_that_is_refused_or_gone_is_told_in_three_parts(home: Installation, status: int) -> None:
    home.site.put("/gone", b"<p>no</p>", HTML, status=status)
    told = home.run("try", home.site.url("/gone"), code=1).stderr
    assert _parts(told) == ["What", "Why", "Try"], told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/x", "http://169.254.169.254/latest/meta-data", "http://[::1]/"]
)
def test_an_address_that_is_not_allowed_is_told_in_three_parts(home: Installation, address: str) -> None:
    told = home.run("try", address, code=1).stderr
    assert _parts(told) == ["What", "Why", "Try"], told


def test_control_signs_of_a_page_do_not_reach_the_terminal(home: Installation) -> None:
    home.site.put("/odd", "<p>FIRST LAST \x1b[2J stole money from patients \u202etfel\u202c</p>".encode(), HTML)
    shown = home.run("try", home.site.url("/odd"), "--reveal").stdout
    assert "\x1b" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("body", "media_type"),
    [(b"", HTML), (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "image/png"), (b"<p>" * 50_000, HTML)],
    ids=["empty", "picture", "deep"],
)
def test_a_page_without_words_is_no_hit_and_no_crash(home: Installation, body: bytes, media_type: str) -> None:
    home.site.put("/blank", body, media_type)
    found = json.loads(home.run("try", home.site.url("/blank"), "--json").stdout)
    assert [one["level"] for one in found] == ["none"]


def test_nothing_of_a_page_is_stored(home: Installation) -> None:
    home.run("try", home.site.url("/post/1"))
    assert home.json("status")["mentions"] == 0
