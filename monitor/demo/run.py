"""Walk the product through the invented town: two passes, a summary, a check of the evidence, and what came of it."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import json
import re
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol, TypeVar

from monitor.cases.desk import CaseDesk
from monitor.demo import expected
from monitor.demo.case import show_case
from monitor.demo.expected import Seen
from monitor.demo.folder import Folder
from monitor.demo.telling import Teller, tell_changes, tell_example, tell_faults, tell_finds, tell_unchecked
from monitor.demo.world import World
from monitor.domain import Capture, Level, Poll
from monitor.errors import MonitorError
from monitor.ports import Store

T = TypeVar("T")

_PASS_SECONDS = 120
_HEAD = re.compile(r"\b[0-9a-f]{64}\b")
_VERIFY_SECONDS = 60


class Pass(Protocol):
    """Say how one whole pass went."""

    @property
    def polled(self) -> tuple[Poll, ...]:
        """Give how each poll went."""
        ...

    @property
    def assessed(self) -> int:
        """Give how many mentions were judged."""
        ...

    @property
    def captures(self) -> tuple[Capture, ...]:
        """Give what was kept."""
        ...

    @property
    def delivered(self) -> int:
        """Give how many alerts reached every channel."""
        ...


class Summaries(Protocol):
    """Name what sends summaries."""

    async def send_digest(self) -> object:
        """Send each client its summary now."""
        ...


class Product(Protocol):
    """Name what the demonstration needs of the opened program; it is the real one, configured as any other."""

    @property
    def store(self) -> Store:
        """Give the database."""
        ...

    async def once(self) -> Pass:
        """Walk the whole line once."""
        ...

    @property
    def cases(self) -> CaseDesk:
        """Give the desk at which cases are worked on."""
        ...

    @property
    def messages(self) -> Summaries:
        """Give what sends summaries."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Hold what one showing needs; `verify` is the command line that checks the evidence."""

    world: World
    folder: Folder
    product: Product
    teller: Teller
    verify: Sequence[str]
    has_browser: bool
    kept_how: str


async def show(stage: Stage) -> tuple[str, ...]:
    """Run both passes and print what happened; gives every fault, none when all went as it must."""
    teller, started = stage.teller, datetime.now(UTC)
    teller.heading("An invented town on this machine: no accounts, no internet")
    teller.line("watched: the dentist Alina Voss of Wrenmouth, and two false statements about her")
    teller.line(f"pages are kept with {stage.kept_how}")
    teller.line(f"everything is in {stage.folder.root}")
    faults: list[str] = []
    for step in (1, 2):
        if step == 2:
            stage.world.advance()
        seen = await _pass(stage, step, started)
        faults += _judge(stage, seen)
    with teller.busy("sending the daily summary"):
        await stage.product.messages.send_digest()
    teller.heading("Told")
    faults += _tell_told(stage)
    with teller.busy("checking the evidence"):
        faults += await _verify(stage)
    with teller.busy("drafting a case's papers"):
        faults += await asyncio.to_thread(_case, stage, seen)
    _tell_places(stage)
    if faults:
        tell_faults(teller, tuple(dict.fromkeys(faults)))
    else:
        teller.heading("All of this went as it must.")
    return tuple(faults)


async def _pass(stage: Stage, step: int, started: datetime) -> Seen:
    teller, begun = stage.teller, datetime.now(UTC)
    later = "" if step == 1 else " (later: one post edited, one removed, one site recovered)"
    teller.heading(f"Pass {step}{later}")
    with teller.busy(f"pass {step}: reading, judging, keeping, telling"):
        report = await _in_time(stage.product.once(), f"pass {step}", _PASS_SECONDS)
    now = datetime.now(UTC)
    failed = sum(1 for poll in report.polled if poll.error)
    teller.line(
        f"{len(report.polled)} sources polled ({failed} failing), {report.assessed} posts judged, "
        f"{len(report.captures)} pages kept, {report.delivered} alerts sent, in {(now - begun).total_seconds():.1f} s"
    )
    seen = expected.look(
        stage.product.store, step, report.polled, started - timedelta(seconds=1), now + timedelta(seconds=1)
    )
    tell_finds(teller, seen, step)
    tell_changes(teller, seen)
    tell_unchecked(teller, seen)
    return seen


