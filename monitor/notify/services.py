"""Send through Apprise: chat, push, SMS and webhooks; with `accounts`, the only door to Apprise.

Loaded with the first channel that needs it: Apprise takes time and memory, and many runs tell nobody anything.
"""

from __future__ import annotations

import ast
import asyncio
import logging
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Generic, TypeVar, cast

from monitor.domain import Message
from monitor.errors import DeliveryError
from monitor.notify.addresses import AddressCheck, scheme_of
from monitor.notify.door import (
    Apprise,
    AppriseAsset,
    AppriseImproperlyConfigured,
    AppriseResult,
    AppriseResultStatus,
    NotificationManager,
    NotifyBase,
    NotifyForm,
    NotifyFormat,
    NotifyJSON,
    NotifyXML,
    PersistentStoreMode,
)
from monitor.notify.faults import TEST, content_refused, permanent, temporary
from monitor.notify.masks import Masker
from monitor.notify.safe import TITLE_LIMIT, one_line, plain_text, quiet_call_outs, shorten_lines

BODY_LIMIT = 20_000
AT_ONCE = 4
_CUT = "[shortened: `goodname hits list` shows everything]"
_STATUS = re.compile(r"error=(\d{3})\b")
_DETAILS = re.compile(r"Response Details:\s*(.+)", re.DOTALL)
_SAID_LIMIT = 160
_LOGGER = logging.getLogger("apprise")
_ADDRESS = "Check the channel's address under [alerts] urls."

# Built from their own classes: asking Apprise's registry loads some 200 services, which takes over a second.
_WEBHOOKS: dict[str, type[NotifyJSON | NotifyXML | NotifyForm]] = {
    "json": NotifyJSON,
    "jsons": NotifyJSON,
    "xml": NotifyXML,
    "xmls": NotifyXML,
    "form": NotifyForm,
    "forms": NotifyForm,
}

T = TypeVar("T")


def make_asset(sender_name: str) -> AppriseAsset:
    """Make the settings that every Apprise object gets.

    Nothing is written to disk, no template is filled in, no picture is named that a chat service would load from
    elsewhere, no redirect is followed (it could lead to an address that nobody listed), and no time-out thread is
    started, as the deadline is kept here. Apprise's log goes to its results only: at the level needed to learn what a
    provider answered it also names whole messages and addresses.
    """
    _LOGGER.propagate = False
    _LOGGER.setLevel(logging.DEBUG)
    return AppriseAsset(
        app_id=one_line(sender_name, 40),
        app_desc=one_line(sender_name, 40),
        app_url="",
        image_url_mask="",
        image_url_logo="",
        storage_mode=PersistentStoreMode.MEMORY,
        http_redirects=False,
        async_mode=False,
        service_timeout=0,
        allow_templates=False,
    )


def open_service(url: str, asset: AppriseAsset) -> NotifyBase | None:
    """Build a fresh Apprise service from its URL, or None when Apprise cannot read it.

    Fresh for every message: a used one sleeps between messages, holding a thread.
    """
    webhook = _WEBHOOKS.get(scheme_of(url))
    if webhook is None:
        return Apprise.instantiate(url, asset=asset)
    tokens = webhook.parse_url(url.replace("/#", "/%23"))  # type: ignore[no-untyped-call]  # Apprise's own gap
    try:
        return webhook(**tokens, asset=asset) if tokens else None
    except AppriseImproperlyConfigured:
        return None


def suggest_scheme(scheme: str) -> str:
    """Give the known scheme that was probably meant, or an empty string."""
    known = sorted(_registered())
    close = get_close_matches(scheme, known, n=1, cutoff=0.6)
    return close[0] if close else ""


def is_known(scheme: str) -> bool:
    """Tell whether Apprise has a service for a scheme; it also knows some services by their own web addresses."""
    return scheme in _WEBHOOKS or scheme in ("http", "https") or scheme in _registered()


def _registered() -> set[str]:
    manager = NotificationManager()  # type: ignore[no-untyped-call]  # Apprise's own gap
    return set(manager.schemas())  # type: ignore[no-untyped-call]  # Apprise's own gap


