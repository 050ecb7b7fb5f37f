"""The first page: one sentence, fourteen days, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fastapi import APIRouter, Request
from fastapi.responses import Response

from monitor.domain import Level
from monitor.jobs.telling import mode_of
from monitor.ports import ReviewFilter, SourceState
from monitor.web.pictures import BAR_AREA, bars
from monitor.web.rendering import page, visitor
from monitor.web.site import Visitor
from monitor.web.words import count

router = APIRouter(include_in_schema=False)
DAYS = 14


@router.get("/")
def today(request: Request) -> Response:
    """Show how things stand."""
    who = visitor(request)
    site, now = who.site, who.site.clock.now()
    local = now.astimezone(site.zone)
    start = local.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS - 1)
    counted = bars(site.store.days(who.subjects, start, site.operations.timezone), local.date(), DAYS)
    sources, mode = site.operations.sources(), mode_of(site.store)
    waiting = site.store.count_review(ReviewFilter(subjects=who.subjects))
    likely = site.store.count_review(ReviewFilter(subjects=who.subjects, min_level=Level.LIKELY))
    return page(
        request,
        "today.html",
        sentence=sentence(who, sources, waiting, likely),
        waiting=waiting,
        likely=likely,
        bars=counted,
        bar_area=BAR_AREA,
        total=sum(bar.total for bar in counted),
        sources=sources,
        unchecked=[one for one in sources if one.is_failing or one.is_paused or one.last_good_at is None],
        mode=mode,
        is_paused=mode.is_paused(now),
        has_helper=site.operations.has_helper,
        unasked=[one for one in who.watched.values() if one.attestation is None],
    )


def sentence(who: Visitor, sources: Sequence[SourceState], waiting: int, likely: int) -> str:
    """Say in one sentence how things stand; silence never looks like safety."""
    if not who.watched:
        return "Nobody is watched yet."
    if not sources:
        return "No source is read yet, so nothing can be found."
    failing = [one for one in sources if one.is_failing]
    paused = [one for one in sources if one.is_paused]
    checked = [one.last_good_at for one in sources if one.last_good_at]
    if waiting:
        found = f"{count(waiting, 'mention')} {'waits' if waiting == 1 else 'wait'} for you"
        if waiting > 1_000:
            found = "More than 1,000 mentions wait for you"
        found += f", {likely:,} of them likely repeats." if likely and waiting <= 1_000 else "."
    else:
        found = "Nothing new."
    if failing:
        return f"{found} {count(len(failing), 'source')} of {len(sources)} could not be checked."
    if paused:
        return f"{found} {count(len(paused), 'source')} of {len(sources)} {'is' if len(paused) == 1 else 'are'} paused."
    if len(checked) < len(sources):
        return f"{found} {count(len(sources) - len(checked), 'source')} of {len(sources)} were not checked yet."
    oldest = min(checked).astimezone(who.site.zone)
    day = "" if oldest.date() == who.site.clock.now().astimezone(who.site.zone).date() else f"{oldest:%d %B}, "
    return f"{found} All {count(len(sources), 'source')} were checked, the last at {day}{oldest:%H:%M}."
