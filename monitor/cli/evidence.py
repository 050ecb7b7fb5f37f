"""`goodname evidence`: check what is kept, and hand it over."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.group import command_group
from monitor.cli.handing_over import export
from monitor.cli.later import diff, recheck, wayback
from monitor.cli.previews import counting
from monitor.cli.removal import copies, hold, holds, redact
from monitor.cli.screen import AsJson, count_in_words, say, say_json, say_table, to_json
from monitor.cli.session import session_of
from monitor.errors import EvidenceError, InputError, why_of

if TYPE_CHECKING:
    from monitor.ports import Verification

group = command_group("Check the evidence that is kept, and hand it over.")
group.command()(export)
group.command()(recheck)
group.command()(diff)
group.command()(wayback)
group.command()(hold)
group.command()(holds)
group.command()(copies)
group.command()(redact)

UNCONFIRMED = 2
CANNOT_RUN = 3
_MOST_SHOWN = 200


@group.callback()
def _evidence() -> None:
    """Check the evidence that is kept, and hand it over."""


@group.command()
def verify(
    ctx: typer.Context,
    path: Annotated[
        Path | None, typer.Argument(metavar="[PATH]", help="The evidence folder, one capture in it, or an export.")
    ] = None,
    head: Annotated[
        str, typer.Option(metavar="HASH", help="A chain head from an alert or summary, kept outside this machine.")
    ] = "",
    certificates: Annotated[
        Path | None,
        typer.Option(metavar="PEM", help="Certificates of the time stamp authorities, from outside; else the pinned."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Check every kept file, manifest and custody record, or an export; changes nothing.

    Works without configuration and database when PATH is given. Exit code 0 intact; 1 something is altered, missing
    or was put in from outside; 2 intact, but nothing from outside vouches for it: no --head was given, or a time stamp
    is still missing; 3 the check could not be made.
    """
    found = _check(ctx, path, head, certificates)
    if found.captures > found.stamped and not head:
        remark = "no chain head from outside was given (--head), so a log that was rewritten as a whole is not seen"
        found = replace(found, pending=(*found.pending, remark))
    if as_json:
        say_json({"intact": found.is_intact, **to_json(found)})
    else:
        _say(found.captures, found.files, [(one.capture_id, one.path, one.problem) for one in found.findings])
        for remark in found.pending:
            say(f"Not confirmed: {remark}")
        for note in found.notes:
            say(f"To compare: {note}")
        say(f"Chain head: {found.chain_head or 'none yet'}")
    if not found.is_intact:
        raise typer.Exit(faults.FAILED)
    raise typer.Exit(UNCONFIRMED if found.pending else faults.OK)


def _check(ctx: typer.Context, path: Path | None, head: str, certificates: Path | None) -> Verification:
    try:
        folder, pinned = path, _read(certificates) if certificates else b""
        from monitor.bootstrap import pinned_certificates, verify_evidence, verify_objects

        if folder is None:
            settings = session_of(ctx).settings()
            folder, pinned = settings.data_dir / "evidence", pinned or pinned_certificates(settings)
            if settings.evidence.url:
                with counting("Checking the evidence") as advance:
                    return verify_objects(settings, head, pinned=pinned, progress=advance)
        _must_exist(folder)
        with counting("Checking the evidence") as advance:
            return verify_evidence(folder, head, pinned=pinned, progress=advance)
    except (EvidenceError, InputError) as error:
        faults.show(faults.describe(error))
    raise typer.Exit(CANNOT_RUN)


def _read(certificates: Path) -> bytes:
    try:
        return certificates.read_bytes()
    except OSError as error:
        raise InputError(f"{certificates} cannot be read.", why=why_of(error)) from None


def _must_exist(folder: Path) -> None:
    with suppress(OSError):  # why it cannot be looked at, the check itself says
        if not folder.exists():
            raise EvidenceError(
                f"There is no evidence at {folder}.",
                why="The folder does not exist.",
                try_="Give the folder's path, or run `goodname once` to keep something first.",
            )


def _say(captures: int, files: int, findings: list[tuple[str, str, str]]) -> None:
    kept = f"{count_in_words(captures, 'capture')} with {count_in_words(files, 'file')}"
    if not findings:
        say(f"Intact: {kept}.")
        return
    say(f"NOT intact: {kept}; {count_in_words(len(findings), 'fault')}.")
    say_table(
        ["CAPTURE", "FILE", "FAULT"], [[capture or "-", path, why] for capture, path, why in findings[:_MOST_SHOWN]]
    )
    if len(findings) > _MOST_SHOWN:
        say(f"and {len(findings) - _MOST_SHOWN} more; --json lists all.")
