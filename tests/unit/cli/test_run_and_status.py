"""`goodname once`, `run`, `status` and `doctor`: is everything being looked at."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from monitor.cli import checks
from monitor.cli.checks import Outcome
from monitor.cli.doctor import command_of
from monitor.cli.status import _one_sentence, _parked_sentence
from monitor.workers import Parked


class TestOnce:
    def test_it_walks_the_whole_line(self, home):
        report = home.json("once")
        assert [(poll["source"], poll["outcome"], poll["new"]) for poll in report["polled"]] == [
            ("town-forum", "ok", 3)
        ]
        assert report["assessed"] == 3
        assert [capture["outcome"] for capture in report["captures"]] == ["partial"]
        assert report["delivered"] == 1
        assert len(home.site.posted) == 1
        assert "stole" not in json.dumps(home.site.posted)

    def test_it_says_so_in_words(self, home):
        shown = home.run("once").stdout
        assert "town-forum" in shown
        assert "Judged: 3. Pages: 1 partial. Told: 1. Waiting: 0." in shown
        assert "Judged: 0." in home.run("once", "--due").stdout

    def test_a_failing_source_is_a_failure(self, home):
        home.site.put("/feed.json", b"", status=500)
        home.run("once", code=1)

    def test_one_of_two_is_a_part(self, home):
        other = '[[source]]\nname = "down"\nconnector = "feed"\n[source.settings]\nurl = "URL"\n'
        home.config.write_text(home.config.read_text() + other.replace("URL", home.site.url("/absent")))
        shown = home.run("once", code=3).stdout
        assert "down" in shown

    def test_refused_credentials_have_their_own_code(self, home):
        home.site.put("/feed.json", b"", status=401)
        home.run("once", code=4)

    def test_an_undelivered_alert_is_a_part(self, home):
        home.site.put("/hook", b"", status=500)
        report = home.json("once", code=3)
        assert report["undelivered"] == 1

    def test_a_source_that_cannot_be_built_does_not_stop_the_others(self, home):
        other = '[[source]]\nname = "broken"\nconnector = "nothing"\n'
        home.config.write_text(home.config.read_text() + other)
        report = home.json("once", code=3)
        assert "There is no connector `nothing`" in report["unusable_sources"]["broken"]
        assert report["assessed"] == 3


def test_run_watches_until_it_is_stopped(home):
    process = subprocess.Popen(
        [sys.executable, "-m", "monitor.cli", "run", "--config", str(home.config)],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        seen = []
        for line in process.stderr:
            seen.append(json.loads(line))
            if seen[-1]["message"] == "started":
                process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        process.stderr.close()
    assert [line["message"] for line in seen if line["logger"] == "goodname.daemon"][-1] == "stopped"


class TestStatus:
    def test_all_is_well(self, full):
        seen = full.json("status")
        assert seen["failing"] == []
        (source,) = seen["sources"]
        assert (source["name"], source["connector"], source["state"], source["items"]) == (
            "town-forum",
            "feed",
            "ok",
            3,
        )
        assert seen["inbox"] == {"likely": 1, "possible": 0, "none": 1}
        assert seen["outbox"] == {"pending": 0, "given_up": 0}
        assert seen["evidence"]["captures"] == 1
        assert len(seen["evidence"]["chain_head"]) == 64
        assert seen["mentions"] == 3
        assert seen["watched"] == ["subject-1"]
        shown = full.run("status").stdout
        assert shown.startswith("The source is read well.")
        assert "1 likely, 0 possible, 1 other" in shown
        assert seen["evidence"]["chain_head"] in shown

    def test_a_failing_source_is_named_with_its_reason(self, full):
        full.site.put("/feed.json", b"", status=401)
        full.run("once", code=4)
        result = full.run("status", code=3)
        assert result.stdout.startswith("1 of 1 sources cannot be read: town-forum.")
        (source,) = full.json("status", code=3)["sources"]
        assert source["failing"]
        assert source["why"]
        assert source["last_good_at"]

    def test_an_unusable_source_is_failing(self, home):
        home.edit('connector = "feed"', 'connector = "nothing"')
        (source,) = home.json("status", code=3)["sources"]
        assert source["state"] == "unusable"
        assert "There is no connector `nothing`" in source["why"]

    def test_before_the_first_pass(self, home):
        assert home.run("status").stdout.startswith("Not every source has been looked at yet.")

    def test_nobody_looks(self):
        source = {"name": "a", "overdue": True, "failing": False, "last_good_at": datetime.now(UTC)}
        assert "Is `goodname run` running?" in _one_sentence({"sources": [source], "failing": []})

    def test_parked_jobs_are_said_with_what_to_do(self):
        def parked(number: int) -> Parked:
            return Parked(number=number, kind="poll", key=f"poll:a{number}:*", parked_at=datetime.now(UTC), error="odd")

        assert _parked_sentence([]) == []
        (one,) = _parked_sentence([parked(1)])
        assert one.startswith("1 job failed too often and waits for you (poll:a1:*: odd).")
        assert "goodname queue retry" in one
        assert _parked_sentence([parked(2), parked(1)])[0].startswith(
            "2 jobs failed too often and wait for you (poll:a2"
        )


class TestDoctor:
    def test_a_sound_installation(self, full):
        found = {one["check"]: one for one in full.json("doctor")}
        for name in ("python", "files", "disk", "database", "clock", "people", "source town-forum", "channels"):
            assert found[name]["outcome"] == "ok", found[name]
        assert found["browser"]["outcome"] == "warn"
        assert "SQLite" in found["database"]["what"]
        shown = full.run("doctor").stdout
        assert "ok    database: " in shown
        assert full.site.posted == []

    def test_a_failing_source_and_channel(self, full):
        full.site.put("/feed.json", b"", status=401)
        full.run("once", code=4)
        found = full.json("doctor", code=3)
        (bad,) = [one for one in found if one["outcome"] == "fail"]
        assert bad["check"] == "source town-forum"
        assert bad["try"] == "Run `goodname source test town-forum`."

    def test_a_broken_configuration_does_not_stop_the_rest(self, home):
        home.edit("[web]", "[wbe]")
        result = home.run("doctor", code=2)
        assert "did you mean `web`?" in result.stdout
        assert "clock" in result.stdout
        assert "fonts" in result.stdout

    def test_no_configuration_at_all(self, home):
        home.config.unlink()
        assert "cannot be read" in home.run("doctor", code=2).stdout

    def test_a_broken_database_is_named(self, full):
        (full.folder / "data" / "goodname.db").write_bytes(b"this is no database" * 100)
        for extra in ("goodname.db-wal", "goodname.db-shm"):
            (full.folder / "data" / extra).unlink(missing_ok=True)
        found = [one for one in full.json("doctor", code=3) if one["outcome"] == "fail"]
        assert [one["check"] for one in found] == ["database"]

    def test_fix_asks_and_then_mends(self, home):
        home.config.chmod(0o644)
        result = home.run("doctor", "--fix")
        assert "Not run: chmod go-rwx" in result.stderr
        assert home.config.stat().st_mode & 0o777 == 0o644
        result = home.run("doctor", "--fix", "--yes")
        assert f"Running: chmod go-rwx {home.config}" in result.stderr
        assert "Done." in result.stderr
        assert home.config.stat().st_mode & 0o777 == 0o600
        assert "files: Only you may read" in home.run("doctor").stdout

    def test_a_person_nobody_asked_for_is_a_fault(self, home):
        import asyncio

        from monitor.bootstrap import open_app
        from monitor.domain import Subject
        from monitor.settings import load_settings

        async def plant():
            async with open_app(load_settings(home.config)) as app:
                app.store.save_subject(Subject(id="x", name="OTHER NAME"))

        asyncio.run(plant())
        found = home.json("doctor", code=3)
        assert [one["what"] for one in found if one["outcome"] == "fail"] == [
            "x is not watched: it is not said who asks for it."
        ]
        assert "Not watched" in home.run("status").stdout


class TestChecks:
    def test_a_clock_that_was_set_back(self):
        now = datetime(2026, 11, 22, tzinfo=UTC)
        check = checks.check_clock(now, now + timedelta(hours=1))
        assert check.outcome is Outcome.FAIL
        assert check.fix[0] == "timedatectl"
        assert checks.check_clock(datetime(1970, 1, 1, tzinfo=UTC)).outcome is Outcome.FAIL
        assert checks.check_clock(now).outcome in (Outcome.OK, Outcome.WARN)

    @pytest.mark.parametrize(("reserve", "outcome"), [(0, Outcome.OK), (10**12, Outcome.FAIL)])
    def test_room_on_the_disk(self, tmp_path, reserve, outcome):
        from monitor.settings import Settings

        settings = Settings(data_dir=tmp_path / "not" / "there", capture={"reserve_mb": reserve})
        assert checks.check_disk(settings).outcome is outcome

    def test_a_browser_that_cannot_be_started(self, tmp_path):
        from monitor.settings import Settings

        check = checks.check_browser(Settings(capture={"browser": str(tmp_path / "absent")}))
        assert check.outcome is Outcome.FAIL
        assert command_of(check)

    def test_missing_packages_are_named_with_the_command(self, monkeypatch):
        monkeypatch.setattr(checks, "needed_packages", lambda: ["typer", "no-such-package-goodname"])
        check = checks.check_python()
        assert check.outcome is Outcome.FAIL
        assert check.fix[-1] == "no-such-package-goodname"

    def test_needed_packages_come_from_our_own_metadata(self):
        assert {"typer", "sqlalchemy", "apprise"} <= set(checks.needed_packages())

    def test_what_needs_root_says_sudo(self, monkeypatch):
        check = checks.Check(name="fonts", outcome=Outcome.WARN, what="x", fix=("apt-get", "install", "fonts-noto-cjk"))
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        assert command_of(check) == "sudo apt-get install fonts-noto-cjk"
        monkeypatch.setattr("os.geteuid", lambda: 0)
        assert command_of(check) == "apt-get install fonts-noto-cjk"

    def test_a_program_that_is_not_there_or_fails_is_no_error(self):
        assert checks.run_quietly("no-such-program-goodname") is None
        assert checks.run_quietly("false") is None
        assert checks.run_quietly("echo", "yes") == "yes\n"
