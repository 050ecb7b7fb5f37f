"""Make and read the links in messages that act without a sign-in: signed, for one purpose, for a week."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from monitor.domain import Alert, AlertKind
from monitor.ports import Store

LIFE = timedelta(days=7)
PUT_OFF_FOR = timedelta(days=3)
PATH = "/act/"
_KEPT_AS = "links.key"
_SHAPE = re.compile(r"(ack|snooze)\.([1-9][0-9]{0,17})\.([1-9][0-9]{0,10})\.([A-Za-z0-9_-]{43})")


class Purpose(StrEnum):
    """Say what a link does; a link of one purpose cannot be made into one of another."""

    ACKNOWLEDGE = "ack"
    SNOOZE = "snooze"


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedLink:
    """Hold what a genuine link says."""

    purpose: Purpose
    mention_id: int
    expires_at: datetime


def signing_key(store: Store) -> bytes:
    """Give the installation's key, and make it once; another key makes every link that was sent void."""
    return bytes.fromhex(store.setting(_KEPT_AS) or store.setting_once(_KEPT_AS, secrets.token_hex(32)))


def sign(key: bytes, link: SignedLink) -> str:
    """Give the token of a link; the expiry counts in whole seconds."""
    said = f"{link.purpose}.{link.mention_id}.{int(link.expires_at.timestamp())}"
    return f"{said}.{_mac(key, said)}"


def read(key: bytes, token: str) -> SignedLink | None:
    """Give what a token says; None for one that was not made with this key. Whether it has expired is not looked at."""
    found = _SHAPE.fullmatch(token)
    if not found or not hmac.compare_digest(_mac(key, token.rpartition(".")[0]), found[4]):
        return None
    expires_at = datetime.fromtimestamp(int(found[3]), UTC)
    return SignedLink(purpose=Purpose(found[1]), mention_id=int(found[2]), expires_at=expires_at)


def links_of(key: bytes, address: str, alert: Alert) -> Mapping[str, str]:
    """Give the links that an alert about a mention carries, by purpose; the same at every try and on every channel.

    A danger cannot be put off, so it has no link for that.
    """
    if alert.kind is not AlertKind.MATCH or alert.mention_id <= 0:
        return {}
    is_danger = bool(alert.payload.get("at_once")) and not alert.payload.get("spread")
    purposes = (Purpose.ACKNOWLEDGE,) if is_danger else tuple(Purpose)
    until = alert.created_at + LIFE
    made = {
        purpose: sign(key, SignedLink(purpose=purpose, mention_id=alert.mention_id, expires_at=until))
        for purpose in purposes
    }
    return {purpose.value: f"{address}{PATH}{token}" for purpose, token in made.items()}


def _mac(key: bytes, said: str) -> str:
    made = hmac.digest(key, f"goodname link\n{said}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
