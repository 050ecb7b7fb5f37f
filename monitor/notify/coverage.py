"""Say what was looked at and what was not, so that silence never looks like safety; pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, tzinfo

from monitor.domain import Coverage, HealthState
from monitor.notify import hits
from monitor.notify.safe import hide_paths, one_line
from monitor.notify.words import Words

WHY_LIMIT = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """Sort a period's coverage: fully checked, checked in part, not checked at all."""

    fully: tuple[Coverage, ...]
    partly: tuple[Coverage, ...]
    missed: tuple[Coverage, ...]

    @property
    def total(self) -> int:
        """Count all sources."""
        return len(self.fully) + len(self.partly) + len(self.missed)

    @property
    def gaps(self) -> int:
        """Count the sources that were not fully checked."""
        return len(self.partly) + len(self.missed)

    @property
    def last_good_at(self) -> datetime | None:
        """Give the newest good check of all."""
        return max((one.last_good_at for one in self.fully if one.last_good_at), default=None)


def sort_coverage(coverage: tuple[Coverage, ...]) -> Looked:
    """Sort coverage by how much can be said of each source.

    A source counts as fully checked only when a check in the period was good and it is well at its end; one that
    answered in the morning and has failed since may hide something.
    """
    fully = tuple(one for one in coverage if one.was_checked and one.state is HealthState.OK)
    partly = tuple(one for one in coverage if one.was_checked and one.state is not HealthState.OK)
    missed = tuple(one for one in coverage if not one.was_checked)
    return Looked(fully=fully, partly=partly, missed=missed)


def checked_sentence(words: Words, looked: Looked) -> str:
    """Say in one sentence how much was looked at."""
    if not looked.total:
        return words.say("digest.state.no_sources")
    if not looked.gaps:
        return words.count("digest.state.all", looked.total)
    return words.say("digest.state.gaps", full=len(looked.fully), total=looked.total)


def nothing_sentence(words: Words, looked: Looked, timezone: tzinfo) -> str:
    """Say that nothing was found, only as far as somebody looked."""
    if not looked.total:
        return words.say("digest.state.no_sources")
    if not looked.fully:
        return words.say("digest.state.blind")
    if looked.gaps or looked.last_good_at is None:
        return words.say("digest.state.none.gaps", full=len(looked.fully), total=looked.total)
    clock = words.clock(hits.local(looked.last_good_at, timezone))
    return words.count("digest.state.none", looked.total, clock=clock)


def nothing_title(words: Words, looked: Looked, name: str) -> str:
    """Name a summary without mentions; "nothing new" only when every source was fully checked.

    `name` is where the titles of its period stand among the words.
    """
    if not looked.fully:
        return words.say(f"{name}.blind")
    if looked.gaps:
        return words.count(f"{name}.gaps", looked.gaps)
    return words.say(f"{name}.none")


def gap_lines(words: Words, looked: Looked, timezone: tzinfo, *, veil: bool) -> tuple[str, ...]:
    """Say for each source with a gap what was not checked, why, and when it last was; the worst first.

    With the veil on, addresses in a reason are cut down to their host.
    """
    missed = [_gap(words, one, "missed", timezone, veil=veil) for one in looked.missed]
    partly = [
        _gap(words, one, "quiet" if one.state is HealthState.QUIET else "partly", timezone, veil=veil)
        for one in looked.partly
    ]
    return (*missed, *partly)


def _gap(words: Words, one: Coverage, form: str, timezone: tzinfo, *, veil: bool) -> str:
    told = one_line(one.why, WHY_LIMIT)
    reason = (hide_paths(told) if veil else told) or words.say(f"state.{one.state}")
    reason = reason[:1].upper() + reason[1:]
    if reason and reason[-1] not in ".!?":
        reason += "."
    text = words.say(
        f"digest.coverage.{form}",
        source=hits.source_name(one.source),
        why=reason,
        failures=one.failures,
        checks=one.checks,
    )
    if one.last_good_at is None:
        return f"{text} {words.say('digest.coverage.never')}"
    moment = words.short_moment(hits.local(one.last_good_at, timezone))
    return f"{text.rstrip()} {words.say('digest.coverage.last_good', moment=moment)}"
