"""`goodname hits`: list, show and mark what was found."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor.cli.group import command_group
from monitor.cli.judged import VEIL, veiled_reason
from monitor.cli.screen import AsJson, moment_in_words, printable_lines, say, say_facts, say_json, say_table
from monitor.cli.session import known_subject, with_app
from monitor.domain import Level
from monitor.errors import InputError
from monitor.ports import HitFilter

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Capture, Hit, Mention, Observation, Review

group = command_group("List, show or mark what was found.")


class Verdict(StrEnum):
    """Say what a person decided, spelled as on a command line."""

    CONFIRMED = "confirmed"
    NOT_ABOUT_SUBJECT = "not-about-subject"
    NOT_HARMFUL = "not-harmful"
    LATER = "later"


Limit = Annotated[int, typer.Option(min=1, max=10_000, help="At most this many.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show others' words, which are veiled otherwise.")]


@group.callback()
def _hits() -> None:
    """List, show or mark what was found."""


@group.command("list")
def list_hits(
    ctx: typer.Context,
    *,
    subject: Annotated[str, typer.Option(metavar="ID", help="Only about this person or firm.")] = "",
    client: Annotated[str, typer.Option(metavar="ID", help="Only this client's.")] = "",
    level: Annotated[Level, typer.Option(help="This level and above.")] = Level.NONE,
    since: Annotated[str, typer.Option(metavar="WHEN", help="First seen since: 7d, 12h, or 2026-11-22 (UTC).")] = "",
    until: Annotated[str, typer.Option(metavar="WHEN", help="First seen before.")] = "",
    text: Annotated[str, typer.Option(metavar="WORDS", help="Only where these words occur.")] = "",
    unreviewed: Annotated[bool, typer.Option("--unreviewed", help="Only what nobody has marked yet.")] = False,
    limit: Limit = 100,
    offset: Annotated[int, typer.Option(min=0, help="Leave out this many of the newest.")] = 0,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """List mentions of who is watched, newest first."""

    async def read(app: App) -> tuple[tuple[Hit, ...], datetime, tzinfo]:
        now = app.clock.now()
        chosen = HitFilter(
            subject_id=subject,
            client_id=client or None,
            min_level=level,
            since=moment(since, now, "--since"),
            until=moment(until, now, "--until"),
            text=text,
            unreviewed=unreviewed,
            limit=limit,
            offset=offset,
        )
        return _chosen(app, chosen), now, ZoneInfo(app.settings.digest.timezone)

    hits, now, zone = with_app(ctx, read)
    if as_json:
        say_json([hit_json(hit, reveal=reveal) for hit in hits])
    elif hits:
        _say_hits(hits, now, zone, reveal=reveal)
    else:
        say("Nothing was found.")


def _chosen(app: App, chosen: HitFilter) -> tuple[Hit, ...]:
    if chosen.subject_id:
        known_subject(app, chosen.subject_id)
    return app.store.hits(chosen)


def moment(given: str, now: datetime, option: str) -> datetime | None:
    """Read a moment: a span before now such as "7d", or a date or moment in ISO 8601 (UTC unless it says otherwise)."""
    from monitor.domain import to_utc
    from monitor.settings.models import parse_duration

    if not given:
        return None
    try:
        span = parse_duration(given)
    except ValueError:
        pass
    else:
        assert isinstance(span, timedelta)
        return now - span
    try:
        return to_utc(datetime.fromisoformat(given))
    except (ValueError, OverflowError):
        raise InputError(
            f"{option} {given!r} is no moment.",
            why="A moment is a span before now (7d, 12h) or a date (2026-11-22, 2026-11-22T08:00).",
            try_=f"Write {option} 7d.",
        ) from None


def hit_json(hit: Hit, *, reveal: bool) -> dict[str, Any]:
    """Give a hit as JSON values; others' words only when asked for, else null."""
    return {
        "id": hit.mention_id,
        "revision": hit.revision,
        "url": hit.url,
        "source": hit.source,
        "subject": hit.subject_id,
        "level": hit.level,
        "about": hit.about_score,
        "statement": hit.statement_id or None,
        "stance": hit.stance,
        "score": hit.score,
        "capture": hit.capture_state,
        "capture_id": hit.capture_id or None,
        "evidence_sha256": hit.evidence_sha256 or None,
        "live": hit.live_state,
        "review": hit.review or None,
        "published_at": hit.published_at,
        "first_seen_at": hit.first_seen_at,
        "reasons": _why(hit, reveal=reveal),
        "author": hit.author if reveal else None,
        "title": hit.title if reveal else None,
        "text": hit.text if reveal else None,
        "excerpt": hit.excerpt if reveal else None,
    }


