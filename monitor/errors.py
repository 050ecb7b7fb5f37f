"""Every error the product raises on purpose.

MonitorError
├ ConfigError
├ InputError
├ PluginError            ─ PluginNotFound · PluginBroken · ContractMismatch
├ ConnectorError(connector)
│  ├ TemporaryError      ─ RateLimited(retry_at) · SourceUnavailable
│  └ PermanentError      ─ AuthenticationFailed · AccessForbidden · SourceChanged · BudgetSpent
├ FetchError             ─ AddressForbidden · TooLarge · RobotsDisallowed
├ StoreError             ─ StoreBusy · SchemaTooNew
├ EvidenceError          ─ CaptureFailed · CaptureBlocked · FixityError · TimestampFailed
├ PrintingFailed
├ BackupError
└ DeliveryError(channel, permanent)

Each carries what happened, why, and one thing to try, in words for a person.
Nothing-new and no-match are values, never errors. `why_of` and `try_of` have words for the system's own faults.
"""

from __future__ import annotations

import errno
from datetime import datetime

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_READ_ONLY_TRY = (
    "Mount it for writing, then try again. A disk that fails turns read-only by itself (`dmesg` tells); a container or "
    "a systemd unit may make it so for this program alone (`ReadWritePaths=`)."
)


def why_of(error: OSError) -> str:
    """Say why the system refused something; the file or address it was about is never named."""
    if error.errno in _FULL:
        return "the disk is full"
    if error.errno == errno.EROFS:
        return "the file system is mounted read-only"
    return error.strerror or str(error)


def try_of(error: OSError, otherwise: str = "") -> str:
    """Say what to try when a disk took nothing: what helps against just that, or else what stands in `otherwise`."""
    if error.errno in _FULL:
        return "Free some space on it, then try again; the service does so by itself."
    return _READ_ONLY_TRY if error.errno == errno.EROFS else otherwise


class MonitorError(Exception):
    """Say what happened, why, and what to try next.

    The class docstring's first line is the default *what*. None of the three texts may hold a secret.
    """

    default_try = "Run `goodname doctor`."

    def __init__(self, what: str = "", *, why: str = "", try_: str = "") -> None:
        self.what = what or (type(self).__doc__ or type(self).__name__).splitlines()[0]
        self.why = why
        self.try_ = try_ or self.default_try
        super().__init__(self.what)

    def __str__(self) -> str:
        return f"{self.what} ({self.why})" if self.why else self.what


class ConfigError(MonitorError):
    """The configuration cannot be used.

    `faults` names every fault that was found, one sentence each.
    """

    default_try = "Run `goodname config check`."

    def __init__(self, what: str = "", *, faults: tuple[str, ...] = (), why: str = "", try_: str = "") -> None:
        self.faults = faults
        super().__init__(what, why=why or "; ".join(faults), try_=try_)


class InputError(MonitorError):
    """What was given on the command line or in a form cannot be used."""

    default_try = "Run the command with `--help`."


class PluginError(MonitorError):
    """A connector plugin cannot be used."""

    default_try = "Run `goodname source list`."


class PluginNotFound(PluginError):
    """No installed connector has this name."""


class PluginBroken(PluginError):
    """A connector plugin failed while it was loaded."""


class ContractMismatch(PluginError):
    """A connector plugin does not keep the connector contract."""


class ConnectorError(MonitorError):
    """A source could not be read."""

    default_try = "Run `goodname source test NAME`."

    def __init__(self, what: str = "", *, connector: str = "", why: str = "", try_: str = "") -> None:
        self.connector = connector
        super().__init__(what, why=why, try_=try_)


class TemporaryError(ConnectorError):
    """A source could not be read just now; it is tried again by itself."""


class RateLimited(TemporaryError):
    """The source asks for fewer requests.

    `retry_at` (aware UTC, or None when the source did not say) is the earliest moment for the next one.
    """

    def __init__(
        self,
        what: str = "",
        *,
        retry_at: datetime | None = None,
        connector: str = "",
        why: str = "",
        try_: str = "",
    ) -> None:
        self.retry_at = retry_at
        super().__init__(what, connector=connector, why=why, try_=try_ or "Wait; it is tried again by itself.")


class SourceUnavailable(TemporaryError):
    """The source does not answer as it should."""


class PermanentError(ConnectorError):
    """A source cannot be read until a person changes something."""


class AuthenticationFailed(PermanentError):
    """The source refused the credentials."""


class AccessForbidden(PermanentError):
    """The source does not allow this to be read."""


class SourceChanged(PermanentError):
    """The source answers in a form that is not understood."""


class BudgetSpent(PermanentError):
    """The spending limit set for this source is reached."""


class FetchError(MonitorError):
    """An address could not be fetched."""

    default_try = "Check the address in a browser."


class AddressForbidden(FetchError):
    """The address is not a public one, so it is not contacted."""

    default_try = "If you trust it, list its host and port under [network] allow."


class TooLarge(FetchError):
    """The answer is larger than the limit."""


class RobotsDisallowed(FetchError):
    """The site's robots.txt asks not to fetch this address."""


class StoreError(MonitorError):
    """The database could not do what was asked."""


class StoreBusy(StoreError):
    """The database is locked or its disk is full; nothing was changed."""


class SchemaTooNew(StoreError):
    """The database was written by a newer version of this program."""

    default_try = "Install that version again, or restore a backup."


class EvidenceError(MonitorError):
    """Evidence could not be kept or checked."""

    default_try = "Run `goodname evidence verify`."


class CaptureFailed(EvidenceError):
    """A page could not be kept."""


class CaptureBlocked(EvidenceError):
    """The page asks for a login or a proof of being human, so its content could not be kept."""


class FixityError(EvidenceError):
    """Stored evidence is not what was stored."""


class TimestampFailed(EvidenceError):
    """No time stamp authority gave a token that can be trusted; it is asked again by itself."""

    default_try = "Run `goodname doctor`."


class PrintingFailed(MonitorError):
    """A document could not be printed as a PDF."""


class BackupError(MonitorError):
    """The backup cannot be used."""

    default_try = "Try another backup file, or run `goodname backup FILE` again."


class DeliveryError(MonitorError):
    """A message could not be delivered.

    `permanent` is true when trying again cannot help before a person changes something. `is_about_message` is true
    when that holds of this one message alone, and the channel takes others.
    """

    default_try = "Run `goodname notify test`."
    is_about_message = False

    def __init__(
        self, what: str = "", *, channel: str = "", permanent: bool = False, why: str = "", try_: str = ""
    ) -> None:
        self.channel = channel
        self.permanent = permanent
        super().__init__(what, why=why, try_=try_)
