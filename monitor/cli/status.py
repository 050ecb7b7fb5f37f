"""`goodname status`: is everything being looked at, and what waits for a person."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli import faults
from monitor.cli.screen import (
    AsJson,
    count_in_words,
    moment_in_words,
    say,
    say_facts,
    say_json,
    say_table,
    size_in_words,
)
from monitor.cli.session import with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import SourceHealth
    from monitor.jobs.hunt import Progress
    from monitor.jobs.stamp import StampState
    from monitor.ports import ChannelState
    from monitor.workers import Parked

_MOST_COUNTED = 10_000
_SILENT_AFTER = timedelta(hours=2)


def status(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Show sources, what waits for you, and the evidence.

    Exit code 0 when every source is read and every channel takes messages as it should be, 3 when one does not, or when
    a job that several machines share failed too often and waits for you.
    """
    seen = with_app(ctx, _read)
    zone = seen.pop("zone")
    if as_json:
        say_json(seen)
    else:
        _say(seen, zone)
    if seen["failing"] or seen["channels_failing"] or seen["parked"]:
        raise typer.Exit(faults.PARTLY_FAILED)


async def _read(app: App) -> dict[str, Any]:
    from monitor.bootstrap.added import channel_states
    from monitor.ports import LATENESS_OF

    now = app.clock.now()
    connectors = {entry.name: entry.connector for entry in app.settings.source}
    sources = [_source(one, connectors.get(one.source, ""), now) for one in app.store.health()]
    sources += [_unusable(name, connectors.get(name, ""), str(error)) for name, error in app.broken_sources.items()]
    sources += [_paused(name, connectors.get(name, "")) for name in sorted(app.paused)]
    subjects = app.store.subjects()
    channels = channel_states(app.store, app.notifier)
    return {
        "now": now,
        "zone": ZoneInfo(app.settings.digest.timezone),
        "sources": sources,
        "failing": [source["name"] for source in sources if source["failing"]],
        "watched": [one.id for one in subjects if one.attestation],
        "without_attestation": [one.id for one in subjects if not one.attestation],
        "inbox": _inbox(app),
        "mentions": app.store.count_mentions(datetime(1970, 1, 1, tzinfo=UTC), now + timedelta(days=1)),
        "hunt": app.hunt_progress(),
        "outbox": _outbox(app),
        "parked": await _parked(app),
        "channels": app.notifier.channels,
        "channels_take": {one.name: one.takes for one in channels if one.takes},
        "channels_paused": [one.name for one in channels if one.is_paused],
        "channels_failing": [_channel(one) for one in channels if one.off_why or one.is_refusing],
        "lateness": asdict(app.store.lateness(now - LATENESS_OF)),
        "workers": [{**asdict(one), "is_missed": one.is_missed} for one in app.store.workers()],
        "evidence": _evidence(app),
        "disk": _disk(app),
    }


def _source(one: SourceHealth, connector: str, now: datetime) -> dict[str, Any]:
    from monitor.domain import HealthState

    patience = max(3 * one.every, _SILENT_AFTER)
    is_failing = one.state not in (HealthState.OK, HealthState.QUIET, HealthState.UNCHECKED)
    return {
        "name": one.source,
        "connector": connector,
        "state": one.state,
        "failing": is_failing,
        "overdue": bool(one.next_due_at and now - one.next_due_at > patience),
        "last_good_at": one.last_good_at,
        "next_due_at": one.next_due_at,
        "every": one.every,
        "failures": one.failures,
        "items": one.items,
        "quiet_since": one.quiet_since,
        "why": one.last_error if is_failing else _quiet_words(one.quiet_since),
    }


def _quiet_words(since: datetime | None) -> str:
    return f"answers, but nothing new since {since:%Y-%m-%d}; that is unusual" if since else ""


def _unusable(name: str, connector: str, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "connector": connector,
        "state": "unusable",
        "failing": True,
        "overdue": False,
        "last_good_at": None,
        "next_due_at": None,
        "every": None,
        "failures": 0,
        "items": 0,
        "quiet_since": None,
        "why": why,
    }


def _paused(name: str, connector: str) -> dict[str, Any]:
    return {**_unusable(name, connector, "nobody looks at it for now"), "state": "paused", "failing": False}


