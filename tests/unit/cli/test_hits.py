"""`goodname hits`, `explain` and `try`: what was found and why, veiled until asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.cli.hits import moment
from monitor.errors import InputError
from tests.unit.cli.conftest import OTHER, REPEAT, run

PHRASES = ("stole money", "I heard that", "owned", "bold red")
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def test_one_object_a_mention_about_a_subject(seed):
    second, first = seed.json("hits", "list")
    assert (first["id"], first["subject"], first["level"]) == (1, "subject-1", "likely")
    assert (first["statement"], first["stance"], first["capture"]) == ("stole", "repeat", "partial")
    assert first["score"] >= 90
    assert first["url"] == seed.site.url("/post/1")
    assert first["source"] == "town-forum"
    assert first["review"] is None
    assert len(first["evidence_sha256"]) == 64
    assert (second["level"], second["statement"], second["stance"], second["score"]) == ("none", None, None, 0)


@pytest.mark.parametrize("command", [("hits", "list"), ("hits", "show", "1"), ("hits", "show", "2"), ("explain", "1")])
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_words_are_veiled_until_asked_for(seed, command, form):
    veiled = seed.run(*command, *form).stdout
    assert not [phrase for phrase in PHRASES if phrase in veiled]
    shown = seed.run(*command, *form, "--reveal").stdout
    assert [phrase for phrase in PHRASES if phrase in shown]


def test_others_words_cannot_steer_the_terminal_or_be_read_as_markup(seed):
    for command in (("hits", "list", "--reveal"), ("hits", "show", "2", "--reveal")):
        shown = seed.run(*command).stdout
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert "[bold red]seen[/]" in shown


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (("--level", "likely"), [1]),
        (("--subject", "subject-1"), [2, 1]),
        (("--client", "nobody"), []),
        (("--since", "1h"), [2, 1]),
        (("--until", "1h"), []),
        (("--since", "2020-01-01", "--until", "2020-02-01T10:00"), []),
        (("--text", "patients"), [1]),
        (("--unreviewed",), [2, 1]),
        (("--limit", "1"), [2]),
        (("--limit", "1", "--offset", "1"), [1]),
    ],
)
def test_hits_are_chosen(seed, options, ids):
    assert [hit["id"] for hit in seed.json("hits", "list", *options)] == ids


def test_nothing_found_is_said_calmly(home):
    assert home.run("hits", "list").stdout == "Nothing was found.\n"
    assert home.json("hits", "list") == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("7d", datetime(2026, 11, 15, 8, tzinfo=UTC)),
        ("1h 30m", datetime(2026, 11, 22, 6, 30, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:00+02:00", datetime(2026, 11, 20, 8, tzinfo=UTC)),
        ("", None),
    ],
)
def test_moments(given, meant):
    assert moment(given, NOW, "--since") == meant


@pytest.mark.parametrize("given", ["soon", "2026-13-01", "7", "99999999999999d", "0001-01-01T00:00+23:00"])
def test_what_is_no_moment_says_so(given):
    with pytest.raises(InputError, match="is no moment"):
        moment(given, NOW, "--since")


def test_showing_one_says_everything_about_it(seed):
    shown = seed.run("hits", "show", "1").stdout
    assert "Mention     1, revision 1 of 1" in shown
    assert "likely: statement stole" in shown
    assert "kept (partial) as " in shown
    assert "You can leave this for later." in shown
    whole = seed.json("hits", "show", "1", "--reveal")
    assert whole["text"] == REPEAT
    assert [one["level"] for one in whole["hits"]] == ["likely"]
    assert whole["captures"][0]["outcome"] == "partial"
    assert whole["revisions"][0]["content_sha256"] == whole["content_sha256"]
    assert seed.json("hits", "show", "1")["text"] is None


def test_an_edited_post_keeps_both_revisions(full):
    from tests.unit.cli.conftest import feed_of

    full.site.put("/feed.json", feed_of(full.site, REPEAT + " So they say.", OTHER))
    full.run("once")
    whole = full.json("hits", "show", "1", "--reveal")
    assert [one["revision"] for one in whole["revisions"]] == [1, 2]
    assert whole["text"].endswith("So they say.")


def test_marking_is_kept_and_shown(full):
    marked = full.json("hits", "mark", "1", "confirmed", "--note", "for counsel", "--by", "FIRST LAST")
    assert (marked["verdict"], marked["subject_id"]) == ("confirmed", "subject-1")
    assert "Marked 1 as not-about-subject for subject-1." in full.run("hits", "mark", "1", "not-about-subject").stdout
    assert full.json("hits", "list")[1]["review"] == "not_about_subject"
    assert [hit["id"] for hit in full.json("hits", "list", "--unreviewed")] == [2]
    assert "marked confirmed by FIRST LAST for counsel" in full.run("hits", "show", "1").stdout


def test_marking_what_names_nobody_asks_whom_it_is_about(full):
    result = full.run("hits", "mark", "3", "later", code=2)
    assert "It names nobody who is watched." in result.stderr
    full.run("hits", "mark", "3", "later", "--subject", "subject-1")


@pytest.mark.parametrize(
    "words", [("hits", "show", "99"), ("hits", "mark", "99", "later"), ("explain", "99"), ("hits", "show", "0")]
)
def test_a_number_that_is_not_there_says_where_to_look(seed, words):
    lines = seed.run(*words, code=1).stderr.splitlines()
    assert lines[0].startswith("What: ")
    assert lines[-1].startswith("Try:  ")


class TestExplain:
    def test_a_hit(self, seed):
        shown = seed.run("explain", "1").stdout
        assert shown.startswith("FIRST LAST (subject-1): likely")
        assert "statement stole" in shown
        assert "full name “FIRST LAST” found as “" in shown
        (judged,) = seed.json("explain", "1", "--reveal")
        start, end = judged["matches"][0]["span"]
        assert REPEAT[start:end] == judged["matches"][0]["excerpt"]

    def test_what_is_no_hit_is_explained_too(self, seed):
        shown = seed.run("explain", "3").stdout
        assert shown.startswith("FIRST LAST (subject-1): none")
        assert "no form of the name" in shown

    def test_for_one_person(self, seed):
        assert len(seed.json("explain", "1", "--subject", "subject-1")) == 1
        seed.run("explain", "1", "--subject", "nobody", code=2)


class TestTry:
    def test_words(self, home):
        shown = home.run("try", REPEAT).stdout
        assert shown.startswith("FIRST LAST (subject-1): likely")
        assert REPEAT in shown
        assert home.json("try", REPEAT)[0]["matches"][0]["statement"] == "stole"

    def test_nothing_is_stored(self, home):
        home.run("try", REPEAT)
        assert home.json("hits", "list") == []
        assert home.json("status")["mentions"] == 0

    def test_words_from_standard_input_and_a_title(self, home):
        assert home.run("try", "-", given=REPEAT).stdout.startswith("FIRST LAST (subject-1): likely")
        (judged,) = home.json("try", "It is all over town.", "--title", REPEAT)
        assert judged["matches"][0]["field"] == "title"

    def test_an_address_is_read_and_veiled(self, home):
        shown = home.run("try", home.site.url("/post/1")).stdout
        assert shown.startswith("FIRST LAST (subject-1): likely")
        assert "stole money" not in shown
        assert "stole money" in home.run("try", home.site.url("/post/1"), "--reveal").stdout

    def test_a_private_address_is_not_contacted(self, home):
        result = home.run("try", "http://127.0.0.1:1/secret", code=1)
        assert result.stderr.startswith("What: ")
        assert "[network] allow" in result.stderr

    def test_a_watch_list_needs_no_configuration(self, home):
        (home.folder / "goodname.toml").unlink()
        shown = run("try", REPEAT, "--watchlist", str(home.folder / "watchlist.toml")).stdout
        assert shown.startswith("FIRST LAST (subject-1): likely")
        assert "none" in run("try", OTHER, "--watchlist", str(home.folder / "watchlist.toml")).stdout

    def test_an_empty_list_or_text_is_a_wrong_call(self, home):
        home.write("empty.toml", "")
        assert "There is nobody to look for." in run("try", "x", "--watchlist", "empty.toml", code=2).stderr
        assert "There is no text to judge." in home.run("try", "  ", code=2).stderr
