"""What the page adds to a real installation: sources, channels, pauses; the person's own file is never touched."""

from __future__ import annotations

import asyncio
import json
import stat
import tarfile
import tomllib
from collections.abc import Callable

import pytest
import zstandard

from monitor.bootstrap import App, open_app
from monitor.bootstrap.adding import AddingDesk
from monitor.bootstrap.web import WebDesk
from monitor.errors import InputError
from monitor.settings import load_settings
from tests.unit.cli.conftest import Installation, feed_of

SECRET = "canary-9c1f"


def inside(home: Installation, work: Callable[[App], object]) -> object:
    """Do something in an opened installation, as the page does."""

    async def opened() -> object:
        async with open_app(load_settings(home.config)) as app:
            done = work(app)
            return await done if asyncio.iscoroutine(done) else done

    return asyncio.run(opened())


def add_feed(home: Installation, name: str = "second") -> None:
    home.site.put("/second.json", feed_of(home.site, "FIRST LAST stole money from patients in Leeds, they say."))
    url = home.site.url("/second.json")
    inside(home, lambda app: AddingDesk(app).add_source(name, "feed", "10m", {"url": url, "max_bytes": ""}))


def test_an_added_source_is_read_by_every_process_and_the_file_stays_as_it_was(home):
    before = home.config.read_bytes()
    add_feed(home)
    assert home.config.read_bytes() == before
    assert {one["name"] for one in home.json("source", "list")["sources"]} == {"town-forum", "second"}
    home.run("once")
    assert {one["source"] for one in home.json("hits", "list")} == {"town-forum", "second"}
    inside(home, lambda app: AddingDesk(app).drop_source("second"))
    assert {one["name"] for one in home.json("source", "list")["sources"]} == {"town-forum"}
    assert "second" in {one["source"] for one in home.json("hits", "list")}, "what it found stays"
    assert home.config.read_bytes() == before


def test_an_open_installation_takes_up_what_another_process_added(home):
    async def work(app: App) -> None:
        kept = app.sources["town-forum"]
        await asyncio.to_thread(add_feed, home)
        assert "second" not in app.sources
        app.sync_targets()
        assert app.sources["town-forum"] is kept
        assert {one.source for one in await app.lease_targets(10)} == {"town-forum", "second"}
        await asyncio.to_thread(inside, home, lambda other: AddingDesk(other).add_channel(other_hook(home)))
        app.sync_targets()
        assert len(app.manner.owner) == 2

    inside(home, work)


def other_hook(home: Installation) -> str:
    return f"json://me:{SECRET}@127.0.0.1:{home.site.port}/other"


@pytest.mark.parametrize(
    ("name", "connector", "every", "given", "why"),
    [
        ("town-forum", "feed", "15m", {"url": "https://x.example/f"}, "already"),
        ("a b", "feed", "15m", {"url": "https://x.example/f"}, "name"),
        ("x", "feed", "often", {"url": "https://x.example/f"}, "every"),
        ("x", "feed", "15m", {}, "url"),
        ("x", "page", "15m", {"url": "https://x.example/", "max_pages": "many"}, "whole number"),
        ("x", "nothing", "15m", {}, "no connector"),
        ("x", "mailbox", "15m", {"host": "x y", "password": SECRET}, "host"),
    ],
)
def test_what_cannot_be_read_is_not_added(home, name, connector, every, given, why):
    with pytest.raises(InputError) as caught:
        inside(home, lambda app: AddingDesk(app).add_source(name, connector, every, given))
    assert why in str(caught.value)
    assert SECRET not in str(caught.value)
    assert not (home.folder / "data" / "added.json").exists()


def test_no_page_names_a_file_of_this_machine(home):
    given = {"host": "imap.example", "username": "me", "password": SECRET, "ca_file": "/etc/passwd"}
    given |= {"password_file": "/etc/passwd", "senders": "a@x.example\nb.example\n", "port": "994"}
    inside(home, lambda app: AddingDesk(app).add_source("mail", "mailbox", "1h", given))
    (kept,) = json.loads((home.folder / "data" / "added.json").read_text())["source"]
    assert kept["settings"] == {
        "host": "imap.example",
        "username": "me",
        "password": SECRET,
        "senders": ["a@x.example", "b.example"],
        "port": "994",
    }


def test_secrets_stay_in_one_file_for_its_owner_and_are_shown_nowhere(home):
    given = {"bearer_token": SECRET, "monthly_budget": "3", "authors": "true"}
    inside(home, lambda app: AddingDesk(app).add_source("x", "x", "1h", given))
    inside(home, lambda app: AddingDesk(app).add_channel(other_hook(home)))
    file = home.folder / "data" / "added.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    offers = inside(home, lambda app: AddingDesk(app).offers())
    states = inside(home, lambda app: (WebDesk(app).sources(), AddingDesk(app).channels()))
    told = home.run("config", "show").stdout + home.run("source", "list").stdout + home.run("status").stdout
    assert SECRET not in f"{offers} {states} {told}"
    assert 'connector = "x"' in told
    others = [one for one in home.folder.rglob("*") if one.is_file() and one != file]
    assert all(SECRET.encode() not in one.read_bytes() for one in others)


