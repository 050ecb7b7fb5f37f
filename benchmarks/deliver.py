"""Measure telling: alerts a second to a webhook and by mail, and how long a stored mention takes to arrive; JSON.

    python benchmarks/deliver.py [--alerts 1000] [--mentions 60]
    python benchmarks/deliver.py --smoke

Rate: alerts wait in the outbox; `deliver` leases, renders, sends and marks them, with no limit on its pace. Beside it,
in the same run, a naive loop sends the same words one by one and remembers nothing: no outbox, lease or delivery row.
Latency: `goodname run` reads a feed each second; from the moment at which a mention is stored (`first_seen_at`) to the
moment at which its alert has arrived, on each channel, while pages are kept beside it.
All of it is real and on this machine: SQLite, HTTP and SMTP.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import signal
import smtplib
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from monitor.clock import SystemClock
from monitor.demo import Folder, World, write_configuration
from monitor.demo.serving import serve_hook, serve_mail
from monitor.demo.texts import Post
from monitor.domain import Alert, AlertKind, AlertStatus
from monitor.jobs import deliver
from monitor.notify import AppriseNotifier, WordRenderer
from monitor.store import open_store

COMMAND = Path(sys.executable).with_name("goodname")
_MENTION = re.compile(r"goodname hits show (\d+)")
_PATIENCE_S = 120.0
_BETWEEN_S = 0.3
_QUIET_S = 8.0


class _NoVault:
    def chain_head(self) -> str:
        return "ab" * 32


@dataclass(slots=True)
class _Arrivals:
    """Note when each mention's alert arrived, by channel."""

    at: dict[tuple[str, int], float] = field(default_factory=dict)
    count: int = 0

    def call(self, body: bytes) -> int:
        self._note("webhook", json.loads(body).get("message", ""))
        return 200

    def mail(self, body: bytes) -> None:
        self.count += 1
        part = message_from_bytes(body, policy=default).get_body(("plain",))
        self._note("mail", part.get_content() if part else "")

    def _note(self, channel: str, text: str) -> None:
        now = time.time()
        for number in _MENTION.findall(text):
            self.at.setdefault((channel, int(number)), now)


def rate(channel: str, alerts: int, folder: Path) -> dict[str, float]:
    """Send this many alerts on one channel, by the outbox and by a naive loop; gives alerts a second."""
    taken: list[bytes] = []
    hook, post = serve_hook(lambda body: taken.append(body) or 200), serve_mail(taken.append)
    try:
        url = f"json://{hook.address}/hook"
        if channel == "mail":
            url = f"mailto://{post.address}/?from=a@one.example&to=b@two.example"
        seconds = asyncio.run(_by_outbox(url, alerts, folder / f"{channel}.db"))
        received = len(taken)
        send = _naive_mail(post.port) if channel == "mail" else _naive_call(hook.port)
        begun = time.perf_counter()
        for number in range(alerts):
            send(f"number-{number}@one.example")
        naive = time.perf_counter() - begun
    finally:
        hook.close()
        post.close()
    if received != alerts:
        raise SystemExit(f"{channel}: {received} of {alerts} alerts arrived")
    return {"alerts_per_s": round(alerts / seconds, 1), "naive_per_s": round(alerts / naive, 1)}


async def _by_outbox(url: str, alerts: int, path: Path) -> float:
    clock = SystemClock()
    with closing(open_store(f"sqlite:///{path}", clock=clock)) as store:
        for number in range(alerts):
            store.enqueue(Alert(kind=AlertKind.TEST, dedupe_key=f"test:{number}", created_at=clock.now()))
        office = deliver.Office(
            store=store,
            vault=_NoVault(),  # type: ignore[arg-type]  # nothing else of it is asked for
            notifier=AppriseNotifier([url], paced=False),
            renderer=WordRenderer(),
            clock=clock,
        )
        begun = time.perf_counter()
        sent = 0
        while sent < alerts:
            report = await deliver.run(office)
            if not report.sent:
                raise SystemExit(f"only {sent} of {alerts} alerts were taken")
            sent += report.sent
        seconds = time.perf_counter() - begun
        assert all(alert.status is AlertStatus.SENT for alert in store.alerts(limit=alerts))
    return seconds


