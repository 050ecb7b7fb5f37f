"""Undocumented means failing: every setting, command, connector and error stands in the documentation."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from monitor import errors
from monitor.cli import app
from monitor.contract import ENTRY_POINT_GROUP


@pytest.fixture(scope="module")
def documentation(checkout: Path) -> str:
    """Give all pages as one text; what stands in code marks counts as named."""
    pages = [path for path in sorted((checkout / "docs").rglob("*.md")) if "_build" not in path.parts]
    return "\n".join(path.read_text("utf-8") for path in pages)


def _missing(names: list[str], documentation: str) -> list[str]:
    assert names
    marked = set(re.findall(r"`([^`\n]+)`", documentation))
    return [name for name in names if name not in marked and f"[{name}]" not in marked]


def _keys(schema: dict[str, Any], node: dict[str, Any], path: str) -> Iterator[str]:
    for option in node.get("anyOf", []):
        yield from _keys(schema, option, path)
    if "$ref" in node:
        target: Any = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        yield from _keys(schema, target, path)
    yield from _keys(schema, node["items"], path) if "items" in node else ()
    for name, child in node.get("properties", {}).items():
        key = f"{path}.{name}" if path else name
        yield key
        yield from _keys(schema, child, key)


def test_every_setting_is_documented(documentation: str, checkout: Path) -> None:
    schema = json.loads((checkout / "config" / "goodname.schema.json").read_text("utf-8"))
    keys = list(_keys(schema, schema, "")) + list(_keys(schema, schema["$defs"]["watchlist.toml"], ""))
    assert len(keys) > 30
    assert _missing(keys, documentation) == []


def _commands(command: Any, path: str) -> Iterator[str]:
    for name, found in command.commands.items():
        yield f"{path} {name}"
        if hasattr(found, "commands"):
            yield from _commands(found, f"{path} {name}")


def test_every_command_is_documented(documentation: str) -> None:
    names = list(_commands(get_command(app), "goodname"))
    assert len(names) > 20
    assert _missing(names, documentation) == []


def test_every_connector_is_documented(documentation: str) -> None:
    names = [point.name for point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)]
    assert _missing(names, documentation) == []


def _tree(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for child in root.__subclasses__():
        yield from _tree(child)


def test_every_error_is_documented(documentation: str) -> None:
    names = [kind.__name__ for kind in _tree(errors.MonitorError) if kind.__module__ == errors.__name__]
    assert len(names) > 20
    assert _missing(names, documentation) == []


def test_every_error_stands_in_the_drawing() -> None:
    drawing = errors.__doc__ or ""
    names = [kind.__name__ for kind in _tree(errors.MonitorError) if kind.__module__ == errors.__name__]
    assert [name for name in names if not re.search(rf"\b{name}\b", drawing)] == []


def test_what_is_missing_is_seen(documentation: str) -> None:
    assert _missing(["data_dir", "no_such_key"], documentation) == ["no_such_key"]


def test_the_generated_pages_are_current(checkout: Path) -> None:
    """When this fails: make reference."""
    command = [sys.executable, "scripts/reference.py", "--check"]
    result = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_decisions_are_numbered_and_say_why(checkout: Path) -> None:
    pages = sorted((checkout / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in pages]
    assert len(numbers) == len(set(numbers))
    for path in pages:
        text = path.read_text("utf-8")
        assert re.match(rf"# {path.name[:4]} \S", text), path.name
        assert "**Decided.**" in text, path.name
        assert "**Why.**" in text, path.name
