"""`goodname statement`: the statements that are false."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.group import command_group
from monitor.cli.person import free_id
from monitor.cli.screen import AsJson, say, say_json, say_table
from monitor.cli.session import known_subject, with_app
from monitor.domain import Statement, Subject
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App

group = command_group("Add or list the statements that are false.")


@group.callback()
def _statement() -> None:
    """Add or list the statements that are false."""


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
    as_json: AsJson = False,
) -> None:
    """Add a statement. Everything that is stored is looked at again, so that earlier repeats are found too."""
    given = {
        "id": id_ or None,
        "text": text,
        "paraphrases": paraphrase or [],
        "language": language,
        "meaning": meaning,
        "falsity_note": falsity,
        "first_appearance_url": seen_at,
    }
    statement, again = with_app(ctx, lambda app: _add(app, subject, given))
    if as_json:
        say_json(statement)
    else:
        say(f"Added {statement.id} for {statement.subject_id}.")
        say(f"Stored mentions that will be looked at again at the next pass: {again}.")


async def _add(app: App, subject_id: str, given: dict[str, Any]) -> tuple[Statement, int]:
    subject = known_subject(app, subject_id) if subject_id else _only_one(app)
    taken = {statement.id for statement in app.store.statements(subject.id, active_only=False)}
    given["id"] = given["id"] or free_id(given["text"], taken, "statement")
    if given["id"] in taken:
        raise InputError(
            f"{subject.id} has a statement {given['id']!r} already.",
            why="Each statement needs its own id.",
            try_="Choose another --id; run `goodname statement list` to see them.",
        )
    statement = _checked(subject, given)
    app.store.save_statement(statement)
    return statement, app.judge_again()


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


def _checked(subject: Subject, given: dict[str, Any]) -> Statement:
    from pydantic import ValidationError

    from monitor.settings.watchlist import StatementEntry
    from monitor.text.faults import describe_faults

    try:
        entry = StatementEntry.model_validate(given)
    except ValidationError as error:
        found = describe_faults([dict(one) for one in error.errors()], StatementEntry.model_json_schema())
        raise InputError("This statement cannot be kept like this.", why="; ".join(found)) from None
    return Statement(
        id=entry.id,
        subject_id=subject.id,
        text=entry.text,
        paraphrases=entry.paraphrases,
        language=entry.language,
        meaning=entry.meaning,
        first_appearance_url=entry.first_appearance_url,
        falsity_note=entry.falsity_note,
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
