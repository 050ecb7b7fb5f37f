"""What reaches a terminal: nothing that could steer it, nothing that a markup language would read."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli import faults, screen
from monitor.cli.judged import veiled_reason
from monitor.domain import Level

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;new title\x07after", "after"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bP1$r secret\x1b\\x", "x"),
        ("\x9b2Jgone", "gone"),
        ("a\x1bcb", "ab"),
        ("a\rb", "ab"),
        ("a\nb\tc", "a b c"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("\u2066x\u2069\u200b", "x"),
        ("nul\x00 bell\x07 del\x7f", "nul bell del"),
        ("\ud800lone", "lone"),
        ("[bold]kept[/bold]", "[bold]kept[/bold]"),
        ("中文 😀 عربي", "中文 😀 عربي"),
        ("cut\x1b[", "cut"),
        ("cut\x1b]0;never ends", "cut"),
    ],
)
def test_printable(text, shown):
    assert screen.printable(text) == shown


@given(st.text())
def test_nothing_steering_is_left(text):
    shown = screen.printable(text + "\x1b[2J\x9b\u202e" + text)
    assert not any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u202a\u202b\u202d\u202e" for sign in shown)
    shown.encode("utf-8")


def test_printable_cuts_and_keeps_lines():
    assert screen.printable("abcdef", limit=4) == "abc…"
    assert screen.printable("abcd", limit=4) == "abcd"
    assert screen.printable_lines("a\x1b[1m\nb") == ["a", "b"]


def test_json_is_ascii_and_whole(capsys):
    screen.say_json({"text": "中\x1b[2J\x7f\u202e\ud800", "level": Level.LIKELY})
    out = capsys.readouterr().out
    assert out.isascii()
    assert "\x1b" not in out
    assert "\x7f" not in out
    assert json.loads(out) == {"text": "中\x1b[2J\x7f\u202e\ud800", "level": "likely"}


def test_values_become_json():
    @dataclass(frozen=True)
    class Sample:
        at: datetime
        every: timedelta
        place: Path
        raw: bytes = field(default=b"x", repr=False)

    shown = screen.to_json(Sample(NOW, timedelta(minutes=15), Path("/srv")))
    assert shown == {"at": "2026-11-22T08:00:00+00:00", "every": 900.0, "place": "/srv"}
    assert screen.to_json({"day": date(2026, 1, 2), 5: (1, None, {"a"})}) == {
        "day": "2026-01-02",
        "5": [1, None, ["a"]],
    }
    with pytest.raises(TypeError):
        screen.to_json(b"bytes")


def test_a_table_off_a_terminal_is_plain_and_uncut(capsys):
    screen.say_table(["A", "LONG"], [["1", "x" * 300], ["22", "[red]y[/]"]])
    assert capsys.readouterr().out.splitlines() == ["A   LONG", f"1   {'x' * 300}", "22  [red]y[/]"]


def test_a_table_on_a_terminal_reads_no_markup(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    screen.say_table(["A"], [["[red]x[/red] :smile:\x1b[2J"]])
    assert "[red]x[/red] :smile:" in terminal.getvalue()
    assert "\x1b[2J" not in terminal.getvalue()


def test_no_color_is_respected(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    shown = {}
    for wanted in ("", "1"):
        terminal = Terminal()
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("NO_COLOR", wanted)
        faults.show(faults.Fault(what="It [bold]broke[/].", why=("a", "b"), try_="Mend it."))
        shown[wanted] = terminal.getvalue()
        assert "It [bold]broke[/]." in shown[wanted]
        assert "2 faults:" in shown[wanted]
    assert "\x1b[" in shown[""]
    assert "\x1b[3" not in shown["1"]


def test_a_spinner_shows_on_a_terminal_only(monkeypatch):
    terminal, plain = Terminal(), io.StringIO()
    monkeypatch.setenv("TERM", "xterm-256color")
    for stream in (terminal, plain):
        monkeypatch.setattr(sys, "stderr", stream)
        with screen.busy("Working…"):
            pass
    assert "Working" in terminal.getvalue()
    assert plain.getvalue() == ""


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=5), "under a minute"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59), "59 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(days=-3), "3 days"),
    ],
)
def test_spans(span, words):
    assert screen.span_in_words(span) == words


def test_moments_are_local_and_say_how_long_ago():
    zone = ZoneInfo("Europe/Berlin")
    assert screen.moment_in_words(NOW - timedelta(minutes=5), NOW, zone) == "2026-11-22 08:55 CET (5 minutes ago)"
    assert screen.moment_in_words(NOW + timedelta(hours=1), NOW, zone) == "2026-11-22 10:00 CET (in 1 hour)"
    assert screen.moment_in_words(None, NOW, zone) == "never"


@pytest.mark.parametrize(
    ("count", "words"), [(5, "5 B"), (1500, "1.5 kB"), (2e9, "2.0 GB"), (3.5e12, "3.5 TB"), (9e15, "9000.0 TB")]
)
def test_sizes(count, words):
    assert screen.size_in_words(count) == words


def test_reasons_are_veiled_but_for_own_words():
    reason = "full name “FIRST LAST” found as “F1RST L4ST”"
    assert veiled_reason(reason, reveal=False, own=("FIRST LAST",)) == "full name “FIRST LAST” found as “…”"
    assert veiled_reason(reason, reveal=True) == reason
    assert veiled_reason("words that counted: stole, money", reveal=False) == "words that counted: …"
