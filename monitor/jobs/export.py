"""Gather what an export says of mentions: facts as observed, and others' words as published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from monitor.domain import Assessment, Capture, Mention, Precision
from monitor.errors import EvidenceError, InputError, StoreError
from monitor.ports import ExportItem, ExportOrder, HitFilter, Store, Vault

_PAGE = 1_000
_TITLE_CAP = 120
_WORDS_CAP = 20_000
"""Characters of one post that the report shows; all of it lies in the capture."""


def of_mention(store: Store, mention_id: int, *, actor: str) -> ExportOrder:
    """Order an export of one mention; StoreError when there is none."""
    mention = store.mention(mention_id)
    return ExportOrder(scope=f"mention {mention_id}", actor=actor, items=(_item(store, mention),))


def of_subject(store: Store, subject_id: str, *, actor: str) -> ExportOrder:
    """Order an export of everything that is kept of mentions about one subject, oldest first."""
    if subject_id not in {subject.id for subject in store.subjects(active_only=False)}:
        raise InputError(f"There is no person or firm with the id {subject_id!r}.", try_="Run `goodname person list`.")
    ids = sorted(set(_hits(store, subject_id)))
    items = tuple(_item(store, store.mention(one)) for one in ids if store.captures(one))
    return ExportOrder(scope=f"everything kept about {subject_id}", actor=actor, items=items)


def of_mentions(store: Store, mention_ids: Iterable[int], *, scope: str, actor: str) -> ExportOrder:
    """Order an export of these mentions, in the order given; EvidenceError when nothing is kept of any of them."""
    items = tuple(_item(store, store.mention(one)) for one in mention_ids)
    if not any(item.captures for item in items):
        raise EvidenceError(
            "There is nothing to export.",
            why=f"no copy is kept of what {scope} names",
            try_="Run `goodname once`, so that what was asked for is kept, or write the packet alone: --out FILE.pdf.",
        )
    return ExportOrder(scope=scope, actor=actor, items=items)


def of_all(store: Store, vault: Vault, *, actor: str) -> ExportOrder:
    """Order an export of everything that is kept, also of what the database does not know."""
    kept: dict[int, list[Capture]] = {}
    for capture in vault.captures():
        kept.setdefault(capture.mention_id, []).append(capture)
    items = tuple(_item_or_captures(store, mention_id, captures) for mention_id, captures in sorted(kept.items()))
    return ExportOrder(scope="everything that is kept", actor=actor, items=items, is_whole=True)


def _hits(store: Store, subject_id: str) -> Iterator[int]:
    offset = 0
    while True:
        found = store.hits(HitFilter(subject_id=subject_id, limit=_PAGE, offset=offset))
        yield from (hit.mention_id for hit in found)
        if len(found) < _PAGE:
            return
        offset += _PAGE


def _item_or_captures(store: Store, mention_id: int, captures: list[Capture]) -> ExportItem:
    try:
        return _item(store, store.mention(mention_id))
    except StoreError:
        names = tuple(capture.id for capture in captures)
        return ExportItem(title=captures[0].requested_url, facts=(), words=(), observations=(), captures=names)


def _item(store: Store, mention: Mention) -> ExportItem:
    revisions = store.revisions(mention.id)
    return ExportItem(
        title=(mention.title or mention.url)[:_TITLE_CAP],
        facts=(*_published(mention, revisions), *_found(store.assessments(mention.id))),
        words=tuple(_words(revisions)),
        observations=tuple(
            (_moment(one.observed_at), one.state.value.replace("_", " "), one.signal)
            for one in store.observations(mention.id)
        ),
        captures=tuple(capture.id for capture in store.captures(mention.id)),
    )


def _published(mention: Mention, revisions: tuple[Mention, ...]) -> Iterator[tuple[str, str]]:
    """Give what the source said of the post: where, by whom, when; nothing is looked up or inferred."""
    author = mention.author
    yield "Mention", str(mention.id)
    yield "Source", mention.source
    yield "Kind", mention.kind.value
    yield "The source's own id", mention.external_id
    yield "Address", mention.url
    yield "In reply to", mention.in_reply_to_url
    if author:
        yield "Author as shown", " ".join(part for part in (author.name, author.handle) if part)
        yield "Author's page", author.profile_url
        yield "Author's id at the source", author.external_id
        yield "Account made, as shown", _moment(author.account_created_at)
    yield "Language", mention.language
    yield "Rating", "" if mention.rating is None else f"{mention.rating:g}"
    yield "Published, as shown", _moment(mention.published_at) + _precision(mention)
    yield "Edited, as shown", _moment(mention.edited_at)
    yield "First seen here", _moment(revisions[0].first_seen_at)
    yield "Revisions seen", str(len(revisions))


def _found(assessments: Iterable[Assessment]) -> Iterator[tuple[str, str]]:
    """Say by which rule the software picked the post out, and how alike the words are; no more than that."""
    for assessment in assessments:
        judged = assessment.judgement
        yield f"Names {judged.subject_id}", f"{judged.about.score} of 100: {'; '.join(judged.about.reasons)}"
        for match in judged.matches:
            yield (
                f"Resembles {match.statement_id}",
                f"{match.score} of 100, {match.stance.value}, by {match.method}: {'; '.join(match.reasons)}",
            )
        yield "Compared by", judged.matcher_version


def _words(revisions: tuple[Mention, ...]) -> Iterator[tuple[str, str]]:
    for revision in revisions:
        label = "Words as published" if len(revisions) == 1 else f"Words as published, revision {revision.revision}"
        text = "\n\n".join(part for part in (revision.title, revision.text) if part)
        cut = "" if len(text) <= _WORDS_CAP else f" (the first {_WORDS_CAP} of {len(text)} characters)"
        yield f"{label}, seen {_moment(revision.first_seen_at)}{cut}", text[:_WORDS_CAP]


def _precision(mention: Mention) -> str:
    if mention.published_at is None or mention.published_precision is Precision.EXACT:
        return ""
    return f" ({mention.published_precision.value})"


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
