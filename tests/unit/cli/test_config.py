"""`goodname config`: every fault at once, nothing secret shown."""

from __future__ import annotations

import json
import tomllib

from tests.unit.cli.conftest import run

SECRET = "hunter2-do-not-show"


def test_check_says_when_all_is_in_order(home):
    result = home.run("config", "check")
    assert result.stdout == f"{home.config} is in order.\n"
    assert "Warning: pages are kept without pictures" in result.stderr
    assert home.json("config", "check")["ok"] is True


def test_check_names_every_fault_of_every_part(home):
    home.edit("[web]", 'colour = "red"\n[web]')
    result = home.run("config", "check", code=2)
    assert "What: " in result.stderr
    assert "I don't know the key `colour` in `capture`" in result.stderr
    home.edit('colour = "red"\n', "")
    home.edit('connector = "feed"', 'connector = "fed"')
    home.edit(f'urls = ["json://127.0.0.1:{home.site.port}/hook"]', "urls = []")
    home.write("watchlist.toml", '[[subject]]\nid = "a"\nname = ""')
    lines = home.run("config", "check", code=2).stderr.splitlines()
    assert "Why:  4 faults:" in lines
    shown = "\n".join(lines)
    for fault in (
        "`subject[1].name`: this is empty",
        "`subject[1].attestation` is missing: say who asks for this watch",
        "There is no connector `fed`; did you mean `feed`?",
        "no alert channel is configured",
    ):
        assert fault in shown
    assert lines[-1] == "Try:  Mend them in the file, then run `goodname config check` again."
    report = home.json("config", "check", code=2)
    assert len(report["faults"]) == 4
    assert report["file"] == str(home.config)


def test_check_names_a_browser_that_cannot_be_started_beside_other_faults(home):
    home.edit('browser = "off"', 'browser = "/nowhere/chromium"')
    home.edit('connector = "feed"', 'connector = "fed"')
    faults = home.json("config", "check", code=2)["faults"]
    assert len(faults) == 2
    assert any("/nowhere/chromium" in fault for fault in faults)


def test_check_contacts_nobody(home):
    home.run("config", "check")
    assert home.site.posted == []


def test_show_hides_every_secret(home):
    home.write("token", SECRET)
    home.edit('urls = ["json:', f'urls = ["mailto://me:{SECRET}@example.org", "json:')
    home.edit("[web]", f'[store]\nurl = "sqlite:///{SECRET}.db"\n[web]')
    home.edit('/feed.json"', f'/feed.json?api_key={SECRET}"')
    home.config.write_text(
        home.config.read_text() + f'[[source]]\nname = "b"\nconnector = "unknown"\n[source.settings]\nx = "{SECRET}"\n'
        '[[source]]\nname = "c"\nconnector = "feed"\n[source.settings]\n'
        f'url = "https://u:{SECRET}@example.org"\ntoken_file = "token"\n'
    )
    shown = home.run("config", "show", "--redacted")
    assert SECRET not in shown.output
    settings = tomllib.loads(shown.stdout)
    assert settings["alerts"]["urls"] == ["mailto://***", "json://***"]
    assert settings["store"]["url"] == "sqlite://***"
    assert settings["source"][1]["settings"] == {"x": "***"}
    assert settings["source"][2]["settings"] == {"url": "https://***@example.org", "token": "***"}
    assert settings["source"][0]["settings"]["url"].endswith("/feed.json?api_key=***")
    assert settings["data_dir"] == str(home.folder / "data")
    assert json.loads(home.run("config", "show", "--json").stdout)["settings"] == settings


def test_show_puts_overrides_together(home, monkeypatch):
    monkeypatch.setenv("GOODNAME_LOG_LEVEL", "error")
    assert 'log_level = "error"' in home.run("config", "show").stdout


def test_example_and_schema_are_the_shipped_ones(checkout):
    folder = checkout / "config"
    assert run("config", "example").stdout == (folder / "goodname.example.toml").read_text("utf-8")
    assert run("config", "example", "watchlist").stdout == (folder / "watchlist.example.toml").read_text("utf-8")
    assert run("config", "schema").stdout == (folder / "goodname.schema.json").read_text("utf-8")


def test_check_refuses_tags_that_leave_repeats_to_nobody(home):
    home.edit('urls = ["json://', 'urls = ["digest,faults=json://')
    assert "no channel takes likely repeats" in home.run("config", "check", code=2).stderr
    home.edit("digest,faults=", "digest,likely=")
    home.run("config", "check")
    shown = home.run("config", "show").stdout
    assert "digest,likely=json://" in shown
    assert str(home.site.port) + "/hook" not in shown
    home.edit("digest,likely=", "digest,urgent=")
    told = home.run("config", "check", code=2).stderr
    assert "I don't know the tag `urgent`" in told


def test_what_a_channel_takes_is_shown(home):
    home.edit('urls = ["json://', 'urls = ["digest,likely=json://')
    (outcome,) = home.json("notify", "test")
    assert (outcome["takes"], outcome["sent"]) == (["likely", "digest"], True)
    assert "likely, digest" in home.run("notify", "test").stdout
    assert f"{outcome['channel']} (likely, digest)" in home.run("status").stdout
    assert home.json("status")["channels_take"] == {outcome["channel"]: ["likely", "digest"]}
