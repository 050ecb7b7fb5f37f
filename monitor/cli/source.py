"""`goodname source`: list, add and test sources."""

from __future__ import annotations

import os
import shutil
import tempfile
import tomllib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.screen import AsJson, busy, note, say, say_facts, say_json, say_table
from monitor.cli.session import Session, session_of, with_app
from monitor.cli.toml import write_toml
from monitor.errors import ConfigError, InputError, why_of

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.contract import Health
    from monitor.domain import SourceHealth
    from monitor.plugins import Catalogue

group = command_group("List, add or test sources.")


@group.callback()
def _source() -> None:
    """List, add or test sources."""


@group.command("list")
def list_sources(
    ctx: typer.Context,
    *,
    as_json: AsJson = False,
) -> None:
    """List the configured sources, and the connectors that are installed. Works without a configuration too."""
    from monitor.plugins import load_connectors

    sources = with_app(ctx, _read_sources) if _has_config(session_of(ctx)) else []
    connectors, broken = _connectors(load_connectors())
    if as_json:
        say_json({"sources": sources, "connectors": connectors, "broken_connectors": broken})
        return
    if sources:
        shown = ("name", "connector", "every", "state", "breaker", "failures", "why")
        live = {one["name"] for one in connectors if "stream" in str(one["capabilities"])}
        told = [{**source, "every": "live"} if source["connector"] in live else source for source in sources]
        rows = [[str(source[key]) for key in shown] for source in told]
        say_table(["SOURCE", "CONNECTOR", "EVERY", "STATE", "BREAKER", "FAILURES", "WHY"], rows)
    else:
        say("No source is configured yet.")
    say("")
    keys = ("name", "access", "cost", "needs_credentials", "tested", "package")
    rows = [[_plain(connector[key]) for key in keys] for connector in connectors]
    say_table(["CONNECTOR", "BY", "COST", "CREDENTIALS", "TESTED ON", "PACKAGE"], rows)
    for plugin in broken:
        note(f"Broken connector: {plugin['name']} of {plugin['package']}: {plugin['why']}")


def _plain(value: object) -> str:
    return {True: "needed", False: "none"}[value] if isinstance(value, bool) else str(value)


def _has_config(session: Session) -> bool:
    try:
        path = session.path()
    except ConfigError:
        return False
    return path.exists() or session.config is not None


async def _read_sources(app: App) -> list[dict[str, object]]:
    from monitor.settings import format_duration

    now = app.clock.now()
    health = {one.source: one for one in app.store.health()}
    listed: list[dict[str, object]] = []
    for entry in app.settings.source:
        seen = health.get(entry.name)
        broken = app.broken_sources.get(entry.name)
        listed.append(
            {
                "name": entry.name,
                "connector": entry.connector,
                "every": format_duration(entry.every),
                "state": "unusable" if broken else seen.state.value if seen else "unchecked",
                "why": str(broken) if broken else seen.last_error if seen else "",
                **_breaker(seen, now),
            }
        )
    return listed


def _connectors(catalogue: Catalogue) -> tuple[list[dict[str, object]], list[dict[str, str]]]:
    usable: list[dict[str, object]] = [
        {
            "name": entry.name,
            "title": entry.spec.title,
            "access": entry.spec.access.value,
            "cost": entry.spec.cost,
            "needs_credentials": entry.spec.needs_credentials,
            "tested": entry.spec.tested.value,
            "capabilities": sorted(one.value for one in entry.spec.capabilities),
            "terms": entry.spec.terms,
            "terms_url": entry.spec.terms_url,
            "backfill_days": entry.spec.backfill_days,
            "may_link_authors": entry.spec.may_link_authors,
            "contract_version": entry.spec.contract_version,
            "settings": sorted(entry.spec.settings.model_fields),
            "package": f"{entry.distribution} {entry.version}",
        }
        for entry in catalogue.connectors.values()
    ]
    broken = [
        {"name": one.name, "package": f"{one.distribution} {one.version}", "why": str(one.error)}
        for one in catalogue.broken
    ]
    return usable, broken


