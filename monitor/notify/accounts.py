"""Read `mailto://` and `mailtos://` URLs, as Apprise writes them, into the account that mails are sent with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.headerregistry import Address
from enum import StrEnum
from typing import TYPE_CHECKING
from urllib.parse import unquote

from monitor.notify.mail import Envelope
from monitor.notify.safe import header_line

if TYPE_CHECKING:
    from monitor.notify.door import AppriseAsset

SCHEMES = frozenset({"mailto", "mailtos"})
_ADDRESS = re.compile(r"(?:(?P<name>[^<>]*)<)?\s*(?P<user>[^\s@<>,\"]{1,64})@(?P<host>[^\s@<>,\"]{1,253})\s*>?")


class Security(StrEnum):
    """Say how the connection is protected.

    `when_offered` is for URLs that say nothing: protected when the server can, and a password is never sent in
    clear to another machine.
    """

    STARTTLS = "starttls"
    SSL = "ssl"
    CLEAR = "clear"
    WHEN_OFFERED = "when_offered"


@dataclass(frozen=True, kw_only=True, slots=True)
class MailAccount:
    """Hold everything needed to hand a mail to its first server."""

    host: str
    port: int
    security: Security
    username: str
    password: str = field(repr=False)
    envelope: Envelope
    bcc: tuple[Address, ...]
    checks_certificate: bool

    @property
    def recipients(self) -> tuple[str, ...]:
        """Give every address the mail goes to, each once."""
        everyone = (*self.envelope.to, *self.envelope.cc, *self.bcc)
        return tuple(dict.fromkeys(one.addr_spec for one in everyone))


class AccountFault(ValueError):
    """Say in words, without secrets, why a mail URL cannot be used."""


def read_account(url: str, sender_name: str, asset: AppriseAsset) -> MailAccount:
    """Read a mail URL; AccountFault when it cannot be used.

    Apprise itself takes the URL apart, so that every form it documents works, with the server names and ports it
    knows for well-known providers. What it would drop with a warning (an address it cannot read) or what cannot be
    done here (encryption of the content) is a fault.
    """
    from monitor.notify.door import AppriseImproperlyConfigured, NotifyEmail  # noqa: PLC0415 # heavy: only for mails

    tokens = NotifyEmail.parse_url(url)  # type: ignore[no-untyped-call]  # Apprise's own gap
    if not tokens:
        raise AccountFault("it is not a complete mail address of a server, such as mailtos://USER:PASSWORD@HOST")
    if tokens.get("pgp_mode", "no") not in ("no", "none"):
        raise AccountFault("mails cannot be encrypted with PGP here")
    if tokens.get("secure_mode", "starttls") not in ("starttls", "ssl", "insecure"):
        raise AccountFault("its `mode` must be starttls, ssl or insecure")
    try:
        plugin = NotifyEmail(**tokens, asset=asset)  # type: ignore[no-untyped-call]  # Apprise's own gap
    except AppriseImproperlyConfigured:
        raise AccountFault("it lacks a complete sender address; add ?from=YOU@HOST") from None
    sender = _address(str(plugin.from_addr[1]), "from")
    name = plugin.from_addr[0] if tokens.get("from_addr") and plugin.from_addr[0] else sender_name
    return MailAccount(
        host=str(plugin.smtp_host),
        port=int(plugin.port or 25),
        security=_security(str(plugin.secure_mode), is_said="secure_mode" in tokens),
        username=plugin.user or "",
        password=plugin.password or "",
        envelope=Envelope(
            sender=Address(display_name=_name(str(name)), addr_spec=sender.addr_spec),
            to=_addresses(tokens.get("targets"), "to") or (sender,),
            cc=_addresses(tokens.get("cc"), "cc"),
            reply_to=_addresses(tokens.get("reply_to"), "reply"),
            headers={str(key): str(value) for key, value in plugin.headers.items()},
        ),
        bcc=_addresses(tokens.get("bcc"), "bcc"),
        checks_certificate=bool(plugin.verify_certificate),
    )


def _security(mode: str, *, is_said: bool) -> Security:
    if mode in (Security.STARTTLS, Security.SSL):
        return Security(mode)
    return Security.CLEAR if is_said else Security.WHEN_OFFERED


def _addresses(given: str | Iterable[str] | None, key: str) -> tuple[Address, ...]:
    listed = [given] if isinstance(given, str) else list(given or ())
    parts = [part.strip() for text in listed for part in re.split("[,;]", unquote(text))]
    return tuple(_address(part, key) for part in parts if part)


def _address(text: str, key: str) -> Address:
    found = _ADDRESS.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError(text)
        host = found["host"].encode("idna").decode("ascii")
        return Address(display_name=_name(found["name"] or ""), addr_spec=f"{found['user']}@{host}")
    except (ValueError, IndexError):
        raise AccountFault(f"its `{key}` holds something that is not a mail address") from None


def _name(text: str) -> str:
    return header_line(text.strip().strip('"'), 80)
