"""Threats and given-away addresses near a name: told at once; ordinary anger is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.matching.danger import ADDRESS, NEAR, THREAT, danger_near

NAME = "Alina Voss"


def dangers(text: str) -> tuple[str, ...]:
    at = text.find(NAME)
    return danger_near(text, ((at, at + len(NAME)),) if at >= 0 else ())


@pytest.mark.parametrize(
    "text",
    [
        "Somebody should kill Alina Voss",
        "Alina Voss deserves to die for what she did",
        "we know where she lives, Alina Voss",
        "I will burn her house down. Alina Voss, you hear me?",
        "let's smash Alina Voss her windows",
        "Alina Voss gehört erschießen",
        "Alina Voss is a dead woman",
    ],
)
def test_a_threat_is_seen(text: str) -> None:
    assert dangers(text) == (THREAT,)


@pytest.mark.parametrize(
    "text",
    [
        "Alina Voss lives at 12",
        "here's her address, Alina Voss, spread it",
        "Alina Voss: 14 Quay Street, third bell",
        "Alina Voss, her kids go to school near the park",
        "Alina Voss and her home address for all of you",
    ],
)
def test_a_given_away_address_is_seen(text: str) -> None:
    assert dangers(text) == (ADDRESS,)


@pytest.mark.parametrize(
    "text",
    [
        "Alina Voss stole money from her patients",
        "Alina Voss should be ashamed and lose her licence",
        "The wait at Alina Voss killed my whole morning",
        "Alina Voss will pay the money back, she said",
        "Alina Voss lives for her work",
        "I would never go back to Alina Voss, avoid!",
        "Alina Voss broke my crown and did not mend it",
        "A great dentist, Alina Voss. My son goes there too.",
    ],
)
def test_anger_and_praise_are_no_danger(text: str) -> None:
    assert dangers(text) == ()


def test_only_what_stands_near_the_name_counts() -> None:
    far = "x" * (NEAR + 40)
    assert dangers(f"kill the lights {far} {NAME}") == ()
    assert dangers("kill her") == ()  # it names nobody


@given(st.text(max_size=400), st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=4))
def test_any_text_and_place_will_do(text: str, places: list[tuple[int, int]]) -> None:
    danger_near(text, tuple(places))
