"""The dead man's switch is called after whole cycles only."""

from __future__ import annotations

from monitor.errors import AddressForbidden, SourceUnavailable
from monitor.jobs.heartbeat import Cycle, Heartbeat
from monitor.testing import FakeClock, FakeHttp, answer

URL = "https://ping.example/uuid-1"


def test_a_cycle_is_whole_when_every_job_went_round():
    cycle = Cycle({"poll", "deliver"})
    cycle.went_well("poll")
    cycle.went_well("poll")
    assert not cycle.is_whole()
    cycle.went_well("deliver")
    assert cycle.is_whole()
    cycle.begin()
    assert not cycle.is_whole()


async def test_calls_no_more_often_than_asked_and_survives_faults():
    clock = FakeClock()
    http = FakeHttp()
    http.set(URL, answer(b"OK"), SourceUnavailable(), AddressForbidden(), answer(b"OK"))
    heartbeat = Heartbeat(http, URL, clock, 60.0)
    took = []
    for _ in range(4):
        assert heartbeat.is_due()
        took.append(await heartbeat.beat())
        assert not heartbeat.is_due()
        clock.advance(60)
    assert took == [True, False, False, True]
    assert {asked.url for asked in http.asked} == {URL}


def test_nothing_is_due_without_an_address():
    assert not Heartbeat(FakeHttp(), "", FakeClock(), 60.0).is_due()
