"""Every error ends as What / Why / Try with the right exit code."""

from __future__ import annotations

import inspect

import pytest

from monitor import errors
from monitor.cli import faults
from monitor.errors import ConfigError, InputError, MonitorError

KINDS = [
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, MonitorError)
]  # fmt: skip
CODES = {"AuthenticationFailed": 4, "ConfigError": 2, "InputError": 2, "PluginNotFound": 2}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_has_words_of_its_own_and_an_exit_code(kind, capsys):
    error = kind(why="a reason")
    assert faults.exit_code(error) == CODES.get(kind.__name__, 1)
    faults.show(faults.describe(error))
    shown = capsys.readouterr()
    assert shown.out == ""
    what, why, try_ = shown.err.splitlines()
    assert what == f"What: {inspect.getdoc(kind).splitlines()[0]}"
    assert why == "Why:  a reason"
    assert try_.startswith("Try:  ")
    assert len(try_) > 10


def test_one_reason_stands_on_the_line_and_several_are_listed(capsys):
    faults.show(faults.describe(ConfigError("It is wrong.", faults=("a",), try_="Mend it.")))
    assert capsys.readouterr().err == "What: It is wrong.\nWhy:  a\nTry:  Mend it.\n"
    faults.show(faults.describe(ConfigError("It is wrong.", faults=("a", "b"), try_="Mend it.")))
    assert capsys.readouterr().err.splitlines() == [
        "What: It is wrong.",
        "Why:  2 faults:",
        "      - a",
        "      - b",
        "Try:  Mend it.",
    ]


def test_others_words_in_an_error_cannot_steer_the_terminal(capsys):
    faults.show(faults.describe(InputError("a\x1b[2Jb\nc", why="[red]" + "x" * 5000)))
    shown = capsys.readouterr().err
    assert shown.startswith("What: ab c\nWhy:  [red]xxx")
    assert "\x1b" not in shown
    assert max(len(line) for line in shown.splitlines()) < 2100
