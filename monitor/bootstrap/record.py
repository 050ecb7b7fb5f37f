"""Keep what a source answers now, without secrets, for the kit of connector authors."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace

from pydantic import BaseModel

from monitor.bootstrap.app import App
from monitor.bootstrap.trying import require_welcome
from monitor.contract import Connector, Query
from monitor.testing.recording import Recording, RecordingHttp, secrets_of


async def record_source(app: App, name: str, *, pages: int) -> tuple[Recording, int]:
    """Poll one source from its beginning, up to some pages; gives what it answered and how many items were read.

    Nothing is stored. ConfigError for an unknown or broken source, ConnectorError or FetchError when it does not
    answer as it should; a paid source costs what a poll costs.
    """
    source, now = app.source(name), app.clock.now()
    await asyncio.to_thread(require_welcome, app.store, name, app.clock)
    context = source.context(now)
    http = RecordingHttp(context.http, secrets=_secrets_in(source.connector))
    spec = source.connector.spec
    query = Query(terms=tuple(subject.name for subject in app.store.subjects()))
    items = 0
    walk = source.connector.poll(replace(context, http=http), query, spec.cursor())
    async with aclosing(walk):  # type: ignore[type-var]  # an async generator
        async for page in walk:
            items += len(page.items)
            pages -= 1
            if pages <= 0:
                break
    return Recording(connector=spec.name, query=query, at=now, exchanges=tuple(http.exchanges)), items


def _secrets_in(connector: Connector) -> tuple[str, ...]:
    models = [value for value in vars(connector).values() if isinstance(value, BaseModel)]
    return tuple(secret for model in models for secret in secrets_of(model))
