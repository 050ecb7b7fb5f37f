"""Read a mailbox for what alert services and closed platforms send: the lawful way to hear of things there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from connectors import _mail_reader as reader
from connectors._bounded import parse_bounded
from connectors._health import health_of
from connectors._imap import ImapMailbox, MailAccount
from monitor.contract import Access, ConnectorSpec, Context, Health, Page, Query, Tested
from monitor.domain import HealthState, Item, MentionKind
from monitor.errors import AuthenticationFailed, MonitorError, SourceChanged

_BATCH = 20


class MailboxSettings(BaseModel):
    """Say which mailbox to read; it is only looked at, nothing in it is changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(pattern=r"^[A-Za-z0-9._:\[\]-]{1,253}$", description="The IMAP server's name.")
    port: int = Field(993, gt=0, lt=65536, description="Its port for IMAP over TLS.")
    username: str = Field("", max_length=320, description="The mailbox's user name, mostly its address.")
    password: SecretStr = Field(SecretStr(""), description="Its password; most services want an app password.")
    folder: str = Field("INBOX", min_length=1, max_length=200, description="Which folder to read.")
    senders: tuple[str, ...] = Field((), max_length=200, description="Further senders to read: addresses or domains.")
    backfill_days: int = Field(30, ge=1, le=3650, description="How far back to read the first time.")
    max_bytes: int = Field(2 * 1024 * 1024, ge=10_000, le=20 * 1024 * 1024, description="Read so much of each mail.")
    ca_file: Path | None = Field(None, description="Certificates to trust, for a server with one of its own.")

    @field_validator("senders")
    @classmethod
    def _lower(cls, senders: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(one.strip().lower().removeprefix("@") for one in senders if one.strip())

    @field_validator("folder", "username")
    @classmethod
    def _one_line(cls, text: str) -> str:
        if not text.isprintable() or not text.isascii():
            raise ValueError(
                "use plain letters; folders with others are named as the server lists them (modified UTF-7)"
            )
        return text


class MailboxCursor(BaseModel):
    """Hold the number of the last mail read; numbers grow, and `uid_validity` says whether they still mean the same."""

    uid_validity: int = 0
    last_uid: int = 0


class MailboxConnector:
    """Read new mails by their numbers; each alert or notification in them is an item with its real link."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="mailbox",
        title="Mailbox (alerts and notifications by mail)",
        settings=MailboxSettings,
        cursor=MailboxCursor,
        capabilities=frozenset(),
        access=Access.MAIL,
        cost="free",
        needs_credentials=True,
        terms_url="",
        tested=Tested.RECORDED,
    )

    def __init__(self, settings: MailboxSettings) -> None:
        self._settings = settings

    async def poll(self, ctx: Context, query: Query, cursor: MailboxCursor) -> AsyncIterator[Page]:
        """Give the items of all new mails, twenty mails a page."""
        mailbox = await self._open()
        try:
            known = cursor if cursor.uid_validity == mailbox.uid_validity else MailboxCursor()
            since = (ctx.now - timedelta(days=self._settings.backfill_days)).date()
            uids = await asyncio.to_thread(mailbox.uids_after, known.last_uid, since)
            position = MailboxCursor(uid_validity=mailbox.uid_validity, last_uid=known.last_uid)
            if not uids:
                yield Page(items=(), cursor=position)
            for at in range(0, len(uids), _BATCH):
                batch = uids[at : at + _BATCH]
                items = [item for uid in batch for item in await self._read(ctx, mailbox, uid)]
                position = MailboxCursor(uid_validity=mailbox.uid_validity, last_uid=batch[-1])
                yield Page(items=tuple(items), cursor=position, complete=at + _BATCH >= len(uids))
        finally:
            await asyncio.to_thread(mailbox.close)

    async def check(self, ctx: Context) -> Health:
        """Log in, look at the folder, and log out."""
        try:
            mailbox = await self._open()
        except MonitorError as error:
            return health_of(error)
        await asyncio.to_thread(mailbox.close)
        return Health(state=HealthState.OK, what=f"The folder {self._settings.folder} can be read.")

    async def _open(self) -> ImapMailbox:
        settings = self._settings
        if not settings.username or not settings.password.get_secret_value():
            raise AuthenticationFailed(
                "The mailbox needs a user name and a password.",
                connector=self.spec.name,
                why="`username` or `password` is not set.",
                try_="Make an app password in the mail service's security settings.",
            )
        account = MailAccount(
            host=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password.get_secret_value(),
            folder=settings.folder,
            ca_file=str(settings.ca_file) if settings.ca_file else "",
        )
        return await asyncio.to_thread(ImapMailbox, account)

    async def _read(self, ctx: Context, mailbox: ImapMailbox, uid: int) -> tuple[Item, ...]:
        """Read one mail, whose header says first whether it is worth reading; a hopeless one gives nothing."""
        head = await asyncio.to_thread(mailbox.header, uid)
        if not reader.is_of_interest(reader.sender_of(head), self._settings.senders):
            return ()
        body = await asyncio.to_thread(mailbox.mail, uid, self._settings.max_bytes)
        try:
            options = reader.MailOptions(senders=self._settings.senders)
            parsed = await parse_bounded(reader.read, body, options)
        except SourceChanged:
            return ()  # one hostile mail must not close the mailbox for ever
        return tuple(
            entry.to_item(kind=MentionKind.POST, url="", raw=body, media_type="message/rfc822", fetched_at=ctx.now)
            for entry in parsed.entries
        )
