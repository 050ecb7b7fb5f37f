"""`goodname evidence export`: hand evidence over in a form that anybody can check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.screen import AsJson, busy, note, say_facts, say_json, size_in_words
from monitor.cli.session import login, with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.ports import Exported

Client = Annotated[
    str | None, typer.Option("--client", metavar="ID", help="Export what is kept for one client, and no other's.")
]


def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option("--out", metavar="FILE.zip", help="Where to write it.")],
    mention: Annotated[int, typer.Option("--mention", metavar="ID", help="Export what is kept of one mention.")] = 0,
    subject: Annotated[str, typer.Option("--subject", metavar="ID", help="Export what is kept about one person.")] = "",
    client: Client = None,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Export everything that is kept.")] = False,
    recipient: Annotated[
        str, typer.Option(metavar="AGE", help="Encrypt it for this age recipient, such as age1…; needs [encrypt].")
    ] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who exports it, for the custody log; else your login.")] = "",
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write one ZIP for counsel: captures, custody log, time stamps, a report as PDF, and a program that checks it all.

    It is laid out as a bag, so `sha256sum -c` works. Every file's hash is computed anew on the way. The custody log is
    included, so that its chain can be followed; unless you export everything, its records about other evidence show
    their hashes alone. With --subject and --client, what was judged about another client's people and copies that were
    made for them stay out, also where one post names both.
    """
    _check(out, force=force, chosen=sum((bool(mention), bool(subject), client is not None, everything)))

    async def work(app: App) -> Exported:
        return await app.evidence.export(
            out,
            mention_id=mention,
            subject_id=subject,
            client_id=client,
            actor=by or login(),
            recipient=recipient,
        )

    with busy("Gathering the evidence, and checking it on the way…"):
        done = with_app(ctx, work)
    if as_json:
        say_json(done)
    else:
        _say(done, is_encrypted=bool(recipient))


def _check(out: Path, *, force: bool, chosen: int) -> None:
    if chosen != 1:
        raise InputError(
            "What is to be exported?", try_="Give one of --mention ID, --subject ID, --client ID or --all."
        )
    if out.exists() and not force:
        raise InputError(f"{out} is there already.", try_="Choose another name, or add --force.")
    if not out.parent.is_dir():
        raise InputError(f"There is no folder {out.parent}.", try_="Make it first, or choose another place.")


def _say(done: Exported, *, is_encrypted: bool) -> None:
    say_facts(
        [
            ("Written", str(done.path)),
            ("Size", size_in_words(done.size)),
            ("SHA-256", done.sha256),
            ("Captures", str(done.captures)),
            ("Files", str(done.files)),
            ("Report", "report.pdf" if done.has_report else "report.json only"),
            ("Chain head", done.chain_head),
            ("Check it", f"goodname evidence verify {done.path} --head {done.chain_head}" if not is_encrypted else ""),
        ]
    )
    for remark in done.remarks:
        note(f"Note: {remark}")
