"""`goodname case`: the six steps, from a plan to a packet for counsel. The program prepares; a person decides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.case_group import Because, CaseId, Mentions, day_of, group
from monitor.cli.screen import AsJson, count_in_words, say, say_facts, say_json, say_table
from monitor.cli.session import with_app
from monitor.domain import ActionOutcome, Confidence, Owner, PosterState
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.cases.files import Overview
    from monitor.cases.leads import Suggestions
    from monitor.domain import Case, Lead


@group.command()
def new(
    ctx: typer.Context,
    title: Annotated[str, typer.Argument(metavar="TITLE", help="A short name for it, for you.")],
    subject: Annotated[
        str, typer.Option(metavar="ID", help="Whom it is about; not needed while only one is watched.")
    ] = "",
    mention: Mentions = None,
    place: Annotated[
        list[str] | None,
        typer.Option(metavar="CODE", help="Where law may matter, such as US-CA, EU or GB-EAW; may repeat."),
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Open a case. What has no complete copy yet is asked for; nothing is sent to anybody."""

    async def work(app: App) -> Case:
        return app.cases.open(
            subject or _only_subject(app), title, jurisdictions=place or (), mention_ids=mention or ()
        )

    opened = with_app(ctx, work)
    if as_json:
        say_json(opened)
        return
    say(f"Case {opened.id} is open, with {count_in_words(len(opened.mention_ids), 'mention')}.")
    say("Nothing has been sent to anybody, and nothing will be unless you send it. Let a day pass first.")
    say(f"Next: goodname case plan {opened.id}")


def _only_subject(app: App) -> str:
    subjects = app.store.subjects()
    if len(subjects) == 1:
        return subjects[0].id
    raise InputError(
        "It is not said whom this case is about.",
        why=f"Watched: {', '.join(one.id for one in subjects[:20]) or 'nobody yet'}.",
        try_='Run `goodname case new "TITLE" --subject ID`.',
    )


