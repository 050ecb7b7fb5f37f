"""`goodname run` and `goodname once`: the same line, as a service and as a single pass."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, busy, say, say_json, say_table
from monitor.cli.session import session_of, with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App, CycleReport
    from monitor.daemon import OpenEngine


def run(ctx: typer.Context) -> None:
    """Watch, until stopped.

    Logs as JSON lines on standard error. SIGTERM or Ctrl-C stops it in order: what is in flight is finished, or taken
    up again at the next start.
    """
    from monitor import daemon

    settings = session_of(ctx).settings()
    code = daemon.run(settings, _shared_work() if settings.queue.engine == "pgqueuer" else None)
    if code:
        raise typer.Exit(code)


def _shared_work() -> OpenEngine:
    from monitor.workers import open_crew

    return open_crew


def once(
    ctx: typer.Context,
    *,
    due: Annotated[bool, typer.Option("--due", help="Leave out sources that are not due yet.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make one pass and end; for cron.

    Polls every source that did not ask to be left alone, judges what is new, keeps pages, sends what is to be told,
    and the summary when it is due.
    Logs as JSON lines on standard error, as the service does.
    Exit code 3 when something of it failed, 4 when sources want other credentials, 1 when nothing worked.
    """
    with busy("One pass over all sources…"):
        report, broken, alone = with_app(ctx, lambda app: _once(app, force=not due), logs=True)
    if as_json:
        say_json(_to_json(report, broken, alone))
    else:
        _say(report, broken, alone)
    raise typer.Exit(_code(report, broken))


async def _once(app: App, *, force: bool) -> tuple[CycleReport, dict[str, str], dict[str, datetime]]:
    now = app.clock.now()
    asked = {one.source: one.not_before for one in app.store.health()}
    alone = {name: until for name, until in asked.items() if until is not None and until > now}
    report = await app.once(force=force)
    return report, {name: str(error) for name, error in app.broken_sources.items()}, alone


def _code(report: CycleReport, broken: dict[str, str]) -> int:
    from monitor.domain import CaptureOutcome, PollOutcome

    bad = [poll for poll in report.polled if poll.outcome not in (PollOutcome.OK, PollOutcome.UNCHANGED)]
    has_good = len(bad) < len(report.polled)
    lost = [capture for capture in report.captures if capture.outcome is CaptureOutcome.FAILED]
    if not (bad or broken or lost or report.undelivered):
        return faults.OK
    if bad and not broken and all(poll.outcome is PollOutcome.AUTH for poll in bad):
        return faults.NEEDS_CREDENTIALS
    return faults.PARTLY_FAILED if has_good or not (bad or broken) else faults.FAILED


def _to_json(report: CycleReport, broken: dict[str, str], alone: dict[str, datetime]) -> dict[str, object]:
    return {
        "polled": report.polled,
        "unusable_sources": broken,
        "left_alone_until": alone,
        "assessed": report.assessed,
        "captures": [
            {
                "id": capture.id,
                "mention": capture.mention_id,
                "url": capture.requested_url,
                "outcome": capture.outcome,
                "sha256": capture.manifest_sha256,
                "failure": capture.failure,
            }
            for capture in (*report.recovered, *report.captures)
        ],
        "delivered": report.delivered,
        "undelivered": report.undelivered,
        "digest_due": report.digest_due,
    }


def _say(report: CycleReport, broken: dict[str, str], alone: dict[str, datetime]) -> None:
    rows = [[poll.source, poll.outcome.value, str(poll.fetched), str(poll.new), poll.error] for poll in report.polled]
    rows += [[name, "unusable", "0", "0", why] for name, why in broken.items()]
    rows += [
        [name, "left alone", "0", "0", f"until {at:%Y-%m-%d %H:%M} UTC, as it asked"] for name, at in alone.items()
    ]
    if rows:
        say_table(["SOURCE", "OUTCOME", "READ", "NEW", "WHY"], rows)
        say("")
    kept = Counter(capture.outcome.value for capture in (*report.recovered, *report.captures))
    pages = ", ".join(f"{count} {outcome}" for outcome, count in sorted(kept.items())) or "none to keep"
    say(f"Judged: {report.assessed}. Pages: {pages}. Told: {report.delivered}. Waiting: {report.undelivered}.")
    if report.digest_due:
        say("The daily summary was due and was put together.")
