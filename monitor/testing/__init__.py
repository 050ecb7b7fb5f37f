"""For tests, ours and those of connector authors: fakes that keep the contracts, and builders with sane defaults.

There is no fake database: tests use a real SQLite file in a temporary folder.
"""

from monitor.testing.builders import (
    NOW,
    make_decision,
    make_item,
    make_judgement,
    make_match,
    make_mention,
    make_observed,
    make_statement,
    make_subject,
    seal_words,
)
from monitor.testing.fakes import FakeCapturer, FakeClock, FakeNotifier
from monitor.testing.http import Asked, FakeHttp, answer, collect, context
from monitor.testing.serving import LoopbackServer, Received, reply

__all__ = [
    "NOW",
    "Asked",
    "FakeCapturer",
    "FakeClock",
    "FakeHttp",
    "FakeNotifier",
    "LoopbackServer",
    "Received",
    "answer",
    "collect",
    "context",
    "make_decision",
    "make_item",
    "make_judgement",
    "make_match",
    "make_mention",
    "make_observed",
    "make_statement",
    "make_subject",
    "reply",
    "seal_words",
]
