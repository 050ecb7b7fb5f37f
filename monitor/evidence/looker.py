"""Look again at a page whose post was kept, without a browser and as lightly as can be."""

from __future__ import annotations

import asyncio

from monitor.contract import ANY_STATUS, Http, Response
from monitor.domain import LiveState
from monitor.errors import ConnectorError, FetchError, RateLimited
from monitor.evidence.completeness import PageSigns
from monitor.evidence.liveness import decide
from monitor.evidence.markup import PlainPage, read_html
from monitor.ports import Look, LookRequest
from monitor.text.clean import clean_text


class PageLooker:
    """Fetch pages over the guarded client and compare them with what was kept."""

    def __init__(self, http: Http) -> None:
        self._http = http

    async def look(self, asked: LookRequest) -> Look:
        """Say what became of a post; a page that cannot be reached is an answer, not an error."""
        try:
            response = await self._http.get(asked.url, ok=ANY_STATUS)
        except RateLimited as fault:
            return Look(state=LiveState.BOT_WALL, signal=f"the site asks for fewer requests: {fault}")
        except (ConnectorError, FetchError) as fault:
            return Look(state=LiveState.NETWORK, signal=str(fault))
        return await asyncio.to_thread(_compare, response, asked)


def _compare(response: Response, asked: LookRequest) -> Look:
    page = read_page_text(response.body, response.media_type, response.charset)
    signs = PageSigns(
        text=page.text,
        title=page.title,
        status=response.status,
        requested_url=asked.url,
        final_url=response.url,
        asks_password=page.asks_password,
        scripts_ran=False,
    )
    baseline = read_page_text(asked.baseline, asked.baseline_media_type, "").text if asked.baseline else ""
    return decide(signs, text=asked.text, quotes=asked.quotes, baseline=baseline)


def read_page_text(body: bytes, media_type: str, charset: str) -> PlainPage:
    """Give what a page says, whatever kind of text it is."""
    if media_type in ("", "text/html", "application/xhtml+xml"):
        return read_html(body, charset)
    try:
        return PlainPage(text=clean_text(body.decode(charset or "utf-8", "replace")))
    except LookupError:
        return PlainPage(text=clean_text(body.decode("utf-8", "replace")))
