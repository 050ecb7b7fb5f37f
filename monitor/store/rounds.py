"""Keep which alerts are told together, and what is left to the summary for a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, select, update

from monitor.domain import AlertStatus
from monitor.ports import Begun, Book, GroupState, Step, Turn, higher
from monitor.store.attention_schema import acknowledgement, alert_round, snooze, spent_link
from monitor.store.columns import UtcMoment
from monitor.store.engine import insert_into
from monitor.store.outbox_schema import alert
from monitor.store.part import Part

_HOUR = timedelta(hours=1)
_ROUND = alert_round.c


class RoundRows(Part):
    """Implement `monitor.ports.RoundStore`."""

    def rounds(self, keys: Mapping[int, str], subjects: Sequence[str], now: datetime) -> Book:
        """Give what is known of these alerts, their groups and subjects."""
        with self._db.reading() as connection:
            known = {
                row.alert_id: Begun(key=row.group_key, begun_at=row.begun_at, is_spread=row.spread_at is not None)
                for row in connection.execute(select(alert_round).where(_ROUND.alert_id.in_(keys)))
            }
            many = {f"many:{subject}" for subject in subjects}
            wanted = {*keys.values(), *many, *(one.key for one in known.values())}
            wanted |= {above for key in wanted if (above := higher(key))}
            groups = {key: _group(connection, key, now) for key in sorted(wanted)}
            told: dict[str, list[datetime]] = defaultdict(list)
            begun = select(_ROUND.subject_id, _ROUND.begun_at).where(
                _ROUND.subject_id.in_(subjects), _ROUND.begun_at > now - _HOUR
            )
            for row in connection.execute(begun):
                told[row.subject_id].append(row.begun_at)
            rows = connection.execute(select(snooze).where(snooze.c.group_key.in_(wanted)))
            snoozed = {row.group_key: row.until for row in rows}
            rows = connection.execute(select(acknowledgement).where(acknowledgement.c.group_key.in_(wanted)))
            acknowledged = {row.group_key: row.acknowledged_at for row in rows}
        return Book(
            rounds=known,
            groups=groups,
            told={subject: tuple(moments) for subject, moments in told.items()},
            snoozed=snoozed,
            acknowledged=acknowledged,
        )

    def take_turns(self, turns: Sequence[Turn], now: datetime) -> Mapping[int, Mapping[str, object]]:
        """Write down what becomes of alerts; see the port."""
        begun: dict[int, Mapping[str, object]] = {}
        with self._db.writing() as connection:
            fresh = _not_begun(connection, {turn.alert_id for turn in turns if turn.step is Step.BEGIN})
            for turn in sorted(turns, key=_order):
                if turn.step is Step.FOLD:
                    _fold(connection, turn, fresh)
                elif turn.step is Step.BEGIN and turn.alert_id in fresh:
                    begun[turn.alert_id] = _begin(connection, turn, now)
                elif turn.step is not Step.BEGIN:
                    _put_off(connection, turn, now)
        return begun

    def folded_into(self, alert_id: int) -> tuple[int, ...]:
        """Give the ids of the alerts that this one tells of beside its own."""
        query = select(_ROUND.alert_id).where(_ROUND.folded_into == alert_id).order_by(_ROUND.alert_id)
        with self._db.reading() as connection:
            return tuple(connection.execute(query).scalars())

    def snooze(self, key: str, until: datetime) -> None:
        """Leave a group of alerts to the summary until then."""
        with self._db.writing() as connection:
            command = insert_into(connection, snooze).values(group_key=key, until=until)
            connection.execute(
                command.on_conflict_do_update(index_elements=["group_key"], set_={"until": command.excluded.until})
            )

    def acknowledge(self, keys: Sequence[str], at: datetime) -> None:
        """Note that a person has seen what these groups of alerts told."""
        with self._db.writing() as connection:
            for key in sorted(keys):
                command = insert_into(connection, acknowledgement).values(group_key=key, acknowledged_at=at)
                newest = {"acknowledged_at": command.excluded.acknowledged_at}
                connection.execute(command.on_conflict_do_update(index_elements=["group_key"], set_=newest))

    def take_back(self, keys: Sequence[str]) -> bool:
        """Forget that these groups were acknowledged; False when none was."""
        with self._db.writing() as connection:
            gone = delete(acknowledgement).where(acknowledgement.c.group_key.in_(keys))
            return connection.execute(gone).rowcount > 0

    def spend_link(self, link_sha256: str, expires_at: datetime, now: datetime) -> bool:
        """Note that a link was used, and forget those that are over; False when it was used before."""
        with self._db.writing() as connection:
            connection.execute(delete(spent_link).where(spent_link.c.expires_at < now))
            command = insert_into(connection, spent_link).values(link_sha256=link_sha256, expires_at=expires_at)
            once = command.on_conflict_do_nothing(index_elements=["link_sha256"]).returning(spent_link.c.link_sha256)
            return connection.execute(once).first() is not None

    def is_spent(self, link_sha256: str) -> bool:
        """Tell whether a link was used."""
        with self._db.reading() as connection:
            query = select(spent_link.c.link_sha256).where(spent_link.c.link_sha256 == link_sha256)
            return connection.execute(query).first() is not None

    def groups_of(self, mention_id: int) -> tuple[str, ...]:
        """Give the groups of a mention's alerts that something was decided about."""
        query = select(_ROUND.group_key).join(alert, alert.c.id == _ROUND.alert_id)
        query = query.where(alert.c.mention_id == mention_id).order_by(_ROUND.alert_id)
        with self._db.reading() as connection:
            return tuple(dict.fromkeys(connection.execute(query).scalars()))


