"""What the jobs need from the outside, each with its contract in words.

Store and Vault are synchronous and may be called from any thread, one call at a time per thread; the jobs call them
off the event loop. Capturer and Notifier are asynchronous. Every moment is aware UTC. No method returns None for an
error: faults raise the errors named here.
"""

from monitor.ports.accounts import AccountStore
from monitor.ports.cases import CaseStore, ExhibitRows
from monitor.ports.evidence import (
    ATTESTED,
    OPENTIMESTAMPS,
    PENDING,
    RFC3161,
    Capturer,
    Enclosure,
    Exported,
    Exporter,
    ExportItem,
    ExportOrder,
    Finding,
    Look,
    Looker,
    LookRequest,
    Staging,
    Timestamper,
    Token,
    Vault,
    Verification,
)
from monitor.ports.operating import (
    Additions,
    Ask,
    AskKind,
    ChannelState,
    Offer,
    Operations,
    SourceState,
    SourceTrial,
    Spent,
)
from monitor.ports.planning import LATENESS_OF, Doing, PlanStore, SharedTurns, Waiting, WorkerState
from monitor.ports.recheck import Recheck, RecheckStore
from monitor.ports.review import DayCount, Pile, ReviewFilter, ReviewStore, Spread
from monitor.ports.rounds import Begun, Book, GroupState, RoundStore, Step, Turn, higher
from monitor.ports.rows import Decision, Earlier, HitFilter, PageResult, PageRows, PollEnd
from monitor.ports.store import CaptureStore, MentionStore, OutboxStore, PollStore, Store, SubjectStore
from monitor.ports.telling import Clock, Notifier, OnceStore, Poster, Renderer

__all__ = [
    "ATTESTED",
    "LATENESS_OF",
    "OPENTIMESTAMPS",
    "PENDING",
    "RFC3161",
    "AccountStore",
    "Additions",
    "Ask",
    "AskKind",
    "Begun",
    "Book",
    "CaptureStore",
    "Capturer",
    "CaseStore",
    "ChannelState",
    "Clock",
    "DayCount",
    "Decision",
    "Doing",
    "Earlier",
    "Enclosure",
    "ExhibitRows",
    "ExportItem",
    "ExportOrder",
    "Exported",
    "Exporter",
    "Finding",
    "GroupState",
    "HitFilter",
    "Look",
    "LookRequest",
    "Looker",
    "MentionStore",
    "Notifier",
    "Offer",
    "OnceStore",
    "Operations",
    "OutboxStore",
    "PageResult",
    "PageRows",
    "Pile",
    "PlanStore",
    "PollEnd",
    "PollStore",
    "Poster",
    "Recheck",
    "RecheckStore",
    "Renderer",
    "ReviewFilter",
    "ReviewStore",
    "RoundStore",
    "SharedTurns",
    "SourceState",
    "SourceTrial",
    "Spent",
    "Spread",
    "Staging",
    "Step",
    "Store",
    "SubjectStore",
    "Timestamper",
    "Token",
    "Turn",
    "Vault",
    "Verification",
    "Waiting",
    "WorkerState",
    "higher",
]
