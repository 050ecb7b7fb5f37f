"""Keep a page without a browser: what the server sent, its text, and the post's pictures."""

from __future__ import annotations

import asyncio

from monitor import __version__
from monitor.contract import ANY_STATUS, Http, Response
from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Observed, Origin
from monitor.errors import CaptureFailed, ConnectorError, FetchError
from monitor.evidence.completeness import PageSigns, judge
from monitor.evidence.completeness import reason as reason_for
from monitor.evidence.manifest import machine
from monitor.evidence.markup import PlainPage, read_html
from monitor.evidence.media import extension, keep_images
from monitor.ports import Clock, Staging
from monitor.text.clean import clean_text

_MARKUP = frozenset({"", "text/html", "application/xhtml+xml"})
_TEXTUAL = ("text/", "application/json", "application/xml", "application/rss", "application/atom", "application/ld")


class PlainCapturer:
    """Keep pages without a browser; every capture is partial and says `reason`."""

    def __init__(self, http: Http, clock: Clock, reason: str) -> None:
        self._http = http
        self._clock = clock
        self._reason = reason

    async def capture(self, request: CaptureRequest, staging: Staging) -> Observed:
        """Keep what the server sends; CaptureFailed when it sends none."""
        await keep_source(request, staging)
        return await keep_plainly(self._http, self._clock, request, staging, why=(self._reason,))

    async def close(self) -> None:
        """Do nothing: there is no browser to end."""


async def keep_source(request: CaptureRequest, staging: Staging) -> None:
    """Keep what the source answered when the post was found; the page itself may have changed since."""
    if request.raw:
        media_type = request.raw_media_type or "application/octet-stream"
        name = f"source{extension(media_type)}"
        await asyncio.to_thread(staging.add, ArtifactRole.SOURCE, name, media_type, Origin.DECODED, request.raw)


async def keep_plainly(
    http: Http, clock: Clock, request: CaptureRequest, staging: Staging, *, why: tuple[str, ...]
) -> Observed:
    """Fetch the page and keep it as sent; `why` says for each thing missing why there is no more.

    CaptureFailed when the page cannot be reached.
    """
    started_at = clock.now()
    try:
        response = await http.get(request.url, ok=ANY_STATUS)
    except (ConnectorError, FetchError) as fault:
        faults = (*why, f"the page could not be fetched: {fault}")
        raise CaptureFailed(why="; ".join(faults), try_="It is tried again by itself.") from fault
    page = await _keep_response(response, request, staging)
    missing = await keep_images(http, request.images, staging)
    completeness = judge(request.quotes, _signs(request, response, page))
    gaps = [*why, *missing]
    if reason_for(completeness):
        gaps.append(reason_for(completeness))
    return Observed(
        requested_url=request.url,
        final_url=response.url,
        http_status=response.status,
        started_at=started_at,
        captured_at=clock.now(),
        outcome=CaptureOutcome.PARTIAL,
        completeness=completeness,
        software={"goodname": __version__, **machine()},
        options={"browser": "none"},
        headers=response.headers,
        redirects=response.redirects,
        remote_ip=response.remote_ip,
        incomplete=tuple(gaps),
        failure=reason_for(completeness) or gaps[0],
    )


async def _keep_response(response: Response, request: CaptureRequest, staging: Staging) -> PlainPage:
    """Keep the body, and its text where it has one."""
    media_type = response.media_type or "application/octet-stream"
    role, name = _place(media_type)
    await asyncio.to_thread(staging.add, role, name, media_type, Origin.DECODED, response.body)
    if response.media_type in _MARKUP:
        page = await asyncio.to_thread(read_html, response.body, response.charset)
    elif media_type.startswith(_TEXTUAL):
        page = PlainPage(text=clean_text(_decoded(response)))
    else:
        return PlainPage()
    body = page.text.encode("utf-8", "replace")
    await asyncio.to_thread(staging.add, ArtifactRole.TEXT, "page.txt", "text/plain", Origin.RENDERED, body)
    return page


def _decoded(response: Response) -> str:
    try:
        return response.body.decode(response.charset or "utf-8", "replace")
    except (LookupError, ValueError):  # a charset that nobody knows, or one that is no text
        return response.body.decode("utf-8", "replace")


def _place(media_type: str) -> tuple[ArtifactRole, str]:
    if media_type == "application/pdf":
        return ArtifactRole.PDF, "document.pdf"
    if media_type in _MARKUP or media_type.startswith(_TEXTUAL):
        return ArtifactRole.PAGE, f"response{extension(media_type)}"
    return ArtifactRole.MEDIA, f"document{extension(media_type)}"


def _signs(request: CaptureRequest, response: Response, page: PlainPage) -> PageSigns:
    return PageSigns(
        text=page.text,
        title=page.title,
        status=response.status,
        requested_url=request.url,
        final_url=response.url,
        asks_password=page.asks_password,
        scripts_ran=False,
    )
