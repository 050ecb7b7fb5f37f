"""Read a guestbook: an example of a connector in a package of its own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr

import monitor.contract as c
from monitor.domain import Author, HealthState, Item, Precision
from monitor.errors import MonitorError, SourceChanged


class GuestbookSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    base_url: str = Field(description="The guestbook's address.")
    token: SecretStr | None = Field(None, description="The key of a closed guestbook.")


class GuestbookConnector:
    spec: ClassVar[c.ConnectorSpec] = c.ConnectorSpec(
        name="guestbook", title="A guestbook", settings=GuestbookSettings, cursor=c.ListingsCursor,
        capabilities=frozenset({c.Capability.EDITS}), access=c.Access.API, cost="free", needs_credentials=False,
        terms_url="https://guestbook.example/terms", tested=c.Tested.SCHEMA,
    )  # fmt: skip

    def __init__(self, settings: GuestbookSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: c.Context, query: c.Query, cursor: c.ListingsCursor) -> AsyncIterator[c.Page]:
        """Walk back from the newest entry to what was read before."""
        entries = c.Listing(key="entries", host=self._settings.base_url, read=partial(self._read, ctx))
        async for page in c.walk_listings([entries], cursor, now=ctx.now):
            yield page

    async def check(self, ctx: c.Context) -> c.Health:
        try:
            await self._read(ctx, "")
        except MonitorError as error:
            return c.Health(state=HealthState.DEGRADED, what=error.what, why=error.why, try_=error.try_)
        return c.Health(state=HealthState.OK, what="The guestbook answers.")

    async def _read(self, ctx: c.Context, token: str) -> c.Listed:
        key = self._settings.token
        headers = {"authorization": f"Bearer {key.get_secret_value()}"} if key else {}
        params = {"before": token} if token else {}
        answer = await ctx.http.get(f"{self._settings.base_url}/entries", params=params, headers=headers)
        try:
            told = json.loads(answer.body)
            items = tuple(self._item(one, answer.body, ctx) for one in told["entries"])
            marks = tuple(c.Mark(item.external_id, item.published_at) for item in items)
            return c.Listed(items=items, marks=marks, token=str(told.get("older") or ""))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SourceChanged("The guestbook's answer is not understood.", why=type(error).__name__) from None

    def _item(self, one: Mapping[str, Any], raw: bytes, ctx: c.Context) -> Item:
        return Item(
            external_id=str(one["id"]), url=f"{self._settings.base_url}/entries/{one['id']}", text=str(one["text"]),
            author=Author(name=str(one["name"])), published_at=datetime.fromisoformat(one["at"]),
            published_precision=Precision.EXACT, fetched_at=ctx.now, raw=raw, raw_media_type="application/json",
        )  # fmt: skip
