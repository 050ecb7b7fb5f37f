"""Two common ways to tell of something once, killed like the service, to show what they lose.

`remember-then-send` notes an item as seen and then sends it; `memory-queue` notes it and hands it to a queue in
memory that a second thread empties. Both try each message three times and meet the same refusals as the service.
Each life ends within half a second of work; with longer lives both lose as much in each kill that hits their work.
Run as a program, this is one such process: `kill_designs.py DESIGN FOLDER WEBHOOK_PORT MAIL_PORT`.
"""

from __future__ import annotations

import json
import queue
import random
import smtplib
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path

DESIGNS = ("remember-then-send", "memory-queue")
_TRIES = 3
_ITEMS_PER_KILL = 2
_LATEST_KILL_S = 0.5
_DRAIN_S = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Loss:
    """Hold what one design lost and doubled, counted by channel and item."""

    design: str
    kills: int
    expected: int
    lost: int
    lost_share: float
    doubled: int


def lose(design: str, kills: int, seed: int, folder: Path) -> Loss:
    """Kill one design again and again, let the last process finish, and count."""
    from kill_sinks import CHANNELS, Sinks

    folder.mkdir(parents=True, exist_ok=True)
    chance, sinks = random.Random(seed), Sinks(seed + 1)
    words = [sys.executable, __file__, design, str(folder), str(sinks.hook.port), str(sinks.mail_port)]
    items = 0
    try:
        for _ in range(kills):
            items += _ITEMS_PER_KILL
            (folder / "items").write_text(str(items), "ascii")
            _live(words, chance.uniform(0.0, _LATEST_KILL_S))
        _live(words, _DRAIN_S)
    finally:
        sinks.close()
    expected = len(CHANNELS) * items
    lost = sinks.tally.missing(set(range(1, items + 1)))
    return Loss(
        design=design,
        kills=kills,
        expected=expected,
        lost=lost,
        lost_share=round(lost / expected, 3) if expected else 0.0,
        doubled=sinks.tally.doubled(),
    )


def _live(words: list[str], seconds: float) -> None:
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    process.stdout.readline()  # its work begins
    time.sleep(seconds)
    process.kill()
    process.communicate()


def _work(design: str, folder: Path, hook_port: int, mail_port: int) -> None:
    database = sqlite3.connect(folder / "seen.db", check_same_thread=False)
    database.execute("CREATE TABLE IF NOT EXISTS seen (item INTEGER PRIMARY KEY)")
    waiting: queue.Queue[int] = queue.Queue()

    def send(item: int) -> None:
        _with_tries(lambda: _call(hook_port, item))
        _with_tries(lambda: _mail(mail_port, item))

    def empty_queue() -> None:
        while True:
            send(waiting.get())

    print("ready", flush=True)
    if design == "memory-queue":
        threading.Thread(target=empty_queue, daemon=True).start()
    while True:
        for item in range(1, int((folder / "items").read_text("ascii") or 0) + 1):
            if database.execute("INSERT OR IGNORE INTO seen VALUES (?)", (item,)).rowcount:
                database.commit()
                waiting.put(item) if design == "memory-queue" else send(item)
        time.sleep(0.05)


def _with_tries(send: Callable[[], None]) -> None:
    for _ in range(_TRIES):
        try:
            return send()
        except (OSError, smtplib.SMTPException):
            time.sleep(0.05)
    return None


def _call(port: int, item: int) -> None:
    body = json.dumps({"message_id": f"match-{item}", "message": f"goodname hits show {item}"}).encode()
    urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{port}/", body), timeout=5).close()


def _mail(port: int, item: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = "a@one.example", "b@two.example", f"<match-{item}@one.example>"
    mail.set_content(f"goodname hits show {item}")
    with smtplib.SMTP("127.0.0.1", port, local_hostname="one.example", timeout=5) as client:
        client.send_message(mail)


if __name__ == "__main__":
    _work(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
