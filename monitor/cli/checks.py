"""The checks that `goodname doctor` makes: each says what is so, why it matters, and one command to mend it."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.cli.screen import size_in_words
from monitor.errors import MonitorError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.jobs.stamp import StampState
    from monitor.settings import Settings

_RELEASED = datetime(2026, 1, 1, tzinfo=UTC)
"""No right clock shows an earlier time than this program's own."""

_FONTS = {
    "Noto Sans CJK": "fonts-noto-cjk",
    "Noto Color Emoji": "fonts-noto-color-emoji",
    "Noto Sans": "fonts-noto-core",
}
_PATIENCE_S = 10.0
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class Outcome(StrEnum):
    """Say how a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """Hold one check's outcome; `fix` is the command that mends it, run without a shell (empty: nothing to run).

    `try_` says in words what to do where no command can.
    """

    name: str
    outcome: Outcome
    what: str
    why: str = ""
    fix: tuple[str, ...] = ()
    try_: str = ""


def run_quietly(*command: str) -> str | None:
    """Run a small program of the system and give what it prints, or None when it is not there or fails."""
    found = shutil.which(command[0])
    if found is None:
        return None
    try:
        done = subprocess.run([found, *command[1:]], capture_output=True, timeout=_PATIENCE_S, check=True)  # noqa: S603 # fixed programs
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace")


def install(*packages: str) -> tuple[str, ...]:
    """Give the command that installs Debian packages, or nothing where there is no apt-get."""
    return ("apt-get", "install", "--no-install-recommends", "-y", *packages) if shutil.which("apt-get") else ()


def check_python() -> Check:
    """Look at the interpreter, and whether every package that is needed is installed."""
    missing = [name for name in needed_packages() if not _is_installed(name)]
    if missing:
        return Check(
            name="python",
            outcome=Outcome.FAIL,
            what=f"Packages are missing: {', '.join(missing)}.",
            why="Parts of this program cannot work without them.",
            fix=(sys.executable, "-m", "pip", "install", *missing),
        )
    return Check(name="python", outcome=Outcome.OK, what=f"Python {platform.python_version()} at {sys.prefix}")


def needed_packages() -> list[str]:
    """Name the packages that this program needs on every system, as its own metadata lists them."""
    listed = metadata.requires("goodname") or []
    return [found[0] for line in listed if ";" not in line and (found := _PACKAGE.match(line))]


def _is_installed(name: str) -> bool:
    try:
        metadata.version(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def check_clock(now: datetime, newest: datetime | None = None) -> Check:
    """Look at the clock: evidence is worth what its times are worth.

    `newest` is the latest moment that is stored; a clock behind it has been set back.
    """
    latest = max(newest or _RELEASED, _RELEASED)
    if now < latest:
        return Check(
            name="clock",
            outcome=Outcome.FAIL,
            what=f"The clock shows {now:%Y-%m-%d %H:%M} UTC, which cannot be right.",
            why=f"Something was already stored at {latest:%Y-%m-%d %H:%M} UTC.",
            fix=("timedatectl", "set-ntp", "true"),
        )
    answer = run_quietly("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if answer is not None and answer.strip() == "no":
        return Check(
            name="clock",
            outcome=Outcome.WARN,
            what="The clock is not set by a time server.",
            why="Times in the evidence are only as good as this clock.",
            fix=("timedatectl", "set-ntp", "true"),
        )
    how = "set by a time server" if answer else "whether a time server sets it is not known here"
    return Check(name="clock", outcome=Outcome.OK, what=f"{now:%Y-%m-%d %H:%M} UTC; {how}")


def check_browser(settings: Settings) -> Check:
    """Look for the browser that pictures are taken with."""
    from importlib.util import find_spec

    from monitor.bootstrap import find_chromium

    if settings.capture.browser == "off":
        return Check(name="browser", outcome=Outcome.WARN, what="Switched off: pages are kept without pictures.")
    try:
        found = find_chromium(settings.capture.browser)
    except MonitorError as error:
        return Check(name="browser", outcome=Outcome.FAIL, what=error.what, why=error.why, try_=error.try_)
    if found is None:
        return Check(
            name="browser",
            outcome=Outcome.WARN,
            what="No Chromium was found: pages are kept without pictures.",
            why=f"[capture] browser is {settings.capture.browser!r}.",
            fix=install("chromium"),
            try_="Install Chromium, or write its path under [capture] browser.",
        )
    if find_spec("playwright") is None:
        return Check(
            name="browser",
            outcome=Outcome.WARN,
            what="Playwright is not installed: pages are kept without pictures.",
            fix=(sys.executable, "-m", "pip", "install", "goodname[browser]"),
        )
    version = run_quietly(str(found), "--version")
    if version is None:
        return Check(
            name="browser",
            outcome=Outcome.FAIL,
            what=f"{found} does not start.",
            fix=install("--reinstall", "chromium"),
            try_="Run it with --version to see why.",
        )
    return Check(name="browser", outcome=Outcome.OK, what=f"{version.strip()} at {found}")


def check_fonts() -> Check:
    """Look for fonts that can draw every script and emoji."""
    families = run_quietly("fc-list", ":", "family")
    if families is None:
        return Check(
            name="fonts",
            outcome=Outcome.WARN,
            what="Which fonts are installed cannot be told.",
            why="Without the right ones, pages in other scripts are pictured as empty boxes.",
            fix=install("fontconfig", *_FONTS.values()),
        )
    missing = [font for font in _FONTS if font not in families]
    if missing:
        return Check(
            name="fonts",
            outcome=Outcome.WARN,
            what=f"Fonts are missing: {', '.join(missing)}.",
            why="Pages in those scripts are pictured as empty boxes.",
            fix=install(*(_FONTS[font] for font in missing)),
        )
    return Check(name="fonts", outcome=Outcome.OK, what="Noto, with Chinese, Japanese, Korean and emoji")


def check_disk(settings: Settings) -> Check:
    """Look at the room that is left for evidence."""
    place = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    reserve = settings.capture.reserve_mb * 1024 * 1024
    what = f"{size_in_words(free)} free at {place}"
    if free <= reserve:
        return Check(
            name="disk",
            outcome=Outcome.FAIL,
            what=f"{what}: no page is kept any more.",
            why=f"{size_in_words(reserve)} are held back so that the database can still be written.",
            try_="Make room on that disk, or move data_dir to a larger one.",
        )
    if free < settings.capture.warn_mb * 1024 * 1024:
        return Check(
            name="disk",
            outcome=Outcome.WARN,
            what=f"{what}: that will not last long.",
            why=f"Below {size_in_words(reserve)} no page is kept any more; alerts go on.",
            try_="Make room on that disk, or move data_dir to a larger one.",
        )
    return Check(name="disk", outcome=Outcome.OK, what=what)


def check_files(config: Path, settings: Settings) -> list[Check]:
    """Look at who may read the configuration and the data: they name a person and hold passwords."""
    checks = []
    for path in (config, settings.watchlist.file, settings.data_dir):
        if path is None or not path.exists():
            continue
        if path.stat().st_mode & 0o077:
            checks.append(
                Check(
                    name="files",
                    outcome=Outcome.WARN,
                    what=f"Others on this machine may read {path}.",
                    why="It names who is watched, and may hold passwords.",
                    fix=("chmod", "go-rwx", str(path)),
                )
            )
    return checks or [Check(name="files", outcome=Outcome.OK, what="Only you may read configuration and data")]


def check_configuration(faults: Sequence[str], warnings: Sequence[str]) -> list[Check]:
    """Turn what `config check` found into checks."""
    checks = [
        Check(name="configuration", outcome=Outcome.FAIL, what=fault, try_="Run `goodname config check`.")
        for fault in faults
    ]
    checks += [Check(name="configuration", outcome=Outcome.WARN, what=warning) for warning in warnings]
    return checks or [Check(name="configuration", outcome=Outcome.OK, what="In order")]


def check_store(app: App) -> Check:
    """Look at the database; StoreError when it cannot be used."""
    found = app.store.check()
    size = size_in_words(float(found.get("size", "0")))
    facts = [f"{key} {size if key == 'size' else value}" for key, value in found.items()]
    return Check(name="database", outcome=Outcome.OK, what=", ".join(facts))


def check_people(app: App) -> list[Check]:
    """Look at who is watched, and whether it is said who asked for it."""
    subjects = app.store.subjects()
    checks = [
        Check(
            name="people",
            outcome=Outcome.FAIL,
            what=f"{subject.id} is not watched: it is not said who asks for it.",
            why="Nobody is watched for without an attestation.",
            try_="Add [subject.attestation] with relation, by and on to the watch list.",
        )
        for subject in subjects
        if subject.attestation is None
    ]
    if not subjects:
        command = 'goodname person add "FIRST LAST" --relation self --by "YOUR NAME"'
        return [Check(name="people", outcome=Outcome.WARN, what="Nobody is watched yet.", try_=f"Run `{command}`.")]
    return checks or [Check(name="people", outcome=Outcome.OK, what=f"{len(subjects)} watched, each asked for")]


def check_sources(app: App) -> list[Check]:
    """Look at each source as it went last: credentials, blocks, changes; contacts nobody."""
    checks = [
        Check(
            name=f"source {name}",
            outcome=Outcome.FAIL,
            what=error.what,
            why=error.why,
            try_=error.try_,
        )
        for name, error in app.broken_sources.items()
    ]
    for health in app.store.health():
        is_well = health.state.value in _WELL_WORDS
        checks.append(
            Check(
                name=f"source {health.source}",
                outcome=Outcome.OK if is_well else Outcome.FAIL,
                what=_WELL_WORDS.get(health.state.value, f"It cannot be read: {health.state.value}."),
                why="" if is_well else health.last_error,
                try_="" if is_well else f"Run `goodname source test {health.source}`.",
            )
        )
    return checks


_WELL_WORDS = {
    "ok": "Read well",
    "quiet": "Read well, but nothing new for unusually long",
    "unchecked": "Not read yet",
}


def check_copies(app: App) -> Check:
    """Look at whether evidence is also kept elsewhere; contacts nobody."""
    if app.evidence.copies is None:
        return Check(
            name="copies", outcome=Outcome.OK, what="Evidence is kept here only; [evidence] copy_to changes that"
        )
    error = app.evidence.copy_error()
    if error:
        return Check(
            name="copies",
            outcome=Outcome.WARN,
            what="The last copy of evidence elsewhere failed.",
            why=error,
            try_="It is tried again each minute; see [evidence] copy_to if it goes on.",
        )
    return Check(name="copies", outcome=Outcome.OK, what="Evidence is copied elsewhere")


def check_stamps(app: App) -> Check:
    """Look at whether somebody outside vouches for when evidence was kept; contacts nobody."""
    stamps, proofs = app.evidence.stamps(), app.evidence.proofs()
    if proofs is not None and not (stamps.is_configured and stamps.failures):
        return _check_proofs(proofs)
    if not stamps.is_configured:
        return Check(
            name="time stamps",
            outcome=Outcome.WARN,
            what="No time stamp authority is configured.",
            why="Nobody outside vouches for when evidence was kept.",
            try_="Put its address under [timestamps] authorities, and its certificates under certificates.",
        )
    if stamps.failures:
        return Check(
            name="time stamps",
            outcome=Outcome.WARN,
            what=f"{stamps.waiting} captures wait for a time stamp; no authority answered as it should.",
            why=stamps.last_error,
            try_="Nothing is lost and they are asked again by themselves; see [timestamps] if it goes on.",
        )
    return Check(name="time stamps", outcome=Outcome.OK, what=f"{stamps.waiting} captures wait for one")


def _check_proofs(proofs: StampState) -> Check:
    error = proofs.last_error if proofs.failures else proofs.finish_error
    if error:
        return Check(
            name="time stamps",
            outcome=Outcome.WARN,
            what=f"{proofs.waiting + proofs.promised} captures wait; a calendar did not answer as it should.",
            why=error,
            try_="Nothing is lost and they are asked again by themselves; see [timestamps] calendars if it goes on.",
        )
    what = f"{proofs.waiting} captures wait for a calendar, {proofs.promised} for a Bitcoin block"
    return Check(name="time stamps", outcome=Outcome.OK, what=what)


def check_channels(app: App) -> Check:
    """Look at how a person is told; sends nothing."""
    channels = app.notifier.channels
    if not channels:
        return Check(
            name="channels",
            outcome=Outcome.FAIL,
            what="No channel is configured.",
            why="Nobody would be told anything.",
            try_="Put an Apprise URL under [alerts] urls.",
        )
    return Check(name="channels", outcome=Outcome.OK, what=f"{', '.join(channels)}; `goodname notify test` tries them")
