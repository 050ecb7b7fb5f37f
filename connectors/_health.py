"""Say how a source is doing, from the error its check ended in."""

from __future__ import annotations

from monitor.contract import Health
from monitor.domain import HealthState
from monitor.errors import (
    AccessForbidden,
    AddressForbidden,
    AuthenticationFailed,
    BudgetSpent,
    MonitorError,
    PermanentError,
    RobotsDisallowed,
    TemporaryError,
)

_STATES: tuple[tuple[type[MonitorError], HealthState], ...] = (
    (AuthenticationFailed, HealthState.AUTH),
    (AccessForbidden, HealthState.BLOCKED),
    (RobotsDisallowed, HealthState.BLOCKED),
    (AddressForbidden, HealthState.BLOCKED),
    (BudgetSpent, HealthState.BUDGET),
    (TemporaryError, HealthState.DEGRADED),
    (PermanentError, HealthState.CHANGED),
)


def health_of(error: MonitorError) -> Health:
    """Turn an expected fault into a health state with its What, Why and Try."""
    state = next((state for kind, state in _STATES if isinstance(error, kind)), HealthState.DEGRADED)
    return Health(state=state, what=error.what, why=error.why, try_=error.try_)
