"""Serve what other programs read: an Atom feed, a calendar, figures for Prometheus; each with an API token."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from fastapi import APIRouter, Request, Response

from monitor.domain import Account, Alert, AlertKind, AlertStatus, Message, Scope, Subject
from monitor.ports import Clock
from monitor.web import dates
from monitor.web.dates import DueDay
from monitor.web.health import Figures, Probe
from monitor.web.tokens import TokenStore, bearer, lent_account

if TYPE_CHECKING:
    from monitor.web.atom import FeedEntry

MOST_ENTRIES = 50
_LOOKED_AT = 500
_NOT_IN_FEEDS = frozenset({AlertKind.DIGEST, AlertKind.TEST})


class FeedStore(TokenStore, Protocol):
    """Keep tokens and what is told."""

    def subjects(self, *, active_only: bool = True) -> tuple[Subject, ...]:
        """Give the subjects, by id."""
        ...

    def alerts(self, *, limit: int = 100) -> tuple[Alert, ...]:
        """Give alerts, newest first."""
        ...


def _no_days(_: frozenset[str] | None) -> Sequence[DueDay]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Feeds:
    """Hold what the feeds are made of.

    `render` puts an alert into words as it is sent, veil included; it and `days`, `probe` and `figures` may block.
    `days` gives the days of these clients (None: of all). `address` is the page's own, for links, or empty.
    """

    store: FeedStore
    clock: Clock
    render: Callable[[Alert], Message]
    probe: Callable[[], Probe]
    figures: Callable[[], Figures]
    days: Callable[[frozenset[str] | None], Sequence[DueDay]] = _no_days
    address: str = ""
    veil: bool = True

    def reader(self, request: Request) -> Account | None:
        """Give whose token comes with a request, as `Authorization: Bearer …` or, for feed readers, `?token=…`."""
        token = bearer(request.headers.get("authorization", "")) or request.query_params.get("token", "")
        found = lent_account(self.store, self.clock.now(), token)
        return found[0] if found and Scope.READ in found[1] else None

    def entries(self, account: Account) -> list[FeedEntry]:
        """Give the newest alerts that an account may see; those about no person only to who sees every client.

        What another alert tells of, with its count, or was left to the summary, stands there and not once more here.
        """
        clients = account.clients
        seen = {one.id for one in self.store.subjects(active_only=False) if clients is None or one.client_id in clients}
        chosen = [
            alert
            for alert in self.store.alerts(limit=_LOOKED_AT)
            if alert.kind not in _NOT_IN_FEEDS
            and alert.status is not AlertStatus.FOLDED
            and (alert.subject_id in seen if alert.subject_id else clients is None)
        ]
        return [self._entry(alert) for alert in chosen[:MOST_ENTRIES]]

    def _entry(self, alert: Alert) -> FeedEntry:
        from monitor.web.atom import FeedEntry  # noqa: PLC0415 # few installations have a reader of feeds

        message = self.render(alert)
        link = f"{self.address}/mention/{alert.mention_id}" if self.address and alert.mention_id else ""
        return FeedEntry(id=message.message_id, title=message.title, text=message.text, at=alert.created_at, link=link)


def feeds_router(feeds: Feeds) -> APIRouter:
    """Make `/feed.atom`, `/calendar.ics` and `/metrics`; 401 without a token that may read.

    `/metrics` names every source, so it is for accounts that see every client.
    """
    router = APIRouter(include_in_schema=False)

    @router.get("/feed.atom")
    def feed(request: Request) -> Response:
        account = feeds.reader(request)
        if account is None:
            return _refused()
        from monitor.web import atom  # noqa: PLC0415 # few installations have a reader of feeds

        entries = feeds.entries(account)
        body = atom.atom_feed(entries, title="Notices", feed_id="goodname:notices", now=feeds.clock.now())
        return _answer(request, body, atom.MEDIA_TYPE)

    @router.get("/calendar.ics")
    def calendar(request: Request) -> Response:
        account = feeds.reader(request)
        if account is None:
            return _refused()
        body = dates.calendar_of(feeds.days(account.clients), name="Days", veil=feeds.veil)
        return _answer(request, body, dates.MEDIA_TYPE)

    @router.get("/metrics")
    def figures(request: Request) -> Response:
        account = feeds.reader(request)
        if account is None or account.clients is not None:
            return _refused()
        from monitor.web import metrics  # noqa: PLC0415 # few installations have a reader of figures

        return _answer(request, metrics.metrics_of(feeds.probe(), feeds.figures()), metrics.MEDIA_TYPE)

    return router


def _refused() -> Response:
    return Response("A token is needed.\n", 401, {"WWW-Authenticate": "Bearer"}, "text/plain")


def _answer(request: Request, body: bytes, media_type: str) -> Response:
    """Answer 304 when the reader has it already; nothing may be kept by a cache in between."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": tag,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    if request.headers.get("if-none-match", "") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)
