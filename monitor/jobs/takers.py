"""Decide which channels of a side take an alert, by the tags that a person gave them; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from monitor.domain import Alert, AlertKind, ChannelTag, Level

_FAULTS = frozenset(
    {
        AlertKind.CAPTURE_FAILED,
        AlertKind.SOURCE_FAILING,
        AlertKind.SOURCE_BACK,
        AlertKind.CHANNEL_FAILING,
        AlertKind.DISK_LOW,
        AlertKind.DISK_OK,
        AlertKind.STORE_FAILING,
        AlertKind.STORE_BACK,
    }
)
_DANGER = frozenset({ChannelTag.DANGER, ChannelTag.LIKELY, ChannelTag.POSSIBLE})
_LIKELY = frozenset({ChannelTag.LIKELY, ChannelTag.POSSIBLE})


def wanted_tags(alert: Alert) -> frozenset[ChannelTag]:
    """Give the tags of which one is enough to be told of an alert; who takes a level is told what is above it, too."""
    if alert.kind is AlertKind.DIGEST:
        return frozenset({ChannelTag.DIGEST})
    if alert.kind in _FAULTS:
        return frozenset({ChannelTag.FAULTS})
    if alert.payload.get("at_once"):
        return _DANGER
    return frozenset({ChannelTag.POSSIBLE}) if alert.level is Level.POSSIBLE else _LIKELY


def nobody_takes_repeats(side: Sequence[str], tags: Mapping[str, Collection[ChannelTag]]) -> bool:
    """Tell whether no channel of a side is meant for likely repeats, which would then go to all of it."""
    return bool(side) and all(tags.get(one) and not _LIKELY.intersection(tags[one]) for one in side)


def takers(
    side: Sequence[str], alert: Alert, tags: Mapping[str, Collection[ChannelTag]], off: Collection[str]
) -> tuple[str, ...]:
    """Give the channels of a side that are told of an alert, in their order; a channel without tags takes everything.

    Where those that take it are all switched off, or none takes it, all of the side are told rather than nobody; but
    a possible repeat or a change that nobody takes is left to the summary, which names it anyway (an empty tuple).
    """
    wanted = wanted_tags(alert)
    taking = tuple(one for one in side if not tags.get(one) or wanted.intersection(tags[one]))
    silent = alert.payload.get("channel") if alert.kind is AlertKind.CHANNEL_FAILING else None
    if any(one not in off and one != silent for one in taking):
        return taking
    may_wait = alert.kind is AlertKind.CHANGE or (alert.kind is AlertKind.MATCH and wanted == {ChannelTag.POSSIBLE})
    return () if may_wait and not taking else tuple(side)
