"""`goodname person` and `goodname statement`: nobody is watched unless somebody asked for it."""

from __future__ import annotations

import pytest

from monitor.bootstrap.entries import free_id
from tests.unit.cli.conftest import REPEAT

ASKED = ("--relation", "self", "--by", "OTHER NAME")


def test_a_person_is_added_listed_and_found(full):
    added = full.json(
        "person", "add", "OTHER NAME", *ASKED, "--alias", "O. NAME", "--handle", "@other", "--context", "York",
        "--exclude", "actor", "--language", "en", "--client", "c-1", "--reference", "A-1",
    )  # fmt: skip
    assert added["id"] == "other-name"
    assert (added["aliases"], added["handles"]) == (["O. NAME"], ["@other"])
    assert (added["context_terms"], added["exclude_terms"]) == (["York"], ["actor"])
    assert added["attestation"]["by"] == "OTHER NAME"
    assert added["attestation"]["relation"] == "self"
    assert [one["id"] for one in full.json("person", "list")] == ["other-name", "subject-1"]
    listed = full.run("person", "list").stdout
    assert "O. NAME, @other" in listed
    assert "watched" in listed


def test_stored_posts_are_judged_again_for_a_new_person_and_statement(full):
    full.site.put("/feed.json", b'{"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": []}')
    text = full.run("person", "add", "TOWN COUNCIL", "--kind", "organisation", *ASKED).stdout
    assert "3 stored mentions will be looked at again at the next pass." in text
    assert "goodname statement add" in text
    full.run("statement", "add", "The TOWN COUNCIL met on Tuesday about a bus lane", "--subject", "town-council")
    full.run("once")
    (hit,) = full.json("hits", "list", "--subject", "town-council")
    assert hit["id"] == 3
    assert hit["statement"] == "the-town-council-met-on-tuesday-about-a"


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ((), "--relation and --by are missing"),
        (("--relation", "self"), "--by is missing"),
        (("--by", "A NAME"), "--relation is missing"),
        (("--relation", "client", "--by", "  "), "--by is missing"),
    ],
)
def test_a_person_nobody_asked_for_is_refused(home, given, missing):
    result = home.run("person", "add", "O'OTHER NAME", *given, code=2)
    assert "What: O'OTHER NAME was not added: it is not said who asks for this watch." in result.stderr
    assert missing in result.stderr
    assert "Try:  Run `goodname person add 'O'\"'\"'OTHER NAME' --relation self" in result.stderr
    assert len(home.json("person", "list")) == 1


def test_an_id_is_given_once(home):
    home.run("person", "add", "OTHER NAME", *ASKED, "--id", "x")
    result = home.run("person", "add", "THIRD NAME", *ASKED, "--id", "x", code=2)
    assert "The id 'x' is taken." in result.stderr
    home.run("person", "add", "OTHER NAME", *ASKED)
    home.run("person", "add", "Other Name", *ASKED)
    assert [one["id"] for one in home.json("person", "list")] == ["other-name", "other-name-2", "subject-1", "x"]


def test_an_entry_keeps_the_rules_of_the_file(home):
    result = home.run("person", "add", " — ", *ASKED, "--id", "a b", "--alias", "", code=2)
    for fault in ("`name`: this is empty", "`id` must be letters", "`aliases[1]`: this is empty"):
        assert fault in result.stderr


