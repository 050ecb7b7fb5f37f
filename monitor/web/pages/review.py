"""The review page: what waits, one key each, everything can be undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import JSONResponse, Response

from monitor.domain import Hit, Level, Review, ReviewVerdict, Role
from monitor.ports import Pile, ReviewFilter
from monitor.web.cards import CHOICES, Card, Outlook, card_of, group_hits, read_ref, ref_of, waiting_in_words
from monitor.web.pages._forms import own_form, require, see_other, unknown, way_back
from monitor.web.rendering import page, render, visitor
from monitor.web.site import Visitor
from monitor.web.words import VERDICTS, count

router = APIRouter(dependencies=[Depends(own_form)], include_in_schema=False)
PAGE = 50
_MOST_AT_ONCE = 500
_PILES = (("waiting", "what waits"), ("later", "left for later"), ("done", "done"), ("all", "everything"))
_LEVELS = (("none", "any mention"), ("possible", "possible repeats"), ("likely", "likely repeats"))
_DAYS = (("", "any time"), ("1", "day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Hold the filters as the address spells them; what makes no sense is left out."""

    text: str = ""
    pile: str = "waiting"
    subject: str = ""
    statement: str = ""
    source: str = ""
    level: str = "none"
    days: str = ""
    offset: int = 0

    def pairs(self) -> list[tuple[str, str]]:
        """Give what differs from the plain page, for addresses."""
        plain = asdict(Chosen())
        return [(key, str(value)) for key, value in asdict(self).items() if value != plain[key]]


def _read(query: dict[str, str]) -> Chosen:
    offset = query.get("offset", "")
    pile, level, days = query.get("pile", ""), query.get("level", ""), query.get("days", "")
    return Chosen(
        text=query.get("text", "")[:200],
        pile=pile if pile in {value for value, _ in _PILES} else "waiting",
        subject=query.get("subject", "")[:100],
        statement=query.get("statement", "")[:100],
        source=query.get("source", "")[:100],
        level=level if level in {value for value, _ in _LEVELS} else "none",
        days=days if days in {value for value, _ in _DAYS} else "",
        offset=int(offset) if offset.isascii() and offset.isdigit() and len(offset) < 7 else 0,
    )


def _filter(who: Visitor, chosen: Chosen) -> ReviewFilter:
    subjects = who.subjects
    if chosen.subject:
        subjects = frozenset({chosen.subject}) if chosen.subject in who.watched else frozenset()
    now = who.site.clock.now()
    return ReviewFilter(
        subjects=subjects,
        statement_id=chosen.statement,
        source=chosen.source,
        min_level=Level(chosen.level),
        text=chosen.text,
        since=now - timedelta(days=int(chosen.days)) if chosen.days else None,
        pile=Pile(chosen.pile),
        limit=PAGE + 1,
        offset=chosen.offset,
    )


def markable(who: Visitor) -> frozenset[str]:
    """Give the subjects for which this visitor may record a verdict."""
    return frozenset(one for one in who.watched if who.may(one, Role.HELPER))


def outlook(who: Visitor, **more: object) -> Outlook:
    """Say for whom cards are laid out."""
    basis = Outlook(watched=who.watched, may_mark=markable(who), all_revealed=who.is_revealed(who.site.clock.now()))
    return replace(basis, **more)  # type: ignore[arg-type]  # fields of Outlook, named by the caller


@router.get("/review")
def review(request: Request, reveal: str = "", told: str = "") -> Response:
    """Show what waits, or what the filters choose."""
    who = visitor(request)
    chosen = _read(dict(request.query_params))
    wanted = _filter(who, chosen)
    hits = who.site.store.review_hits(wanted)
    shown = hits[:PAGE]
    revealed = frozenset({reveal} & {ref_of(hit) for hit in shown})
    if revealed:
        _log_reveal(who, [hit for hit in shown if ref_of(hit) in revealed])
    pairs = chosen.pairs()
    view = outlook(who, revealed=revealed, query=tuple(pairs))
    here = "/review?" + urlencode(pairs)
    return page(
        request,
        "review.html",
        groups=group_hits(shown, view),
        chosen=chosen,
        query=urlencode([pair for pair in pairs if pair[0] != "offset"]),
        is_plain=not pairs,
        here=here,
        waiting=waiting_in_words(who.site.store.count_review(ReviewFilter(subjects=who.subjects))),
        told=_told(who, told),
        piles=_PILES,
        level_choices=_LEVELS,
        day_choices=_DAYS,
        statements=sorted({one.id for one in who.site.store.statements() if one.subject_id in who.watched}),
        sources=[one.name for one in who.site.operations.sources()],
        views=who.site.store.saved_views(who.account.id),
        choices=CHOICES,
        may_mark=bool(markable(who)),
        newer=_turned(chosen, -PAGE) if chosen.offset else None,
        older=_turned(chosen, PAGE) if len(hits) > PAGE else None,
    )


def _turned(chosen: Chosen, by: int) -> str:
    return urlencode(replace(chosen, offset=max(0, chosen.offset + by)).pairs())


def _told(who: Visitor, told: str) -> dict[str, str] | None:
    """Say what was just done, so that it can be undone without a script."""
    verdict, _, refs = told.partition(":")
    known = [read for ref in refs.split(",") if (read := read_ref(ref)) and read[1] in markable(who)]
    if not known or verdict not in {one.value for one in ReviewVerdict} - {"withdrawn"}:
        return None
    return {"words": _saved(ReviewVerdict(verdict), len(known)), "refs": ",".join(f"{n}:{s}" for n, s in known)}


