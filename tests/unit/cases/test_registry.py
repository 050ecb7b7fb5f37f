from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.cases import registry as module
from monitor.cases.clocks import ends
from monitor.cases.registry import JURISDICTIONS, registry, require_jurisdiction, widened
from monitor.domain import Step
from monitor.errors import InputError

CHECKED = [*registry().clocks, *registry().notices, *registry().platforms]


def test_every_fact_that_is_asked_for_is_defined() -> None:
    known = set(registry().facts)
    asked = {part.fact for kind in registry().notices for part in kind.parts}
    asked |= {fact for platform in registry().platforms for fact in (*platform.asks, *platform.may_ask)}
    assert asked - known == set()


def test_rows_point_only_at_rows_that_are_there() -> None:
    clocks = {rule.id for rule in registry().clocks}
    notices = {kind.id for kind in registry().notices}
    assert {one for kind in registry().notices for one in kind.clocks} <= clocks
    assert {one for platform in registry().platforms for one in platform.notices} <= notices
    places = {*JURISDICTIONS, module.EVERYWHERE}
    assert {rule.jurisdiction for rule in registry().clocks} <= places
    assert {place for kind in registry().notices for place in kind.jurisdictions} <= places


@pytest.mark.parametrize("rows", [registry().clocks, registry().notices, registry().platforms, registry().checklist])
def test_ids_are_unique(rows: tuple[module._Row, ...]) -> None:
    ids = [row.id for row in rows]  # type: ignore[attr-defined]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("row", CHECKED, ids=lambda row: row.id)
def test_a_row_says_where_it_is_from_and_is_not_from_the_future(row: module._Sourced) -> None:
    assert row.source
    assert row.checked_on <= datetime.now(UTC).date() + timedelta(days=1)


def test_rows_older_than_half_a_year_are_reported() -> None:
    """Laws and forms change: look them up again, then set checked_on."""
    old = [row.id for row in CHECKED if datetime.now(UTC).date() - row.checked_on > timedelta(days=180)]
    if old:
        with warnings.catch_warnings():
            warnings.simplefilter("default")
            warnings.warn(f"not looked at for half a year: {', '.join(old)}", stacklevel=1)


@pytest.mark.parametrize("rule", registry().clocks, ids=lambda rule: rule.id)
def test_every_period_can_be_reckoned(rule: module.ClockRule) -> None:
    assert ends(rule, date(2026, 1, 31)).due_on > date(2026, 1, 31)


def test_at_least_fifteen_platforms_and_all_places_of_day_one() -> None:
    assert len(registry().platforms) >= 15
    assert {"US-CA", "US-TX", "US-NY", "US-FL", "GB-EAW", "EU", "DE", "CA-ON", "AU-NSW"} <= set(JURISDICTIONS)
    for place in set(JURISDICTIONS) - {"US", "EU"}:
        kinds = {rule.kind for rule in registry().clocks if rule.jurisdiction == place}
        assert "limitation" in kinds, place


@pytest.mark.parametrize("row", registry().platforms, ids=lambda row: row.id)
def test_a_platform_says_where_reports_go_and_what_it_asks_for(row: module.Platform) -> None:
    assert row.route.startswith("https://") or row.note, "a route, or words that say which"
    assert row.asks
    assert row.notices


def test_a_row_without_an_address_as_its_source_is_unverified() -> None:
    assert [row.id for row in CHECKED if not row.source.startswith("http") and not row.unverified] == []


def test_the_checklist_covers_all_six_steps() -> None:
    assert [step for step in Step if any(line.step is step for line in registry().checklist)] == list(Step)


@pytest.mark.parametrize(
    ("url", "platform"),
    [
        ("https://www.reddit.com/r/town/comments/1", "reddit"),
        ("https://old.reddit.com/r/town", "reddit"),
        ("https://notreddit.com/", "host"),
        ("https://www.google.com/search?q=x", "google-search"),
        ("https://www.google.com/maps/place/x", "google-maps"),
        ("https://google.com/mapsandmore", "google-search"),
        ("https://example.wordpress.com/a", "wordpress-com"),
        ("https://fosstodon.org/@one/1", "mastodon"),
        ("https://forum.example.org/t/1", "host"),
        ("not an address", "host"),
    ],
)
def test_an_address_belongs_to_a_platform(url: str, platform: str) -> None:
    assert registry().platform_of(url).id == platform


def test_a_state_brings_its_federation() -> None:
    assert widened(["DE"]) == {"DE", "EU"}
    kinds = {kind.id for kind in registry().notices_for(["DE"])}
    assert kinds == {"eu-dsa-16", "platform-form"}
    assert {rule.id for rule in registry().clocks_for(["US-FL"])} >= {"us-fl-limitation", "us-dmca-counter-notice"}
    assert "uk-limitation" not in {rule.id for rule in registry().clocks_for(["US-FL"])}


def test_what_is_not_known_is_answered_with_what_is() -> None:
    with pytest.raises(InputError) as told:
        require_jurisdiction("Atlantis")
    assert "US-CA" in told.value.why
    assert "goodname case clock" in told.value.try_
    assert require_jurisdiction(" us-ca ") == "US-CA"
    for ask in (registry().notice, registry().clock, registry().platform):
        with pytest.raises(InputError, match="nowhere"):
            ask("nowhere")
