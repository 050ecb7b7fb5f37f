"""Gather what an export says of mentions: facts as observed, and others' words as published."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from monitor.domain import Assessment, Capture, Mention, Precision, Subject
from monitor.errors import EvidenceError, InputError, StoreError
from monitor.ports import ExportItem, ExportOrder, HitFilter, Store, Vault

_PAGE = 1_000
_TITLE_CAP = 120
_WORDS_CAP = 20_000
"""Characters of one post that the report shows; all of it lies in the capture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Hold where an export is gathered, and whom it may speak of: `about` are ids of people, None for everybody.

    One post can name people of two clients. What was judged about the other client's stays out then, and so do copies
    that were made for them, since a copy's manifest names whom it was made for.
    """

    store: Store
    vault: Vault
    about: frozenset[str] | None = None

    def of_client(self, client_id: str) -> Reach:
        """Narrow it to the people of one client."""
        return replace(self, about=frozenset(one.id for one in _people(self.store) if one.client_id == client_id))

    def of_client_of(self, subject_id: str) -> Reach:
        """Narrow it to whoever is watched for the same client as this one; InputError when there is nobody."""
        for one in _people(self.store):
            if one.id == subject_id:
                return self.of_client(one.client_id)
        raise InputError(f"There is no person or firm with the id {subject_id!r}.", try_="Run `goodname person list`.")


def of_mention(reach: Reach, mention_id: int, *, actor: str) -> ExportOrder:
    """Order an export of one mention; StoreError when there is none."""
    mention = reach.store.mention(mention_id)
    return ExportOrder(scope=f"mention {mention_id}", actor=actor, items=(_item(reach, mention),))


def of_subject(reach: Reach, subject_id: str, *, actor: str) -> ExportOrder:
    """Order an export of everything that is kept of mentions about one subject, oldest first."""
    reach = reach.of_client_of(subject_id)
    scope = f"everything kept about {subject_id}"
    return ExportOrder(scope=scope, actor=actor, items=_items(reach, _hits(reach.store, subject_id)))


def of_client(reach: Reach, client_id: str, *, actor: str) -> ExportOrder:
    """Order an export of everything that is kept for one client, oldest first, and of nothing else.

    An empty id means those without a client. InputError when there is no such client, EvidenceError when nothing is
    kept for it.
    """
    reach = reach.of_client(client_id)
    name = f"client {client_id}" if client_id else "those without a client"
    if not reach.about:
        raise InputError(
            f"Nobody is watched for {name}.", try_="Run `goodname person list`; it names each one's client."
        )
    items = _items(reach, (one for subject_id in sorted(reach.about) for one in _hits(reach.store, subject_id)))
    if not items:
        raise EvidenceError(
            "There is nothing to export.", why=f"no copy is kept for {name}", try_="Run `goodname once`."
        )
    return ExportOrder(scope=f"everything kept for {name}", actor=actor, items=items)


def of_case(reach: Reach, case_id: int, *, actor: str) -> ExportOrder:
    """Order an export of a case's mentions, in their order; EvidenceError when nothing is kept of any of them."""
    case = reach.store.case(case_id)
    reach = reach.of_client_of(case.subject_id)
    items = tuple(_item(reach, reach.store.mention(one)) for one in case.mention_ids)
    if not any(item.captures for item in items):
        raise EvidenceError(
            "There is nothing to export.",
            why=f"no copy is kept of what case {case_id} names",
            try_="Run `goodname once`, so that what was asked for is kept, or write the packet alone: --out FILE.pdf.",
        )
    return ExportOrder(scope=f"case {case_id}", actor=actor, items=items)


def of_all(reach: Reach, *, actor: str) -> ExportOrder:
    """Order an export of everything that is kept, also of what the database does not know."""
    kept: dict[int, list[Capture]] = {}
    for capture in reach.vault.captures():
        kept.setdefault(capture.mention_id, []).append(capture)
    items = tuple(_item_or_captures(reach, mention_id, captures) for mention_id, captures in sorted(kept.items()))
    return ExportOrder(scope="everything that is kept", actor=actor, items=items, is_whole=True)


def _people(store: Store) -> tuple[Subject, ...]:
    return store.subjects(active_only=False)


def _items(reach: Reach, mention_ids: Iterable[int]) -> tuple[ExportItem, ...]:
    """Gather what is kept, and name what is kept but not for these people; what nobody kept is no part of it."""
    found = ((one, _item(reach, reach.store.mention(one))) for one in sorted(set(mention_ids)))
    return tuple(item for one, item in found if item.captures or reach.store.captures(one))


def _hits(store: Store, subject_id: str) -> Iterator[int]:
    offset = 0
    while True:
        found = store.hits(HitFilter(subject_id=subject_id, limit=_PAGE, offset=offset))
        yield from (hit.mention_id for hit in found)
        if len(found) < _PAGE:
            return
        offset += _PAGE


def _item_or_captures(reach: Reach, mention_id: int, captures: list[Capture]) -> ExportItem:
    try:
        return _item(reach, reach.store.mention(mention_id))
    except StoreError:
        names = tuple(capture.id for capture in captures)
        return ExportItem(title=captures[0].requested_url, facts=(), words=(), observations=(), captures=names)


def _item(reach: Reach, mention: Mention) -> ExportItem:
    store, about = reach.store, reach.about
    revisions = store.revisions(mention.id)
    judged = (one for one in store.assessments(mention.id) if about is None or one.judgement.subject_id in about)
    captures = tuple(capture.id for capture in store.captures(mention.id))
    reached = captures if about is None else tuple(one for one in captures if _is_for(reach.vault, one, about))
    return ExportItem(
        title=(mention.title or mention.url)[:_TITLE_CAP],
        facts=(
            *_published(mention, revisions),
            *_found(judged),
            *(_no_copy(mention) if captures and not reached else ()),
        ),
        words=tuple(_words(revisions)),
        observations=tuple(
            (_moment(one.observed_at), one.state.value.replace("_", " "), one.signal)
            for one in store.observations(mention.id)
        ),
        captures=reached,
    )


def _no_copy(mention: Mention) -> Iterator[tuple[str, str]]:
    yield "Copy", f"none of its own is part of this export. To make one: goodname add {mention.url} --subject ID"


def _is_for(vault: Vault, capture_id: str, about: frozenset[str]) -> bool:
    """Tell whether a copy was made for one of these, or for nobody in particular; one that was deleted says nothing."""
    try:
        request = json.loads(vault.read(capture_id, "manifest.json"))["request"]
    except EvidenceError:
        return True  # the export itself says what is wrong with it
    return not request["subject_id"] or request["subject_id"] in about


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