def _why(hit: Hit, *, reveal: bool) -> list[str]:
    return [veiled_reason(reason, reveal=reveal, own=(hit.statement_id,)) for reason in hit.reasons]


def _say_hits(hits: Sequence[Hit], now: datetime, zone: tzinfo, *, reveal: bool) -> None:
    headings = ["ID", "ABOUT", "LEVEL", "STATEMENT", "SCORE", "STANCE", "KEPT", "REVIEW", "SOURCE", "FIRST SEEN"]
    rows = [
        [
            str(hit.mention_id),
            hit.subject_id,
            hit.level.value,
            hit.statement_id or "-",
            str(hit.score) if hit.statement_id else "-",
            hit.stance.value if hit.stance else "-",
            hit.capture_state,
            hit.review or "-",
            hit.source,
            moment_in_words(hit.first_seen_at, now, zone),
            *([hit.excerpt or hit.text[:160]] if reveal else []),
        ]
        for hit in hits
    ]
    say_table([*headings, *(["WORDS"] if reveal else [])], rows)


@group.command()
def show(
    ctx: typer.Context,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The mention's number; see `goodname hits list`.")],
    *,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Show one mention: whom it is about, what is kept, what happened since. Its words are veiled until asked for."""
    seen = with_app(ctx, lambda app: _read(app, id_))
    if as_json:
        say_json(_seen_json(seen, reveal=reveal))
    else:
        _say_seen(seen, reveal=reveal)


async def _read(app: App, mention_id: int) -> dict[str, Any]:
    mention = _mention(app, mention_id)
    subjects = [one.judgement.subject_id for one in app.store.assessments(mention_id)]
    hits = [app.store.hit(mention_id, subject) for subject in subjects]
    return {
        "mention": mention,
        "revisions": app.store.revisions(mention_id),
        "hits": [hit for hit in hits if hit is not None],
        "captures": app.store.captures(mention_id),
        "observations": app.store.observations(mention_id),
        "reviews": app.store.reviews(mention_id),
        "now": app.clock.now(),
        "zone": ZoneInfo(app.settings.digest.timezone),
    }


def _mention(app: App, mention_id: int) -> Mention:
    from monitor.errors import StoreError

    try:
        return app.store.mention(mention_id)
    except StoreError as error:
        raise StoreError(error.what, why=error.why, try_="Run `goodname hits list` to see the numbers.") from None


def _seen_json(seen: dict[str, Any], *, reveal: bool) -> dict[str, Any]:
    from monitor.cli.screen import to_json

    mention: Mention = seen["mention"]
    author = mention.author
    return {
        "id": mention.id,
        "revision": mention.revision,
        "source": mention.source,
        "url": mention.url,
        "published_at": mention.published_at,
        "first_seen_at": mention.first_seen_at,
        "content_sha256": mention.content_sha256,
        "author": to_json(author) if reveal else None,
        "title": mention.title if reveal else None,
        "text": mention.text if reveal else None,
        "revisions": [
            {
                "revision": one.revision,
                "first_seen_at": one.first_seen_at,
                "content_sha256": one.content_sha256,
                "title": one.title if reveal else None,
                "text": one.text if reveal else None,
            }
            for one in seen["revisions"]
        ],
        "hits": [hit_json(hit, reveal=reveal) for hit in seen["hits"]],
        **{key: seen[key] for key in ("captures", "observations", "reviews")},
    }


def _say_seen(seen: dict[str, Any], *, reveal: bool) -> None:
    mention: Mention = seen["mention"]
    now, zone = seen["now"], seen["zone"]
    author = mention.author
    say_facts(
        [
            ("Mention", f"{mention.id}, revision {mention.revision} of {len(seen['revisions'])}"),
            ("Source", mention.source),
            ("Address", mention.url),
            ("Published", moment_in_words(mention.published_at, now, zone) if mention.published_at else "not known"),
            ("First seen", moment_in_words(mention.first_seen_at, now, zone)),
            ("Author", (author.name or author.handle if author else "not known") if reveal else VEIL),
            ("Title", mention.title if reveal else ""),
        ]
    )
    for hit in seen["hits"]:
        _say_hit(hit, reveal=reveal)
    _say_history(seen["captures"], seen["observations"], seen["reviews"], now, zone)
    say("")
    if reveal:
        for line in printable_lines(mention.text):
            say(f"  {line}")
    else:
        say(f"Its words: {VEIL}. You can leave this for later.")


def _say_hit(hit: Hit, *, reveal: bool) -> None:
    statement = (
        f"statement {hit.statement_id}, {hit.score} of 100, {hit.stance}" if hit.statement_id else "no statement"
    )
    say("")
    say_facts(
        [
            ("About", f"{hit.subject_id}, {hit.about_score} of 100"),
            ("Level", f"{hit.level.value}: {statement}"),
            ("Why", "; ".join(_why(hit, reveal=reveal))),
            ("Excerpt", hit.excerpt if reveal else ""),
            ("Kept", hit.capture_state),
        ]
    )


def _say_history(
    captures: Sequence[Capture],
    observations: Sequence[Observation],
    reviews: Sequence[Review],
    now: datetime,
    zone: tzinfo,
) -> None:
    events = [
        (one.captured_at, f"kept ({one.outcome.value}) as {one.id}, SHA-256 {one.manifest_sha256 or 'none'}")
        for one in captures
    ]
    events += [(one.observed_at, f"looked again: {one.state.value} ({one.signal})") for one in observations]
    events += [
        (one.reviewed_at, f"marked {one.verdict.value}{f' by {one.reviewer}' if one.reviewer else ''} {one.note}")
        for one in reviews
    ]
    if events:
        say("")
        say_facts([(f"{moment_in_words(at, now, zone)}:", words) for at, words in sorted(events)])


@group.command()
def mark(
    ctx: typer.Context,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The mention's number.")],
    verdict: Annotated[
        Verdict, typer.Argument(metavar="VERDICT", help="confirmed, not-about-subject, not-harmful, later.")
    ],
    *,
    subject: Annotated[str, typer.Option(metavar="ID", help="About whom; needed only where it is about several.")] = "",
    note: Annotated[str, typer.Option(metavar="WORDS", help="A note of your own.")] = "",
    by: Annotated[str, typer.Option(metavar="NAME", help="Who decided.")] = "",
    as_json: AsJson = False,
) -> None:
    """Record what you decided about a mention. The newest verdict counts; none is deleted."""
    review = with_app(ctx, lambda app: _mark(app, id_, verdict, subject, note, by))
    if as_json:
        say_json(review)
    else:
        say(f"Marked {id_} as {verdict.value} for {review.subject_id}.")


async def _mark(app: App, mention_id: int, verdict: Verdict, subject_id: str, note: str, by: str) -> Review:
    from monitor.domain import Review, ReviewVerdict

    _mention(app, mention_id)
    named = [one.judgement.subject_id for one in app.store.assessments(mention_id)]
    if subject_id:
        known_subject(app, subject_id)
    elif len(named) != 1:
        raise InputError(
            f"It is not said about whom {mention_id} is marked.",
            why=f"It names {', '.join(named) or 'nobody who is watched'}.",
            try_=f"Run `goodname hits mark {mention_id} {verdict.value} --subject {named[0] if named else 'ID'}`.",
        )
    review = Review(
        mention_id=mention_id,
        subject_id=subject_id or named[0],
        verdict=ReviewVerdict(verdict.value.replace("-", "_")),
        reviewed_at=app.clock.now().astimezone(UTC),
        reviewer=by,
        note=note,
    )
    app.store.save_review(review)
    return review
