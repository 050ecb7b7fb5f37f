"""`goodname statement`: the statements that are false."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.group import command_group
from monitor.cli.previews import PreviewOnly, Reveal, show_preview
from monitor.cli.screen import AsJson, say, say_json, say_table
from monitor.cli.session import known_subject, with_app
from monitor.domain import Statement, StatementStatus, Subject
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App

group = command_group("Add, change or list the statements that are false.")


@group.callback()
def _statement() -> None:
    """Add, change or list the statements that are false."""


@group.command()
def add(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The false statement in one sentence, with the name.")],
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Whom it is about; not needed while only one is watched.")
    ] = "",
    id_: Annotated[str, typer.Option("--id", metavar="ID", help="A short name for it; else made here.")] = "",
    paraphrase: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Another wording you have seen; may repeat.")
    ] = None,
    language: Annotated[str, typer.Option(metavar="TAG", help="Language of the text, such as en.")] = "en",
    meaning: Annotated[str, typer.Option(metavar="TEXT", help="What it says about you, for counsel.")] = "",
    falsity: Annotated[
        str, typer.Option(metavar="TEXT", help="Why it is false, for counsel; it is never matched.")
    ] = "",
    seen_at: Annotated[str, typer.Option(metavar="URL", help="Where it was first seen.")] = "",
    *,
    preview: PreviewOnly = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Add a statement. Everything that is stored is looked at again, so that earlier repeats are found too.

    --preview shows what it would find in the last 30 days, and keeps nothing.
    """
    given = {
        "id": id_ or None,
        "text": text,
        "paraphrases": paraphrase or [],
        "language": language,
        "meaning": meaning,
        "falsity_note": falsity,
        "first_appearance_url": seen_at,
    }
    if preview:
        show_preview(ctx, lambda app, by: by.statement(_new(app, subject, given)), reveal=reveal, as_json=as_json)
        return
    _keep(ctx, "Added", lambda app: _new(app, subject, given), as_json=as_json)


@group.command()
def edit(
    ctx: typer.Context,
    id_: Annotated[str, typer.Argument(metavar="ID", help="The statement's id; see `goodname statement list`.")],
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Whom it is about; not needed while only one is watched.")
    ] = "",
    text: Annotated[str, typer.Option(metavar="TEXT", help="Change the sentence.")] = "",
    paraphrase: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Add another wording; may repeat.")
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option("--remove", metavar="TEXT", help="Take this wording out; may repeat.")
    ] = None,
    *,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="No longer look for it; what was found stays.")] = False,
    preview: PreviewOnly = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Change a statement. What is stored is looked at again; --preview shows what that would find."""
    if not (text or paraphrase or remove or withdraw):
        raise InputError("Nothing to change was given.", try_="Run `goodname statement edit --help`.")

    from monitor.bootstrap.entries import rechecked_statement

    def make(app: App) -> Statement:
        known = _known(app, subject, id_)
        gone = {one.casefold() for one in remove or ()}
        _must_be_worded(known, remove or [])
        kept = tuple(one for one in (*known.paraphrases, *(paraphrase or ())) if one.casefold() not in gone)
        status = StatementStatus.WITHDRAWN if withdraw else known.status
        return rechecked_statement(replace(known, text=text or known.text, paraphrases=kept, status=status))

    if preview:
        show_preview(ctx, lambda app, by: by.statement(make(app)), reveal=reveal, as_json=as_json)
    else:
        _keep(ctx, "Changed", make, as_json=as_json)


def _keep(ctx: typer.Context, done: str, make: Callable[[App], Statement], *, as_json: bool) -> None:
    async def keep(app: App) -> tuple[Statement, int]:
        statement = make(app)
        app.store.save_statement(statement)
        return statement, app.judge_again()

    statement, again = with_app(ctx, keep)
    if as_json:
        say_json(statement)
    else:
        say(f"{done} {statement.id} for {statement.subject_id}.")
        say(f"Stored mentions that will be looked at again at the next pass: {again}.")


def _known(app: App, subject_id: str, statement_id: str) -> Statement:
    """Give a statement that may be changed here; InputError for one that the watch list file would overwrite."""
    from monitor.bootstrap.entries import refuse_if_from_file

    subject = known_subject(app, subject_id) if subject_id else _only_one(app)
    known = {one.id: one for one in app.store.statements(subject.id, active_only=False)}
    if statement_id not in known:
        raise InputError(
            f"{subject.id} has no statement {statement_id!r}.",
            why=f"It has: {', '.join(sorted(known)) or 'none'}.",
            try_="Run `goodname statement list --all`.",
        )
    refuse_if_from_file(app.settings, subject.id, statement_id)
    return known[statement_id]


def _must_be_worded(known: Statement, removed: list[str]) -> None:
    wordings = {one.casefold() for one in known.paraphrases}
    unknown = [one for one in removed if one.casefold() not in wordings]
    if unknown:
        raise InputError(
            f"{known.id} has no other wording {unknown[0]!r} to remove.",
            why=f"It has {len(wordings)} besides its sentence.",
            try_="Run `goodname statement list --json`.",
        )


def _new(app: App, subject_id: str, given: dict[str, Any]) -> Statement:
    from monitor.bootstrap.entries import checked_statement, free_id

    subject = known_subject(app, subject_id) if subject_id else _only_one(app)
    taken = {statement.id for statement in app.store.statements(subject.id, active_only=False)}
    given["id"] = given["id"] or free_id(given["text"], taken, "statement")
    if given["id"] in taken:
        raise InputError(
            f"{subject.id} has a statement {given['id']!r} already.",
            why="Each statement needs its own id.",
            try_="Choose another --id; run `goodname statement list` to see them.",
        )
    return checked_statement(subject.id, given)


def _only_one(app: App) -> Subject:
    subjects = app.store.subjects()
    if len(subjects) == 1:
        return subjects[0]
    if not subjects:
        raise InputError(
            "There is nobody this statement could be about.",
            why="Nobody is watched yet.",
            try_='Run `goodname person add "FIRST LAST" --relation self --by "YOUR NAME"`.',
        )
    raise InputError(
        "It is not said whom this statement is about.",
        why=f"Watched: {', '.join(subject.id for subject in subjects[:20])}.",
        try_=f'Run `goodname statement add "…" --subject {subjects[0].id}`.',
    )


@group.command("list")
def list_statements(
    ctx: typer.Context,
    subject: Annotated[str, typer.Option(metavar="ID", help="Only this one's.")] = "",
    *,
    everything: Annotated[bool, typer.Option("--all", help="Also those that are withdrawn.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the statements."""

    async def read(app: App) -> tuple[Statement, ...]:
        if subject:
            known_subject(app, subject)
        return app.store.statements(subject, active_only=not everything)

    statements = with_app(ctx, read)
    if as_json:
        say_json(statements)
    elif not statements:
        say("No statement is listed yet; mentions are found, repeats are not.")
        say('Next: goodname statement add "the false statement, with the name in it"')
    else:
        rows = [
            [one.subject_id, one.id, one.status.value, str(1 + len(one.paraphrases)), one.text] for one in statements
        ]
        say_table(["SUBJECT", "ID", "STATUS", "WORDINGS", "TEXT"], rows)
