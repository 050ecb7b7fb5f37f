"""A real PostgreSQL on a local socket, a store on each engine, and rows to put into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine

from monitor.domain import (
    AboutSubject,
    Alert,
    AlertKind,
    Artifact,
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Judgement,
    Level,
    Mention,
    Origin,
    Poll,
    PollOutcome,
    RawResponse,
)
from monitor.ports import Decision, PageRows
from monitor.store import SqlStore, open_store
from monitor.store.migrate import REVISIONS
from monitor.store.schema import metadata
from monitor.testing.builders import NOW, make_decision, make_judgement, make_mention
from monitor.testing.fakes import FakeClock
from monitor.testing.postgres import PostgresServer


@pytest.fixture(scope="session")
def postgres_database(postgres_server: PostgresServer) -> str:
    """Give the address of the one database that all tests share; a database for each would take most of their time."""
    url = postgres_server.url(postgres_server.new_database())
    open_store(url, clock=FakeClock()).close()
    return url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("store") / "template.db"
    open_store(f"sqlite:///{path}", clock=FakeClock()).close()
    return path


@pytest.fixture
def sqlite_path(sqlite_template: Path) -> Iterator[Path]:
    """Give a database file with an up-to-date schema and no rows, in memory where the system has such a folder."""
    memory = Path("/dev/shm")
    is_usable = memory.is_dir() and os.access(memory, os.W_OK)
    with tempfile.TemporaryDirectory(prefix="gn-store-", dir=memory if is_usable else None) as folder:
        path = Path(folder) / "goodname.db"
        shutil.copy(sqlite_template, path)
        yield path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a database with an up-to-date schema and no rows."""
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('sqlite_path')}"
        return
    url: str = request.getfixturevalue("postgres_database")
    yield url
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        tables = "; ".join(f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables))
        connection.exec_driver_sql(f"{tables}; UPDATE alembic_version SET version_num = '{REVISIONS[-1]}'")


@pytest.fixture
def store(store_url: str, clock: FakeClock) -> Iterator[SqlStore]:
    opened = open_store(store_url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_store(sqlite_path: Path, clock: FakeClock) -> Iterator[SqlStore]:
    opened = open_store(f"sqlite:///{sqlite_path}", clock=clock)
    yield opened
    opened.close()


@dataclass(frozen=True)
class Shelf:
    """Fill a store with few words."""

    store: SqlStore

    def page(self, *mentions: Mention, source: str = "town-forum", **fields: object) -> PageRows:
        given: dict[str, object] = {"query_key": "*", "raw": (), "cursor": '{"at":1}', "gone": (), **fields}
        return PageRows(source=source, mentions=mentions, **given)  # type: ignore[arg-type]

    def keep(self, *mentions: Mention, source: str = "town-forum", **fields: object) -> tuple[Mention, ...]:
        """Keep a page and give what was stored, ids included."""
        self.store.save_page(self.page(*mentions, source=source, **fields))
        found = [self.store.find(source, one.external_id) for one in mentions]
        assert all(found)
        return tuple(one for one in found if one)

    def post(self, name: str = "post-1", text: str = "FIRST LAST stole money", **fields: object) -> Mention:
        made = make_mention(external_id=name, text=text, **fields)  # type: ignore[arg-type]
        return self.keep(made, source=made.source)[0]

    def raw(self, body: bytes, sha256: str) -> RawResponse:
        return RawResponse(sha256=sha256, media_type="text/html", body=body)

    def judgement(self, subject_id: str = "subject-1", level: Level = Level.LIKELY, **fields: object) -> Judgement:
        about = AboutSubject(score=80, spans=((0, 10),), title_spans=((1, 4),), reasons=("full name",))
        return make_judgement(**{"subject_id": subject_id, "level": level, "about": about, **fields})  # type: ignore[misc]

    def decision(self, mention: Mention, *judgements: Judgement, **fields: object) -> Decision:
        return replace(make_decision(mention, *judgements), **fields)  # type: ignore[arg-type]

    def decide(self, mention: Mention, *judgements: Judgement, **fields: object) -> None:
        self.store.save_decisions([self.decision(mention, *judgements, **fields)])

    def hit(self, name: str = "post-1", text: str = "FIRST LAST stole money", **fields: object) -> Mention:
        """Keep a mention and judge it a likely repeat about subject-1."""
        kept = self.post(name, text, **fields)
        self.decide(kept, self.judgement())
        return kept

    def request(self, mention: Mention, **fields: object) -> CaptureRequest:
        basis = CaptureRequest(id=0, mention_id=mention.id, revision=mention.revision, url=mention.url)
        return replace(basis, **fields)  # type: ignore[arg-type]

    def capture(self, mention: Mention, name: str = "capture-1", **fields: object) -> Capture:
        artifact = Artifact(
            role=ArtifactRole.PAGE,
            path="page.html",
            media_type="text/html",
            size=5_000_000_000,
            sha256="ab" * 32,
            origin=Origin.WIRE,
        )
        basis = Capture(
            id=name,
            mention_id=mention.id,
            revision=mention.revision,
            requested_url=mention.url,
            final_url=mention.url,
            http_status=200,
            captured_at=NOW,
            outcome=CaptureOutcome.COMPLETE,
            completeness=Completeness.FOUND,
            artifacts=(artifact, replace(artifact, role=ArtifactRole.TEXT, path="page.txt", size=1)),
            manifest_sha256="cd" * 32,
            incomplete=("no picture",),
        )
        return replace(basis, **fields)  # type: ignore[arg-type]

    def alert(self, key: str = "match:1", **fields: object) -> Alert:
        basis = Alert(kind=AlertKind.MATCH, dedupe_key=key, created_at=NOW, payload={"n": [1, "x"]})
        return replace(basis, **fields)  # type: ignore[arg-type]

    def poll(
        self,
        outcome: PollOutcome = PollOutcome.OK,
        *,
        source: str = "town-forum",
        query_key: str = "*",
        at: datetime = NOW,
        error: str = "",
    ) -> Poll:
        return Poll(
            connector="feed",
            source=source,
            query_key=query_key,
            started_at=at - timedelta(seconds=1),
            finished_at=at,
            outcome=outcome,
            fetched=3,
            new=2,
            revised=1,
            gone=0,
            error=error,
        )


@pytest.fixture
def shelf(store: SqlStore) -> Shelf:
    return Shelf(store)


@pytest.fixture
def shelf_of() -> Callable[[SqlStore], Shelf]:
    return Shelf
