"""Send messages to every configured channel: mails by the own sender, everything else through Apprise."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from monitor.domain import ChannelTag, Message
from monitor.errors import AddressForbidden, ConfigError
from monitor.notify.accounts import SCHEMES as MAIL_SCHEMES
from monitor.notify.accounts import AccountFault, MailAccount, read_account
from monitor.notify.addresses import AddressCheck, scheme_of
from monitor.notify.faults import ContentRefused, permanent
from monitor.notify.mail import MailSettings, build_mail
from monitor.notify.masks import Masker, login_secrets, url_secrets
from monitor.notify.pace import Pace
from monitor.notify.safe import one_line, plain_text
from monitor.notify.tags import TagFault, split_tags
from monitor.notify.webhook import SCHEMES as HOOK_SCHEMES
from monitor.notify.webhook import HookChannel
from monitor.ports import Clock, Poster

if TYPE_CHECKING:
    from monitor.notify.door import AppriseAsset

_PLAIN_LIMIT = 500
_MAIL_PACE_S = 1.0
_MAIL_BURST = 20
_PASSWORD = re.compile(r"(?<=://)([^/@:?#]*):[^/@?#]*(?=@)")


class Channel(Protocol):
    """Send messages to one destination."""

    name: str

    async def send(self, message: Message) -> None:
        """Send one message; DeliveryError when it was not accepted."""
        ...


class MailChannel:
    """Send messages as mails with one account."""

    def __init__(
        self,
        name: str,
        account: MailAccount,
        settings: MailSettings,
        *,
        mask: Masker,
        timeout_s: float,
        guard: AddressCheck | None,
        clock: Clock | None,
    ) -> None:
        self.name = name
        self._account = account
        self._settings = settings
        self._guard = guard
        self._clock = clock
        from monitor.notify.smtp import Mailer  # noqa: PLC0415 # loads aiosmtplib: only for a channel that sends mails

        self._mailer = Mailer(name, account, mask, timeout_s)

    async def send(self, message: Message) -> None:
        """Build the mail and hand it to the server."""
        if self._guard is not None:
            await self._guard(self._account.host, self._account.port)
        sent_at = self._clock.now() if self._clock else None
        await self._mailer.send(build_mail(message, self._account.envelope, self._settings, sent_at=sent_at))


class AppriseNotifier:
    """Send messages to the channels that Apprise URLs describe; keeps the `Notifier` port.

    Raises ConfigError that names every URL that cannot be used, by its place, never its text. `guard` is asked
    before a mail server or webhook is contacted. `timeout_s` bounds one attempt on one channel. `paced` false turns
    the distance between messages off. `clock` dates the mails (None: the system's time). `http` sends signed calls.

    A URL may begin with tags that say what the channel takes, as in `likely,digest=json://HOST/PATH`.

    A channel's name is its scheme and six hex digits of its URL without the password: stable over restarts and over
    a changed password, and it gives nothing away.
    """

    def __init__(
        self,
        urls: Sequence[str],
        *,
        guard: AddressCheck | None = None,
        timeout_s: float = 30.0,
        mail: MailSettings | None = None,
        clock: Clock | None = None,
        http: Poster | None = None,
        paced: bool = True,
    ) -> None:
        self._guard = guard
        self._timeout_s = timeout_s
        self._mail = mail or MailSettings()
        self._clock = clock
        self._http = http
        self._channels: dict[str, Channel] = {}
        self._paces: dict[str, Pace] = {}
        self._destinations: dict[tuple[str, str], Pace] = {}
        self._tags: dict[str, frozenset[ChannelTag]] = {}
        faults = [fault for place, url in enumerate(urls, 1) if (fault := self._add(url, paced=paced, place=place))]
        if faults:
            raise ConfigError("An alert channel cannot be used.", faults=tuple(faults))

    @property
    def channels(self) -> tuple[str, ...]:
        """Name the channels in the order of their URLs."""
        return tuple(self._channels)

    @property
    def tags(self) -> Mapping[str, frozenset[ChannelTag]]:
        """Say of each channel that has tags what it takes."""
        return self._tags

    @property
    def shows_pictures(self) -> bool:
        """Tell whether any channel shows the pictures of a message; only mail does."""
        return any(isinstance(one, MailChannel) for one in self._channels.values())

    @cached_property
    def _asset(self) -> AppriseAsset:
        from monitor.notify.services import make_asset  # noqa: PLC0415 # loads Apprise: only for a channel

        return make_asset(self._mail.sender_name)

    async def turn(self, channel: str) -> None:
        """Wait until this channel's destination may be sent to again, in the order in which this was asked.

        Channels that go to one account of a service, or through one login of a mail server, wait for each other.
        """
        if channel in self._paces:
            await self._paces[channel].turn()

    async def send(self, channel: str, message: Message) -> None:
        """Send one message on one channel; DeliveryError (masked) when it was not accepted.

        When a working channel refuses the message itself, it is sent once more in a plainer form: short, text only,
        ASCII. A channel that does not exist refuses for good.
        """
        target = self._channels.get(channel)
        if target is None:
            raise permanent(one_line(channel, 60), "There is no such channel.", try_="Run `goodname config check`.")
        try:
            await target.send(message)
        except ContentRefused:
            await target.send(_plainer(message))
        except AddressForbidden as error:
            raise permanent(channel, str(error), try_=error.try_) from None

    def _add(self, given: str, *, place: int, paced: bool) -> str:
        """Add one channel, or say what is wrong with its tags or its URL."""
        key = f"`alerts.urls[{place}]`"
        try:
            tags, url = split_tags(given)
        except TagFault as fault:
            return f"{key}: {fault}"
        scheme = scheme_of(url)
        if not scheme:
            return f"{key} is not an Apprise URL such as mailtos://USER:PASSWORD@HOST or json://HOST/PATH"
        name = f"{scheme}-{_short_hash(url)}"
        if name in self._channels:
            return f"{key} is the same channel as an earlier one"
        if tags:
            self._tags[name] = tags
        if scheme in MAIL_SCHEMES:
            return self._add_mail(key, name, url, paced=paced)
        if scheme in HOOK_SCHEMES:
            return self._add_hook(key, name, url)
        return self._add_service(key, name, url, paced=paced)

    def _add_mail(self, key: str, name: str, url: str, *, paced: bool) -> str:
        try:
            account = read_account(url, self._mail.sender_name, self._asset)
        except AccountFault as fault:
            return f"{key}: {fault}"
        self._channels[name] = MailChannel(
            name,
            account,
            self._mail,
            mask=Masker(login_secrets(account.username, account.password)),
            timeout_s=self._timeout_s,
            guard=self._guard,
            clock=self._clock,
        )
        if paced:
            # By server and login: two addresses that one account writes to share what that server lets through.
            self._share_pace(name, (account.host, account.username), Pace(_MAIL_PACE_S, _MAIL_BURST))
        return ""

    def _add_hook(self, key: str, name: str, url: str) -> str:
        if self._http is None:
            return f"{key}: signed calls need the guarded client, which is not there"
        try:
            self._channels[name] = HookChannel(name, url, http=self._http, clock=self._clock)
        except AccountFault as fault:
            return f"{key}: {fault}"
        return ""

    def _add_service(self, key: str, name: str, url: str, *, paced: bool) -> str:
        from monitor.notify import services  # noqa: PLC0415 # loads Apprise: only for a channel that goes through it

        scheme = scheme_of(url)
        if not services.is_known(scheme):
            close = services.suggest_scheme(scheme)
            return f"{key}: I don't know the service `{scheme}://`{f'; did you mean `{close}://`?' if close else ''}"
        service = services.open_service(url, self._asset)
        if service is None:
            return f"{key}: the `{scheme}://` address is not complete; the service asks for other parts"
        shown = service.url(privacy=True)  # type: ignore[no-untyped-call]  # Apprise's own gap
        mask = Masker(url_secrets(url, shown))
        self._channels[name] = services.Service(
            name=name, url=url, asset=self._asset, mask=mask, timeout_s=self._timeout_s, guard=self._guard
        )
        if paced:
            # What stands where a host does is the account at a well-known service, and the machine at one's own.
            account = (scheme, urlsplit(url).netloc.rpartition("@")[2])
            self._share_pace(name, account, Pace(float(service.request_rate_per_sec)))
        return ""

    def _share_pace(self, name: str, destination: tuple[str, str], pace: Pace) -> None:
        self._paces[name] = self._destinations.setdefault(destination, pace)


def _short_hash(url: str) -> str:
    return hashlib.sha256(_PASSWORD.sub(r"\1", url).encode("utf-8", "surrogatepass")).hexdigest()[:6]


def _plainer(message: Message) -> Message:
    """Give the same message in a form that hardly anything refuses."""
    title = message.title.encode("ascii", "replace").decode()
    text = plain_text(message.text, _PLAIN_LIMIT).encode("ascii", "replace").decode()
    return replace(message, title=one_line(title, 80), text=text, html="", pictures=())
