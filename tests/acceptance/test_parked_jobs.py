"""A job that fails each time is parked by a real worker, shown wherever one looks, and done once it is mended."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor.bootstrap import open_app
from monitor.bootstrap.tokens import make_token
from monitor.bootstrap.web import setup_path, site_of
from monitor.demo.serving import free_port
from monitor.domain import Scope
from monitor.settings import load_settings
from monitor.web.signing_in import accept_link
from monitor.workers import Job, open_queue
from monitor.workers.jobs import RECHECK
from monitor.workers.queue import TRIES
from tests.acceptance.crew import Crew

pytestmark = [pytest.mark.slow, pytest.mark.postgres]

LAST_TRY_NOW = "UPDATE pgqueuer SET execute_after = now(), attempts = %s WHERE status = 'queued' AND attempts > 0"
"""What has failed once is at its last try, and need not wait for it."""


async def _make_token(settings: Path) -> str:
    """Make the owner's account as the one-time link does, and a token for whoever collects figures."""
    async with open_app(load_settings(settings)) as app:
        accept_link(site_of(app), setup_path(app).rpartition("/")[2], "me", "four plain random words")
        return make_token(app, "figures", scopes=[Scope.READ], client_id=None, account="me")


async def test_it_is_parked_shown_and_done_once_mended(goodname, tmp_path, new_postgres, postgres_server):
    url, port = postgres_server.url(new_postgres), free_port()
    crew = Crew(tmp_path, url, "", allow=())
    settings = crew.settings("console")

    def ask(*words: str, code: int = 0) -> dict[str, object]:
        done = goodname("--config", str(settings), *words, "--json", cwd=tmp_path)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def parked_in_metrics(token: str) -> float:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            told = text_string_to_metric_families(answer.read().decode())
        samples = [sample for family in told if family.name == "goodname_queue_jobs" for sample in family.samples]
        return sum(one.value for one in samples if one.labels == {"state": "parked", "kind": RECHECK})

    token = await _make_token(settings)
    where = f"host={postgres_server.folder} user=postgres dbname={new_postgres}"
    with psycopg.connect(where, autocommit=True) as database:
        try:
            crew.start("worker", "worker")
            await crew.until("the worker", lambda: crew.has_said("worker", "worker started"))
            database.execute("ALTER TABLE recheck RENAME TO lost")
            async with open_queue(url) as queue:
                await queue.put([Job(kind=RECHECK, key=RECHECK)])

            def is_parked() -> bool:
                database.execute(LAST_TRY_NOW, [TRIES - 1])
                return bool(database.execute("SELECT 1 FROM pgqueuer WHERE status = 'failed'").fetchone())

            await crew.until("the job to be parked", is_parked)
            (parked,) = ask("queue", "list")["parked"]
            assert parked["key"] == RECHECK
            assert "recheck" in parked["error"]
            assert ask("status", code=3)["parked"] == [parked]

            database.execute("ALTER TABLE lost RENAME TO recheck")
            crew.start("service", "run", web=f"127.0.0.1:{port}")
            await crew.until("the service", lambda: crew.has_said("service", "started"))
            assert parked_in_metrics(token) == 1

            assert ask("queue", "retry", str(parked["number"])) == {"jobs": 1}
            await crew.until("the job to be done", lambda: not parked_in_metrics(token))
            assert ask("queue", "list") == {"jobs": {}, "parked": []}
        finally:
            crew.end()
