"""`goodname person`: who is watched, and who asked for it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli.group import command_group
from monitor.cli.previews import PreviewOnly, Reveal, show_preview
from monitor.cli.screen import AsJson, count_in_words, say, say_json, say_table
from monitor.cli.session import known_subject, with_app
from monitor.cli.threshold import threshold
from monitor.domain import Relation, Subject, SubjectKind
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App

group = command_group("Add, list, edit or pause who is watched.")
group.command()(threshold)


@group.callback()
def _person() -> None:
    """Add, list, edit or pause who is watched."""


Id = Annotated[str, typer.Argument(metavar="ID", help="The entry's short name; see `goodname person list`.")]
NewId = Annotated[str, typer.Option("--id", metavar="ID", help="A short name for the entry; else made here.")]
RelationTo = Annotated[
    Relation | None, typer.Option("--relation", help="In which role you ask: for yourself, a client, your firm.")
]
By = Annotated[str, typer.Option("--by", metavar="NAME", help="Your own name: who asks for this watch.")]
Kind = Annotated[SubjectKind, typer.Option(help="A person or a firm; their names are matched by other rules.")]
Aliases = Annotated[list[str] | None, typer.Option("--alias", metavar="NAME", help="Another name in use; may repeat.")]
Handles = Annotated[list[str] | None, typer.Option("--handle", metavar="@NAME", help="An own account; may repeat.")]
ContextWords = Annotated[
    list[str] | None,
    typer.Option("--context", metavar="WORD", help="A word that tells this one from a namesake; may repeat."),
]
ExcludedWords = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="WORD", help="A word that means a namesake; may repeat.")
]
Languages = Annotated[
    list[str] | None, typer.Option("--language", metavar="TAG", help="A language to expect, such as en; may repeat.")
]
Removed = Annotated[
    list[str] | None,
    typer.Option("--remove", metavar="WORDS", help="Take this out of names, accounts and words; may repeat."),
]


@group.command()
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The full name of the person or firm.")],
    *,
    relation: RelationTo = None,
    by: By = "",
    reference: Annotated[str, typer.Option(metavar="WORDS", help="The client file's reference.")] = "",
    id_: NewId = "",
    kind: Kind = SubjectKind.PERSON,
    alias: Aliases = None,
    handle: Handles = None,
    context: ContextWords = None,
    exclude: ExcludedWords = None,
    language: Languages = None,
    client: Annotated[str, typer.Option(metavar="ID", help="The client this belongs to.")] = "",
    preview: PreviewOnly = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Add a person or firm to watch for. --relation and --by are required: a watch is asked for by somebody."""
    if relation is None or not by.strip():
        raise _no_attestation(name, relation, by)
    lists = {"aliases": alias, "handles": handle, "context_terms": context, "exclude_terms": exclude}
    given: dict[str, Any] = {key: words or [] for key, words in {**lists, "languages": language}.items()}
    given |= {"id": id_ or None, "name": name, "kind": kind, "client_id": client}
    given["attestation"] = {"relation": relation, "by": by, "reference": reference}
    if preview:
        show_preview(ctx, lambda app, by: by.subject(_new(app, given)), reveal=reveal, as_json=as_json)
        return
    subject, again = with_app(ctx, lambda app: _save(app, _new(app, given)))
    if as_json:
        say_json(subject)
        return
    say(f"Added {subject.name} as {subject.id}.", _again_in_words(again))
    say(f'Next: goodname statement add "the false statement, with the name in it" --subject {subject.id}')


def _no_attestation(name: str, relation: Relation | None, by: str) -> InputError:
    missing = [option for option, value in (("--relation", relation), ("--by", by.strip())) if not value]
    return InputError(
        f"{name} was not added: it is not said who asks for this watch.",
        why=f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing. "
        "Somebody is watched for only at their own wish, or their representative's.",
        try_=f'Run `goodname person add {shlex.quote(name)} --relation self --by "YOUR NAME"`.',
    )


def _new(app: App, given: dict[str, Any]) -> Subject:
    from monitor.bootstrap.entries import checked_subject, free_id

    taken = {subject.id for subject in app.store.subjects(active_only=False)}
    given["id"] = given["id"] or free_id(given["name"], taken, "subject")
    if given["id"] in taken:
        raise InputError(
            f"The id {given['id']!r} is taken.",
            why="Each entry needs its own.",
            try_=f"Run `goodname person edit {given['id']}`, or choose another --id.",
        )
    given["attestation"]["on"] = app.clock.now().date()
    return checked_subject(given)


async def _save(app: App, subject: Subject) -> tuple[Subject, int]:
    """Keep a subject, bring what is polled in line, and have everything that is stored judged again."""
    app.store.save_subject(subject)
    app.sync_targets()
    return subject, app.judge_again()


def _again_in_words(count: int) -> str:
    if not count:
        return "Nothing is stored yet, so nothing is looked at again."
    return f"{count_in_words(count, 'stored mention')} will be looked at again at the next pass."


