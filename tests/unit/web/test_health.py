"""`/healthz` says how the service is, over a real socket."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from datetime import UTC, datetime

import pytest

from monitor.errors import ConfigError
from monitor.ports import Doing, WorkerState
from monitor.web import Probe, SourceProbe, WebServer, create_app


def probe(status: str) -> Probe:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    source = SourceProbe(name="forum", state="ok", last_good_at=moment, next_due_at=None)
    worker = WorkerState(
        name="machine:7",
        kinds=("poll",),
        started_at=moment,
        doing=(Doing(kind="poll", about="canary", for_s=3.0),),
        unseen_s=4.0,
    )
    return Probe(
        status=status,
        version="1",
        why=(),
        sources=(source,),
        jobs_idle_s={"poll": 0.5},
        undelivered=2,
        workers=(worker,),
    )


def fetch(url: str) -> tuple[int, dict[str, object]]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, json.load(answer)


@pytest.mark.parametrize(("status", "code"), [("ok", 200), ("degraded", 200), ("failing", 503)])
async def test_the_status_decides_the_code(status: str, code: int) -> None:
    server = WebServer(create_app(lambda: probe(status)), "127.0.0.1:0")
    await server.start()
    try:
        found, body = await asyncio.to_thread(fetch, f"http://{server.address}/healthz")
    finally:
        await server.stop()
    assert found == code
    assert body["status"] == status
    assert body["sources"] == [
        {"name": "forum", "state": "ok", "last_good_at": "2026-11-22T00:00:00+00:00", "next_due_at": None}
    ]
    assert body["workers"] == {"machine:7": 4.0}, "what it is at is not for everybody"


async def test_a_taken_address_is_a_clear_fault() -> None:
    first = WebServer(create_app(lambda: probe("ok")), "127.0.0.1:0")
    await first.start()
    try:
        with pytest.raises(ConfigError) as caught:
            await WebServer(create_app(lambda: probe("ok")), first.address).start()
    finally:
        await first.stop()
    assert "bind" in caught.value.try_
