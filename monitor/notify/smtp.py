"""Hand mails to their first server; the only door to aiosmtplib."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from email.message import EmailMessage
from ipaddress import ip_address

import aiosmtplib
from aiosmtplib import (
    SMTPAuthenticationError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPTimeoutError,
)

from monitor.errors import DeliveryError
from monitor.notify.accounts import MailAccount, Security
from monitor.notify.faults import content_refused, permanent, temporary
from monitor.notify.masks import Masker

AT_ONCE = 2
REMEMBERED = 1000
"""How many messages' accepted recipients are remembered, so that a retry does not send to them again."""

_LOGIN = "Check the user name and password; many providers want an app password here."
_SERVER = "Check the server name, port and mode of the address under [alerts] urls."


class Mailer:
    """Send mails with one account, at most `AT_ONCE` at the same time.

    A retry of a message goes only to the recipients that have not taken it yet; this memory is lost at a restart,
    and then some may get it twice.
    """

    def __init__(self, channel: str, account: MailAccount, masker: Masker, timeout_s: float) -> None:
        self._channel = channel
        self._account = account
        self._mask = masker
        self._timeout_s = timeout_s
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._taken: OrderedDict[str, set[str]] = OrderedDict()

    async def send(self, mail: EmailMessage) -> None:
        """Send one mail to everyone who has not taken it yet; DeliveryError says who did not, and why.

        Fails temporarily on 4xx replies, broken connections and after the deadline (the mail may have been taken
        then), permanently on 5xx replies, a refused login, and rather than sending a password in clear.
        """
        key = str(mail["Message-ID"])
        taken = self._taken.setdefault(key, set())
        wanted = [one for one in self._account.recipients if one not in taken]
        try:
            async with self._turns, asyncio.timeout(self._timeout_s):
                refused = await self._deliver(mail, wanted)
        except SMTPRecipientsRefused as error:
            refused = {one.recipient: aiosmtplib.SMTPResponse(one.code, one.message) for one in error.recipients}
        except (SMTPException, OSError, ValueError) as error:
            # `from None` everywhere: a cause may repeat what the server said, unmasked.
            raise self._fault(error) from None
        taken.update(one for one in wanted if one not in refused)
        if refused:
            raise self._partly(refused)
        self._taken.move_to_end(key)
        while len(self._taken) > REMEMBERED:
            self._taken.popitem(last=False)

    async def _deliver(self, mail: EmailMessage, recipients: list[str]) -> dict[str, aiosmtplib.SMTPResponse]:
        account = self._account
        client = aiosmtplib.SMTP(
            hostname=account.host,
            port=account.port,
            use_tls=account.security is Security.SSL,
            start_tls={Security.STARTTLS: True, Security.WHEN_OFFERED: None}.get(account.security, False),
            validate_certs=account.checks_certificate and not _is_loopback(account.host),
            # An address literal instead of this machine's name, which is nobody's business.
            local_hostname="[127.0.0.1]",
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
            if account.username:
                self._refuse_clear_login(client)
                await client.login(account.username, account.password)
            refused, _ = await client.send_message(
                mail, sender=account.envelope.sender.addr_spec, recipients=recipients
            )
            await _goodbye(client)
        finally:
            client.close()
        return refused

    def _refuse_clear_login(self, client: aiosmtplib.SMTP) -> None:
        account = self._account
        is_private = client.get_transport_info("sslcontext") is not None or _is_loopback(account.host)
        if not is_private and account.security is not Security.CLEAR:
            raise SMTPNotSupported("the server offers no encryption, so the password was not sent")

    def _fault(self, error: SMTPException | OSError | ValueError) -> DeliveryError:
        channel, why = self._channel, self._mask(_said(error))
        match error:
            case SMTPAuthenticationError(code=code) if code >= 500:
                return permanent(channel, f"The login was refused: {why}", try_=_LOGIN)
            case SMTPDataError(code=code) if code >= 500:
                return content_refused(channel, why)
            case SMTPSenderRefused(code=code) if code >= 500:
                return permanent(channel, why, try_="Check the sender (`from`) of the mail address.")
            case SMTPResponseException(code=code) if code >= 500:
                return permanent(channel, why, try_=_SERVER)
            case SMTPNotSupported():
                return permanent(channel, why, try_=_SERVER)
            case _ if type(error) is SMTPException:
                # The library's way to say that the server does not offer encryption or logins.
                return permanent(channel, why, try_=_SERVER)
            case SMTPTimeoutError() | TimeoutError():
                return temporary(channel, f"No answer within {self._timeout_s:g} seconds; it may still have arrived.")
            case _:
                return temporary(channel, why)

    def _partly(self, refused: dict[str, aiosmtplib.SMTPResponse]) -> DeliveryError:
        total = len(self._account.recipients)
        first = next(iter(refused.values()))
        why = self._mask(f"{len(refused)} of {total} recipients were refused: {first.code} {first.message}")
        if all(reply.code >= 500 for reply in refused.values()):
            return permanent(self._channel, why, try_="Check the recipients of the mail address.")
        return temporary(self._channel, why)


async def _goodbye(client: aiosmtplib.SMTP) -> None:
    """End the session politely; the mail is already taken, so a fault here means nothing."""
    try:
        await client.quit()
    except (SMTPException, OSError):
        client.close()


def _said(error: Exception) -> str:
    if isinstance(error, SMTPResponseException):
        return f"{error.code} {error.message}"
    return str(error) or type(error).__name__


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