def _words() -> tuple[str, str]:
    alert = Alert(kind=AlertKind.TEST, dedupe_key="test", created_at=SystemClock().now())
    message = WordRenderer().alert(alert, None, chain_head="ab" * 32)
    return message.text, message.html


def _naive_call(port: int) -> Callable[[str], None]:
    text, _ = _words()

    def send(message_id: str) -> None:
        body = json.dumps({"message_id": message_id, "message": text}).encode()
        urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", body), timeout=10).close()

    return send


def _naive_mail(port: int) -> Callable[[str], None]:
    text, html = _words()

    def send(message_id: str) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Message-ID"] = "a@one.example", "b@two.example", f"<{message_id}>"
        mail.set_content(text)
        mail.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", port, local_hostname="one.example", timeout=10) as client:
            client.send_message(mail)

    return send


def latency(mentions: int, folder: Path) -> dict[str, object]:
    """Publish mentions while the service runs; gives p50 and p99 from stored to arrived, in seconds, by channel."""
    arrivals = _Arrivals()
    hook, post = serve_hook(arrivals.call), serve_mail(arrivals.mail)
    world = World(folder)
    settings = write_configuration(Folder(folder), world, browser="off", every="1s")
    text = settings.read_text("utf-8").replace(world.mail.address, post.address)
    settings.write_text(text.replace(world.hook.address, hook.address), "utf-8")
    log = (folder / "service.log").open("wb")
    service = subprocess.Popen(
        [str(COMMAND), "--config", str(settings), "run"], stdout=log, stderr=log, env=dict(os.environ)
    )
    try:
        _publish(world, mentions)
        _wait(arrivals, mentions, service)
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait(60)
        log.close()
        world.close()
        hook.close()
        post.close()
    words = [str(COMMAND), "--config", str(settings), "hits", "list", "--json", "--limit", "10000"]
    listed = json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)
    stored = {hit["id"]: datetime.fromisoformat(hit["first_seen_at"]).timestamp() for hit in listed}
    waits: dict[str, list[float]] = {"webhook": [], "mail": []}
    for (channel, mention), at in arrivals.at.items():
        waits[channel].append(at - stored[mention])
    return {channel: _spread(found) for channel, found in waits.items()}


def _publish(world: World, mentions: int) -> None:
    for number in range(mentions):
        said = f"Alina Voss took deposits from patients and never treated them, it is said at table {number}."
        world.publish(Post(id=f"told-{number}", author="No Name", age_hours=0, title="Talk", text=said))
        time.sleep(_BETWEEN_S)


def _wait(arrivals: _Arrivals, mentions: int, service: subprocess.Popen[bytes]) -> None:
    """Wait until enough alerts for what was published have arrived on both channels, and no more come."""
    latest = time.monotonic() + _PATIENCE_S
    while time.monotonic() < latest:
        if service.poll() is not None:
            raise SystemExit("the service ended by itself")
        before = len(arrivals.at)
        time.sleep(_QUIET_S)
        if len(arrivals.at) == before >= 2 * mentions:
            return
    raise SystemExit(f"only {len(arrivals.at)} alerts arrived for {mentions} mentions")


def _spread(waits: list[float]) -> dict[str, float]:
    ordered = sorted(waits)
    at = [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.5, 0.99)]
    return {"alerts": len(ordered), "p50_s": round(at[0], 2), "p99_s": round(at[1], 2)}


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(description="Measure how fast alerts go out.")
    parser.add_argument("--alerts", type=int, default=1000)
    parser.add_argument("--mentions", type=int, default=60)
    parser.add_argument("--smoke", action="store_true", help="20 alerts and 5 mentions")
    given = parser.parse_args()
    alerts, mentions = (20, 5) if given.smoke else (given.alerts, given.mentions)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        rates = {channel: rate(channel, alerts, root) for channel in ("webhook", "mail")}
        waits = latency(mentions, root)
    print(json.dumps({"alerts": alerts, "rate": rates, "stored_to_arrived": waits}, indent=2))


if __name__ == "__main__":
    main()