def _with_tags(seen: dict[str, Any]) -> list[str]:
    taken = seen["channels_take"]
    return [f"{one} ({', '.join(taken[one])})" if one in taken else one for one in seen["channels"]]


def _channel(one: ChannelState) -> dict[str, Any]:
    return {
        "name": one.name,
        "switched_off": bool(one.off_why),
        "since": one.off_since,
        "why": one.off_why or "it refuses every message, and is kept on because there is no other",
        "missed": one.missed,
    }


def _channel_words(seen: dict[str, Any], zone: tzinfo) -> list[tuple[str, str]]:
    told = []
    for one in seen["channels_failing"]:
        missed = f"; {count_in_words(one['missed'], 'alert')} went elsewhere alone" if one["missed"] else ""
        state = f"off since {moment_in_words(one['since'], seen['now'], zone)}{missed}: " if one["since"] else ""
        then = f" Mend it, then: goodname notify enable {one['name']}" if one["since"] else ""
        told.append((one["name"], f"{state}{one['why']}{then}"))
    return told


def _inbox(app: App) -> dict[str, int]:
    from monitor.domain import Level
    from monitor.ports import HitFilter

    hits = app.store.hits(HitFilter(unreviewed=True, limit=_MOST_COUNTED))
    counted = Counter(hit.level for hit in hits)
    return {level.value: counted[level] for level in reversed(Level)}


def _outbox(app: App) -> dict[str, int]:
    from monitor.domain import AlertStatus

    return {
        state.value: len(app.store.alerts(status=state, limit=_MOST_COUNTED))
        for state in (AlertStatus.PENDING, AlertStatus.GIVEN_UP)
    }


async def _parked(app: App) -> tuple[Parked, ...]:
    """Give the shared jobs that failed too often; none where no work is shared."""
    if app.settings.queue.engine == "in-process":
        return ()
    from monitor.workers import open_queue

    async with open_queue(app.settings.store.url.get_secret_value()) as queue:
        return await queue.parked()


def _evidence(app: App) -> dict[str, object]:
    kept = {event.capture_id for event in app.vault.custody() if event.event in ("capture", "recovered")}
    return {
        "captures": len(kept - {""}),
        "chain_head": app.vault.chain_head(),
        "time_stamps": app.evidence.stamps(),
        "proofs": app.evidence.proofs(),
    }


def _disk(app: App) -> dict[str, int]:
    usage = shutil.disk_usage(app.settings.data_dir)
    return {
        "free": usage.free,
        "total": usage.total,
        "reserved": app.settings.capture.reserve_mb * 1024 * 1024,
        "warning": app.settings.capture.warn_mb * 1024 * 1024,
    }


def _say(seen: dict[str, Any], zone: tzinfo) -> None:
    now: datetime = seen["now"]
    say(_one_sentence(seen), *_channel_sentence(seen), *_parked_sentence(seen["parked"]), "")
    if seen["sources"]:
        rows = [
            [
                source["name"],
                str(source["state"]),
                moment_in_words(source["last_good_at"], now, zone),
                moment_in_words(source["next_due_at"], now, zone) if source["next_due_at"] else "-",
                source["why"],
            ]
            for source in seen["sources"]
        ]
        say_table(["SOURCE", "STATE", "LAST GOOD CHECK", "NEXT", "WHY"], rows)
        say("")
    _say_workers(seen["workers"])
    inbox, outbox, disk = seen["inbox"], seen["outbox"], seen["disk"]
    given_up = f", {outbox['given_up']} given up" if outbox["given_up"] else ""
    say_facts(
        [
            ("Watched", ", ".join(seen["watched"]) or "nobody yet"),
            ("Not watched", _unasked(seen["without_attestation"])),
            ("For review", f"{inbox['likely']} likely, {inbox['possible']} possible, {inbox['none']} other"),
            ("Read so far", count_in_words(seen["mentions"], "item")),
            ("Read late by", _lateness(seen["lateness"])),
            ("Looking again", _hunt(seen["hunt"])),
            ("To be told", f"{outbox['pending']} waiting{given_up}"),
            ("Channels", ", ".join(_with_tags(seen)) or "none: nobody is told anything"),
            ("Paused", ", ".join(seen["channels_paused"])),
            *_channel_words(seen, zone),
            ("Evidence", count_in_words(seen["evidence"]["captures"], "capture")),
            ("Time stamps", _stamps(seen["evidence"]["time_stamps"])),
            ("OpenTimestamps", _proofs(seen["evidence"]["proofs"])),
            ("Chain head", seen["evidence"]["chain_head"]),
            ("Disk", f"{size_in_words(disk['free'])} free of {size_in_words(disk['total'])}{_room(disk)}"),
        ]
    )


