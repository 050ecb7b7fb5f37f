from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.evidence.canonical import canonical, from_stamp, parse, stamp

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
TREES = st.dictionaries(
    st.text(), st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)
)


@given(TREES)
def test_canonical_form_is_stable_and_reads_back(tree: dict) -> None:
    body = canonical(tree)
    assert parse(body) == tree
    assert canonical(parse(body)) == body


def test_keys_are_sorted_and_nothing_is_escaped_needlessly() -> None:
    assert canonical({"b": "é中", "a": [1, True, None]}) == '{"a":[1,true,null],"b":"é中"}'.encode()


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1: "a"}, {"a": object()}])
def test_what_has_two_spellings_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical({"x": value})


def test_lone_surrogates_become_the_replacement_character() -> None:
    assert canonical({"a\ud800": "b\udfff"}) == '{"a\ufffd":"b\ufffd"}'.encode()


@pytest.mark.parametrize(
    "body",
    [
        b'{"a": 1}',
        b'{"b":1,"a":2}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":"\\u00e9"}',
        b"[]",
        b"",
        b"\xff",
        b'{"a":NaN}',
        b'{"a":1}\n',
        b'{"a":' + b"[" * 100_000,
    ],
)
def test_any_other_spelling_is_not_read(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse(body)


def test_stamps_have_one_length_and_keep_the_moment() -> None:
    moment = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
    assert stamp(moment) == "2026-11-22T16:44:00.000000Z"
    assert stamp(moment.astimezone(timezone(timedelta(hours=5)))) == stamp(moment)
    assert from_stamp(stamp(moment)) == moment