def _group(connection: Connection, key: str, now: datetime) -> GroupState:
    in_group = _ROUND.group_key == key
    open_round = (
        select(_ROUND.alert_id)
        .join(alert, alert.c.id == _ROUND.alert_id)
        .where(in_group, _ROUND.folded_into.is_(None), _ROUND.begun_at.is_(None))
        .where(alert.c.status == AlertStatus.PENDING)
        .order_by(_ROUND.alert_id)
        .limit(1)
    )
    lasts = select(func.max(_ROUND.begun_at, type_=UtcMoment), func.max(_ROUND.spread_at, type_=UtcMoment))
    told_at, spread_at = connection.execute(lasts.where(in_group)).one()
    recent = select(func.count()).where(in_group, _ROUND.created_at > now - _HOUR)
    return GroupState(
        carrier=connection.execute(open_round).scalar() or 0,
        told_at=told_at,
        spread_at=spread_at,
        recent=connection.execute(recent).scalar_one(),
    )


def _order(turn: Turn) -> tuple[int, int]:
    """Let alerts wait and fold before rounds begin, which count them; locks are taken in one order everywhere."""
    return (list(Step).index(turn.step) if turn.step is not Step.BEGIN else len(Step), turn.alert_id)


def _not_begun(connection: Connection, alert_ids: Collection[int]) -> frozenset[int]:
    query = select(_ROUND.alert_id).where(_ROUND.alert_id.in_(alert_ids), _ROUND.begun_at.is_not(None))
    return frozenset(alert_ids) - frozenset(connection.execute(query).scalars())


def _fold(connection: Connection, turn: Turn, fresh: Collection[int]) -> None:
    """Fold an alert into a round that takes in others; else give it back, to be decided about again."""
    state = connection.execute(
        select(alert.c.status, _ROUND.begun_at)
        .join_from(alert, alert_round, _ROUND.alert_id == alert.c.id, isouter=True)
        .where(alert.c.id == turn.into)
        .with_for_update(of=alert)
    ).first()
    is_open = state is not None and state.status == AlertStatus.PENDING and state.begun_at is None
    if not is_open and turn.into not in fresh:
        _settle(connection, turn.alert_id, AlertStatus.PENDING, None)
        return
    _note(connection, turn, folded_into=turn.into)
    _settle(connection, turn.alert_id, AlertStatus.FOLDED, None)


def _put_off(connection: Connection, turn: Turn, now: datetime) -> None:
    if turn.step is Step.HURRY:
        waiting = (alert.c.id == turn.alert_id, alert.c.status == AlertStatus.PENDING)
        connection.execute(update(alert).where(*waiting).values(next_attempt_at=None))
        open_round = (_ROUND.alert_id == turn.alert_id, _ROUND.begun_at.is_(None))
        connection.execute(update(alert_round).where(*open_round).values(spread_at=now))
        return
    status = AlertStatus.FOLDED if turn.step is Step.LEAVE else AlertStatus.PENDING
    _note(connection, turn)
    _settle(connection, turn.alert_id, status, turn.until)


def _begin(connection: Connection, turn: Turn, now: datetime) -> Mapping[str, object]:
    # Whoever folds locks the same row, so nothing joins between the count and the beginning.
    own = connection.execute(
        select(alert.c.created_at, alert.c.payload).where(alert.c.id == turn.alert_id).with_for_update()
    ).one()
    _note(connection, turn, begun_at=now, **({"spread_at": now} if turn.is_spread else {}))
    query = select(func.count(), func.min(_ROUND.created_at, type_=UtcMoment))
    members, first = connection.execute(query.where(_ROUND.folded_into == turn.alert_id)).one()
    since = min(first or own.created_at, own.created_at)
    facts: dict[str, object] = {**own.payload}
    if (count := max(turn.count, members + 1)) > 1:
        facts |= {"count": count, "hours": max(1, -(-(now - since) // _HOUR))}
    if turn.key.startswith(("many:", "danger:")):
        facts |= {"mixed": True}
    if turn.is_spread:
        facts |= {"spread": True, "at_once": True}
    connection.execute(update(alert).where(alert.c.id == turn.alert_id).values(payload=facts))
    return facts


def _note(connection: Connection, turn: Turn, **facts: object) -> None:
    created_at = connection.execute(select(alert.c.created_at).where(alert.c.id == turn.alert_id)).scalar_one()
    values = {
        "alert_id": turn.alert_id,
        "group_key": turn.key,
        "subject_id": turn.subject_id,
        "created_at": created_at,
        **facts,
    }
    command = insert_into(connection, alert_round).values(values)
    changed = facts or {"group_key": turn.key}
    connection.execute(command.on_conflict_do_update(index_elements=["alert_id"], set_=changed))


def _settle(connection: Connection, alert_id: int, status: AlertStatus, until: datetime | None) -> None:
    values = {"status": status, "next_attempt_at": until, "lease_until": None}
    connection.execute(update(alert).where(alert.c.id == alert_id).values(values))
