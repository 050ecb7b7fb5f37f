"""The command itself: quick help, options before and behind the command, exit codes, errors in words."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperGroup

from monitor import __version__
from monitor.cli.commands import COMMANDS
from monitor.cli.faults import describe_unforeseen
from monitor.cli.group import Entry, LazyCommands
from monitor.cli.root import options_first
from tests.unit.cli.conftest import run

HEAVY = (
    "sqlalchemy alembic aiohttp apprise playwright feedparser pydantic pydantic_settings fastapi uvicorn rich "
    "apscheduler bs4 lxml rapidfuzz monitor.bootstrap monitor.store monitor.matching monitor.settings monitor.domain"
).split()


def python(code: str, *, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env={**os.environ, **(env or {})}
    )


def test_importing_the_command_line_loads_nothing_heavy():
    done = python(f"import sys, monitor.cli; print([name for name in {HEAVY} if name in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_help_loads_no_command():
    code = (
        "import sys\nsys.argv = ['goodname', '--help']\nimport monitor.cli\n"
        "try: monitor.cli.main()\nexcept SystemExit as end: assert end.code == 0, end.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
        "print(sorted(name for name in sys.modules if name.startswith('monitor.cli.')), file=sys.stderr)"
    )
    done = python(code)
    loaded, own = done.stderr.strip().splitlines()
    assert loaded == "[]"
    assert own == str(sorted(f"monitor.cli.{name}" for name in "commands faults group root screen session".split()))
    assert all(name in done.stdout for name in COMMANDS)


def test_help_is_quick():
    """The goal is 0.4 s on an idle machine; processor time is counted, so that a busy one does not matter so much."""
    spent = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "monitor.cli", "--help"], capture_output=True, check=True, timeout=60)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert min(spent) < 0.6


def test_the_list_says_what_each_command_says_of_itself(root):
    import inspect

    for name, entry in COMMANDS.items():
        command = root.commands[name]
        first = inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ")
        assert first.startswith(entry.summary.rstrip(".")), name
        assert command.name == name


def test_every_command_shows_its_help(root):
    for name in COMMANDS:
        command = root.commands[name]
        assert "Usage:" in run(name, "--help").stdout
        for child in getattr(command, "commands", {}):
            assert f"{name} {child}" in run(name, child, "-h").stdout


def test_every_option_and_argument_is_explained(root):
    def walk(command, path):
        for child in getattr(command, "commands", {}).values() if isinstance(command, TyperGroup) else ():
            yield from walk(child, [*path, child.name])
        for parameter in command.params:
            yield " ".join([*path, parameter.name]), parameter

    bare = [place for place, parameter in walk(root, []) if not getattr(parameter, "help", None)]
    assert bare == []


def test_every_command_that_prints_has_json(root):
    without = {
        "demo",
        "run",
        "worker",
        "match",
        "config schema",
        "config example",
        "digest preview",
        "source add",
        "person pause",
    }  # these print what is JSON or TOML or words already, or nothing
    found = set()
    for name in COMMANDS:
        command = root.commands[name]
        leaves = getattr(command, "commands", None)
        for path, leaf in ((f"{name} {key}", one) for key, one in leaves.items()) if leaves else ((name, command),):
            if not any("--json" in parameter.opts for parameter in leaf.params):
                found.add(path)
    assert found <= without


def test_version():
    assert run("--version").stdout == f"goodname {__version__}\n"


def test_no_command_shows_the_help_and_is_a_wrong_call():
    assert run(code=2).stdout == run("--help").stdout
    assert "Usage: " in run("hits", code=2).stdout


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("hit",), "No such command 'hit'. Did you mean 'hits'?"),
        (("hits", "lst"), "No such command 'lst'. Did you mean 'list'?"),
        (("hits", "list", "--levl", "likely"), "No such option: --levl"),
        (("hits", "show"), "Missing argument 'ID'"),
        (("hits", "show", "many"), "Invalid value for 'ID'"),
        (("hits", "list", "--level", "sure"), "Invalid value for '--level'"),
        (("hits", "list", "--limit", "0"), "Invalid value for '--limit'"),
        (("match",), "Missing option '--watchlist'"),
        (("add", "https://example.org"), "Missing option '--subject'"),
        (("once", "twice"), "Got unexpected extra argument"),
        (("notify", "test", "--with", "luck"), "Invalid value for '--with'"),
        (("source", "add", "a"), "Missing option '--connector'"),
        (("hits", "mark", "1", "nonsense"), "Invalid value for 'VERDICT'"),
        (("--config",), "Option '--config' requires an argument"),
    ],
)
def test_a_wrong_call_says_what_and_what_to_try(words, what):
    result = run(*words, code=2)
    assert result.stdout == ""
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"What: {what}")
    assert lines[-1].startswith("Try:  Run `")
    assert lines[-1].endswith("--help`.")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["run", "--config", "a.toml"], ["--config", "a.toml", "run"]),
        (["run", "--config=a.toml", "--debug"], ["--config=a.toml", "--debug", "run"]),
        (["try", "--", "--config"], ["try", "--", "--config"]),
        (["hits", "list", "--json"], ["hits", "list", "--json"]),
        (["run", "--config"], ["--config", "run"]),
    ],
)
def test_options_of_the_command_itself_may_stand_behind(given, meant):
    assert options_first(given) == meant


def test_config_may_stand_before_and_behind(home):
    assert run("--config", str(home.config), "person", "list").stdout == home.run("person", "list").stdout
    assert run("person", "list", "--config", str(home.config)).stdout == home.run("person", "list").stdout


def test_an_unforeseen_error_is_told_in_words_without_its_message(tmp_path):
    code = (
        "import sys, monitor.cli, monitor.cli.config as config\n"
        "def broken(*a): raise RuntimeError('password=hunter2-do-not-show')\n"
        "config.say = broken\n"
        "sys.argv = ['goodname', *ARGS, 'config', 'schema']\nmonitor.cli.main()"
    )
    done = python(code.replace("*ARGS, ", ""))
    assert done.returncode == 1
    assert done.stderr.startswith("What: Something went wrong that was not foreseen.")
    assert "RuntimeError at " in done.stderr
    assert "goodname --debug config schema" in done.stderr
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    traced = python(code.replace("*ARGS", "'--debug'"))
    assert traced.returncode == 1
    assert "Traceback" in traced.stderr
    assert "hunter2" not in traced.stderr


def test_the_place_of_an_unforeseen_error_is_ours():
    from monitor.cli.screen import to_json

    with pytest.raises(TypeError) as caught:
        to_json(object())
    fault = describe_unforeseen(caught.value, "goodname --debug")
    assert fault.why[0].startswith("TypeError at monitor/cli/screen.py line ")


def test_debug_shows_the_trace_of_a_known_error(tmp_path):
    result = run("--debug", "--config", str(tmp_path / "absent.toml"), "config", "show", code=2)
    assert "Traceback" in result.stderr
    assert "What: " in result.stderr


def test_ctrl_c_ends_with_130(home):
    code = (
        "import sys, monitor.cli, monitor.cli.config as config\n"
        "def stop(*a): raise KeyboardInterrupt\n"
        "config.say = stop\nsys.argv = ['goodname', 'config', 'schema']\nmonitor.cli.main()"
    )
    done = python(code)
    assert done.returncode == 130
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet():
    command = f"{sys.executable} -m monitor.cli config schema | head -c 10"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert len(done.stdout) == 10
    assert done.stderr == ""


def test_a_terminal_without_unicode_is_no_fault():
    done = python(
        "import sys, monitor.cli\nsys.argv = ['goodname', 'match', '--watchlist', '中文.toml']\nmonitor.cli.main()",
        env={"PYTHONIOENCODING": "latin-1"},
    )
    assert done.returncode == 2
    assert "\\u4e2d\\u6587.toml cannot be read." in done.stderr


def test_lazy_commands_behave_like_a_dictionary():
    loaded = []

    def load():
        loaded.append(1)
        return object()

    commands = LazyCommands({"a": Entry("Do a.", load), "b": Entry("Do b.", load)})
    assert list(commands) == ["a", "b"]
    assert len(commands) == 2
    assert not loaded
    assert commands["a"] is commands["a"]
    assert len(loaded) == 1
    assert commands.get("c") is None
    commands["c"] = "made"
    assert commands["c"] == "made"
    del commands["b"]
    assert list(commands) == ["a", "c"]


def test_the_entry_point_is_this_command(checkout: Path):
    import tomllib

    project = tomllib.loads((checkout / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["scripts"]["goodname"] == "monitor.cli:main"
