"""`goodname backup` and `goodname restore`: everything in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.screen import (
    AsJson,
    count_in_words,
    moving_bar,
    note,
    say,
    say_facts,
    say_json,
    size_in_words,
    to_json,
)
from monitor.cli.session import session_of
from monitor.errors import ConfigError

if TYPE_CHECKING:
    from monitor.bootstrap.backup import Contents
    from monitor.bootstrap.restore import Restored


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The new file, such as goodname.backup.")],
    recipient: Annotated[
        list[str] | None,
        typer.Option("--encrypt-for", metavar="KEY", help="A public age or SSH key; may be given several times."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Write everything into one new file, also while the service runs.

    Holds the database, the evidence and the configuration without its secrets, all of one moment. Without
    --encrypt-for everybody who has the file can read it. An interrupted backup leaves no file.
    """
    from monitor.bootstrap.backup import Wanted, write_backup
    from monitor.cli.without_secrets import added_without_secrets, files_without_secrets
    from monitor.clock import SystemClock
    from monitor.plugins import load_connectors

    session = session_of(ctx)
    settings = session.settings()
    catalogue = load_connectors()
    files, left_out = files_without_secrets(session.path(), catalogue)
    added, left_out_too = added_without_secrets(settings.data_dir, catalogue)
    wanted = Wanted(
        configuration={**files, **added}, left_out=(*left_out, *left_out_too), recipients=tuple(recipient or ())
    )
    with moving_bar("Writing the backup") as advance:
        contents = write_backup(settings, file, wanted, clock=SystemClock(), advance=advance)
    size = file.stat().st_size
    if as_json:
        say_json({"file": file, "size": size, "encrypted": bool(recipient), **_summary(contents)})
        return
    say(f"Written to {file}: {count_in_words(len(contents.files), 'file')}, {size_in_words(size)}.")
    say_facts([("Chain head", contents.chain_head), ("Left out", ", ".join(contents.left_out))])
    if settings.evidence.url:
        note("The evidence stays in the object store; keep copies of it by the bucket's own replication or versions.")
    if not recipient:
        note("Whoever has this file can read all of it. To encrypt it: --encrypt-for KEY.")


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `goodname backup` wrote.")],
    identity: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret age or SSH key of an encrypted backup.")
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where the data go, when that is outside the configuration's folder."),
    ] = None,
    *,
    force: Annotated[bool, typer.Option("--force", help="Move what is there aside; nothing is deleted.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a backup back into an empty place, after all of it was checked.

    Where a configuration is there, it stays as it is and says where the data go. Where none is, the one in the backup
    is written into the working directory, or to the file named by --config. Exit code 3 when the evidence in the
    backup does not verify.
    """
    from monitor.bootstrap.restore import Wish, restore_backup
    from monitor.clock import SystemClock

    wish = Wish(archive=file, settings_path=_settings_path(ctx), identity=identity, data_dir=data_dir, force=force)
    with moving_bar("Restoring") as advance:
        restored = restore_backup(wish, clock=SystemClock(), advance=advance)
    is_intact = restored.verification is None or restored.verification.is_intact
    if as_json:
        written = {"data_dir": restored.data_dir, "written": restored.written, "kept_aside": restored.kept_aside}
        say_json({"intact": is_intact, **written, **_summary(restored.contents)})
    else:
        _say(restored)
    if not is_intact:
        raise typer.Exit(faults.PARTLY_FAILED)


def _settings_path(ctx: typer.Context) -> Path:
    try:
        return session_of(ctx).path()
    except ConfigError:
        return Path("goodname.toml")


def _summary(contents: Contents) -> dict[str, object]:
    return {
        "made_at": contents.made_at,
        "version": contents.version,
        "engine": contents.engine,
        "files": len(contents.files),
        "chain_head": contents.chain_head,
        "left_out": to_json(contents.left_out),
    }


def _say(restored: Restored) -> None:
    contents, found = restored.contents, restored.verification
    say(f"Restored to {restored.data_dir}: {count_in_words(len(contents.files), 'file')} of {contents.made_at}.")
    if found is not None:
        state = "intact" if found.is_intact else f"NOT intact, {count_in_words(len(found.findings), 'fault')}"
        say(f"Evidence: {state}, {count_in_words(found.captures, 'capture')}.")
    say_facts(
        [
            ("Written", ", ".join(str(path) for path in restored.written)),
            ("Kept aside", str(restored.kept_aside or "")),
            ("Put back by hand", ", ".join(contents.left_out)),
        ]
    )
    say("", "Next: goodname config check")
