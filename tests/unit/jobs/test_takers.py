"""Which channels take an alert: every kind and level against every tag."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain import Alert, AlertKind, ChannelTag, Level
from monitor.jobs.takers import nobody_takes_repeats, takers, wanted_tags
from monitor.testing import NOW

D, L, P, S, F = ChannelTag
ONE_EACH = {tag.value: frozenset({tag}) for tag in ChannelTag}
KINDS = st.sampled_from([kind for kind in AlertKind if kind not in (AlertKind.TEST, AlertKind.UNSEEN)])


def alert(kind: AlertKind = AlertKind.MATCH, level: Level = Level.LIKELY, **payload: object) -> Alert:
    return Alert(kind=kind, dedupe_key="k", created_at=NOW, level=level, payload=payload)


@pytest.mark.parametrize(
    ("told", "taken_by"),
    [
        (alert(level=Level.LIKELY), [L, P]),
        (alert(level=Level.POSSIBLE), [P]),
        (alert(level=Level.LIKELY, at_once=True), [D, L, P]),
        (alert(level=Level.POSSIBLE, at_once=True), [D, L, P]),
        (alert(AlertKind.DIGEST), [S]),
        (alert(AlertKind.SOURCE_FAILING), [F]),
        (alert(AlertKind.SOURCE_FAILING, at_once=True), [F]),
        (alert(AlertKind.DISK_LOW), [F]),
        (alert(AlertKind.CAPTURE_FAILED), [F]),
        (alert(AlertKind.CHANGE), [L, P]),
    ],
)
def test_who_takes_what(told, taken_by):
    side = ("plain", *ONE_EACH)
    assert takers(side, told, ONE_EACH, ()) == ("plain", *(tag.value for tag in taken_by))


def test_a_possible_repeat_that_nobody_takes_waits_for_the_summary():
    assert takers(("likely",), alert(level=Level.POSSIBLE), ONE_EACH, ()) == ()
    assert takers(("faults",), alert(AlertKind.CHANGE), ONE_EACH, ()) == ()


def test_word_of_a_failing_channel_goes_to_one_that_works():
    told = alert(AlertKind.CHANNEL_FAILING, channel="faults")
    assert takers(("faults", "likely"), told, ONE_EACH, ()) == ("faults", "likely")


@given(
    KINDS,
    st.sampled_from(Level),
    st.booleans(),
    st.lists(st.frozensets(st.sampled_from(ChannelTag)), min_size=1, max_size=4),
    st.data(),
)
def test_nothing_is_lost_whatever_is_switched_off(kind, level, at_once, given_tags, data):
    side = tuple(f"c{place}" for place in range(len(given_tags)))
    tags = dict(zip(side, given_tags, strict=True))
    off = data.draw(st.frozensets(st.sampled_from(side), max_size=len(side) - 1))
    told = alert(kind, level, **({"at_once": True} if at_once else {}))
    found = takers(side, told, tags, off)
    assert set(found) <= set(side)
    taking = [one for one in side if not tags[one] or wanted_tags(told) & tags[one]]
    if not found:
        assert not taking
        assert kind in (AlertKind.MATCH, AlertKind.CHANGE), "the summary names these alone"
        assert kind is AlertKind.CHANGE or (level is Level.POSSIBLE and not at_once)
    else:
        assert set(found) - off, "somebody is told now"
        if set(taking) - off:
            assert list(found) == taking, "nobody is told who did not want it"


def test_that_nobody_is_meant_for_repeats_is_noticed():
    assert nobody_takes_repeats(("digest", "faults", "danger"), ONE_EACH)
    assert not nobody_takes_repeats(("digest", "possible"), ONE_EACH)
    assert not nobody_takes_repeats(("digest", "plain"), ONE_EACH)
    assert not nobody_takes_repeats((), ONE_EACH)
