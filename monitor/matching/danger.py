"""Find words that threaten somebody or give away where they live: the one thing that does not wait. Pure.

A short list on purpose: it errs towards telling, and only where the words stand near the name.
"""

from __future__ import annotations

import re

from monitor.domain import Span

NEAR = 280
"""How many characters around the name are looked at: about as much as one short post."""

_THREATS = r"""
    \b(?:kill|murder|shoot|stab|hang|lynch|rape|strangle|behead)(?:\s+(?:her|him|them|that|this|the))?\b
    | \b(?:burn|beat|break|smash|hurt|cut)\w*\s+(?:\w+\s+){0,3}
      (?:down|up|legs|face|head|throat|house|office|car|windows)\b
    | \b(?:should|deserves?\s+to|has\s+to|must|going\s+to|gonna|will)\s+(?:\w+\s+)?
      (?:die|be\s+dead|bleed|suffer|pay\s+for\s+this)\b
    | \bwe\s+know\s+where\s+(?:you|she|he|they)\s+lives?\b | \bwatch\s+your\s+back\b | \bdead\s+(?:man|woman|meat)\b
    | \b(?:bomb|acid\s+in|knife|baseball\s+bat)\b
    | \b(?:umbringen|abstechen|erschießen|aufhängen|vergewaltigen|matarla|matarlo|violarla)\b
"""
_DOXING = r"""
    \b(?:lives?|living|resides?)\s+(?:at|on)\s+(?:\d+|\w+\s+(?:street|road|lane|avenue))\b
    | \bhome\s+address\b | \b(?:her|his|their)\s+address\s+is\b
    | \b(?:here\s+is|here's|got|posting)\s+(?:her|his|their)\s+(?:address|phone|number|home)\b
    | \b(?:kids?|children|daughter|son)\s+(?:go|goes)\s+to\s+(?:school|kindergarten)\b
    | \b(?:licen[cs]e|number)\s+plate\s+(?:is|:)
    | \b\d{1,5}\s+[A-Z]\w+\s+(?:Street|St|Road|Rd|Avenue|Ave|Lane|Ln|Drive|Dr|Close|Way)\b
"""
_THREAT = re.compile(_THREATS, re.IGNORECASE | re.VERBOSE)
_ADDRESS = re.compile(_DOXING, re.IGNORECASE | re.VERBOSE)

THREAT = "words that threaten stand near the name"
ADDRESS = "words that give away where somebody lives, or whose children they are, stand near the name"


def danger_near(text: str, names: tuple[Span, ...]) -> tuple[str, ...]:
    """Say in words which dangers stand near one of the places that name the subject; empty when none does."""
    pieces = [text[max(0, start - NEAR) : end + NEAR] for start, end in names[:20]]
    found = []
    if any(_THREAT.search(piece) for piece in pieces):
        found.append(THREAT)
    if any(_ADDRESS.search(piece) for piece in pieces):
        found.append(ADDRESS)
    return tuple(found)
