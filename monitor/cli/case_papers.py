"""`goodname case letter|report|packet`: drafts, notices and the packet for counsel. Nothing is sent from here."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.case_group import CaseId, Facts, Mentions, facts_of, group
from monitor.cli.screen import AsJson, busy, say, say_json, say_table
from monitor.cli.session import login, with_app, write_file
from monitor.domain import PaperKind
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.cases.legal import Packet
    from monitor.domain import Paper
    from monitor.ports import Exported

_LONGEST_LETTER = 200_000

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Write it there: .pdf or .txt by its ending.")]


@group.command()
def letter(
    ctx: typer.Context,
    case_id: CaseId,
    kind: Annotated[
        PaperKind, typer.Option(help="What it asks for; `notice` is made by `goodname case report`.")
    ] = PaperKind.REMOVAL_REQUEST,
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="The poster, the site's owner, a webmaster.")] = "",
    sender: Annotated[str, typer.Option("--from", metavar="NAME", help="Who writes.")] = "",
    email: Annotated[str, typer.Option("--email", metavar="ADDRESS", help="Where the answer goes.")] = "",
    falsity: Annotated[str, typer.Option("--false", metavar="TEXT", help="What is not true about it.")] = "",
    letterhead: Annotated[Path | None, typer.Option(metavar="FILE", help="Plain text that stands on top.")] = None,
    mention: Mentions = None,
    out: Out = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Draft a letter; an edited one is kept with `goodname case revise`. The program sends nothing."""
    _require_ending(out, ".pdf", ".txt")
    head = _read(letterhead) if letterhead else ""

    async def work(app: App) -> tuple[Paper, tuple[str, ...]]:
        from monitor.cases.letters import Sender

        who = Sender(name=sender, email=email, letterhead=head)
        paper, missing = app.cases.draft_letter(
            case_id, kind, addressee=to, sender=who, inaccuracy=falsity, mention_ids=mention or ()
        )
        _write_letter(app, paper, out)
        return paper, missing

    paper, missing = with_app(ctx, work)
    _say_letter(paper, missing, out, as_json=as_json)


@group.command()
def revise(
    ctx: typer.Context,
    case_id: CaseId,
    draft: Annotated[int, typer.Argument(metavar="DRAFT", help="The draft, as `goodname case show` lists it.")],
    text: Annotated[Path, typer.Argument(metavar="FILE", help="The edited text.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who edited it.")] = "",
    out: Out = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep an edited text as a draft's next version; the older ones stay."""
    _require_ending(out, ".pdf", ".txt")
    edited = _read(text)

    async def work(app: App) -> Paper:
        paper = app.cases.revise(case_id, draft, edited, by=by)
        _write_letter(app, paper, out)
        return paper

    _say_letter(with_app(ctx, work), (), out, as_json=as_json)


def _say_letter(paper: Paper, missing: tuple[str, ...], out: Path | None, *, as_json: bool) -> None:
    if as_json:
        say_json({"paper": paper, "missing": missing, "out": str(out or "")})
        return
    say(f"Draft {paper.id}, version {paper.version}, to {paper.addressee}. Read it, change it, decide; it is not sent.")
    for gap in missing:
        say(f"Missing: {gap}")
    if out is None:
        say("", paper.body)
    else:
        say(f"Written to {out}.")


def _write_letter(app: App, paper: Paper, out: Path | None) -> None:
    if out is not None:
        is_pdf = out.suffix.lower() == ".pdf"
        write_file(out, app.cases.letter_pdf(paper).body if is_pdf else paper.body.encode("utf-8", "replace"))


def _require_ending(out: Path | None, *known: str) -> None:
    if out is not None and out.suffix.lower() not in known:
        raise InputError(
            f"{out.name} has an ending that is not known.",
            why=f"Known: {', '.join(known)}.",
            try_=f"Write --out {out.stem}{known[0]}.",
        )


def _read(path: Path) -> str:
    try:
        if path.stat().st_size > _LONGEST_LETTER:
            raise InputError(f"{path} is too long.", why=f"At most {_LONGEST_LETTER} bytes of plain text.")
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as plain text.", why=str(error), try_="Give a UTF-8 text file."
        ) from None