async def _in_time(work: Awaitable[T], name: str, seconds: int) -> T:
    """Wait for one step; MonitorError when it takes longer than any machine should need."""
    try:
        async with asyncio.timeout(seconds):
            return await work
    except TimeoutError:
        raise MonitorError(
            "The demonstration takes too long.",
            why=f"{name} was not over after {seconds} s",
            try_="Run `goodname demo --browser off`, or try again when the machine has less to do.",
        ) from None


def _judge(stage: Stage, seen: Seen) -> list[str]:
    faults = expected.judge_finds(seen)
    faults += expected.judge_captures(seen, has_browser=stage.has_browser)
    faults += expected.judge_sources(seen)
    return faults + (expected.judge_changes(seen) if seen.step > 1 else [])


def _tell_told(stage: Stage) -> list[str]:
    mails, calls = stage.world.mailbox.paths, stage.world.calls.paths
    stage.teller.line(f"mail: {len(mails)} messages, webhook: {len(calls)} calls; none names the person or quotes")
    faults = expected.judge_telling(
        stage.product.store, len(mails), len(calls), lambda number: calls[number].read_text("utf-8")
    )
    if calls:
        tell_example(stage.teller, str(json.loads(calls[0].read_bytes())["message"]))
    if not _keep_summary(stage.folder.root, mails):
        faults.append("no mail holds the daily summary")
    return faults


def _keep_summary(root: Path, mails: Sequence[Path]) -> bool:
    """Copy the newest mail, which is the summary, to digest.eml, and its HTML part to digest.html."""
    for path in reversed(mails):
        body = path.read_bytes()
        message = email.message_from_bytes(body, policy=email.policy.default)
        html = message.get_body(("html",))
        if html is not None and "summary" in str(message["subject"]).lower():
            (root / "digest.eml").write_bytes(body)
            (root / "digest.html").write_text(_with_pictures(html.get_content(), message), "utf-8")
            return True
    return False


def _with_pictures(page: str, mail: EmailMessage) -> str:
    """Put a mail's pictures into its page, which then stands alone."""
    for part in mail.walk():
        cid = str(part.get("content-id", "")).strip("<>")
        body = part.get_payload(decode=True)
        if cid and isinstance(body, bytes):
            page = page.replace(
                f'"cid:{cid}"', f'"data:{part.get_content_type()};base64,{base64.b64encode(body).decode()}"'
            )
    return page


async def _verify(stage: Stage) -> list[str]:
    """Check the evidence with the command a person would type, and the chain head that came with the summary."""
    head = _mailed_head(stage.folder.root)
    process = await asyncio.create_subprocess_exec(
        *stage.verify, *head, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await _in_time(process.communicate(), "`evidence verify`", _VERIFY_SECONDS)
    stage.teller.heading("Evidence checked")
    stage.teller.line(f"$ goodname --config goodname.toml evidence verify {' '.join(head)}".rstrip())
    for line in output.decode("utf-8", "replace").splitlines()[:12]:
        stage.teller.line(line, indent=4)
    return [] if process.returncode == 0 else [f"`evidence verify` ended with {process.returncode}"]


def _mailed_head(root: Path) -> list[str]:
    """Take the chain head out of the mailed summary, which is the witness from outside that the check asks for."""
    summary = root / "digest.html"
    found = _HEAD.search(summary.read_text("utf-8")) if summary.exists() else None
    return ["--head", found.group()] if found else []


def _case(stage: Stage, seen: Seen) -> list[str]:
    likely = [hit for hit in seen.hits if hit.level is Level.LIKELY and hit.source == "town-forum"]
    if not likely:
        return ["there is no likely repeat to make a case of"]
    return show_case(stage.product.cases, likely[0], stage.folder.root, stage.teller)


def _tell_places(stage: Stage) -> None:
    teller, root = stage.teller, stage.folder.root
    teller.heading(f"Where to look, in {root}")
    for place, words in (
        ("digest.html", "the daily summary, as it was mailed (digest.eml)"),
        ("mailbox/", f"{len(stage.world.mailbox.paths)} mails that arrived"),
        ("webhook/", f"{len(stage.world.calls.paths)} webhook calls that arrived"),
        ("case/", "the papers of one case: letter, notice, packet for counsel"),
        ("data/evidence/", "captures/ has one folder each: pictures, page, text, manifest"),
        ("goodname.log", "the program's own log, JSON lines"),
        ("goodname.toml", "an ordinary configuration; watchlist.toml says who is watched"),
    ):
        teller.line(f"{place:<16}{words}")
    teller.line(f"Next: cd {root} && goodname hits list && goodname status", style="dim")