def _say_workers(workers: list[dict[str, Any]]) -> None:
    if not workers:
        return
    rows = [
        [
            one["name"] + (" (plans)" if one["leads"] else ""),
            f"{one['unseen_s']:.0f} s ago" + (": missed" if one["is_missed"] else ""),
            _doing(one["doing"]),
            f"{one['done']} done, {one['failed']} failed",
        ]
        for one in workers
    ]
    say_table(["WORKER", "LAST SEEN", "LONGEST AT", "JOBS"], rows)
    say("")


def _doing(jobs: tuple[dict[str, Any], ...]) -> str:
    if not jobs:
        return "-"
    first = jobs[0]
    about = f" {first['about']}" if first["about"] else ""
    more = f", and {len(jobs) - 1} more" if len(jobs) > 1 else ""
    return f"{first['kind']}{about}, {first['for_s']:.0f} s{more}"


def _lateness(late: dict[str, Any]) -> str:
    if not late["polls"]:
        return ""
    span = f"{late['p50_s']:.1f} s, the latest in a hundred {late['p99_s']:.1f} s"
    return f"{span} ({count_in_words(late['polls'], 'poll')} in ten minutes)"


def _hunt(progress: Progress | None) -> str:
    if progress is None:
        return ""
    return f"{progress.done} of {progress.total} stored mentions, because a rule changed; it goes on in `goodname run`"


def _unasked(subjects: list[str]) -> str:
    return f"{', '.join(subjects)}: it is not said who asks for it" if subjects else ""


def _room(disk: dict[str, int]) -> str:
    if disk["free"] <= disk["reserved"]:
        return ": no page is kept any more until there is room; alerts go on"
    return ": that will not last long" if disk["free"] < disk["warning"] else ""


def _stamps(state: StampState) -> str:
    if not state.is_configured:
        return "no authority is configured"
    why = f"; no authority answered as it should: {state.last_error}" if state.failures else ""
    return f"{state.waiting} captures wait for one{why}"


def _channel_sentence(seen: dict[str, Any]) -> list[str]:
    names = [one["name"] for one in seen["channels_failing"]]
    verb = "refuses" if len(names) == 1 else "refuse"
    return [f"{count_in_words(len(names), 'channel')} {verb} messages: {', '.join(names)}."] if names else []


def _parked_sentence(parked: Sequence[Parked]) -> list[str]:
    if not parked:
        return []
    verb = "waits" if len(parked) == 1 else "wait"
    latest = f"{parked[0].key}: {parked[0].error}"
    then = "See goodname queue list; mend it, then: goodname queue retry"
    return [f"{count_in_words(len(parked), 'job')} failed too often and {verb} for you ({latest}). {then}"]


def _proofs(state: StampState | None) -> str:
    if state is None:
        return ""
    error = state.last_error if state.failures else state.finish_error
    why = f"; a calendar did not answer as it should: {error}" if error else ""
    return f"{state.waiting} captures wait for a calendar, {state.promised} for a Bitcoin block{why}"


def _one_sentence(seen: dict[str, Any]) -> str:
    sources = seen["sources"]
    if not sources:
        return "No source is being read yet. Next: goodname source add NAME --connector feed --set url=…"
    if seen["failing"]:
        return f"{len(seen['failing'])} of {len(sources)} sources cannot be read: {', '.join(seen['failing'])}."
    overdue = [source["name"] for source in sources if source["overdue"]]
    if overdue:
        return f"Nothing has looked at {', '.join(overdue)} for a while. Is `goodname run` running?"
    quiet = [source["name"] for source in sources if source["quiet_since"]]
    if quiet:
        return f"All sources answer, but {', '.join(quiet)} brought nothing new for unusually long."
    if any(source["last_good_at"] is None for source in sources):
        return "Not every source has been looked at yet."
    return f"All {len(sources)} sources are read as they should be." if len(sources) > 1 else "The source is read well."
