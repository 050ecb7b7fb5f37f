"""The whole line in one process, from a site on loopback to a webhook and a mailbox."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.bootstrap import Polls, open_app
from monitor.demo import Folder, World, texts, write_configuration
from monitor.domain import AlertKind, AlertStatus, CaptureOutcome, Level, PollOutcome
from monitor.errors import StoreError
from monitor.ports import LATENESS_OF, HitFilter
from monitor.settings import load_settings

FIRST = [find for find in texts.FINDS if find.likely and find.step == 1]
LIKELY = [find for find in texts.FINDS if find.likely]


@pytest.fixture
def town(tmp_path: Path):
    with World(tmp_path) as world:
        yield world, load_settings(write_configuration(Folder(tmp_path), world, browser="off"))


async def test_two_passes(town):
    world, settings = town
    async with open_app(settings) as app:
        first = await app.once()
        by_source = {poll.source: poll for poll in first.polled}
        assert by_source["ferry-notes"].outcome is PollOutcome.UNAVAILABLE
        assert by_source["town-forum"].new == len(texts.DENTISTS)
        assert first.delivered == len(FIRST)
        assert len(world.calls.paths) == len(world.mailbox.paths) == len(FIRST)
        assert all(capture.outcome is CaptureOutcome.PARTIAL for capture in first.captures)

        again = await app.once()
        assert (again.assessed, again.delivered, again.captures) == (0, 0, ())
        assert sum(poll.new + poll.revised + poll.gone for poll in again.polled) == 0

        world.advance()
        second = await app.once()
        assert sum(poll.revised for poll in second.polled) == 1
        assert sum(poll.gone for poll in second.polled) == 1
        assert len(world.calls.paths) == len(world.mailbox.paths) == len(LIKELY)
        likely = app.store.hits(HitFilter(min_level=Level.LIKELY))
        assert len(likely) == len(LIKELY)
        assert app.vault.verify().is_intact


async def test_an_edit_is_a_revision_and_both_are_kept(town):
    world, settings = town
    async with open_app(settings) as app:
        await app.once()
        world.advance()
        await app.once()
        (hit,) = [one for one in app.store.hits(HitFilter()) if "Edit: my neighbour" in one.text]
        assert [one.revision for one in app.store.revisions(hit.mention_id)] == [1, 2]
        assert (hit.revision, hit.level) == (2, Level.LIKELY)


async def test_a_restart_is_a_resume(town):
    world, settings = town
    async with open_app(settings) as app:
        await app.poll(force=True)
    assert world.calls.paths == ()
    async with open_app(settings) as app:
        while app.assess():
            continue
    assert world.calls.paths == ()
    async with open_app(settings) as app:
        await app.once()
    assert len(world.calls.paths) == len(FIRST)


async def test_a_channel_that_is_down_gets_its_alerts_later(tmp_path):
    down = [True]
    calls: list[bytes] = []

    def receive(body: bytes) -> int:
        if down[0]:
            return 503
        calls.append(body)
        return 200

    with World(tmp_path, receive=receive) as world:
        settings = load_settings(write_configuration(Folder(tmp_path), world, browser="off"))
        async with open_app(settings) as app:
            report = await app.once()
            assert (report.delivered, report.undelivered) == (0, len(FIRST))
            assert len(world.mailbox.paths) == len(FIRST)
            down[0] = False
            report = await app.once()
            assert report.delivered == len(FIRST)
            assert len(calls) == len(FIRST)
            assert len(world.mailbox.paths) == len(FIRST), "the channel that had its message gets no second one"


async def test_an_empty_day_is_told_too(town):
    world, settings = town
    async with open_app(settings) as app:
        await app.messages.send_digest()
        assert len(world.mailbox.paths) == 1
        (alert,) = app.store.alerts()
        assert alert.kind is AlertKind.DIGEST


async def test_an_unchanged_source_costs_no_page_in_the_database(town):
    _, settings = town
    async with open_app(settings) as app:
        await app.poll(force=True)
        kept: list[str] = []
        save_page = app.store.save_page

        def counted(rows):
            kept.append(rows.source)
            return save_page(rows)

        app.store.save_page = counted
        assert app.store.lateness(app.clock.now() - LATENESS_OF).polls == len(app.settings.source)
        polls = await app.poll(force=True)
        assert kept == []
        unchanged = {poll.source for poll in polls if poll.outcome is PollOutcome.UNCHANGED}
        assert unchanged == {poll.source for poll in polls} - {"ferry-notes"}
        assert {poll.due_at for poll in polls} == {None}, "none was late that was run before it was due"


async def test_tries_that_a_crash_broke_off_do_not_delay_the_next(tmp_path):
    with World(tmp_path, receive=lambda _: 503) as world:
        settings = load_settings(write_configuration(Folder(tmp_path), world, browser="off"))
        async with open_app(settings) as app:
            await app.poll(force=True)
            while app.assess():
                continue
            later = app.clock.now() + timedelta(minutes=1)
            for _ in range(8):
                assert app.store.lease_alerts(later, limit=100, lease_for=timedelta(minutes=5))
                app.store.release_leases()
            begun = app.clock.now()
            await app.deliver(at_once=True)
            alerts = app.store.alerts(status=AlertStatus.PENDING)
            assert len(alerts) == len(FIRST)
            assert all(alert.attempts == 9 for alert in alerts)
            assert all(alert.next_attempt_at < begun + timedelta(seconds=30) for alert in alerts)


async def test_what_was_polled_while_the_database_took_nothing_is_polled_again_at_once(town):
    _, settings = town
    async with open_app(settings) as app:
        finish = app.store.finish_polls

        def refuse(ends):
            raise StoreError("The database takes nothing.")

        app.store.finish_polls = refuse
        polls = Polls(app)
        await polls.turn(10)
        await asyncio.wait(polls._running)
        assert app.store.polls() == ()
        assert app.store.lease_targets(app.clock.now(), limit=99, lease_for=timedelta(hours=1)) == (), (
            "all are still leased"
        )
        app.store.finish_polls = finish
        await polls.turn(10)
        assert await polls.end(30)
        assert {poll.source for poll in app.store.polls()} == {source.name for source in settings.source}


async def test_what_ends_unkept_while_leases_are_given_back_is_given_back_next_time(town):
    _, settings = town
    async with open_app(settings) as app:
        app.sync_targets()
        first, second = app.store.lease_targets(app.clock.now(), limit=2, lease_for=timedelta(hours=1))
        release, polls = app.store.release_targets, Polls(app)

        def slow(targets):
            release(targets)
            if first in targets:
                polls._unkept.append(second)

        app.store.release_targets = slow
        polls._unkept.append(first)
        await polls._give_back()
        assert polls._unkept == [second]
        await polls._give_back()
        assert polls._unkept == []


async def test_a_poll_that_breaks_is_logged(town, caplog):
    _, settings = town
    async with open_app(settings) as app:

        async def broken(target):
            raise ValueError(target.source)

        app.poll_target = broken
        polls = Polls(app)
        await polls.turn(10)
        await polls.end(30)
        told = {record.source for record in caplog.records if record.message == "a poll broke"}
        assert told == {source.name for source in settings.source}
