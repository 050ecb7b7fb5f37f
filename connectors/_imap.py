"""Look at a mail folder over IMAP with TLS, without changing anything in it. Blocking: call it in a thread."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date

from monitor.errors import AuthenticationFailed, SourceChanged, SourceUnavailable

_SECONDS = 30.0
_CONNECTOR = "mailbox"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_NUMBER = re.compile(rb"\d{1,10}")
_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class MailAccount:
    """Hold what is needed to log in; an empty `ca_file` means the system's certificates."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str
    ca_file: str = ""


class ImapMailbox:
    """Hold one logged-in, read-only look at a folder; all methods raise ConnectorError only."""

    def __init__(self, account: MailAccount) -> None:
        with _in_words(account.host):
            context = ssl.create_default_context(cafile=account.ca_file or None)
            self._server = imaplib.IMAP4_SSL(account.host, account.port, ssl_context=context, timeout=_SECONDS)
        self._host = account.host
        try:
            self._enter(account)
        except BaseException:
            self.close()
            raise

    def _enter(self, account: MailAccount) -> None:
        with _in_words(self._host):
            try:
                self._server.login(account.username, account.password)
            except imaplib.IMAP4.abort:
                raise
            except imaplib.IMAP4.error:
                raise AuthenticationFailed(
                    f"{self._host} refused the user name or the password.",
                    connector=_CONNECTOR,
                    why="The login failed.",
                    try_="Make an app password in the mail service's security settings.",
                ) from None  # the server's own words may repeat what was sent
            quoted = '"' + account.folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
            status, _ = self._server.select(quoted, readonly=True)
        if status != "OK":
            raise SourceChanged(
                f"There is no folder {account.folder}.",
                connector=_CONNECTOR,
                why=f"{self._host} does not open it.",
                try_="Check `folder`; nested ones are written as the server lists them, such as INBOX/Alerts.",
            )
        _, given = self._server.response("UIDVALIDITY")
        found = _NUMBER.search(given[0]) if given and isinstance(given[0], bytes) else None
        self.uid_validity = int(found[0]) if found else 1

    def uids_after(self, last: int, since: date) -> list[int]:
        """List the numbers of mails after `last`, ascending; with 0, of all mails since a day."""
        day = f"{since.day}-{_MONTHS[since.month - 1]}-{since.year}"
        asked = ("UID", f"{last + 1}:*") if last else ("SINCE", day)
        with _in_words(self._host):
            status, given = self._server.uid("SEARCH", *asked)
        if status != "OK":
            raise _odd(self._host)
        numbers = {int(one) for line in given if isinstance(line, bytes) for one in _NUMBER.findall(line)}
        return sorted(number for number in numbers if number > last)  # "n:*" always gives the last mail, too

    def header(self, uid: int) -> bytes:
        """Give a mail's sender line, unread mails staying unread."""
        return self._fetch(uid, f"(BODY.PEEK[HEADER.FIELDS (FROM)]<0.{_HEAD_BYTES}>)")

    def mail(self, uid: int, most: int) -> bytes:
        """Give a mail's first `most` bytes, unread mails staying unread; empty when it has gone meanwhile."""
        return self._fetch(uid, f"(BODY.PEEK[]<0.{most}>)")

    def _fetch(self, uid: int, what: str) -> bytes:
        with _in_words(self._host):
            status, given = self._server.uid("FETCH", str(uid), what)
        if status != "OK":
            raise _odd(self._host)
        return next((one[1] for one in given if isinstance(one, tuple) and isinstance(one[1], bytes)), b"")

    def close(self) -> None:
        """Log out, as far as the server still listens."""
        with suppress(imaplib.IMAP4.error, OSError):
            self._server.logout()
        with suppress(OSError):
            self._server.shutdown()


@contextmanager
def _in_words(host: str) -> Iterator[None]:
    """Turn what can go wrong on the way into errors for a person."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise SourceUnavailable(
            f"{host} cannot prove who it is.",
            connector=_CONNECTOR,
            why=f"Its certificate is not trusted: {error.verify_message}.",
            try_="Check `host`; for a server with a certificate of its own, set `ca_file`.",
        ) from None
    except (imaplib.IMAP4.abort, OSError) as error:
        raise SourceUnavailable(
            f"{host} does not answer as it should.",
            connector=_CONNECTOR,
            why=f"The connection failed ({type(error).__name__}).",
        ) from None
    except (imaplib.IMAP4.error, ValueError):
        raise _odd(host) from None


def _odd(host: str) -> SourceChanged:
    return SourceChanged(f"{host} answers in a way that is not understood.", connector=_CONNECTOR)
