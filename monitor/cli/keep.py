"""`goodname add`: keep one page by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli import faults
from monitor.cli.screen import AsJson, busy, note, say_facts, say_json
from monitor.cli.session import known_subject, with_app

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Capture


def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="The page's address.")],
    subject: Annotated[str, typer.Option(metavar="ID", help="Whom it is about; see `goodname person list`.")],
    quote: Annotated[
        list[str] | None, typer.Option(metavar="WORDS", help="Words that must be in what is kept; may be repeated.")
    ] = None,
    *,
    again: Annotated[bool, typer.Option("--again", help="Keep it once more although it is known.")] = False,
    as_json: AsJson = False,
) -> None:
    """Keep one page by hand, now.

    Takes a picture, the page, its text and what the server answered, with hashes and a custody record. Exit code 0
    when all of it was kept, 3 when a part is missing, 1 when nothing could be kept. A page that was added before is
    not kept a second time unless --again is given: this says where it is.
    """
    from monitor.domain import CaptureOutcome

    async def keep(app: App) -> tuple[Capture, bool]:
        known_subject(app, subject)
        before = None if again else app.kept_by_hand(url, subject)
        return before or await app.keep_url(url, subject, quotes=tuple(quote or ())), before is not None

    with busy("Keeping the page…"):
        capture, is_known = with_app(ctx, keep)
    if is_known:
        note("This page was added before; what was kept then is shown. Add --again to keep it as it is now.")
    if as_json:
        say_json(capture)
    else:
        _say(capture, asked=bool(quote))
    codes = {CaptureOutcome.PARTIAL: faults.PARTLY_FAILED, CaptureOutcome.FAILED: faults.FAILED}
    raise typer.Exit(codes.get(capture.outcome, faults.OK))


def _say(capture: Capture, *, asked: bool) -> None:
    files = ", ".join(f"{artifact.role.value} ({artifact.path})" for artifact in capture.artifacts)
    say_facts(
        [
            ("Kept", capture.outcome.value),
            ("Mention", str(capture.mention_id)),
            ("Evidence", capture.id),
            ("SHA-256", capture.manifest_sha256),
            ("Words found", capture.completeness.value if asked else ""),
            ("Files", files),
            ("Missing", "; ".join(capture.incomplete)),
            ("Why", capture.failure),
            ("Next", f"goodname hits show {capture.mention_id}"),
        ]
    )
