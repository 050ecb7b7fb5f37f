"""Take webhook calls and mails for the kill benchmark, refuse many of them, and remember what arrived where."""

from __future__ import annotations

import asyncio
import email
import json
import logging
import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from email.policy import default

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from monitor.demo.serving import Server, free_port, serve_hook

CHANNELS = ("webhook", "mail")
_MENTION = re.compile(r"goodname hits show (\d+)")
_MOST_REFUSALS = 2
"""No message is refused more often than this by a channel; each refusal doubles the wait for the next try."""

_SLOW_S = 1.0
_TEMPORARY, _SLOW, _ABORTED = 0.15, 0.06, 0.015
"""Shares of mails that are answered 451, answered 421 after a while, and taken but never acknowledged."""


@dataclass(slots=True)
class Tally:
    """Count what arrived by (channel, mention); what was taken and not acknowledged has arrived, too."""

    arrived: Counter[tuple[str, int]] = field(default_factory=Counter)
    calls: int = 0
    refused: int = 0
    aborted: int = 0
    _refusals: Counter[tuple[str, str]] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def may_refuse(self, channel: str, message_id: str) -> bool:
        """Count a call, and tell whether its message was not refused too often yet."""
        with self._lock:
            self.calls += 1
            return self._refusals[channel, message_id] < _MOST_REFUSALS

    def refuse(self, channel: str, message_id: str) -> None:
        """Count a refusal."""
        with self._lock:
            self.refused += 1
            self._refusals[channel, message_id] += 1

    def take(self, channel: str, message_id: str, text: str, *, acknowledged: bool = True) -> None:
        """Count a message that has arrived; summaries and other notices name mentions too and do not count."""
        with self._lock:
            self.aborted += not acknowledged
            if not acknowledged:
                self._refusals[channel, message_id] += _MOST_REFUSALS
            if message_id.startswith("match-"):
                self.arrived.update((channel, int(number)) for number in _MENTION.findall(text))

    def on_every_channel(self) -> set[int]:
        """Give the mentions that have arrived on both channels."""
        with self._lock:
            each = [{mention for (name, mention) in self.arrived if name == channel} for channel in CHANNELS]
        return set.intersection(*each)

    def missing(self, expected: set[int]) -> int:
        """Count the pairs of channel and mention that have not arrived."""
        with self._lock:
            return sum((channel, mention) not in self.arrived for channel in CHANNELS for mention in expected)

    def doubled(self) -> int:
        """Count the arrivals beyond the first of each pair."""
        with self._lock:
            return sum(count - 1 for count in self.arrived.values())


class Sinks:
    """Run a webhook that answers 503 to a third of all calls, and a mail server with three kinds of faults."""

    def __init__(self, seed: int) -> None:
        self.tally = Tally()
        self._chance = random.Random(seed)
        self.hook: Server = serve_hook(self._call)
        self._handler = _Mails(self.tally, random.Random(seed + 1))
        self.mail_port = free_port()
        self._mail = Controller(self._handler, hostname="127.0.0.1", port=self.mail_port)
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._mail.start()

    def close(self) -> None:
        """Stop both."""
        self._mail.stop()
        self.hook.close()

    def _call(self, body: bytes) -> int:
        told = json.loads(body)
        message_id = str(told["message_id"])
        if self.tally.may_refuse("webhook", message_id) and self._chance.random() < 1 / 3:
            self.tally.refuse("webhook", message_id)
            return 503
        self.tally.take("webhook", message_id, told["message"])
        return 200


class _Mails:
    """Answer each mail: 250, 451, a late 421, or nothing at all after taking it."""

    def __init__(self, tally: Tally, chance: random.Random) -> None:
        self._tally = tally
        self._chance = chance

    async def handle_DATA(  # noqa: N802 - the server's own name for it
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        mail = email.message_from_bytes(bytes(envelope.content or b""), policy=default)
        message_id = str(mail["Message-ID"]).strip("<>")
        body = mail.get_body(("plain",))
        text = body.get_content() if body else ""
        drawn = self._chance.random()
        if not self._tally.may_refuse("mail", message_id):
            drawn = 1.0
        if drawn < _TEMPORARY:
            self._tally.refuse("mail", message_id)
            return "451 4.3.0 try again later"
        if drawn < _TEMPORARY + _SLOW:
            self._tally.refuse("mail", message_id)
            await asyncio.sleep(_SLOW_S)
            return "421 4.3.2 closing"
        is_aborted = drawn < _TEMPORARY + _SLOW + _ABORTED
        self._tally.take("mail", message_id, text, acknowledged=not is_aborted)
        if is_aborted and server.transport is not None:
            server.transport.abort()
        return "250 2.0.0 kept"
