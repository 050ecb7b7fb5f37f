"""Check a configuration without opening the database: every fault at once."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from monitor.bootstrap.build import build_http, build_notifier, build_sources, capture_mode, read_watchlist
from monitor.bootstrap.keeping import pinned_certificates
from monitor.bootstrap.vaults import evidence_fault
from monitor.clock import SystemClock
from monitor.contract import MemoryLedger
from monitor.errors import ConfigError, MonitorError
from monitor.jobs.takers import nobody_takes_repeats
from monitor.plugins import load_connectors
from monitor.semantic import model_fault
from monitor.settings import Settings, load_settings, read_added, with_added


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigReport:
    """Hold what a check found; `settings` is None when the file itself cannot be used."""

    faults: tuple[str, ...]
    warnings: tuple[str, ...]
    settings: Settings | None


def check_config(path: Path) -> ConfigReport:
    """Read a configuration and everything it names; gives every fault and every weakness in one go."""
    try:
        settings = load_settings(path)
        settings = with_added(settings, read_added(settings.data_dir))
    except ConfigError as error:
        return ConfigReport(faults=_sentences(error), warnings=(), settings=None)
    faults: list[str] = []
    warnings: list[str] = []
    _check_watchlist(settings, faults, warnings)
    _check_sources(settings, faults, warnings)
    _check_channels(settings, faults)
    _check_browser(settings, faults, warnings)
    _check_timestamps(settings, faults, warnings)
    if fault := evidence_fault(settings):
        faults.append(fault)
    if settings.matching.model and (fault := model_fault(settings.matching.model)):
        faults.append(f"`matching.model`: {fault}")
    return ConfigReport(faults=tuple(faults), warnings=tuple(warnings), settings=settings)


def _sentences(error: MonitorError) -> tuple[str, ...]:
    return error.faults if isinstance(error, ConfigError) and error.faults else (str(error),)


def _check_watchlist(settings: Settings, faults: list[str], warnings: list[str]) -> None:
    try:
        subjects, statements = read_watchlist(settings)
    except ConfigError as error:
        faults += [f"{settings.watchlist.file}: {sentence}" for sentence in _sentences(error)]
        return
    if settings.watchlist.file and not subjects:
        warnings.append("the watch list names nobody; nothing is polled until somebody is added")
    named = {statement.subject_id for statement in statements}
    warnings += [
        f"no statement is listed for {one.id}; only mentions are found" for one in subjects if one.id not in named
    ]


def _check_sources(settings: Settings, faults: list[str], warnings: list[str]) -> None:
    found = load_connectors()
    _, broken = build_sources(settings, build_http(settings, SystemClock()), MemoryLedger())
    for name, error in broken.items():
        faults += [f"source {name!r}: {sentence}" for sentence in _sentences(error)]
    warnings += [
        f"connector {one.name!r} of {one.distribution} {one.version} is broken: {one.error}" for one in found.broken
    ]
    if not settings.source:
        warnings.append("no source is configured; add a [[source]] block")


def _check_channels(settings: Settings, faults: list[str]) -> None:
    if not settings.alerts.urls:
        faults.append("no alert channel is configured: add an Apprise URL to `alerts.urls`, or nobody is told")
        return
    try:
        notifier = build_notifier(settings, build_http(settings, SystemClock()), SystemClock())
    except ConfigError as error:
        faults += _sentences(error)
        return
    own = notifier.channels[: len(settings.alerts.urls)]
    if nobody_takes_repeats(own, notifier.tags):
        faults.append(
            "no channel takes likely repeats: give one the tag `likely`, or leave one in `alerts.urls` untagged"
        )


def _check_browser(settings: Settings, faults: list[str], warnings: list[str]) -> None:
    try:
        mode = capture_mode(settings)
    except ConfigError as error:
        faults += _sentences(error)
        return
    if mode.chromium is None:
        warnings.append(f"pages are kept without pictures; {mode.why_not}")


def _check_timestamps(settings: Settings, faults: list[str], warnings: list[str]) -> None:
    try:
        pinned_certificates(settings)
    except ConfigError as error:
        faults += _sentences(error)
    if settings.timestamps.calendars and find_spec("opentimestamps") is None:
        faults.append("`timestamps.calendars` needs a further package: pip install 'goodname[ots]'")
    if not settings.timestamps.authorities and not settings.timestamps.calendars:
        warnings.append("no time stamp authority is configured: nobody outside vouches for when evidence was kept")
