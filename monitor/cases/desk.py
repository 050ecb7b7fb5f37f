"""Work on cases: read what is stored, ask the rules, keep what follows, and write it into the custody log.

Nothing here contacts anybody. Every change is a custody event.
"""

from __future__ import annotations

from monitor.cases.legal import CaseLegal
from monitor.cases.papers import CasePapers


class CaseDesk(CasePapers, CaseLegal):
    """Do what the six steps ask for."""
