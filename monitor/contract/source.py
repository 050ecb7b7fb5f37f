"""What a connector is: the only thing a source plugin needs to know of this program.

A connector is a class with a `spec` and a constructor that takes its own validated settings. It reads and never
saves: the runner keeps each page of items together with its cursor in one transaction, so a crash either fetches
the page again or loses nothing. Built-in connectors use the entry-point group `monitor.connectors`, as anyone's do.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Protocol, runtime_checkable

from pydantic import BaseModel

from monitor.contract.ledger import Ledger, MemoryLedger
from monitor.domain import Gone, HealthState, Item

CONTRACT_VERSION = 1
ENTRY_POINT_GROUP = "monitor.connectors"


class Capability(StrEnum):
    """Say what a source can do."""

    SEARCH = "search"
    STREAM = "stream"
    THREAD = "thread"
    EDITS = "edits"
    DELETES = "deletes"
    MEDIA = "media"


class Access(StrEnum):
    """Say by which door a source is read; `page` obeys robots.txt."""

    API = "api"
    FEED = "feed"
    MAIL = "mail"
    PAGE = "page"
    MANUAL = "manual"


class Tested(StrEnum):
    """Say what a connector's tests rest on: real recordings, or only the platform's published schema."""

    __test__ = False  # its name begins like a test class's, and it is none

    RECORDED = "recorded"
    SCHEMA = "schema"


class EmptyCursor(BaseModel):
    """Serve connectors that need no position of their own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConnectorSpec:
    """Describe a connector.

    `settings` and `cursor` are the pydantic models of its own configuration and position. `cost` says in words what
    reading costs ("free", "$0.005 a post"). `backfill_days` is how far back the source can be read, None if unknown.
    `may_link_authors` is False where its terms forbid to match its authors with accounts elsewhere. `terms_url` is
    where the service's terms stand; empty where the person chooses whose server is read.
    """

    name: str
    title: str
    settings: type[BaseModel]
    cursor: type[BaseModel]
    capabilities: frozenset[Capability]
    access: Access
    cost: str
    needs_credentials: bool
    terms_url: str
    tested: Tested
    backfill_days: int | None = None
    may_link_authors: bool = True
    contract_version: int = CONTRACT_VERSION

    @property
    def terms(self) -> str:
        """Say whose terms hold: their address, or that they are those of the server that was chosen."""
        return self.terms_url or "those of the server you choose"


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """Ask a source for something: `terms` are names and handles, any of which may occur; empty means everything."""

    key: str = "*"
    terms: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """Hand over items together with the position after them; both are kept in one transaction.

    `complete` is true when nothing newer is left behind this page. `gone` names items that the source no longer
    shows. `not_modified` says that the source answered "unchanged".
    """

    items: tuple[Item, ...]
    cursor: BaseModel
    complete: bool = True
    gone: tuple[Gone, ...] = ()
    not_modified: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Health:
    """Answer whether a source can be read now: what is wrong, why, and one thing to try."""

    state: HealthState
    what: str = ""
    why: str = ""
    try_: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """Hold a bounded, decoded answer.

    `url` is the final address after redirects, `body` is decompressed, `headers` have lower-case names.
    `not_modified` is true for 304: the body is then empty.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    not_modified: bool = False
    redirects: tuple[str, ...] = ()
    remote_ip: str = ""

    @property
    def media_type(self) -> str:
        """Give the media type without parameters, lower case, or an empty string."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def charset(self) -> str:
        """Give the charset parameter of the content type, or an empty string."""
        for part in self.headers.get("content-type", "").split(";")[1:]:
            name, _, value = part.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'")
        return ""


ANY_STATUS = frozenset(range(200, 600)) - frozenset(range(300, 400))
"""Every status as an answer; redirects are still followed, and one that leads nowhere is a fault."""


STREAM_IDLE = timedelta(minutes=2)
MAX_MESSAGE = 1024 * 1024


