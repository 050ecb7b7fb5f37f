"""Writing TOML that reads back the same, and hiding secrets."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.redact import hide_address, hide_in_url
from monitor.cli.toml import write_toml

SECRET = "hunter2-do-not-show"

scalars = st.one_of(
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"])),
    st.dates(),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=4))
def test_what_is_written_reads_back(table):
    assert tomllib.loads(write_toml(table)) == table


def test_the_form_is_the_one_people_write():
    written = write_toml(
        {
            "a": 1,
            "b": None,
            "on": date(2026, 1, 2),
            "source": [{"name": "x", "settings": {"url": "u", "odd key": ["q"]}}],
        }
    )
    assert written == (
        'a = 1\non = 2026-01-02\n\n[[source]]\nname = "x"\n\n[source.settings]\nurl = "u"\n"odd key" = ["q"]\n'
    )
    with pytest.raises(TypeError):
        write_toml({"a": object()})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"mailto://me:{SECRET}@example.org", "mailto://***"),
        (f"json://127.0.0.1/{SECRET}", "json://***"),
        (SECRET, "***"),
        (f"{SECRET} x://", "***"),
        ("", ""),
    ],
)
def test_addresses_keep_their_scheme_only(url, shown):
    assert hide_address(url) == shown


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://example.org/feed.xml", "https://example.org/feed.xml"),
        (f"https://me:{SECRET}@example.org/f", "https://***@example.org/f"),
        (f"https://example.org/f?api_key={SECRET}&page=2", "https://example.org/f?api_key=***&page=2"),
        (f"https://example.org/f?token={SECRET}", "https://example.org/f?token=***"),
        ("plain words", "plain words"),
        (f"https://[{SECRET}", "***"),
    ],
)
def test_tokens_in_addresses_are_hidden(url, shown):
    assert hide_in_url(url) == shown