@group.command("list")
def list_people(
    ctx: typer.Context,
    *,
    everyone: Annotated[bool, typer.Option("--all", help="Also those that are paused.")] = False,
    as_json: AsJson = False,
) -> None:
    """List who is watched."""

    async def read(app: App) -> tuple[tuple[Subject, ...], dict[str, int]]:
        subjects = app.store.subjects(active_only=not everyone)
        return subjects, {one.id: len(app.store.statements(one.id)) for one in subjects}

    subjects, counts = with_app(ctx, read)
    if as_json:
        from monitor.cli.screen import to_json

        say_json([{**to_json(one), "statements": counts[one.id]} for one in subjects])
    elif not subjects:
        say("Nobody is watched yet.", 'Next: goodname person add "FIRST LAST" --relation self --by "YOUR NAME"')
    else:
        headings = ["ID", "NAME", "KIND", "ALSO", "STATEMENTS", "STATE", "CLIENT"]
        say_table(headings, [_row(one, counts[one.id]) for one in subjects])


def _row(subject: Subject, statements: int) -> list[str]:
    also = ", ".join((*subject.aliases, *subject.handles))
    state = "watched" if subject.is_active else "paused"
    if subject.attestation is None:
        state = "not watched: nobody has asked for it"
    return [subject.id, subject.name, subject.kind.value, also, str(statements), state, subject.client_id]


@group.command()
def edit(
    ctx: typer.Context,
    id_: Id,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Change the name.")] = "",
    kind: Annotated[SubjectKind | None, typer.Option(help="Change the kind.")] = None,
    alias: Aliases = None,
    handle: Handles = None,
    context: ContextWords = None,
    exclude: ExcludedWords = None,
    remove: Removed = None,
    preview: PreviewOnly = False,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Change an entry. What is stored is looked at again with the new rules; --preview shows what that would find."""
    additions = {"aliases": alias, "handles": handle, "context_terms": context, "exclude_terms": exclude}
    if not (name or kind or remove or any(additions.values())):
        raise InputError("Nothing to change was given.", try_="Run `goodname person edit --help`.")
    changes = {"name": name, "kind": kind}

    def make(app: App) -> Subject:
        return _edited(_own(app, id_), {key: value for key, value in changes.items() if value}, additions, remove or [])

    if preview:
        show_preview(ctx, lambda app, by: by.subject(make(app)), reveal=reveal, as_json=as_json)
        return
    subject, again = with_app(ctx, lambda app: _save(app, make(app)))
    if as_json:
        say_json(subject)
    else:
        say(f"Changed {subject.id}.", _again_in_words(again))


def _edited(
    subject: Subject, changes: dict[str, Any], additions: dict[str, list[str] | None], removed: list[str]
) -> Subject:
    """Change a subject: fields replaced, words added to lists and taken out of them; InputError for a wrong result."""
    _must_be_known(subject, removed)
    dropped = {word.casefold() for word in removed}
    for field, words in additions.items():
        changes[field] = _changed(getattr(subject, field), words or [], dropped)
    return _rechecked(replace(subject, **changes))


def _changed(known: tuple[str, ...], added: list[str], dropped: set[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in (*known, *added) if word.casefold() not in dropped))


def _must_be_known(subject: Subject, removed: list[str]) -> None:
    words = (*subject.aliases, *subject.handles, *subject.context_terms, *subject.exclude_terms)
    known = {word.casefold() for word in words}
    unknown = [word for word in removed if word.casefold() not in known]
    if unknown:
        raise InputError(
            f"{subject.id} has no {', '.join(repr(word) for word in unknown)} to remove.",
            why=f"It has: {', '.join(words) or 'none'}.",
            try_="Run `goodname person list --all --json`.",
        )


def _rechecked(subject: Subject) -> Subject:
    from monitor.bootstrap.entries import checked_subject
    from monitor.cli.screen import to_json

    given = {key: value for key, value in to_json(subject).items() if key != "is_active"}
    if subject.attestation is None:
        raise _no_attestation(subject.name, None, "")
    return replace(checked_subject(given), is_active=subject.is_active)


@group.command()
def pause(
    ctx: typer.Context,
    id_: Id,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Watch again.")] = False,
) -> None:
    """Stop watching for one entry until it is resumed. What was found and kept stays."""

    async def change(app: App) -> Subject:
        subject = replace(_own(app, id_), is_active=resume)
        app.store.save_subject(subject)
        app.sync_targets()
        if resume:
            app.judge_again()
        return subject

    subject = with_app(ctx, change)
    say(f"{subject.id} is {'watched again' if resume else 'paused; nothing that was kept is touched'}.")


def _own(app: App, subject_id: str) -> Subject:
    """Give a subject that may be changed here; InputError for one that the watch list file would overwrite."""
    from monitor.bootstrap.entries import refuse_if_from_file

    subject = known_subject(app, subject_id)
    refuse_if_from_file(app.settings, subject_id)
    return subject