class Http(Protocol):
    """Fetch over HTTP under the house rules: no private addresses, caps on size and time, rates, Retry-After."""

    async def get(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        etag: str = "",
        last_modified: str = "",
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Fetch an address; a redirect is followed unless its status is in `ok`.

        `etag` and `last_modified` are the validators of an earlier answer, as its headers gave them; keep them in the
        cursor, so that they are saved together with the items they stand for. Statuses outside `ok` (304 is
        accepted when a validator was sent) raise: RateLimited (429, 503 with Retry-After), SourceUnavailable
        (5xx, network faults, time-outs), AuthenticationFailed (401), AccessForbidden (402, 403, 451), SourceChanged
        (404, 410 and other 4xx), AddressForbidden, TooLarge, RobotsDisallowed. Nothing else leaves it. Redirects are
        followed, except those whose status is in `ok`.
        """
        ...

    async def post_json(
        self,
        url: str,
        *,
        json: Mapping[str, object],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Send a JSON object and give the answer, under the same rules as `get`.

        For the calls of an interface that want it, a sign-in for example. A redirect is never followed: what is
        sent may be a secret. It raises SourceChanged, and the rest what `get` does; robots.txt is not asked.
        """
        ...

    async def post_form(
        self,
        url: str,
        *,
        form: Mapping[str, str],
        headers: Mapping[str, str] | None = None,
        ok: frozenset[int] = frozenset({200}),
    ) -> Response:
        """Send the fields of a form and give the answer, as `post_json` does."""
        ...

    def stream(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        idle: timedelta = STREAM_IDLE,
        max_message: int = MAX_MESSAGE,
    ) -> AbstractAsyncContextManager[AsyncIterator[tuple[bytes, ...]]]:
        """Open a WebSocket (wss or https; ws and http to listed hosts alone) and give its messages in batches.

        A batch holds what came within a second, at most 1,000 messages; an empty one says, every half a minute, that
        the other side is still there and sent nothing. Text comes as UTF-8 that was not checked. Opening raises
        what `get` does, for the status that was answered in place of the upgrade; a redirect is not followed. Reading
        raises SourceUnavailable when the stream ends, answers no ping, or has sent nothing whole for `idle`, and
        TooLarge for a message of more than `max_message` bytes.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Give a connector what it may use: its HTTP client, the time and the count of costs; `now` is aware UTC.

    The runner's ledger outlives the poll and the program; the one made by default does not.
    """

    source: str
    http: Http
    now: datetime
    ledger: Ledger = field(default_factory=MemoryLedger)


@runtime_checkable
class Connector(Protocol):
    """Read one configured source.

    Constructed as `cls(settings)` with an instance of `spec.settings`; construction does no I/O. All methods may
    raise ConnectorError and FetchError and nothing else on purpose; anything else is taken for a broken plugin and
    stops only this source.
    """

    spec: ClassVar[ConnectorSpec]

    def poll(self, ctx: Context, query: Query, cursor: BaseModel) -> AsyncIterator[Page]:
        """Walk from the position in `cursor`, page by page.

        `cursor` is an instance of `spec.cursor`, `spec.cursor()` the first time. Polling twice from one cursor
        gives the same ids. Items may be given again (the runner knows them); an edited one is a new revision.
        """
        ...

    async def check(self, ctx: Context) -> Health:
        """Try the credentials and one cheap call; never raise for an expected fault."""
        ...


@runtime_checkable
class Refetching(Protocol):
    """Mark a connector that can read one item again by its id."""

    async def refetch(self, ctx: Context, external_id: str) -> Item | Gone:
        """Read one item again; Gone when the source says it no longer exists."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """Say what a credential was counted for in a period such as "2026-11", and the cap; None: there is none."""

    used: float
    most: float | None
    unit: str
    period: str


@runtime_checkable
class Spends(Protocol):
    """Offer this beside `Connector` where reading costs something or is counted, so that a person can see it."""

    async def spending(self, ctx: Context) -> Spending | None:
        """Say what was counted, or None where nothing is; asks the ledger and nobody else."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """Mark a connector that declares `Capability.STREAM`: its source sends by itself what is new.

    It keeps `poll`, too: reading from the position up to what is new now, for a single pass.
    """

    def stream(self, ctx: Context, query: Query, cursor: BaseModel) -> AsyncIterator[Page]:
        """Listen from the position in `cursor`, for as long as the source sends; the runner cancels it to end it.

        A page a batch of `ctx.http.stream`, empty ones too: they say that somebody listens. `ctx.now` is when it was
        opened. Only items that name somebody watched are kept, so give everything; two versions of one thing go on
        two pages, and an edited one has `edited_at`. What was given before and is sent again after the position
        was taken up (by rewinding it a little) is left out. It raises what `poll` does; when it ends or raises a
        TemporaryError it is opened again from the kept position, after a while.
        """
        ...