def _saved(verdict: ReviewVerdict, number: int) -> str:
    if verdict is ReviewVerdict.WITHDRAWN:
        return f"Taken back for {count(number, 'mention')}."
    return f"Saved for {count(number, 'mention')}: {VERDICTS[verdict]}."


@router.get("/review/card")
def card(request: Request, ref: Annotated[str, Query(max_length=20_000)]) -> Response:
    """Give one card with its words shown."""
    who = visitor(request)
    hits = _hits(who, ref.split(","))
    if not hits:
        unknown()
    _log_reveal(who, hits[:1])
    shown = card_of(tuple(hits), outlook(who, revealed=frozenset(map(ref_of, hits))))
    if "x-fragment" not in request.headers:
        return see_other("/review?" + urlencode({"reveal": ref_of(hits[0])}) + f"#{shown.id}")
    return JSONResponse({"say": "The words are shown.", "cards": {shown.id: render(request, "_card.html", card=shown)}})


def _log_reveal(who: Visitor, hits: Sequence[Hit]) -> None:
    for hit in hits:
        who.log("words shown", subject_id=hit.subject_id, mention_id=hit.mention_id)


def _hits(who: Visitor, refs: Sequence[str]) -> list[Hit]:
    """Look hits up, those that this visitor may see."""
    wanted = [read for ref in dict.fromkeys(refs) if (read := read_ref(ref)) and read[1] in who.watched]
    found = [who.site.store.hit(mention_id, subject_id) for mention_id, subject_id in wanted[:_MOST_AT_ONCE]]
    return [hit for hit in found if hit is not None]


@router.post("/review/mark")
def mark(
    request: Request,
    mark: Annotated[str, Form()] = "",
    bulk: Annotated[str, Form()] = "",
    pick: Annotated[list[str], Form()] = [],  # noqa: B006  # FastAPI copies the default
    sure: Annotated[str, Form()] = "",
    back: Annotated[str, Form()] = "/review",
) -> Response:
    """Record verdicts: one card's, or those of all ticked ones after their number was confirmed."""
    who = visitor(request)
    verdict_given, _, refs_given = mark.partition(":") if mark else (bulk, "", ",".join(pick))
    if verdict_given not in {one.value for one in ReviewVerdict}:
        unknown()
    verdict, refs = ReviewVerdict(verdict_given), [ref for ref in refs_given.split(",") if ref]
    hits = _hits(who, refs)
    for hit in hits:
        require(request, hit.subject_id, Role.HELPER)
    if bulk and not mark and sure != str(len(hits)):
        return _ask(request, verdict, hits, way_back(back, "/review"))
    _save(who, verdict, hits)
    if "x-fragment" in request.headers:
        return _pieces(request, verdict, _cards(mark, pick, who))
    told = f"{verdict.value}:{','.join(map(ref_of, hits))}"
    place = way_back(back, "/review")
    return see_other(f"{place}{'&' if '?' in place else '?'}{urlencode({'told': told[:2_000]})}")


def _ask(request: Request, verdict: ReviewVerdict, hits: Sequence[Hit], back: str) -> Response:
    heading = f"{VERDICTS[verdict]}: {count(len(hits), 'mention')}?"
    return page(
        request,
        "sure.html",
        heading=heading,
        verdict=verdict,
        picked=[ref_of(hit) for hit in hits],
        shown=hits,
        back=back,
    )


def _save(who: Visitor, verdict: ReviewVerdict, hits: Sequence[Hit]) -> None:
    now = who.site.clock.now()
    for hit in hits:
        who.site.store.save_review(
            Review(
                mention_id=hit.mention_id,
                subject_id=hit.subject_id,
                verdict=verdict,
                reviewed_at=now,
                reviewer=who.account.name,
            )
        )
        who.log(f"marked {verdict.value}", subject_id=hit.subject_id, mention_id=hit.mention_id)


def _cards(mark: str, pick: Sequence[str], who: Visitor) -> list[Card]:
    """Lay out anew the cards that a form was about: each value of the form was one card."""
    values = [mark.partition(":")[2]] if mark else list(pick)
    view = outlook(who, keep_done=True)
    laid = [tuple(_hits(who, value.split(","))) for value in values]
    return [card_of(hits, view) for hits in laid if hits]


def _pieces(request: Request, verdict: ReviewVerdict, cards: Sequence[Card]) -> Response:
    who = visitor(request)
    waiting = waiting_in_words(who.site.store.count_review(ReviewFilter(subjects=who.subjects)))
    number = sum(one.copies for one in cards)
    undo = "" if verdict is ReviewVerdict.WITHDRAWN else " Undo is there."
    return JSONResponse(
        {
            "say": f"{_saved(verdict, number)}{undo} {waiting}",
            "waiting": waiting,
            "cards": {one.id: render(request, "_card.html", card=one) for one in cards},
        }
    )


@router.post("/review/views")
def views(
    request: Request,
    name: Annotated[str, Form(max_length=60)] = "",
    query: Annotated[str, Form(max_length=2_000)] = "",
    save: Annotated[str, Form()] = "",
    drop: Annotated[int, Form()] = 0,
) -> Response:
    """Save the filters under a name, or drop saved ones."""
    who = visitor(request)
    kept = urlencode(_read(dict(parse_qsl(query, max_num_fields=20))).pairs())
    if drop:
        who.site.store.drop_view(who.account.id, drop)
    elif save and name.strip():
        who.site.store.save_view(who.account.id, name.strip(), kept)
    return see_other(f"/review?{kept}")


@router.post("/review/keys")
def keys(request: Request, keys: Annotated[str, Form()] = "on") -> Response:
    """Switch single keys on or off."""
    who = visitor(request)
    who.site.store.change_account(who.account.id, uses_keys=keys == "on")
    return see_other("/review")
