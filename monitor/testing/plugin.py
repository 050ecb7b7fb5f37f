"""The pytest plugin for connector authors: clear failures from the kit, and fixtures. Loaded by its entry point."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from monitor.testing.fakes import FakeClock
    from monitor.testing.http import FakeHttp

pytest.register_assert_rewrite("monitor.testing.kit")


@pytest.fixture
def goodname_clock() -> FakeClock:
    """Give a clock that moves only when the test says so."""
    from monitor.testing.fakes import FakeClock  # noqa: PLC0415 # only when it is asked for

    return FakeClock()


@pytest.fixture
def goodname_http() -> FakeHttp:
    """Give a client that answers from a script."""
    from monitor.testing.http import FakeHttp  # noqa: PLC0415 # only when it is asked for

    return FakeHttp()
