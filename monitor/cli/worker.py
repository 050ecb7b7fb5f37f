"""`goodname worker` and `goodname queue`: share the work among machines, and look at what is shared."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, say, say_json, say_table
from monitor.cli.session import session_of, set_up_logs
from monitor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from monitor.settings import Settings
    from monitor.workers import JobQueue, Parked

T = TypeVar("T")

group = command_group("Look at the shared queue, and at jobs that failed too often.")

Numbers = Annotated[list[int] | None, typer.Argument(metavar="[NUMBER]...", help="Which; all when none is given.")]


def worker(
    ctx: typer.Context,
    *,
    jobs: Annotated[
        str, typer.Option("--jobs", metavar="KINDS", help="Only these kinds, such as poll,capture; else all.")
    ] = "",
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=0, max=256, help="Jobs side by side; 0: as configured.")
    ] = 0,
) -> None:
    """Work for a service that runs elsewhere, until stopped; plan nothing.

    Needs `[queue] engine = "pgqueuer"`. Logs as JSON lines on standard error. SIGTERM or Ctrl-C finishes what is in
    hand. Exit code 75 when the database went away: have it started again, as systemd and Docker do.
    """
    from monitor import workers

    code = workers.worker(_shared(session_of(ctx).settings()), _kinds(jobs), concurrency)
    if code:
        raise typer.Exit(code)


def _kinds(wanted: str) -> tuple[str, ...]:
    from monitor.workers import KINDS

    named = tuple(dict.fromkeys(word.strip() for word in wanted.split(",") if word.strip()))
    unknown = [word for word in named if word not in KINDS]
    if unknown:
        raise InputError(f"There is no kind of job {unknown[0]!r}.", try_=f"Choose among {', '.join(KINDS)}.")
    return named or tuple(KINDS)


def _shared(settings: Settings) -> Settings:
    if settings.queue.engine != "pgqueuer":
        raise ConfigError(
            "This installation shares no work.",
            why="[queue] engine is in-process",
            try_='Set [queue] engine = "pgqueuer" and [store] url to a PostgreSQL address.',
        )
    return settings


def _with_queue(ctx: typer.Context, work: Callable[[JobQueue], Awaitable[T]]) -> T:
    from monitor.workers import open_queue

    set_up_logs(debug=session_of(ctx).debug)
    settings = _shared(session_of(ctx).settings())

    async def opened() -> T:
        async with open_queue(settings.store.url.get_secret_value()) as queue:
            return await work(queue)

    return asyncio.run(opened())


@group.callback()
def _queue() -> None:
    """Look at the shared queue, and at jobs that failed too often."""


@group.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Count what waits and runs, and list the parked jobs with their last error."""

    async def work(queue: JobQueue) -> tuple[dict[str, dict[str, int]], tuple[Parked, ...]]:
        state = await queue.state()
        kinds = sorted({*state.waiting, *state.running, *state.parked})
        counts = {
            kind: {"waiting": state.waiting.get(kind, 0), "running": state.running.get(kind, 0)} for kind in kinds
        }
        return counts, await queue.parked()

    counts, parked = _with_queue(ctx, work)
    if as_json:
        say_json({"jobs": counts, "parked": parked})
        return
    if not (counts or parked):
        say("Nothing waits, nothing runs, nothing is parked.")
        return
    say_table(
        ["JOB", "WAITING", "RUNNING"], [[kind, str(n["waiting"]), str(n["running"])] for kind, n in counts.items()]
    )
    if parked:
        say("", "Failed too often, and parked:")
        say_table(
            ["NUMBER", "JOB", "SINCE", "WHY"],
            [[str(one.number), one.key, f"{one.parked_at:%Y-%m-%d %H:%M}", one.error] for one in parked],
        )


@group.command("retry")
def retry(ctx: typer.Context, numbers: Numbers = None, *, as_json: AsJson = False) -> None:
    """Put parked jobs back into the queue."""
    count = _with_queue(ctx, lambda queue: queue.retry(numbers or ()))
    say_json({"jobs": count}) if as_json else say(f"Put back: {count}.")


@group.command("drop")
def drop(ctx: typer.Context, numbers: Numbers = None, *, as_json: AsJson = False) -> None:
    """Throw parked jobs away; what they stood for is ordered anew when it is due again."""
    count = _with_queue(ctx, lambda queue: queue.drop(numbers or ()))
    say_json({"jobs": count}) if as_json else say(f"Thrown away: {count}.")