@dataclass(kw_only=True)
class Service:
    """Send messages to one Apprise URL, at most `AT_ONCE` of them at the same time."""

    name: str
    url: str = field(repr=False)
    asset: AppriseAsset = field(repr=False)
    mask: Masker = field(repr=False)
    timeout_s: float
    guard: AddressCheck | None = None
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), repr=False)
    _left_behind: list[threading.Thread] = field(default_factory=list, repr=False)

    async def send(self, message: Message) -> None:
        """Send one message; DeliveryError (masked) when it was not accepted.

        After the deadline the call is left behind in its thread, as it cannot be stopped; it may still deliver. A
        channel with too many of those takes nothing else until they end.
        """
        async with self._turns:
            await self._send(message)

    async def _send(self, message: Message) -> None:
        self._left_behind = [thread for thread in self._left_behind if thread.is_alive()]
        if len(self._left_behind) >= AT_ONCE:
            raise temporary(self.name, "It has not finished the messages before.")
        service = open_service(self.url, self.asset)
        if service is None:
            raise permanent(self.name, "Its address cannot be read any more.", try_=_ADDRESS)
        if self.guard is not None and isinstance(service, NotifyJSON | NotifyXML | NotifyForm):
            await self.guard(str(service.host), int(service.port or (443 if service.secure else 80)))
        _be_patient(service, self.timeout_s)
        call = _Call(lambda: self._notify(service, message))
        try:
            async with asyncio.timeout(self.timeout_s):
                outcome = await call.outcome()
        except TimeoutError:
            self._left_behind.append(call)
            raise temporary(
                self.name, f"No answer within {self.timeout_s:g} seconds; it may still have arrived."
            ) from None
        self._judge(outcome)

    def _notify(self, service: NotifyBase, message: Message) -> tuple[AppriseResultStatus, list[tuple[str, str]]]:
        is_webhook = isinstance(service, NotifyJSON | NotifyXML | NotifyForm)
        if is_webhook:
            _mark(service, message)
        title, body = _fitted(service, message, is_chat=not is_webhook)
        caller = Apprise(asset=self.asset)
        caller.add(service)
        result: AppriseResult = caller.notify(
            body=body, title=title, body_format=NotifyFormat.TEXT.value, log_level=logging.DEBUG
        )
        with result:
            return result.status, [(entry.level, entry.message) for entry in result.logs()]

    def _judge(self, outcome: tuple[AppriseResultStatus, list[tuple[str, str]]] | None) -> None:
        status, logs = outcome or (AppriseResultStatus.FAILURE, [])
        if status is AppriseResultStatus.SUCCESS:
            return
        said = _what_was_said(logs)
        why = self.mask(said or "The service gives no reason.")
        if status is AppriseResultStatus.PARTIAL:
            raise temporary(self.name, f"Only some of its recipients took the message. {why}")
        if status is AppriseResultStatus.NOMATCH:
            raise permanent(self.name, why, try_=_ADDRESS)
        raise self._fault(int(code.group(1)) if (code := _STATUS.search(said)) else 0, why)

    def _fault(self, code: int, why: str) -> DeliveryError:
        if code in (400, 406, 413, 414, 415, 422):
            return content_refused(self.name, why)
        if code in (401, 403):
            return permanent(self.name, why, try_="Check the login or token in the channel's address.")
        if 300 <= code < 400:
            return permanent(self.name, why, try_="The address leads elsewhere; give the final one.")
        if 400 <= code < 500 and code not in (408, 409, 423, 425, 429):
            return permanent(self.name, why, try_=_ADDRESS)
        return temporary(self.name, why, try_="" if code else f"It is tried again by itself. {TEST}")


class _Call(threading.Thread, Generic[T]):
    """Run a blocking call in a thread of its own that never holds up the end of the program."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__(daemon=True, name="notify")
        self._call = call
        self._loop = asyncio.get_running_loop()
        self._future: asyncio.Future[T | None] = self._loop.create_future()

    async def outcome(self) -> T | None:
        """Start, wait, and give the result; None when the call broke, whose own words might hold a secret."""
        self.start()
        return await self._future

    def run(self) -> None:
        """Do the call; called in the thread."""
        result: T | None = None
        try:
            result = self._call()
        finally:
            # Apprise turns what its services raise into a failed result; whatever else breaks is told as one, too.
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._settle, result)

    def _settle(self, result: T | None) -> None:
        if not self._future.done():
            self._future.set_result(result)


def _be_patient(service: NotifyBase, timeout_s: float) -> None:
    """Wait as long for an answer as the deadline allows, unless the URL says otherwise (`rto`, `cto`).

    Apprise waits four seconds; a slow service then takes the message and it is sent again all the same.
    """
    if service.socket_read_timeout == NotifyBase.socket_read_timeout:
        service.socket_read_timeout = timeout_s
    if service.socket_connect_timeout == NotifyBase.socket_connect_timeout:
        service.socket_connect_timeout = min(10.0, timeout_s)


def _mark(service: NotifyBase, message: Message) -> None:
    """Give a webhook the message's id, as a header and in the body, so that its receiver can tell a repeat."""
    webhook = cast("NotifyJSON", service)
    webhook.headers.setdefault("Idempotency-Key", message.message_id)
    webhook.payload_extras.setdefault("message_id", message.message_id)


def _fitted(service: NotifyBase, message: Message, *, is_chat: bool) -> tuple[str, str]:
    """Cut title and body to what the service takes; for chat, keep it from calling out to people."""
    title = one_line(message.title, min(TITLE_LIMIT, service.title_maxlen or TITLE_LIMIT))
    body = plain_text(message.text, BODY_LIMIT * 4)
    if is_chat:
        title, body = quiet_call_outs(title), quiet_call_outs(body)
    room = min(BODY_LIMIT, service.body_maxlen or BODY_LIMIT)
    if service.overflow_amalgamate_title or not service.title_maxlen:
        room = max(1, room - len(title) - 2)
    # Apprise refuses a message without words, for ever.
    return title, shorten_lines(body.strip(), room, _CUT) or title or message.message_id


def _what_was_said(logs: list[tuple[str, str]]) -> str:
    """Join what Apprise warned of with what the provider answered."""
    warnings = [text for level, text in logs if level in ("WARNING", "ERROR", "CRITICAL")]
    answers = [_answer(found.group(1)) for _, text in logs if (found := _DETAILS.match(text))]
    return " ".join(dict.fromkeys(one for one in (*warnings, *answers) if one))


def _answer(written: str) -> str:
    """Read a response as Apprise writes it down (a bytes literal); pages of HTML say nothing useful."""
    try:
        body = ast.literal_eval(written.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return ""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
    return "" if text.lstrip().startswith("<") else one_line(text, _SAID_LIMIT)
