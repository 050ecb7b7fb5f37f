"""What a connector is: the only thing a source plugin needs to know of this program.

`source` says what a connector declares, is handed and gives; `gaps` holds the position of a listing that is read
newest first; `walk` reads such listings; `ledger` counts what reading costs. Everything is imported from here.
"""

from monitor.contract.gaps import OVERLAP, Gap, GapCursor, Mark
from monitor.contract.ledger import Ledger, MemoryLedger, account_of
from monitor.contract.source import (
    ANY_STATUS,
    CONTRACT_VERSION,
    ENTRY_POINT_GROUP,
    MAX_MESSAGE,
    STREAM_IDLE,
    Access,
    Capability,
    Connector,
    ConnectorSpec,
    Context,
    EmptyCursor,
    Health,
    Http,
    Page,
    Query,
    Refetching,
    Response,
    Spending,
    Spends,
    Streaming,
    Tested,
)
from monitor.contract.walk import LOST, Fault, Listed, Listing, ListingsCursor, walk_listings

__all__ = [
    "ANY_STATUS",
    "CONTRACT_VERSION",
    "ENTRY_POINT_GROUP",
    "LOST",
    "MAX_MESSAGE",
    "OVERLAP",
    "STREAM_IDLE",
    "Access",
    "Capability",
    "Connector",
    "ConnectorSpec",
    "Context",
    "EmptyCursor",
    "Fault",
    "Gap",
    "GapCursor",
    "Health",
    "Http",
    "Ledger",
    "Listed",
    "Listing",
    "ListingsCursor",
    "Mark",
    "MemoryLedger",
    "Page",
    "Query",
    "Refetching",
    "Response",
    "Spending",
    "Spends",
    "Streaming",
    "Tested",
    "account_of",
    "walk_listings",
]
