"""Put a case into words and JSON for the terminal; others' words only when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from monitor.cli.screen import count_in_words, say, say_facts, say_table, to_json

if TYPE_CHECKING:
    from monitor.cases.exhibits import CaseExhibit
    from monitor.cases.files import Overview

_MARKS = {"done": "x", "skipped": "-", "missing": " ", "later": "."}


def say_plan(overview: Overview) -> None:
    """Write the checklist and what to do next."""
    from monitor.cases.plan import next_items

    if overview.rests_until is not None:
        say(f"The case rests until {overview.rests_until:%Y-%m-%d %H:%M} UTC. Nothing has to be answered before.")
    say_table(
        ["", "STEP", "ITEM", "WHO", "BY", "WHAT"],
        [
            [
                f"[{_MARKS[item.state.value]}]",
                f"{item.step.number} {item.step.value}",
                item.id,
                item.owner.value,
                item.due_on.isoformat() if item.due_on else "",
                item.title + (f" (skipped: {item.reason})" if item.reason else ""),
            ]
            for item in overview.items
        ],
    )
    for item in next_items(overview.items):
        say(f"Next: {item.title}. {item.why}")
    say("You can leave the rest for later.")


def say_overview(overview: Overview, *, reveal: bool) -> None:
    """Write a case at a glance."""
    from monitor.cases.picture import summary

    case = overview.case
    say_facts(
        [
            ("Case", f"{case.id}: {case.title} ({case.status.value})"),
            ("About", f"{overview.subject.name} ({case.subject_id})"),
            ("Opened", f"{case.opened_at:%Y-%m-%d %H:%M} UTC"),
            ("Places", ", ".join(case.jurisdictions)),
            ("Counsel", case.counsel),
            ("Poster", case.poster.value.replace("_", " ")),
            ("On hold", "" if overview.hold is None or overview.hold.lifted_at else overview.hold.reason),
            ("Spread", summary(overview.spread)),
        ]
    )
    say_table(
        ["EXHIBIT", "MENTION", "SOURCE", "SAID", "COPY", "NOW", "NEEDED AS", *(["WORDS"] if reveal else [])],
        [_exhibit_row(overview, one, reveal=reveal) for one in overview.exhibits],
    )
    for row in overview.spread.rows:
        authors = count_in_words(row.authors, "account")
        what = row.statement_id or "no statement"
        say(f"{row.source}, {what}: {row.count} by {authors}, {row.first_on} to {row.last_on}")
    if overview.papers:
        say_table(
            ["DRAFT", "KIND", "VERSION", "TO", "SUBJECT"],
            [
                [str(one.id), one.kind.value, str(one.version), one.addressee, one.subject_line]
                for one in overview.papers
            ],
        )
    _say_ledger(overview)
    say(f"Next: goodname case plan {case.id}")


def _say_ledger(overview: Overview) -> None:
    sent = [one for one in overview.actions if one.sent_at is not None]
    if sent:
        say_table(
            ["ACTION", "STEP", "TO", "SENT", "REPLY DUE", "OUTCOME", "REFERENCE"],
            [
                [
                    str(one.id),
                    one.step.value,
                    one.addressee,
                    f"{one.sent_at:%Y-%m-%d}",
                    one.reply_due_on.isoformat() if one.reply_due_on else "",
                    one.outcome.value,
                    one.reference,
                ]
                for one in sent
            ],
        )
    for still in overview.still_up:
        days = count_in_words(still.days, "day")
        say(f"Still up {days} after it was sent: mention {still.mention_id} ({still.action.addressee})")
    for clock in overview.clocks:
        mark = "done" if clock.is_done else clock.due_on.isoformat()
        say(f"Clock, set by {clock.set_by.value}: {mark} {clock.title}" + (f" ({clock.note})" if clock.note else ""))


def _exhibit_row(overview: Overview, one: CaseExhibit, *, reveal: bool) -> list[str]:
    places = next((need.places for need in overview.needed if need.mention_id == one.mention_id), ())
    row = [
        one.label,
        str(one.mention_id),
        one.source,
        f"{one.said_at:%Y-%m-%d}",
        "none" if one.capture is None else one.capture.outcome.value,
        one.state.value if one.state else "not looked again",
        ", ".join(place.value for place in places) + (" (marked)" if one.is_marked else ""),
    ]
    return [*row, one.words] if reveal else row


def overview_json(overview: Overview, *, reveal: bool) -> dict[str, Any]:
    """Give a case as JSON values; others' words and names are null unless asked for."""
    told: dict[str, Any] = to_json(overview)
    if not reveal:
        for exhibit in told["exhibits"]:
            exhibit.update(dict.fromkeys(("words", "context", "title", "author", "author_url")))
        for paper in told["papers"]:
            paper["body"] = None
    return told