def test_editing_adds_and_removes(home):
    home.run("person", "add", "OTHER NAME", *ASKED, "--alias", "O. NAME", "--context", "York")
    changed = home.json(
        "person",
        "edit",
        "other-name",
        "--alias",
        "ON",
        "--alias",
        "O. NAME",
        "--remove",
        "york",
        "--kind",
        "organisation",
    )
    assert (changed["aliases"], changed["context_terms"], changed["kind"]) == (["O. NAME", "ON"], [], "organisation")
    assert "Changed other-name." in home.run("person", "edit", "other-name", "--name", "ANOTHER NAME").stdout
    assert home.json("person", "list")[0]["name"] == "ANOTHER NAME"
    assert home.json("person", "list")[0]["attestation"]["by"] == "OTHER NAME"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("person", "edit", "other-name"), "Nothing to change was given."),
        (("person", "edit", "nobody", "--name", "X Y"), "There is no person or firm with the id 'nobody'."),
        (("person", "edit", "other-name", "--remove", "zzz"), "other-name has no 'zzz' to remove."),
        (("person", "edit", "other-name", "--name", "!!"), "'!!' cannot be kept like this."),
        (("person", "edit", "subject-1", "--name", "X Y"), "subject-1 comes from "),
        (("person", "pause", "subject-1"), "subject-1 comes from "),
        (("person", "pause", "nobody"), "There is no person or firm with the id 'nobody'."),
    ],
)
def test_what_cannot_be_changed_says_why(home, words, what):
    home.run("person", "add", "OTHER NAME", *ASKED)
    lines = home.run(*words, code=2).stderr.splitlines()
    assert lines[0].startswith(f"What: {what}")
    assert lines[-1].startswith("Try:  ")


def test_pausing_stops_the_watch_and_keeps_what_was_found(full):
    full.run("person", "add", "OTHER NAME", *ASKED)
    assert "paused; nothing that was kept is touched" in full.run("person", "pause", "other-name").stdout
    assert [one["id"] for one in full.json("person", "list")] == ["subject-1"]
    assert [one["is_active"] for one in full.json("person", "list", "--all")] == [False, True]
    assert "paused" in full.run("person", "list", "--all").stdout
    assert "watched again" in full.run("person", "pause", "other-name", "--resume").stdout
    assert len(full.json("person", "list")) == 2
    assert len(full.json("hits", "list")) == 2


def test_nobody_watched_says_what_is_next(home):
    home.edit('file = "watchlist.toml"', "")
    assert "goodname person add" in home.run("person", "list").stdout
    result = home.run("statement", "add", "x is y", code=2)
    assert "Nobody is watched yet." in result.stderr
    assert "goodname statement add" in home.run("statement", "list").stdout


def test_a_statement_is_added_and_listed(home):
    added = home.json(
        "statement", "add", REPEAT, "--id", "s-2", "--paraphrase", "FIRST LAST is a thief", "--language", "en",
        "--meaning", "theft", "--falsity", "the books were audited", "--seen-at", "https://example.org/1",
    )  # fmt: skip
    assert (added["subject_id"], added["id"], added["paraphrases"]) == ("subject-1", "s-2", ["FIRST LAST is a thief"])
    assert (added["meaning"], added["falsity_note"]) == ("theft", "the books were audited")
    assert [one["id"] for one in home.json("statement", "list")] == ["s-2", "stole"]
    assert "2         I heard that" in home.run("statement", "list", "--subject", "subject-1").stdout


def test_a_statement_needs_to_say_whom_it_is_about(home):
    home.run("person", "add", "OTHER NAME", *ASKED)
    result = home.run("statement", "add", "x is y", code=2)
    assert "It is not said whom this statement is about." in result.stderr
    assert "other-name, subject-1" in result.stderr


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("add", "…", "--subject", "subject-1"), "This statement cannot be kept like this."),
        (("add", "x is y", "--id", "stole"), "subject-1 has a statement 'stole' already."),
        (("add", "x is y", "--subject", "nobody"), "There is no person or firm with the id 'nobody'."),
        (("list", "--subject", "nobody"), "There is no person or firm with the id 'nobody'."),
    ],
)
def test_what_is_no_statement_says_why(home, words, what):
    lines = home.run("statement", *words, code=2).stderr.splitlines()
    assert lines[0] == f"What: {what}"
    assert lines[-1].startswith("Try:  ")


@pytest.mark.parametrize(
    ("text", "taken", "made"),
    [
        ("FIRST LAST", (), "first-last"),
        ("FIRST LAST", ("first-last", "first-last-2"), "first-last-3"),
        ("Žofie Nováková", (), "zofie-novakova"),
        ("中文", (), "subject"),
        ("中文", ("subject",), "subject-2"),
        ("x" * 100, (), "x" * 40),
    ],
)
def test_ids_are_made_from_names(text, taken, made):
    assert free_id(text, taken, "subject") == made


