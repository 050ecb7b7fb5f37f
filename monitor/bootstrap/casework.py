"""Put together the desk at which cases are worked on."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from monitor.bootstrap.build import BY_HAND
from monitor.bootstrap.letterheads import letterhead_of
from monitor.cases.desk import CaseDesk
from monitor.jobs.poll import Source
from monitor.ports import Clock, Store, Vault
from monitor.settings import Settings


def case_desk(store: Store, vault: Vault, clock: Clock, settings: Settings, sources: Mapping[str, Source]) -> CaseDesk:
    """Give the desk; authors are compared only where a source's terms allow it, or a person added the page."""
    linkable = {name for name, source in sources.items() if source.connector.spec.may_link_authors}
    return CaseDesk(
        store=store,
        vault=vault,
        clock=clock,
        linkable=frozenset({*linkable, BY_HAND}),
        letterhead_of=partial(letterhead_of, settings.cases.letterheads),
    )
