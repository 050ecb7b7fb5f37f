"""What a connector is: the only thing a source plugin needs to know of this program.

`source` says what a connector declares, is handed and gives; `gaps` holds the position of a listing that is read
newest first; `walk` reads such listings. Everything is imported from here.
"""

from monitor.contract.gaps import Gap, GapCursor, Mark
from monitor.contract.source import (
    CONTRACT_VERSION,
    ENTRY_POINT_GROUP,
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
    Tested,
)
from monitor.contract.walk import Listed, Listing, ListingsCursor, walk_listings

__all__ = [
    "CONTRACT_VERSION",
    "ENTRY_POINT_GROUP",
    "Access",
    "Capability",
    "Connector",
    "ConnectorSpec",
    "Context",
    "EmptyCursor",
    "Gap",
    "GapCursor",
    "Health",
    "Http",
    "Listed",
    "Listing",
    "ListingsCursor",
    "Mark",
    "Page",
    "Query",
    "Refetching",
    "Response",
    "Tested",
    "walk_listings",
]
