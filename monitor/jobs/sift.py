"""Sift what a stream brings before anything is kept: only what names somebody watched goes on."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Protocol

from monitor.contract import Page
from monitor.domain import Item
from monitor.jobs.assess import Judging
from monitor.jobs.keep import gist_of, kept_id
from monitor.ports import Clock

log = logging.getLogger("goodname.sift")

RULES_FOR_S = 2.0
"""A changed rule takes effect in a running stream after so long."""


class SiftStore(Protocol):
    """Keep what the sieve needs."""

    def known(self, source: str, external_ids: Collection[str]) -> frozenset[str]:
        """Give those of these ids of a source that are kept as mentions."""
        ...


class Sieve:
    """Let through what names somebody, edits of what is kept, and removals of what is kept.

    `matcher` gives the present rules; it is asked again every two seconds. Safe to be called from several threads.
    """

    def __init__(self, store: SiftStore, matcher: Callable[[], Judging], clock: Clock) -> None:
        self._store = store
        self._matcher = matcher
        self._clock = clock
        self._present: tuple[Judging, float] | None = None

    def sift(self, source: str, page: Page) -> Page:
        """Give the page without what nobody watches for; its position stays."""
        if not page.items and not page.gone:
            return page
        matcher = self._rules()
        touched = {kept_id(one.external_id) for one in page.gone}
        touched.update(kept_id(item.external_id) for item in page.items if item.edited_at)
        known = self._store.known(source, touched) if touched else frozenset()
        # An edit that takes the name out is the more telling one: what is kept is followed whatever it says now.
        items = tuple(
            item for item in page.items if kept_id(item.external_id) in known or self._names(matcher, source, item)
        )
        kept = known | {kept_id(item.external_id) for item in items}
        return replace(page, items=items, gone=tuple(one for one in page.gone if kept_id(one.external_id) in kept))

    def _rules(self) -> Judging:
        now = self._clock.monotonic()
        if self._present is None or now - self._present[1] >= RULES_FOR_S:
            self._present = (self._matcher(), now)
        return self._present[0]

    def _names(self, matcher: Judging, source: str, item: Item) -> bool:
        try:
            return matcher.names_anyone(gist_of(source, item, self._clock.now()))
        except Exception:  # boundary: one odd text must not stop the stream; it is kept for a person to look at
            log.exception("a text could not be sifted", extra={"source": source})
            return True