def test_a_preview_shows_what_an_alias_would_find_and_keeps_nothing(full):
    full.run("person", "add", "OTHER NAME", *ASKED)
    full.run("statement", "add", "OTHER NAME met on Tuesday about a bus lane", "--subject", "other-name", "--id", "s")
    full.run("once")
    change = ("person", "edit", "other-name", "--alias", "town council")
    shown = full.run(*change, "--preview").stdout
    assert "Nothing was kept. Looked at 3 stored mentions" in shown
    assert "1 would match:" in shown
    assert "none -> possible" in shown or "none -> likely" in shown
    assert "bus lane" not in shown
    assert "bus lane" in full.run(*change, "--preview", "--reveal").stdout
    (found,) = full.json(*change, "--preview")["gained"]
    assert (found["mention"], found["before"], found["after"]["subject"]) == (3, None, "other-name")
    assert full.json("person", "list")[0]["aliases"] == []
    assert full.json("status")["hunt"] is None


def test_a_changed_alias_is_hunted_in_what_is_stored_and_marked(full):
    full.run("person", "add", "OTHER NAME", *ASKED)
    full.run("statement", "add", "OTHER NAME met on Tuesday about a bus lane", "--subject", "other-name", "--id", "s")
    full.run("once")
    full.run("person", "edit", "other-name", "--alias", "town council")
    assert full.json("status")["hunt"]["left"] == 3
    assert "0 of 3 stored mentions" in full.run("status").stdout
    full.run("once")
    assert full.json("status")["hunt"] is None
    (judged,) = full.json("explain", "3", "--subject", "other-name")
    assert "found in what was already collected, by a rule that changed since" in judged["reasons"]
    others = full.json("explain", "1")
    assert not any("already collected" in reason for reason in others[0]["reasons"])


def test_a_statement_is_previewed_changed_and_withdrawn(full):
    full.run("person", "add", "town council", "--kind", "organisation", *ASKED)
    sentence = "The town council met on Tuesday about a bus lane"
    new = ("statement", "add", sentence, "--subject", "town-council", "--id", "s")
    assert "1 would match:" in full.run(*new, "--preview").stdout
    assert full.json("statement", "list", "--subject", "town-council") == []
    full.run(*new)
    edit = ("statement", "edit", "s", "--subject", "town-council")
    changed = full.json(*edit, "--paraphrase", "The bus lane was a bad idea")
    assert (changed["id"], changed["paraphrases"]) == ("s", ["The bus lane was a bad idea"])
    assert "1 would no longer match" in full.run(*edit, "--withdraw", "--preview").stdout
    assert full.json(*edit, "--remove", "the bus lane was a bad idea")["paraphrases"] == []
    assert "Changed s for town-council." in full.run(*edit, "--withdraw").stdout
    assert full.json("statement", "list", "--subject", "town-council") == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("statement", "edit", "stole"), "Nothing to change was given."),
        (("statement", "edit", "stole", "--text", "x y"), "stole comes from "),
        (("statement", "edit", "other", "--text", "x y"), "subject-1 has no statement 'other'."),
        (("statement", "edit", "s", "--subject", "subject-1", "--remove", "zzz"), "s has no other wording 'zzz'"),
        (("statement", "edit", "s", "--text", " "), "This statement cannot be kept like this."),
    ],
)
def test_a_statement_that_cannot_be_changed_says_why(home, words, what):
    home.run("statement", "add", REPEAT, "--id", "s")
    assert home.run(*words, code=2).stderr.startswith(f"What: {what}")


def test_a_bar_is_suggested_from_reviews_and_never_applied(full):
    assert "Nothing was reviewed yet" in full.run("person", "threshold").stdout
    full.run("hits", "mark", "1", "not-harmful")
    shown = full.run("person", "threshold", "subject-1", "--at-most", "0").stdout
    assert "0 confirmed, 1 false" in shown
    advice = full.json("person", "threshold", "--at-most", "9")
    assert advice["suggestion"]["likely"] == 35
    assert advice["now"] == 65
    assert "likely = 35 under [matching]" in full.run("person", "threshold", "--at-most", "9").stdout
    assert full.json("person", "threshold")["now"] == 65
