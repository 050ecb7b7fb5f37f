"""Send messages as signed webhooks, in the form of the Standard Webhooks specification (version 1).

The receiver can check who sent a call and when: three headers carry the message's id, the moment of this attempt, and
an HMAC-SHA256 over both and the body. The id is the same at every try, so a receiver can drop repeats.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit, urlunsplit

from monitor.domain import Message
from monitor.errors import AddressForbidden, ConnectorError, FetchError, TemporaryError
from monitor.notify.accounts import AccountFault
from monitor.notify.faults import TEST, permanent, temporary
from monitor.notify.safe import one_line, plain_text
from monitor.ports import Clock, Poster
from monitor.text import is_web_url

SCHEMES = {"hooks": "https", "hook": "http"}
"""Ours for signed calls, and what they are sent over."""

TEXT_LIMIT = 100_000
_TAKEN = frozenset(range(200, 300))
_SHORTEST_SECRET = 16
_PREFIX = "whsec_"


def read_hook(url: str) -> tuple[str, bytes]:
    """Give the web address and the key in `hooks://:SECRET@HOST/PATH`; AccountFault says what is wrong with it.

    A secret that begins with `whsec_` is base64, as the specification writes keys; any other is taken as it is.
    """
    try:
        parts = urlsplit(url)
        secret = unquote(parts.password or "")
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        raise AccountFault("the address cannot be read") from None
    address = urlunsplit((SCHEMES.get(parts.scheme, ""), host, parts.path or "/", parts.query, ""))
    if not is_web_url(address):
        raise AccountFault("the address is not complete; expected hooks://:SECRET@HOST/PATH")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True) if secret.startswith(_PREFIX) else b""
    except binascii.Error:
        raise AccountFault("what follows `whsec_` in the secret is not base64") from None
    key = key or secret.encode()
    if len(key) < _SHORTEST_SECRET:
        raise AccountFault(f"the secret that calls are signed with needs at least {_SHORTEST_SECRET} characters")
    return address, key


def body_of(message: Message) -> bytes:
    """Write a message as the body of a call: the same message gives the same bytes."""
    return json.dumps(
        {
            "type": "notice",
            "id": message.message_id,
            "title": one_line(message.title),
            "text": plain_text(message.text, TEXT_LIMIT),
        },
        ensure_ascii=True,
    ).encode()


def signed_headers(message_id: str, body: bytes, key: bytes, at: datetime) -> dict[str, str]:
    """Give the headers that say who sends this, and when."""
    moment = str(int(at.timestamp()))
    signed = b".".join((message_id.encode("utf-8", "replace"), moment.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature}",
        "Idempotency-Key": message_id,
        "Content-Type": "application/json",
    }


class HookChannel:
    """Send messages as signed calls through the guarded client; a private address must be listed as allowed."""

    def __init__(self, name: str, url: str, *, http: Poster, clock: Clock | None) -> None:
        self.name = name
        self._address, self._key = read_hook(url)
        self._http, self._clock = http, clock

    async def send(self, message: Message) -> None:
        """Send one call; DeliveryError when it was not answered with a status from 200 to 299."""
        at = self._clock.now() if self._clock else datetime.now(UTC)
        body = body_of(message)
        headers = signed_headers(one_line(message.message_id).encode("ascii", "replace").decode(), body, self._key, at)
        try:
            await self._http.post(self._address, body=body, headers=headers, ok=_TAKEN)
        except TemporaryError as error:
            raise temporary(self.name, error.why or error.what) from None
        except AddressForbidden as error:
            raise permanent(self.name, error.why or error.what, try_=error.try_) from None
        except (ConnectorError, FetchError) as error:
            raise permanent(self.name, error.why or error.what, try_=TEST) from None
