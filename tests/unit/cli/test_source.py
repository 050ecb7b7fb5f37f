"""`goodname source`: list, test, add."""

from __future__ import annotations

import tomllib

import pytest

from tests.unit.cli.conftest import run


def test_listing_shows_sources_and_connectors(full):
    listed = full.json("source", "list")
    (source,) = listed["sources"]
    assert source.pop("last_good_at") < source.pop("next_attempt_at")
    breaker = {"breaker": "closed", "failures": 0, "not_before": None}
    assert source == {"name": "town-forum", "connector": "feed", "every": "15m", "state": "ok", "why": "", **breaker}
    feed = next(one for one in listed["connectors"] if one["name"] == "feed")
    assert feed["access"] == "feed"
    assert feed["needs_credentials"] is False
    assert "url" in feed["settings"]
    shown = full.run("source", "list").stdout
    assert "town-forum" in shown
    assert "CONNECTOR" in shown


def test_listing_says_which_source_is_listened_to(home):
    home.edit('connector = "feed"', 'connector = "jetstream"')
    home.edit("  url = ", "  base_url = ")
    listed = home.json("source", "list")
    assert "stream" in next(one for one in listed["connectors"] if one["name"] == "jetstream")["capabilities"]
    row = next(line for line in home.run("source", "list").stdout.splitlines() if line.startswith("town-forum"))
    assert row.split()[1:4] == ["jetstream", "live", "unchecked"]


def test_a_failing_source_shows_its_breaker_after_a_restart_too(home):
    home.site.put("/feed.json", b"", status=503)
    home.run("once", code=1)
    home.run("once", code=1)
    (source,) = home.json("source", "list")["sources"]
    assert (source["breaker"], source["failures"], source["last_good_at"]) == ("open", 2, None)
    assert source["next_attempt_at"]


@pytest.mark.parametrize("status", [200, 503])
def test_testing_shows_the_breaker(home, status):
    good = home.site.answers["/feed.json"]
    home.site.put("/feed.json", b"", status=503)
    home.run("once", code=1)
    if status == 200:
        home.site.answers["/feed.json"] = good
    code = 0 if status == 200 else 1
    told = home.json("source", "test", "town-forum", code=code)
    assert (told["breaker"], told["failures"], told["last_good_at"], told["not_before"]) == ("open", 1, None, None)
    assert told["next_attempt_at"]
    assert "open, failures in a row: 1" in home.run("source", "test", "town-forum", code=code).stdout


def test_a_source_that_asked_to_be_left_alone_is_left_alone_whatever_is_run(home, tmp_path):
    home.site.put("/feed.json", b"", status=429, headers={"Retry-After": "5400"})
    assert home.json("once", code=1)["polled"][0]["outcome"] == "rate_limited"
    home.site.asked.clear()
    assert home.json("once")["polled"] == []
    assert "until " in home.run("once").stdout
    (waiting,) = home.json("source", "list")["sources"]
    assert waiting["next_attempt_at"] == waiting["not_before"]
    tried = home.run("source", "test", "town-forum", code=1)
    assert "town-forum asked to be left alone until " in tried.stderr
    assert "Breaker" in tried.stdout
    recorded = home.run("source", "record", "town-forum", "--out", str(tmp_path / "x.json"), code=1)
    assert "asked to be left alone" in recorded.stderr
    assert home.site.asked == []


def test_listing_works_without_a_configuration():
    result = run("source", "list")
    assert result.stdout.startswith("No source is configured yet.")
    assert "feed" in result.stdout


def test_listing_names_what_cannot_be_used(home):
    home.edit('connector = "feed"', 'connector = "fed"')
    (source,) = home.json("source", "list")["sources"]
    assert source["state"] == "unusable"
    assert "did you mean `feed`" in source["why"]


def test_testing_a_good_one(home):
    assert home.run("source", "test", "town-forum").stdout.startswith("town-forum answers as it should.")
    assert home.json("source", "test", "town-forum")["state"] == "ok"
    assert home.json("hits", "list") == []


@pytest.mark.parametrize(
    ("status", "body", "code", "state"),
    [
        (401, b"", 4, "auth"),
        (500, b"", 1, "degraded"),
        (404, b"", 1, "changed"),
        (200, b"<html>no feed</html>", 1, "changed"),
    ],
)
def test_testing_a_bad_one_says_why(home, status, body, code, state):
    home.site.put("/feed.json", body, status=status)
    result = home.run("source", "test", "town-forum", code=code)
    assert state in result.stdout
    assert result.stderr.startswith("What: ")
    assert "Try:  " in result.stderr
    assert home.json("source", "test", "town-forum", code=code)["state"] == state


