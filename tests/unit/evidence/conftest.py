"""A vault with one or more sealed captures, on a clock that stands still between steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.domain import (
    ArtifactRole,
    Capture,
    CaptureOutcome,
    CaptureRequest,
    Completeness,
    Observed,
    Origin,
)
from monitor.evidence import FileVault


class SteppingClock:
    """Go one second further with each reading."""

    def __init__(self) -> None:
        self._now = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)

    def now(self) -> datetime:
        self._now += timedelta(seconds=1)
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "evidence"


@pytest.fixture
def vault(root: Path, clock: SteppingClock) -> FileVault:
    return FileVault(root, clock=clock, actor="test", reserve_bytes=1, host="testhost")


@pytest.fixture
def capture_request() -> CaptureRequest:
    return CaptureRequest(
        id=7,
        mention_id=3,
        revision=1,
        url="https://forum.example/t/1#p2",
        subject_id="subject-1",
        quotes=("FIRST LAST stole money from patients",),
        facts={"rule": "statement stole", "score": "97"},
    )


@pytest.fixture
def observed(clock: SteppingClock) -> Observed:
    return Observed(
        requested_url="https://forum.example/t/1#p2",
        final_url="https://forum.example/t/1#p2",
        http_status=200,
        started_at=clock.now(),
        captured_at=clock.now(),
        outcome=CaptureOutcome.COMPLETE,
        completeness=Completeness.FOUND,
        software={"goodname": "0.1.0"},
        options={"viewport": "1280x900"},
        headers={"content-type": "text/html"},
    )


@pytest.fixture
def keep(
    vault: FileVault, clock: SteppingClock, capture_request: CaptureRequest, observed: Observed
) -> Callable[..., Capture]:
    """Give a function that seals one capture with a page, a text and a picture."""

    def seal(tag: str = "one") -> Capture:
        staging = vault.stage(capture_request, clock.now())
        staging.add(ArtifactRole.PAGE, "page.html", "text/html", Origin.RENDERED, f"<p>page {tag}</p>".encode() * 40)
        staging.add(ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, f"page {tag}\n".encode() * 30)
        staging.add(ArtifactRole.SCREENSHOT, "page.png", "image/png", Origin.RENDERED, bytes(range(256)) * 8)
        return vault.commit(staging, capture_request, observed)

    return seal
