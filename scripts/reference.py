"""Write the generated pages of the documentation: every setting, command and error, from the code itself.

python scripts/reference.py            write docs/settings.md, docs/commands.md, docs/errors.md
python scripts/reference.py --check    write nothing; exit 1 and name the pages that are out of date
"""

from __future__ import annotations

import argparse
import inspect
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.main import get_command

from monitor import errors
from monitor.cli import app

ROOT = Path(__file__).resolve().parents[1]
NOTE = "<!-- Written by scripts/reference.py; change the code it comes from, then run: make reference -->"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


# --- settings --------------------------------------------------------------------------------------------------------


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference into the definitions; a node that may also be null is taken as the other thing it may be."""
    for option in node.get("anyOf", []):
        if option.get("type") != "null":
            return {**_resolve(schema, option), **{key: value for key, value in node.items() if key != "anyOf"}}
    if "$ref" in node:
        target = schema
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        return {**target, **node}
    return node


def settings_keys(schema: dict[str, Any], node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Walk a schema: every key with its path, such as `alerts.min_level`, a section before what it holds."""
    required = node.get("required", ())
    for name, raw in node.get("properties", {}).items():
        child = _resolve(schema, raw)
        key = f"{path}.{name}" if path else name
        yield key, {**child, "is_required": name in required}
        inner = _resolve(schema, child.get("items", {})) if child.get("type") == "array" else child
        yield from settings_keys(schema, inner, key)


def _is_section(node: dict[str, Any]) -> bool:
    return "properties" in node


def _default(node: dict[str, Any]) -> str:
    if node["is_required"]:
        return "required"
    value = node.get("default")
    return "" if value is None else f"`{json.dumps(value, ensure_ascii=False)}`"


def _settings_rows(schema: dict[str, Any], node: dict[str, Any]) -> list[tuple[str, ...]]:
    rows = []
    for key, found in settings_keys(schema, node):
        choices = found.get("enum", [])
        words = found.get("description", "")
        if not all(str(choice) in words for choice in choices):
            words += f" One of: {', '.join(map(str, choices))}."
        rows.append((f"**`[{key}]`**" if _is_section(found) else f"`{key}`", _default(found), words))
    return rows


def settings_page() -> str:
    """Write the page of every key of both files."""
    schema = json.loads((ROOT / "config" / "goodname.schema.json").read_text("utf-8"))
    watchlist = schema["$defs"]["watchlist.toml"]
    head = ("Key", "Default", "Meaning")
    return f"""{NOTE}
# Settings

Two files, both TOML. Every key that is not marked *required* may be left out. `goodname config check` names every
fault of both at once; `goodname config show --redacted` prints what is in force. How the files, the environment and
secret files go together: [operating](operating.md#configuration).

## goodname.toml

{_table(head, _settings_rows(schema, schema))}

`source` is a list: one `[[source]]` block for each. What `source.settings` may hold is the connector's own affair;
`goodname source list` shows the connectors.

## watchlist.toml

{_table(head, _settings_rows(schema, _resolve(schema, watchlist)))}

`subject` is a list (`[[subject]]`), and so is each subject's `statement` (`[[subject.statement]]`).
"""


# --- commands --------------------------------------------------------------------------------------------------------


def commands(command: Any, path: str = "goodname") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 # typer keeps the type to itself
    """Walk the commands: each with its full name; a group before what it holds."""
    for name, found in sorted(getattr(command, "commands", {}).items()):
        yield f"{path} {name}", found
        yield from commands(found, f"{path} {name}")


def _usage(path: str, command: Any) -> str:  # noqa: ANN401 # as above
    context = command.make_context(path, [], resilient_parsing=True)
    return " ".join([path, *command.collect_usage_pieces(context)])


def _option_rows(command: Any) -> list[tuple[str, ...]]:  # noqa: ANN401 # as above
    rows = []
    for parameter in command.params:
        if parameter.param_type_name == "option" and not getattr(parameter, "hidden", False):
            names = ", ".join(f"`{name}`" for name in [*parameter.opts, *parameter.secondary_opts])
            rows.append((names, parameter.help or ""))
    return rows


def _paragraphs(text: str) -> str:
    return inspect.cleandoc(text).replace("\f", "").strip()


def commands_page() -> str:
    """Write the page of every command."""
    root = get_command(app)
    parts = [
        f"""{NOTE}
# Commands

`goodname COMMAND --help` says the same. `--config FILE` before any command names the configuration. Exit codes are the
same everywhere: [operating](operating.md#exit-codes).
"""
    ]
    for path, command in commands(root):
        is_group = bool(getattr(command, "commands", {}))
        parts.append(f"{'##' if path.count(' ') == 1 else '###'} `{path}`\n\n{_paragraphs(command.help or '')}\n")
        if not is_group:
            parts.append(f"```\n{_usage(path, command)}\n```\n")
        rows = _option_rows(command)
        if rows:
            parts.append(_table(("Option", "Meaning"), rows) + "\n")
    return "\n".join(parts)


# --- errors ----------------------------------------------------------------------------------------------------------


def error_classes(root: type[errors.MonitorError] = errors.MonitorError) -> Iterator[type[errors.MonitorError]]:
    """Walk the error tree, a parent before its children, in the order in which they are written."""
    yield root
    for child in root.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from error_classes(child)


def errors_page() -> str:
    """Write the page of every error."""
    rows = []
    for kind in error_classes():
        depth = len(kind.__mro__) - len(errors.MonitorError.__mro__)
        meaning = inspect.cleandoc(kind.__doc__ or "").split("\n\n", maxsplit=1)[0]
        rows.append(("· " * depth + f"`{kind.__name__}`", meaning, kind.default_try))
    return f"""{NOTE}
# Errors

Every error that the program raises on purpose says **What** happened, **Why**, and one thing to **Try**. In the logs it
is named by its class. *Try* below is what is said where nothing better is known.

{_table(("Error", "Meaning", "Try"), rows)}

That a source holds nothing new, or that a text matches nothing, is an answer and never an error.
"""


def pages() -> dict[Path, str]:
    """Give every generated page by its place."""
    docs = ROOT / "docs"
    made = {"settings.md": settings_page(), "commands.md": commands_page(), "errors.md": errors_page()}
    return {docs / name: text for name, text in made.items()}


def main() -> int:
    """Write the pages, or compare them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    is_check = parser.parse_args().check
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text("utf-8") != text]
    for path in stale:
        if not is_check:
            path.write_text(pages()[path], "utf-8")
        print(f"{'out of date' if is_check else 'wrote'}: {path.relative_to(ROOT)}")
    return int(is_check and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