def test_testing_an_unknown_one_names_the_known(home):
    result = home.run("source", "test", "town", code=2)
    assert "There is no source 'town'." in result.stderr
    assert "town-forum" in result.stderr


def test_adding_prints_a_block_to_paste():
    result = run(
        "source", "add", "news", "--connector", "feed", "--every", "1h", "--set", "url=https://example.org/f.xml"
    )
    assert tomllib.loads(result.stdout)["source"] == [
        {"name": "news", "connector": "feed", "every": "1h", "settings": {"url": "https://example.org/f.xml"}}
    ]
    assert "--write" in result.stderr


def test_adding_writes_when_told_to(home):
    home.config.chmod(0o640)
    result = home.run(
        "source", "add", "news", "--connector", "feed", "--set", f"url={home.site.url('/feed.json')}", "--write"
    )
    assert "Added news to " in result.stdout
    assert [one["name"] for one in home.json("source", "list")["sources"]] == ["town-forum", "news"]
    assert home.config.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in home.folder.glob(".goodname*")) == []
    home.run("source", "test", "news")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("town-forum", "--connector", "feed", "--set", "url=https://e.example/f"), "used twice: town-forum"),
        (("news", "--connector", "fed", "--set", "url=https://e.example/f"), "did you mean `feed`"),
        (("news", "--connector", "feed", "--set", "urll=https://e.example/f"), "did you mean `url`"),
        (("news", "--connector", "feed", "--every", "often"), "expected a time span"),
        (("a b", "--connector", "feed", "--set", "url=https://e.example/f"), "must be letters"),
        (("news", "--connector", "feed", "--set", "url_file=absent"), "there is no file absent"),
    ],
)
def test_a_block_that_brings_a_fault_is_not_written(home, words, what):
    before = home.config.read_bytes()
    result = home.run("source", "add", *words, "--write", code=2)
    assert what in result.stderr
    assert home.config.read_bytes() == before
    assert sorted(path.name for path in home.folder.glob(".goodname*")) == []


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("news", "--connector", "fed"), "There is no connector `fed`; did you mean `feed`?"),
        (("a b", "--connector", "feed"), "This source cannot be added like this."),
        (("news", "--connector", "feed", "--set", "url"), "--set 'url' is no setting."),
        (("news", "--connector", "feed"), "The settings of source `news` cannot be used."),
        (("news", "--connector", "feed", "--every", "5"), "This source cannot be added like this."),
    ],
)
def test_a_wrong_block_is_not_printed(words, what):
    result = run("source", "add", *words, code=2)
    assert result.stdout == ""
    assert result.stderr.startswith(f"What: {what}")


def test_values_keep_their_kind():
    result = run(
        "source", "add", "n", "--connector", "feed", "--set", "url=https://e.example/f", "--set", 'secret_file="x"'
    )  # fmt: skip
    settings = tomllib.loads(result.stdout)["source"][0]["settings"]
    assert settings == {"url": "https://e.example/f", "secret_file": "x"}


def test_a_recording_is_kept_and_replays(full, tmp_path):
    from connectors.feed import FeedConnector
    from monitor.testing.recording import Recording

    out = tmp_path / "forum.json"
    told = full.json("source", "record", "town-forum", "--out", str(out))
    assert (told["exchanges"], told["items"]) == (1, 3)
    recording = Recording.load(out)
    assert (recording.connector, recording.query.terms) == (FeedConnector.spec.name, ("FIRST LAST",))
    assert out.stat().st_mode & 0o077 == 0
    assert "look" in full.run("source", "record", "--help").stdout


def test_an_answer_that_no_longer_fits_is_told_and_not_kept(full, site, tmp_path):
    site.put("/feed.json", b"<html>Please sign in</html>", "text/html")
    told = full.run("source", "record", "town-forum", "--out", str(tmp_path / "x.json"), code=1).stderr
    assert "What:" in told
    assert not (tmp_path / "x.json").exists()
    assert "no source" in full.run("source", "record", "nothing", "--out", str(tmp_path / "x.json"), code=2).stderr