@group.command()
def report(
    ctx: typer.Context,
    case_id: CaseId,
    notice: Annotated[
        str, typer.Option(metavar="KIND", help="Such as eu-dsa-16; without it the kinds that may fit are listed.")
    ] = "",
    platform: Annotated[str, typer.Option(metavar="ID", help="Else it follows from the first exhibit's address.")] = "",
    mention: Mentions = None,
    fact: Facts = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write it there: .pdf, .txt or .json.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Fill a notice or report for a platform, and name each part that is missing. The program sends nothing."""
    if not notice:
        _list_notices(ctx, case_id, as_json=as_json)
        return
    _require_ending(out, ".pdf", ".txt", ".json")
    facts = facts_of(fact)

    async def work(app: App) -> tuple[dict[str, object], datetime]:
        from monitor.cases.printing import notice_facts

        if facts:
            app.cases.give_facts(case_id, facts)
        now = app.clock.now()
        filled, about = app.cases.fill_notice(case_id, notice, platform=platform, mention_ids=mention or ())
        return notice_facts(filled, about, case_id=case_id, at=now), now

    filled, now = with_app(ctx, work)
    if out is not None:
        _write_notice(filled, out, now)
    if as_json:
        say_json(filled)
    else:
        _say_notice(filled, out)


def _write_notice(filled: dict[str, object], out: Path, at: datetime) -> None:
    from monitor.cases.printing import notice_text, print_notice

    ending = out.suffix.lower()
    if ending == ".pdf":
        write_file(out, print_notice(filled, at).body)
    elif ending == ".json":
        write_file(out, json.dumps(filled, indent=2).encode())
    else:
        write_file(out, notice_text(filled).encode("utf-8", "replace"))


def _say_notice(filled: dict[str, object], out: Path | None) -> None:
    missing = filled["missing"]
    assert isinstance(missing, list)
    say(
        f"{filled['title']}, to {filled['to']}: "
        + (f"NOT complete, {len(missing)} missing." if missing else "complete.")
    )
    for label, rule, ask in missing:
        say(f"  missing: {label} ({rule}). {ask}")
    for row in filled["unverified"] if isinstance(filled["unverified"], list) else []:
        say(f"  not compared with its source yet: {row}")
    if filled["route"]:
        say(f"Route: {filled['route']}")
    if out is not None:
        say(f"Written to {out}.")
    say("Read it, decide, and send it yourself.")


def _list_notices(ctx: typer.Context, case_id: int, *, as_json: bool) -> None:
    async def work(app: App) -> list[list[str]]:
        desk = app.cases
        case = app.store.case(case_id)
        exhibits = desk.exhibits(case)
        platform = desk.registry.platform_of(exhibits[0].url) if exhibits else None
        kinds = desk.registry.notices_for(case.jurisdictions, platform)
        return [[one.id, one.title, "not checked" if one.unverified else str(one.checked_on)] for one in kinds]

    rows = with_app(ctx, work)
    if as_json:
        say_json([{"notice": row[0], "title": row[1], "checked": row[2]} for row in rows])
    else:
        say_table(["NOTICE", "TITLE", "CHECKED ON"], rows)
        say(f"Next: goodname case report {case_id} --notice {rows[0][0] if rows else 'platform-form'}")


@group.command()
def packet(
    ctx: typer.Context,
    case_id: CaseId,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="Write it there: .pdf alone, or .zip with the evidence."),
    ],
    counsel: Annotated[str, typer.Option(metavar="NAME", help="Who gets it; kept with the case.")] = "",
    fact: Facts = None,
    recipient: Annotated[
        str, typer.Option(metavar="AGE", help="Encrypt the ZIP for this age recipient; needs [encrypt].")
    ] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who hands it over, for the custody log.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Write the packet for counsel: what was observed, apart from what was told, with everything that is missing.

    A .zip holds the packet and the evidence export of the case's mentions: `goodname evidence verify FILE.zip`.
    """
    _require_ending(out, ".pdf", ".zip")
    if recipient and out.suffix.lower() != ".zip":
        raise InputError("Only a ZIP can be encrypted here.", try_=f"Write --out {out.stem}.zip.")
    facts = facts_of(fact)

    async def work(app: App) -> tuple[Packet, Exported | None]:
        if facts:
            app.cases.give_facts(case_id, facts)
        return await _write_packet(app, case_id, out, counsel=counsel, actor=by.strip() or login(), recipient=recipient)

    with busy("Putting the packet together…"):
        made, done = with_app(ctx, work)
    if as_json:
        say_json({"out": str(out), "incomplete": made.incomplete, "replaced": made.replaced, "export": done})
    else:
        _say_packet(made, done, out, is_encrypted=bool(recipient))


async def _write_packet(
    app: App, case_id: int, out: Path, *, counsel: str, actor: str, recipient: str
) -> tuple[Packet, Exported | None]:
    """Write the packet alone, or into a ZIP with what is kept of the case's mentions."""
    if out.suffix.lower() == ".pdf":
        made = app.cases.make_packet(case_id, counsel=counsel)
        write_file(out, made.body)
        return made, None
    packets: list[Packet] = []

    def print_packet() -> bytes:
        packets.append(app.cases.make_packet(case_id, counsel=counsel))
        return packets[0].body

    done = await app.evidence.export_case(case_id, print_packet, out, actor=actor, recipient=recipient)
    return packets[0], done


def _say_packet(made: Packet, done: Exported | None, out: Path, *, is_encrypted: bool) -> None:
    say(f"The packet is written to {out}.")
    if done is not None:
        say(f"  with {done.captures} captures; SHA-256 {done.sha256}")
        if not is_encrypted:
            say(f"  check it: goodname evidence verify {out} --head {done.chain_head}")
        for remark in done.remarks:
            say(f"  note: {remark}")
    for gap in made.incomplete:
        say(f"  incomplete: {gap}")
    if made.replaced:
        say(f"  written by number, since no font draws them: {', '.join(made.replaced)}")
