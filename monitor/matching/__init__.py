"""Whose name is it, and is this the known false statement? Pure: text in, reasons with original spans out."""

from monitor.matching.decide import MATCHER_VERSION, decide
from monitor.matching.encoder import Encoder
from monitor.matching.index import Ranked, StatementIndex
from monitor.matching.matcher import Matcher
from monitor.matching.thresholds import Thresholds
from monitor.matching.verdicts import verdict

__all__ = [
    "MATCHER_VERSION",
    "Encoder",
    "Matcher",
    "Ranked",
    "StatementIndex",
    "Thresholds",
    "decide",
    "verdict",
]