@group.command("test")
def try_source(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source's name in the configuration.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Try a source's credentials and one cheap call; nothing is stored. Shows how its polls stand, too.

    A source that asked to be left alone is not asked before that moment.
    Exit code 0 when it answers as it should, 4 when it wants other credentials, else 1.
    """
    from monitor.domain import HealthState

    with busy(f"Trying {name}…"):
        health, polls = with_app(ctx, lambda app: _try(app, name))
    if as_json:
        told = {"state": health.state, "what": health.what, "why": health.why, "try": health.try_}
        say_json({"source": name, **told, **polls})
    elif health.state is HealthState.OK:
        say(f"{name} answers as it should. {health.what}".rstrip())
        if polls["failures"]:
            say_facts(_facts(polls))
    else:
        say_facts([("Source", name), ("State", health.state.value), *_facts(polls)])
        faults.show(
            faults.Fault(
                what=health.what or f"{name} cannot be read as it should be.",
                why=(health.why,) if health.why else (),
                try_=health.try_ or "Run `goodname status`.",
            )
        )
    codes = {HealthState.OK: faults.OK, HealthState.AUTH: faults.NEEDS_CREDENTIALS}
    raise typer.Exit(codes.get(health.state, faults.FAILED))


async def _try(app: App, name: str) -> tuple[Health, dict[str, object]]:
    health = await app.test_source(name)
    seen = {one.source: one for one in app.store.health()}.get(name)
    return health, _breaker(seen, app.clock.now())


def _breaker(seen: SourceHealth | None, now: datetime) -> dict[str, object]:
    """Say how the polls of a source stand, apart from what it answers at this moment."""
    return {
        "breaker": seen.breaker(now) if seen else "closed",
        "failures": seen.failures if seen else 0,
        "last_good_at": seen.last_good_at if seen else None,
        "next_attempt_at": seen.next_due_at if seen else None,
        "not_before": seen.not_before if seen else None,
    }


def _facts(polls: dict[str, object]) -> list[tuple[str, str]]:
    facts = [("Breaker", f"{polls['breaker']}, failures in a row: {polls['failures']}")]
    moments = (("Last good check", polls["last_good_at"]), ("Next attempt", polls["next_attempt_at"]))
    return facts + [(name, f"{at:%Y-%m-%d %H:%M} UTC") for name, at in moments if isinstance(at, datetime)]


@group.command()
def record(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source's name in the configuration.")],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the recording goes; JSON.")],
    pages: Annotated[int, typer.Option(min=1, max=50, help="How many pages to read at most.")] = 3,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep what a source answers now, with secrets masked, to test its connector with; nothing else is stored.

    Others' words stand in the recording: look it over before you share it. When the answer is no longer what the
    connector understands, this says so and nothing is written.
    """
    from monitor.bootstrap.record import record_source
    from monitor.cli.session import write_file

    with busy(f"Reading {name}…"):
        recording, items = with_app(ctx, lambda app: record_source(app, name, pages=pages))
    write_file(out, recording.dumps().encode("utf-8"))
    exchanges = len(recording.exchanges)
    if as_json:
        say_json({"source": name, "out": str(out), "exchanges": exchanges, "items": items})
        return
    say(f"Kept {exchanges} answers with {items} items in {out}. Secrets are masked; others' words are not.")
    if not exchanges:
        say("This connector does not ask over the program's own client, so there is nothing to replay.")


@group.command()
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Your name for it; shown in alerts.")],
    *,
    connector: Annotated[str, typer.Option(metavar="NAME", help="What reads it; see `goodname source list`.")],
    every: Annotated[str, typer.Option(metavar="SPAN", help="How often it is polled.")] = "15m",
    setting: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="KEY=VALUE",
            help="One of the connector's settings; may repeat. KEY_file names a secret's file.",
        ),
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Append the block to the configuration file.")] = False,
) -> None:
    """Make a [[source]] block: printed to paste, or appended to the file with --write.

    With --write the whole configuration is checked first; when the block brings a fault, the file stays as it is.
    """
    block = {
        "name": name,
        "connector": connector,
        "every": every,
        "settings": dict(_key_and_value(one) for one in setting or ()),
    }
    text = write_toml({"source": [block]})
    if write:
        path = session_of(ctx).path()
        append_blocks(path, [block])
        say(f"Added {name} to {path}.", f"Next: goodname source test {name}")
        return
    _check_alone(block)
    say(text.rstrip("\n"))
    note("Paste this into goodname.toml, or run it again with --write.")


def _key_and_value(given: str) -> tuple[str, Any]:
    key, found, value = given.partition("=")
    if not found or not key.strip():
        raise InputError(
            f"--set {given!r} is no setting.",
            why="A setting is written KEY=VALUE.",
            try_="Write --set url=https://example.org/feed.xml.",
        )
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key.strip(), value


def _check_alone(block: dict[str, Any]) -> None:
    """Check a block by the models; settings whose secret stands in a file are checked when the file is read."""
    from monitor.bootstrap.entries import checked_source
    from monitor.plugins import build, load_connectors

    checked = checked_source(block)
    catalogue = load_connectors()
    if checked.connector not in catalogue.connectors or not any(key.endswith("_file") for key in checked.settings):
        build(catalogue, checked.connector, checked.settings, checked.name)


def append_blocks(path: Path, blocks: Sequence[dict[str, Any]]) -> None:
    """Append [[source]] blocks after a check of the whole; the new file stands there completely, or the old one does.

    Raises ConfigError when a block brings a fault, InputError when the file cannot be changed.
    """
    from monitor.bootstrap import check_config

    text = write_toml({"source": list(blocks)})
    path = path.resolve()
    before = set(check_config(path).faults)
    try:
        old = path.read_text("utf-8")
        candidate = _beside(path, f"{old.rstrip()}\n\n{text}")
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        new = [fault for fault in check_config(candidate).faults if fault not in before]
        if new:
            raise ConfigError(
                f"Nothing was added to {path}.",
                faults=tuple(new),
                try_="Mend what is named and run it again; without --write the block is only printed.",
            )
        os.replace(candidate, path)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        candidate.unlink(missing_ok=True)


def _beside(path: Path, text: str) -> Path:
    number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(number, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    shutil.copymode(path, name)
    return Path(name)


def _unwritable(path: Path, error: OSError) -> InputError:
    return InputError(
        f"{path} cannot be changed.",
        why=why_of(error),
        try_="Run it without --write and paste the block yourself.",
    )
