"""`goodname case sent|outcome|clock|hold`: the ledger of what a person sent, and the days that matter."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.case_group import Because, CaseId, Mentions, day_of, group
from monitor.cli.screen import AsJson, say, say_json, say_table
from monitor.cli.session import with_app
from monitor.domain import Action, ActionOutcome, Owner, Step
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.cases.registry import ClockRule
    from monitor.domain import CaseClock, Hold

Reference = Annotated[str, typer.Option("--reference", metavar="TEXT", help="What the addressee calls it.")]


@group.command()
def sent(
    ctx: typer.Context,
    case_id: CaseId,
    draft: Annotated[int, typer.Option(metavar="DRAFT", help="The letter you sent.")] = 0,
    notice: Annotated[str, typer.Option(metavar="KIND", help="The notice or report you sent.")] = "",
    to: Annotated[str, typer.Option("--to", metavar="WHO", help="To whom, for a notice or the packet.")] = "",
    packet: Annotated[bool, typer.Option("--packet", help="You handed the packet to counsel.")] = False,
    on: Annotated[str, typer.Option("--on", metavar="DATE", help="The day it was sent; else today.")] = "",
    mention: Mentions = None,
    reference: Reference = "",
    because: Because = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Record that you have sent something.

    While the case still rests, or where a complete copy is missing, this is refused unless you give your reason.
    """
    if (bool(draft), bool(notice), packet).count(True) != 1:
        raise InputError(
            "It is not said what was sent.", why="One of --draft, --notice and --packet.", try_="Add one of them."
        )
    day = day_of(on, "--on")

    step = Step.LETTER if draft else Step.REPORT if notice else Step.LEGAL
    sent_at = None if day is None else _start_of(day)

    async def work(app: App) -> Action:
        desk, title = app.cases, f"draft {draft}" if draft else notice or "packet"
        if notice:
            desk.registry.notice(notice)
        action = Action(
            case_id=case_id, step=step, title=title, made_at=app.clock.now(), addressee=to, notice=notice,
            paper_id=draft, mention_ids=tuple(mention or ()), reference=reference, sent_at=sent_at,
        )  # fmt: skip
        return desk.send(case_id, action, because=because)

    _say_sent(with_app(ctx, work), as_json=as_json)


def _say_sent(action: Action, *, as_json: bool) -> None:
    if as_json:
        say_json(action)
        return
    say(f"Kept as action {action.id}: {action.title} to {action.addressee or 'an addressee not named'}.")
    say(f"An answer may be expected by {action.reply_due_on}; `goodname case show {action.case_id}` says so too.")
    if action.reason:
        say(f"Kept with it: {action.reason}")


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(0, 0), tzinfo=UTC)


@group.command()
def outcome(
    ctx: typer.Context,
    case_id: CaseId,
    action: Annotated[int, typer.Argument(metavar="ACTION", help="As `goodname case show` lists it.")],
    word: Annotated[ActionOutcome, typer.Argument(help="What came of it.")],
    reference: Reference = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Record what came of something you sent."""

    async def work(app: App) -> Action:
        return app.cases.outcome(case_id, action, word, reference=reference)

    changed = with_app(ctx, work)
    if as_json:
        say_json(changed)
    else:
        say(f"Action {changed.id}: {changed.outcome.value.replace('_', ' ')}.")


@group.command()
def clock(
    ctx: typer.Context,
    case_id: CaseId,
    rule: Annotated[str, typer.Option(metavar="RULE", help="A rule of the registry, with --starts.")] = "",
    starts: Annotated[str, typer.Option(metavar="DATE", help="The day it starts, as YYYY-MM-DD.")] = "",
    due: Annotated[
        str, typer.Option(metavar="DATE", help="A day that you or counsel set outright, with --title.")
    ] = "",
    title: Annotated[str, typer.Option(metavar="TEXT", help="What is due on that day.")] = "",
    by: Annotated[Owner, typer.Option(help="Who confirms it; it is shown as theirs.")] = Owner.SELF,
    note: Annotated[str, typer.Option(metavar="TEXT", help="A remark.")] = "",
    *,
    as_json: AsJson = False,
) -> None:
    """Show the days that matter to a case, or set one. The program gives no advice: you or counsel confirm each."""
    starts_on, due_on = day_of(starts, "--starts"), day_of(due, "--due")
    if bool(rule) != bool(starts_on) or bool(due_on) != bool(title) or (rule and due_on):
        raise InputError(
            "A clock is set by a rule or by a day.",
            why="--rule goes with --starts, --due goes with --title.",
            try_=f'Run `goodname case clock {case_id} --due 2027-01-31 --title "Reply of the host"`.',
        )

    async def work(app: App) -> tuple[tuple[CaseClock, ...], tuple[ClockRule, ...]]:
        desk = app.cases
        if starts_on is not None:
            desk.set_clock(case_id, rule=rule, starts_on=starts_on, by=by, note=note)
        if due_on is not None:
            desk.set_day(case_id, title=title, due_on=due_on, by=by, note=note)
        return app.store.clocks(case_id), desk.registry.clocks_for(app.store.case(case_id).jurisdictions)

    clocks, known = with_app(ctx, work)
    if as_json:
        say_json({"clocks": clocks, "rules": [one.model_dump(mode="json") for one in known]})
    else:
        _say_clocks(clocks, known)


def _say_clocks(clocks: tuple[CaseClock, ...], known: tuple[ClockRule, ...]) -> None:
    if clocks:
        set_ones = [[one.due_on.isoformat(), one.title, one.set_by.value, one.note] for one in clocks]
        say_table(["DUE", "WHAT", "SET BY", "REMARK"], set_ones)
    say("Rules that may matter where this case plays; ask counsel which one does:")
    rows = [
        [one.id, one.length, one.starts, one.title, one.reference, "no" if one.unverified else str(one.checked_on)]
        for one in known
    ]
    say_table(["RULE", "LENGTH", "FROM", "WHAT", "SOURCE", "CHECKED"], rows)


@group.command()
def hold(
    ctx: typer.Context,
    case_id: CaseId,
    because: Because = "",
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who places or lifts it.")] = "",
    review: Annotated[str, typer.Option(metavar="DATE", help="When to look again; else in 180 days.")] = "",
    *,
    lift: Annotated[bool, typer.Option("--lift", help="Lift the hold.")] = False,
    as_json: AsJson = False,
) -> None:
    """Put a case on legal hold, so that nothing of it is deleted, or lift it."""
    review_on = day_of(review, "--review")

    async def work(app: App) -> Hold:
        if lift:
            return app.cases.lift_hold(case_id, by)
        return app.cases.place_hold(case_id, because, by, review_on=review_on)

    held = with_app(ctx, work)
    if as_json:
        say_json(held)
    elif held.lifted_at is not None:
        say(f"The hold on case {case_id} is lifted.")
    else:
        say(f"Case {case_id} is on hold; look again on {held.review_on}.")
