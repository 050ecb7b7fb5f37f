"""Keep cases: the file, its actions, papers, leads, clocks and holds."""

from __future__ import annotations

from dataclasses import fields, replace
from enum import Enum
from typing import Any, TypeVar, get_type_hints

from sqlalchemy import Connection, Row, Select, Table, select, update

from monitor.domain import Action, Case, CaseClock, Hold, Lead, Paper
from monitor.errors import StoreError
from monitor.store.case_schema import case_action, case_clock, case_file, case_hold, case_lead, case_paper
from monitor.store.engine import insert_into
from monitor.store.part import Part
from monitor.store.schema import subject

_KeptT = TypeVar("_KeptT", Case, Action, Paper, Lead, CaseClock)


class CaseRows(Part):
    """Implement `monitor.ports.CaseStore`."""

    def save_case(self, case: Case) -> Case:
        """Keep a case."""
        with self._db.writing() as connection:
            known = select(subject.c.id).where(subject.c.id == case.subject_id)
            if connection.execute(known).first() is None:
                raise StoreError(
                    f"There is nobody with the id {case.subject_id!r}.", try_="Run `goodname person list`."
                )
            return _save(connection, case_file, case)

    def case(self, case_id: int) -> Case:
        """Give one case; StoreError when there is none."""
        with self._db.reading() as connection:
            row = connection.execute(select(case_file).where(case_file.c.id == case_id)).first()
        if row is None:
            raise _unknown(case_id)
        return _of_row(Case, row)

    def cases(self, *, subject_id: str = "", client_id: str | None = None) -> tuple[Case, ...]:
        """Give cases, newest first."""
        query = select(case_file).order_by(case_file.c.opened_at.desc(), case_file.c.id.desc())
        if subject_id:
            query = query.where(case_file.c.subject_id == subject_id)
        if client_id is not None:
            query = query.join(subject, subject.c.id == case_file.c.subject_id).where(subject.c.client_id == client_id)
        return self._all(Case, query)

    def save_action(self, action: Action) -> Action:
        """Keep an action."""
        return self._save_of_case(case_action, action)

    def actions(self, case_id: int) -> tuple[Action, ...]:
        """Give a case's actions, oldest first."""
        return self._of_case(Action, case_action, case_id)

    def save_paper(self, paper: Paper) -> Paper:
        """Keep one version of a draft; see the port."""
        if paper.id:
            raise StoreError("A version of a draft is never replaced.", try_="Keep it as a new version.")
        return self._save_of_case(case_paper, paper)

    def papers(self, case_id: int) -> tuple[Paper, ...]:
        """Give every version of a case's drafts, oldest first."""
        return self._of_case(Paper, case_paper, case_id)

    def save_lead(self, lead: Lead) -> Lead:
        """Keep a lead."""
        return self._save_of_case(case_lead, lead)

    def leads(self, case_id: int) -> tuple[Lead, ...]:
        """Give a case's leads, oldest first."""
        return self._of_case(Lead, case_lead, case_id)

    def save_clock(self, clock: CaseClock) -> CaseClock:
        """Keep a clock."""
        return self._save_of_case(case_clock, clock)

    def clocks(self, case_id: int = 0, *, client_id: str | None = None) -> tuple[CaseClock, ...]:
        """Give clocks by the day they end."""
        query = select(case_clock).order_by(case_clock.c.due_on, case_clock.c.id)
        if case_id:
            query = query.where(case_clock.c.case_id == case_id)
        if client_id is not None:
            query = (
                query.join(case_file, case_file.c.id == case_clock.c.case_id)
                .join(subject, subject.c.id == case_file.c.subject_id)
                .where(subject.c.client_id == client_id)
            )
        return self._all(CaseClock, query)

    def save_hold(self, hold: Hold) -> Hold:
        """Keep a case's hold, or that it was lifted."""
        with self._db.writing() as connection:
            _require_case(connection, hold.case_id)
            command = insert_into(connection, case_hold).values(_values(hold))
            changed = {name: command.excluded[name] for name in _values(hold) if name != "case_id"}
            connection.execute(command.on_conflict_do_update(index_elements=["case_id"], set_=changed))
        return hold

    def hold(self, case_id: int) -> Hold | None:
        """Give a case's newest hold, lifted or not, or None."""
        with self._db.reading() as connection:
            row = connection.execute(select(case_hold).where(case_hold.c.case_id == case_id)).first()
        return None if row is None else Hold(**row._asdict())

    def _save_of_case(self, table: Table, kept: _KeptT) -> _KeptT:
        with self._db.writing() as connection:
            _require_case(connection, getattr(kept, "case_id", 0))
            return _save(connection, table, kept)

    def _of_case(self, kind: type[_KeptT], table: Table, case_id: int) -> tuple[_KeptT, ...]:
        return self._all(kind, select(table).where(table.c.case_id == case_id).order_by(table.c.id))

    def _all(self, kind: type[_KeptT], query: Select[Any]) -> tuple[_KeptT, ...]:
        with self._db.reading() as connection:
            return tuple(_of_row(kind, row) for row in connection.execute(query))


def _unknown(case_id: int) -> StoreError:
    return StoreError(f"There is no case {case_id}.", try_="Run `goodname case list`.")


def _require_case(connection: Connection, case_id: int) -> None:
    if connection.execute(select(case_file.c.id).where(case_file.c.id == case_id)).first() is None:
        raise _unknown(case_id)


def _save(connection: Connection, table: Table, kept: _KeptT) -> _KeptT:
    values = _values(kept)
    row_id = values.pop("id")
    if not row_id:
        command = insert_into(connection, table).values(values).returning(table.c.id)
        return replace(kept, id=connection.execute(command).scalar_one())
    done = connection.execute(update(table).where(table.c.id == row_id).values(values))
    if done.rowcount != 1:
        raise StoreError(f"There is no row {row_id} of this kind.", why=f"asked of {table.name}")
    return kept


def _values(kept: Case | Action | Paper | Lead | CaseClock | Hold) -> dict[str, Any]:
    """Give the columns of a value: every field has a column of its name."""
    return {one.name: getattr(kept, one.name) for one in fields(kept)}


def _of_row(kind: type[_KeptT], row: Row[Any]) -> _KeptT:
    """Build a value from its row: enumerations and tuples come back as what the type says."""
    hints = get_type_hints(kind)
    return kind(**{name: _given(hints[name], value) for name, value in row._asdict().items()})


def _given(hint: Any, value: Any) -> Any:  # noqa: ANN401 # any column's value
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if isinstance(value, list):
        return tuple(tuple(one) if isinstance(one, list) else one for one in value)
    return value
