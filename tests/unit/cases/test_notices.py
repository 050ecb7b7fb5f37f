from __future__ import annotations

import pytest

from monitor.cases.notices import fill
from monitor.cases.registry import registry

EVERYTHING = dict.fromkeys(registry().facts, "given")
CASES = [(kind, part.fact) for kind in registry().notices for part in kind.parts]


@pytest.mark.parametrize("kind", registry().notices, ids=lambda kind: kind.id)
def test_with_every_part_it_is_complete(kind) -> None:
    filled = fill(registry(), kind, EVERYTHING)
    assert filled.is_complete
    assert filled.missing == ()
    assert [part.fact for part in filled.parts] == [part.fact for part in kind.parts]


@pytest.mark.parametrize(("kind", "fact"), CASES, ids=lambda one: getattr(one, "id", one))
@pytest.mark.parametrize("value", [None, "", "  \n"])
def test_without_one_it_is_named_and_not_complete(kind, fact: str, value: str | None) -> None:
    facts = {name: given for name, given in EVERYTHING.items() if name != fact}
    if value is not None:
        facts[fact] = value
    filled = fill(registry(), kind, facts)
    assert not filled.is_complete
    (missing,) = filled.missing
    assert missing.fact == fact
    assert missing.label == registry().facts[fact].label
    assert missing.ask
    assert missing.reference


@pytest.mark.parametrize("platform", registry().platforms, ids=lambda platform: platform.id)
def test_a_platform_adds_what_its_form_asks_for(platform) -> None:
    kind = registry().notice("platform-form")
    filled = fill(registry(), kind, {}, platform=platform)
    assert {part.fact for part in filled.missing} == {*(part.fact for part in kind.parts), *platform.asks}


def test_what_nobody_checked_is_named() -> None:
    kind, platform = registry().notice("eu-dsa-16"), registry().platform("x")
    assert fill(registry(), kind, {}).unverified == ()
    unverified = fill(registry(), kind, {}, platform=platform).unverified
    assert unverified == ((platform.title,) if platform.unverified else ())
