"""`goodname try` and `goodname explain`: what the matcher makes of a text, and why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.judged import judgement_json, say_judgement
from monitor.cli.screen import AsJson, busy, say, say_json
from monitor.cli.session import known_subject, with_app
from monitor.errors import InputError

if TYPE_CHECKING:
    from monitor.bootstrap import App
    from monitor.domain import Judgement, Mention, Statement, Subject
    from monitor.matching import Encoder, Thresholds

_LONGEST = 400_000


def try_(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT|URL", help="Words in quotes, an address, or - for stdin.")],
    *,
    title: Annotated[str, typer.Option(metavar="WORDS", help="A title to go with the text.")] = "",
    watchlist: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Judge by this watch list; needs no configuration.")
    ] = None,
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the words of a fetched page.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what would match and why; nothing is stored.

    An address is fetched under the same rules as everything else, and its visible text is judged.
    """
    from monitor.text import is_web_url

    is_address = is_web_url(text)
    if is_address or watchlist is None:
        with busy("Looking…"):
            judged = with_app(ctx, lambda app: _with_installation(app, text, title, watchlist, fetch=is_address))
    else:
        judged = _by_file(watchlist, _mention(_words(text), title))
    _show(judged, reveal=reveal or not is_address, as_json=as_json)


async def _with_installation(
    app: App, text: str, title: str, watchlist: Path | None, *, fetch: bool
) -> list[tuple[str, Judgement]]:
    title, text = await app.read_url(text) if fetch else (title, _words(text))
    mention = _mention(text, title)
    if watchlist is not None:
        return _by_file(watchlist, mention)
    return _judge(mention, app.store.subjects(), app.store.statements(), app.thresholds, app.encoder)


def _words(text: str) -> str:
    if text == "-":
        text = typer.get_text_stream("stdin", errors="replace").read(_LONGEST)
    if not text.strip():
        raise InputError("There is no text to judge.", try_='Run `goodname try "some words"`.')
    return text


def _mention(text: str, title: str) -> Mention:
    from monitor.clock import SystemClock
    from monitor.domain import Mention
    from monitor.text import clean_text

    return Mention(
        source="try",
        external_id="try",
        url="",
        title=clean_text(title),
        text=clean_text(text[:_LONGEST]),
        first_seen_at=SystemClock().now(),
    )


def _by_file(watchlist: Path, mention: Mention) -> list[tuple[str, Judgement]]:
    from monitor.domain import StatementStatus
    from monitor.settings import load_watchlist

    rules = load_watchlist(watchlist)
    active = [one for one in rules.statements() if one.status is not StatementStatus.WITHDRAWN]
    return _judge(mention, rules.subjects(), active, None)


def _judge(
    mention: Mention,
    subjects: Sequence[Subject],
    statements: Sequence[Statement],
    thresholds: Thresholds | None,
    encoder: Encoder | None = None,
) -> list[tuple[str, Judgement]]:
    from monitor.jobs.preview import explain
    from monitor.matching import Thresholds

    if not subjects:
        raise InputError(
            "There is nobody to look for.",
            why="The watch list is empty.",
            try_='Run `goodname person add "FIRST LAST" --relation self --by "YOUR NAME"`.',
        )
    names = {subject.id: subject.name for subject in subjects}
    found = explain(mention, subjects, statements, thresholds or Thresholds(), encoder)
    return [(names[judgement.subject_id], judgement) for judgement in found]


def _show(judged: list[tuple[str, Judgement]], *, reveal: bool, as_json: bool) -> None:
    if as_json:
        say_json([judgement_json(judgement, name, reveal=reveal) for name, judgement in judged])
        return
    for number, (name, judgement) in enumerate(judged):
        if number:
            say("")
        say_judgement(judgement, name, reveal=reveal)


def explain(
    ctx: typer.Context,
    id_: Annotated[int, typer.Argument(metavar="ID", help="The mention's number; see `goodname hits list`.")],
    *,
    subject: Annotated[str, typer.Option(metavar="ID", help="Only for this person or firm.")] = "",
    reveal: Annotated[bool, typer.Option("--reveal", help="Show the words that were found.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say why something was found, or was not; works for every stored mention.

    Shows what was judged when it was stored. Where no watched name was found, it is judged anew, to say so.
    """
    judged = with_app(ctx, lambda app: _explain(app, id_, subject))
    _show(judged, reveal=reveal, as_json=as_json)


async def _explain(app: App, mention_id: int, subject_id: str) -> list[tuple[str, Judgement]]:
    if subject_id:
        known_subject(app, subject_id)
    subjects = [one for one in app.store.subjects(active_only=False) if subject_id in ("", one.id)]
    names = {one.id: one.name for one in subjects}
    mention = app.store.mention(mention_id)
    stored = [one.judgement for one in app.store.assessments(mention_id) if one.judgement.subject_id in names]
    if stored:
        return [(names[judgement.subject_id], judgement) for judgement in stored]
    return _judge(mention, subjects, app.store.statements(), app.thresholds, app.encoder)