@group.command("list")
def list_cases(
    ctx: typer.Context,
    subject: Annotated[str, typer.Option(metavar="ID", help="Only this one's.")] = "",
    client: Annotated[str, typer.Option(metavar="ID", help="Only this client's.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """List cases, newest first."""

    async def work(app: App) -> tuple[tuple[Case, ...], dict[str, str]]:
        clients = {one.id: one.client_id for one in app.store.subjects(active_only=False)}
        return app.store.cases(subject_id=subject, client_id=client or None), clients

    cases, clients = with_app(ctx, work)
    if as_json:
        say_json(cases)
    elif not cases:
        say("There is no case yet.")
        say('Next: goodname hits mark ID confirmed, then goodname case new "TITLE" --mention ID')
    else:
        rows = [
            [
                str(one.id),
                one.status.value,
                f"{one.opened_at:%Y-%m-%d}",
                one.subject_id,
                clients.get(one.subject_id, ""),
                str(len(one.mention_ids)),
                one.title,
            ]
            for one in cases
        ]
        say_table(["ID", "STATUS", "OPENED", "SUBJECT", "CLIENT", "MENTIONS", "TITLE"], rows)


@group.command()
def show(
    ctx: typer.Context,
    case_id: CaseId,
    *,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show others' words and names too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show a case at a glance; others' words and names stay hidden unless you ask for them."""
    overview = with_app(ctx, lambda app: _overview(app, case_id))
    if as_json:
        from monitor.cli.case_words import overview_json

        say_json(overview_json(overview, reveal=reveal))
    else:
        from monitor.cli.case_words import say_overview

        say_overview(overview, reveal=reveal)


async def _overview(app: App, case_id: int) -> Overview:
    return app.cases.overview(case_id)


@group.command()
def add(ctx: typer.Context, case_id: CaseId, mention: Mentions = None, *, as_json: AsJson = False) -> None:
    """Add confirmed mentions to a case."""
    if not mention:
        raise InputError("It is not said what to add.", try_=f"Run `goodname case add {case_id} --mention ID`.")

    async def work(app: App) -> Case:
        return app.cases.add(case_id, mention)

    case = with_app(ctx, work)
    if as_json:
        say_json(case)
    else:
        say(f"Case {case.id} holds {count_in_words(len(case.mention_ids), 'mention')}.")


@group.command()
def worst(
    ctx: typer.Context,
    case_id: CaseId,
    mention: Mentions = None,
    *,
    no_longer: Annotated[bool, typer.Option("--no-longer", help="Take the mark away again.")] = False,
    as_json: AsJson = False,
) -> None:
    """Mark the mentions that trouble you most; they come first in the minimum set of evidence.

    Without marks the nearest repeats count as the most concerning ones.
    """

    async def work(app: App) -> Case:
        return app.cases.mark_worst(case_id, mention or (), is_worst=not no_longer)

    case = with_app(ctx, work)
    if as_json:
        say_json(case)
    elif case.worst_ids:
        say(f"Marked in case {case.id}: {', '.join(f'mention {one}' for one in case.worst_ids)}.")
    else:
        say(f"Nothing is marked in case {case.id}; the nearest repeats count as the most concerning ones.")


@group.command()
def plan(
    ctx: typer.Context,
    case_id: CaseId,
    done: Annotated[str, typer.Option(metavar="ITEM", help="Say that this is done.")] = "",
    skip: Annotated[str, typer.Option(metavar="ITEM", help="Leave this out, with --because.")] = "",
    again: Annotated[str, typer.Option("--open", metavar="ITEM", help="Say that this is still to do.")] = "",
    because: Because = "",
    owner: Annotated[Owner | None, typer.Option(help="Who does it.")] = None,
    due: Annotated[str, typer.Option(metavar="DATE", help="By when, as YYYY-MM-DD.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show the checklist of a case, or say of one item that it is done, skipped or open."""
    asked = [
        (item, outcome)
        for item, outcome in (
            (done, ActionOutcome.DONE),
            (skip, ActionOutcome.SKIPPED),
            (again, ActionOutcome.OPEN),
        )
        if item
    ]
    due_on = day_of(due, "--due")
    if not asked and (because or owner or due):
        raise InputError(
            "It is not said which item this is about.", try_="Add --done ITEM, --skip ITEM or --open ITEM."
        )

    async def work(app: App) -> Overview:
        for item, outcome in asked:
            app.cases.tick(case_id, item, outcome, because=because, owner=owner, due_on=due_on)
        return app.cases.overview(case_id)

    overview = with_app(ctx, work)
    if as_json:
        say_json(overview.items)
    else:
        from monitor.cli.case_words import say_plan

        say_plan(overview)


@group.command()
def identify(
    ctx: typer.Context,
    case_id: CaseId,
    lead: Annotated[str, typer.Option(metavar="TEXT", help="Keep a supposition of yours, with --basis and --by.")] = "",
    basis: Annotated[str, typer.Option(metavar="TEXT", help="What it rests on.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Whose supposition it is.")] = "",
    confidence: Annotated[Confidence, typer.Option(help="How strong you hold it to be.")] = Confidence.WEAK,
    poster: Annotated[PosterState | None, typer.Option(help="Your decision whether the poster can be named.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what the collected mentions have in common, and keep leads. Nothing is looked up, nothing is merged."""

    async def work(app: App) -> tuple[Case, tuple[Lead, ...], Suggestions]:
        if lead or basis:
            app.cases.add_lead(case_id, lead, basis, confidence, by)
        if poster is not None:
            app.cases.set_poster(case_id, poster)
        return app.store.case(case_id), app.store.leads(case_id), app.cases.suggestions(case_id)

    case, leads, suggestions = with_app(ctx, work)
    if as_json:
        found, left_out = suggestions.found, suggestions.left_out
        say_json({"poster": case.poster.value, "leads": leads, "suggestions": found, "left_out": left_out})
        return
    say_facts([("Poster", case.poster.value.replace("_", " "))])
    _say_suggestions(suggestions)
    if leads:
        rows = [[one.value, one.basis, one.confidence.value, one.entered_by] for one in leads]
        say_table(["LEAD", "RESTS ON", "HELD TO BE", "BY"], rows)


def _say_suggestions(suggestions: Suggestions) -> None:
    if suggestions.found:
        say("What collected mentions have in common; it may mean nothing:")
        rows = [
            [
                one.basis.value,
                one.value,
                ", ".join(map(str, one.mention_ids)),
                "; ".join(one.accounts),
                one.confidence.value,
            ]
            for one in suggestions.found
        ]
        say_table(["WHAT", "VALUE", "MENTIONS", "ACCOUNTS", "WEIGHT"], rows)
    else:
        say("The collected mentions have nothing in common that can be seen.")
    if suggestions.left_out:
        left_out = ", ".join(suggestions.left_out)
        say(f"Not compared, because the terms forbid it or the source is not set up: {left_out}")


@group.command()
def close(ctx: typer.Context, case_id: CaseId, because: Because = "", *, as_json: AsJson = False) -> None:
    """Close a case; everything it holds stays."""

    async def work(app: App) -> Case:
        return app.cases.close(case_id, because)

    case = with_app(ctx, work)
    if as_json:
        say_json(case)
    else:
        say(f"Case {case.id} is closed. Nothing was deleted.")
