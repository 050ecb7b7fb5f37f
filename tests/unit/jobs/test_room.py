"""When a disk that fills up is told of."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.domain import Alert, AlertKind
from monitor.jobs import room
from monitor.jobs.room import Room
from monitor.testing import FakeClock

MB = 1 << 20


class Rows:
    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.alerts: dict[str, Alert] = {}

    def enqueue(self, alert: Alert) -> bool:
        return self.alerts.setdefault(alert.dedupe_key, alert) is alert

    def setting(self, key: str) -> str:
        return self.kept.get(key, "")

    def set_setting(self, key: str, value: str) -> None:
        self.kept[key] = value


def walk(*free_mb: int) -> list[tuple[AlertKind, object]]:
    """Give what is told while the free room goes through these sizes, with warnings at 500 MB and a reserve of 200."""
    rows, clock = Rows(), FakeClock()
    for free in free_mb:
        for _ in range(3):  # looking again tells nothing anew
            room.run(rows, free * MB, warn=500 * MB, reserve=200 * MB, clock=clock)
            clock.advance(timedelta(minutes=1))
    return [(alert.kind, alert.payload.get("stopped")) for alert in rows.alerts.values()]


def test_low_then_stopped_then_over_is_told_once_each() -> None:
    low, stopped, over = (AlertKind.DISK_LOW, False), (AlertKind.DISK_LOW, True), (AlertKind.DISK_OK, None)
    assert walk(900) == []
    assert walk(900, 450, 150, 900) == [low, stopped, over]
    assert walk(100, 300, 900) == [stopped, over]
    assert walk(450, 900, 450) == [low, over, low]


def test_free_room_that_flutters_around_the_warning_is_told_once() -> None:
    assert walk(900, 499, 501, 499, 540) == [(AlertKind.DISK_LOW, False)]


@pytest.mark.parametrize(("free", "expected"), [(199, Room.NONE), (200, Room.LITTLE), (500, Room.ENOUGH)])
def test_the_limits_themselves(free: int, expected: Room) -> None:
    assert room.judge(free, warn=500, reserve=200, before=Room.ENOUGH) is expected


def test_a_reserve_above_the_warning_counts_for_both() -> None:
    assert room.judge(350, warn=100, reserve=300, before=Room.NONE) is Room.ENOUGH
    assert room.judge(310, warn=100, reserve=300, before=Room.NONE) is Room.LITTLE
