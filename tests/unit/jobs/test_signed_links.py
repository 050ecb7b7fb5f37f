"""Links in messages: what is signed comes back, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as some

from monitor.domain import Alert, AlertKind
from monitor.jobs.signed_links import Purpose, SignedLink, links_of, read, sign, signing_key
from monitor.store import open_store
from monitor.testing import FakeClock

KEY = b"k" * 32
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@given(some.sampled_from(Purpose), some.integers(1, 10**17), some.integers(1, 10**10))
def test_what_is_signed_comes_back(purpose: Purpose, mention_id: int, second: int) -> None:
    link = SignedLink(purpose=purpose, mention_id=mention_id, expires_at=datetime.fromtimestamp(second, UTC))
    assert read(KEY, sign(KEY, link)) == link
    assert read(b"another", sign(KEY, link)) is None


@given(some.integers(0, 80), some.characters(codec="utf-8"))
def test_a_changed_letter_makes_it_void(place: int, letter: str) -> None:
    token = sign(KEY, SignedLink(purpose=Purpose.ACKNOWLEDGE, mention_id=12, expires_at=NOW))
    place %= len(token)
    changed = token[:place] + letter + token[place + 1 :]
    assert (read(KEY, changed) is None) == (changed != token)


def test_links_are_the_same_at_every_try_and_only_for_mentions() -> None:
    alert = Alert(kind=AlertKind.MATCH, dedupe_key="k", created_at=NOW, mention_id=12)
    assert links_of(KEY, "https://watch.example", alert) == links_of(KEY, "https://watch.example", alert)
    assert list(links_of(KEY, "", alert)) == ["ack", "snooze"]
    quick = Alert(
        kind=AlertKind.MATCH, dedupe_key="k", created_at=NOW, mention_id=12, payload={"at_once": True, "spread": True}
    )
    assert list(links_of(KEY, "", quick)) == ["ack", "snooze"]
    for kind in set(AlertKind) - {AlertKind.MATCH}:
        assert not links_of(KEY, "", Alert(kind=kind, dedupe_key="k", created_at=NOW, mention_id=12))


def test_the_key_is_made_once_and_survives_a_restart(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        store = open_store(f"sqlite:///{tmp_path / 'rows.db'}", clock=FakeClock(NOW))
        keys += [signing_key(store), signing_key(store), bytes.fromhex(store.setting_once("links.key", "00"))]
        store.close()
    assert len(set(keys)) == 1
    assert len(keys[0]) == 32