def test_a_backup_takes_along_what_was_added_without_its_secrets(home, tmp_path):
    add_feed(home)
    inside(home, lambda app: AddingDesk(app).add_source("x", "x", "1h", {"bearer_token": SECRET}))
    inside(home, lambda app: AddingDesk(app).add_channel(other_hook(home)))
    left_out = home.json("backup", str(tmp_path / "all.backup"))["left_out"]
    assert {"added.json: source[2].settings.bearer_token", "added.json: urls[1]"} <= set(left_out)
    with zstandard.open(tmp_path / "all.backup") as plain, tarfile.open(fileobj=plain, mode="r|") as archive:
        assert SECRET.encode() not in b"".join(archive.extractfile(one).read() for one in archive if one.isfile())
    empty = tmp_path / "empty"
    empty.mkdir()
    there = Installation(empty, home.site)
    there.write("goodname.toml", home.config.read_text())
    there.write("watchlist.toml", (home.folder / "watchlist.toml").read_text())
    there.run("restore", str(tmp_path / "all.backup"))
    assert {one["name"] for one in there.json("source", "list")["sources"]} == {"town-forum", "second", "x"}


def test_a_paused_source_is_not_read_and_the_summary_says_so(home):
    inside(home, lambda app: AddingDesk(app).pause_source("town-forum", is_paused=True))
    home.run("once")
    assert home.json("hits", "list") == []
    summary = home.run("digest", "preview").stdout
    assert "town-forum" in summary
    assert "not checked. Paused." in summary
    (state,) = inside(home, lambda app: WebDesk(app).sources())
    assert (state.is_paused, state.is_failing, state.is_added) == (True, False, False)
    assert "paused" in home.run("status").stdout
    inside(home, lambda app: AddingDesk(app).pause_source("town-forum", is_paused=False))
    home.run("once")
    assert home.json("hits", "list")


def test_channels_are_added_paused_and_taken_away_but_one_always_stays(home):
    name = inside(home, lambda app: AddingDesk(app).add_channel(other_hook(home)))
    assert name.startswith("json")
    assert SECRET not in name
    first = next(one.name for one in inside(home, lambda app: AddingDesk(app).channels()) if not one.is_added)
    inside(home, lambda app: AddingDesk(app).pause_channel(first, is_paused=True))
    with pytest.raises(InputError, match="last channel"):
        inside(home, lambda app: AddingDesk(app).pause_channel(name, is_paused=True))
    with pytest.raises(InputError, match="last channel"):
        inside(home, lambda app: AddingDesk(app).drop_channel(name))
    home.run("once")
    assert len(home.site.posted) == 1, "told on the channel that is not paused, and on it alone"
    inside(home, lambda app: AddingDesk(app).pause_channel(first, is_paused=False))
    with pytest.raises(InputError, match="was not added on the page"):
        inside(home, lambda app: AddingDesk(app).drop_channel(first))
    inside(home, lambda app: AddingDesk(app).drop_channel(name))
    assert [one.name for one in inside(home, lambda app: AddingDesk(app).channels())] == [first]


@pytest.mark.parametrize("url", ["", "nonsense", "odd://x", f"json://me:{SECRET}@"])
def test_an_address_that_is_no_channel_is_refused_in_words(home, url):
    with pytest.raises(InputError) as caught:
        inside(home, lambda app: AddingDesk(app).add_channel(url))
    assert SECRET not in f"{caught.value.what}{caught.value.why}"


def test_quiet_hours_of_the_file_win(home):
    with pytest.raises(InputError, match="quiet hours stand in"):
        inside(home, lambda app: AddingDesk(app).set_quiet_hours("22:00-07:00"))
    home.edit('quiet_hours = ""\n', "")
    inside(home, lambda app: AddingDesk(app).set_quiet_hours("22:00-07:00"))
    assert inside(home, lambda app: AddingDesk(app).quiet_hours()) == ("22:00-07:00", True)
    with pytest.raises(InputError, match="no hours"):
        inside(home, lambda app: AddingDesk(app).set_quiet_hours("late"))
    home.edit("[alerts]", '[alerts]\nquiet_hours = "23:00-06:00"')
    assert inside(home, lambda app: AddingDesk(app).quiet_hours()) == ("23:00-06:00", False)
    shown = home.run("config", "show").stdout
    assert tomllib.loads(shown)["alerts"]["quiet_hours"] == "23:00-06:00"


def test_a_file_that_is_not_the_pages_stops_with_words(home):
    (home.folder / "data").mkdir(exist_ok=True)
    (home.folder / "data" / "added.json").write_text(json.dumps({"source": SECRET}))
    told = home.run("status", code=2).stderr
    assert "added.json cannot be used" in told
    assert SECRET not in told


def test_what_was_spent_is_told_by_source(home):
    inside(
        home, lambda app: AddingDesk(app).add_source("x", "x", "1h", {"bearer_token": SECRET, "monthly_budget": "3"})
    )
    inside(home, lambda app: AddingDesk(app).add_source("tube", "youtube", "1h", {"api_key": SECRET}))

    async def spent(app: App) -> object:
        return await AddingDesk(app).spending()

    told = inside(home, spent)
    assert {name: (one.used, one.most, one.unit) for name, one in told.items()} == {
        "x": (0, 3, "US dollars"),
        "tube": (0, 90, "searches"),
    }
