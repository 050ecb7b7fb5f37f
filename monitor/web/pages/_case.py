"""What the pages of cases share: one case that this visitor may see, and what their forms send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from typing import TypeVar

from fastapi import Request
from fastapi.responses import RedirectResponse

from monitor.cases.desk import CaseDesk
from monitor.domain import Case, Role
from monitor.errors import InputError, StoreBusy, StoreError
from monitor.web.pages._forms import require, see_other, unknown
from monitor.web.rendering import visitor
from monitor.web.site import Visitor

_E = TypeVar("_E", bound=Enum)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """Hold a case that a visitor may see, and the desk at which their name goes into the custody log."""

    who: Visitor
    desk: CaseDesk
    case: Case

    def done(self, what: str, anchor: str = "") -> RedirectResponse:
        """Write down what was done and lead back to the case."""
        self.who.log(what, subject_id=self.case.subject_id, detail=f"case {self.case.id}")
        return see_other(f"/cases/{self.case.id}{anchor and '#'}{anchor}")


def desk_of(who: Visitor) -> CaseDesk:
    """Give the desk, with this visitor's name on it."""
    return replace(who.site.cases, actor=who.account.name)


def open_case(request: Request, case_id: int, role: Role = Role.HELPER) -> Opened:
    """Give a case to whoever may see it; one of another client does not exist for them."""
    who = visitor(request)
    if not 0 < case_id < 2**62:
        unknown()
    try:
        case = who.site.store.case(case_id)
    except StoreBusy:
        raise
    except StoreError:
        unknown()
    require(request, case.subject_id, role)
    return Opened(who=who, desk=desk_of(who), case=case)


def one_of(kind: type[_E], given: str) -> _E:
    """Give the member with this value; a page offers no other."""
    if given not in {one.value for one in kind}:
        unknown()
    return kind(given)


def day_of(given: str) -> date | None:
    """Read a day as a browser sends it; None when nothing was typed, InputError for anything else."""
    if not given.strip():
        return None
    try:
        return date.fromisoformat(given.strip())
    except ValueError:
        raise InputError("This is not a day.", why="A day is written as 2026-11-30.", try_="Go back.") from None
