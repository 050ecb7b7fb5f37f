"""Try a connector: subclass `ConnectorKit`, name the connector, its settings and a recording, and run pytest.

    class TestMine(ConnectorKit):
        connector = MineConnector
        settings = {"base_url": "https://mine.example"}
        recording = Recording.load(Path(__file__).with_name("recording.json"))

Everything is replayed; no test reaches a network. What a source of this kind cannot do (HTML that is its ordinary
answer, items that are never edited) is said with the attributes below.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from pydantic import BaseModel, SecretStr, ValidationError

from monitor.contract import Access, Capability, Connector, Health, Page, Query, Refetching, Response
from monitor.domain import Gone, Item
from monitor.errors import AuthenticationFailed, ConnectorError, FetchError, PermanentError, RateLimited, TemporaryError
from monitor.testing.changes import turned, with_status
from monitor.testing.http import collect, context
from monitor.testing.recording import Exchange, Recording, ReplayHttp, secrets_of
from monitor.text import content_sha256

CANARY = "canary-s3cret-of-the-kit"
_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}")
_WORD = re.compile(r"\b[A-Za-z]{5,}\b")
_ISO_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)")
_UNICODE = "Ж日本é😀"


class Killed(BaseException):
    """The process ended here."""


class ConnectorKit:
    """Hold the tests, and what a test may be told about this source.

    `settings` are as a person writes them; `query` is what is asked (else the recording's); `reads_html` says that
    any text is an ordinary answer of this source; `word` is a word of an item's text that stands in the recording as it
    is (else found by itself); `pages_follow_order` says that the next page's address is made from the last entry;
    `old_cursors` are positions that earlier versions kept, as JSON objects; `gone_after` is a
    recording in which items of the first one are gone, for connectors that declare `Capability.DELETES`.
    """

    connector: ClassVar[type[Connector]]
    recording: ClassVar[Recording]
    settings: ClassVar[Mapping[str, Any]] = {}
    query: ClassVar[Query | None] = None
    reads_html: ClassVar[bool] = False
    word: ClassVar[str] = ""
    old_cursors: ClassVar[Sequence[Mapping[str, Any]]] = ({},)
    gone_after: ClassVar[Recording | None] = None
    pages_follow_order: ClassVar[bool] = False

    # --- how the tests poll ---

    def make(self) -> Connector:
        """Build the connector."""
        return self.connector(self._checked_settings())  # type: ignore[call-arg]  # the contract says how it is built

    def poll(
        self,
        recording: Recording | None = None,
        *,
        cursor: BaseModel | None = None,
        answers: Callable[[Response], Response] | None = None,
        http: ReplayHttp | None = None,
        connector: Connector | None = None,
    ) -> list[Page]:
        """Poll once and give the pages."""
        used = recording or self.recording
        replay = http or self.replay(used, answers=answers)
        ctx = context(replay, now=used.at, source="kit")
        asked = self.query or used.query
        return list(asyncio.run(collect(connector or self.make(), ctx, cursor, asked)))

    def replay(self, recording: Recording | None = None, **options: Any) -> ReplayHttp:  # noqa: ANN401 # handed on
        """Make a client that answers from the recording."""
        return ReplayHttp(recording or self.recording, secrets=secrets_of(self._checked_settings()), **options)

    def _checked_settings(self) -> BaseModel:
        return self.connector.spec.settings.model_validate(dict(self.settings))

    def _items(self, pages: Sequence[Page]) -> list[Item]:
        return [item for page in pages for item in page.items]

    def _ids(self, pages: Sequence[Page]) -> set[str]:
        return {item.external_id for item in self._items(pages)}

    # --- what it declares ---

    def test_it_says_what_it_is(self) -> None:
        """Name, title, cost and terms are there, and the terms are an address."""
        spec = self.connector.spec
        assert _NAME.fullmatch(spec.name)
        assert spec.title.strip()
        assert spec.cost.strip()
        if spec.access is Access.API or spec.terms_url:
            assert urlsplit(spec.terms_url).scheme in ("http", "https"), "say where the terms stand"
        assert spec.cursor() is not None, "a first poll begins from cursor(), so every field needs a default"

    def test_settings_are_described_and_nothing_unknown_is_taken(self) -> None:
        """Every setting has a description; a misspelt one is refused."""
        schema = self.connector.spec.settings.model_json_schema()
        without = [name for name, entry in schema.get("properties", {}).items() if not entry.get("description")]
        assert without == [], "settings without a description"
        with pytest.raises(ValidationError):
            self.connector.spec.settings.model_validate({**self.settings, "no_such_setting": 1})

    def test_secrets_are_kept(self) -> None:
        """A credential shows in no error, page, position or representation."""
        fields = self.connector.spec.settings.model_fields
        secret = [name for name, field in fields.items() if "SecretStr" in str(field.annotation)]
        given = self.connector.spec.settings.model_validate({**self.settings, **dict.fromkeys(secret, CANARY)})
        connector = self.connector(given)  # type: ignore[call-arg]  # the contract says how it is built
        shown = [repr(given), str(given), given.model_dump_json()]
        for status in (200, 401, 500):
            replay = ReplayHttp(self.recording, secrets=(CANARY,), answers=with_status(status))
            try:
                pages = self.poll(http=replay, connector=connector)
                shown += [page.cursor.model_dump_json() for page in pages] + [repr(page) for page in pages]
            except (ConnectorError, FetchError) as error:
                shown += [repr(error), error.what, error.why, error.try_]
        assert [text for text in shown if CANARY in text] == []
        assert secret or not self.connector.spec.needs_credentials, "it needs credentials: keep them as SecretStr"
        assert all(isinstance(getattr(given, name), SecretStr | None) for name in secret)

    # --- what it reads ---

    def test_it_reads_its_recording(self) -> None:
        """The recording gives items, each with an id, an address, words and the bytes it came from."""
        pages = self.poll()
        items = self._items(pages)
        assert items, "the recording gives no item"
        for item in items:
            assert item.external_id
            assert urlsplit(item.url).scheme in ("http", "https"), item.url
            assert item.text.strip() or item.title.strip(), item.external_id
            assert item.fetched_at == self.recording.at, "fetched_at is the context's now"
            assert item.raw, "an item carries the answer it was cut from"

    def test_ids_are_stable(self) -> None:
        """Polling twice from one position gives the same ids, with the same words."""
        first, second = ({item.external_id: _print(item) for item in self._items(self.poll())} for _ in range(2))
        assert first == second

    def test_one_id_is_one_thing(self) -> None:
        """No two different things share an id."""
        prints: dict[str, str] = {}
        for item in self._items(self.poll()):
            assert prints.setdefault(item.external_id, _print(item)) == _print(item), item.external_id

    def test_only_the_hosts_of_the_recording_are_asked(self) -> None:
        """No request goes anywhere else."""
        replay = self.replay()
        self.poll(http=replay)
        assert replay.asked
        assert {urlsplit(url).netloc for url in replay.asked} <= self.recording.hosts

    def test_building_it_asks_nothing(self) -> None:
        """Construction does no I/O: it takes settings and nothing else."""
        assert self.make() is not self.make()

    def test_other_scripts_survive(self) -> None:
        """A word in another script arrives as it was written."""
        items = self._items(self.poll(self._with_word(_UNICODE)))
        assert any(_UNICODE in f"{item.title} {item.text}" for item in items)

    def test_an_edit_is_seen_as_one(self) -> None:
        """The same thing with other words keeps its id."""
        before = {item.external_id: _print(item) for item in self._items(self.poll())}
        after = {item.external_id: _print(item) for item in self._items(self.poll(self._with_word("edited")))}
        assert set(before) == set(after), "an edit must not change the id"
        assert before != after, "an edit changes the words"

    def test_what_is_gone_is_said(self) -> None:
        """A connector that says it sees removals names what is gone."""
        if Capability.DELETES not in self.connector.spec.capabilities:
            assert self.gone_after is None, "gone_after is given, but Capability.DELETES is not declared"
            return
        assert self.gone_after is not None, "Capability.DELETES is declared: give gone_after"
        pages = self.poll()
        after = self.poll(self.gone_after, cursor=pages[-1].cursor)
        gone = {one.external_id for page in after for one in page.gone}
        refetched = self._refetch_gone(self._ids(pages)) if not gone else set()
        assert gone | refetched, "nothing was said to be gone"
        assert gone | refetched <= self._ids(pages)

    def _refetch_gone(self, ids: set[str]) -> set[str]:
        connector = self.make()
        if not isinstance(connector, Refetching) or self.gone_after is None:
            return set()
        ctx = context(self.replay(self.gone_after), now=self.gone_after.at, source="kit")
        found = [asyncio.run(connector.refetch(ctx, one)) for one in sorted(ids)]
        return {one.external_id for one in found if isinstance(one, Gone)}

    # --- where it stands ---

    def test_the_position_survives_being_stored(self) -> None:
        """A position is the same after JSON, and reading goes on from it."""
        for page in self.poll():
            again = self.connector.spec.cursor.model_validate_json(page.cursor.model_dump_json())
            assert again == page.cursor
            self.poll(cursor=again)

    def test_positions_of_earlier_versions_are_understood(self) -> None:
        """A position that an earlier version kept still serves, and loses nothing."""
        whole = self._ids(self.poll())
        for old in self.old_cursors:
            cursor = self.connector.spec.cursor.model_validate(dict(old))
            assert self._ids(self.poll(cursor=cursor)) <= whole

    def test_a_second_poll_invents_nothing(self) -> None:
        """From the last position the same answers give nothing that was not there before."""
        pages = self.poll()
        assert self._ids(self.poll(cursor=pages[-1].cursor)) <= self._ids(pages)

    def test_a_crash_between_two_pages_loses_nothing(self) -> None:
        """Cut after every page: what was kept and what the next poll gives make up the whole."""
        pages = self.poll()
        whole = self._ids(pages)
        for kept in range(len(pages) + 1):
            cursor = pages[kept - 1].cursor if kept else None
            rest = self.poll(cursor=cursor)
            assert self._ids(pages[:kept]) | self._ids(rest) == whole, f"lost after page {kept}"

    def test_a_crash_at_any_question_loses_nothing(self) -> None:
        """Kill at every request: pages handed over before it are kept, and the next poll gives the rest."""
        replay = self.replay()
        whole = self._ids(self.poll(http=replay))
        for step in range(1, len(replay.asked) + 1):
            kept = self._until_killed(step)
            rest = self.poll(cursor=kept[-1].cursor if kept else None)
            assert self._ids(kept) | self._ids(rest) == whole, f"lost when killed at request {step}"

    def _until_killed(self, step: int) -> list[Page]:
        kept: list[Page] = []

        async def walk() -> None:
            ctx = context(self.replay(kill_at=step, killed=Killed()), now=self.recording.at, source="kit")
            asked = self.query or self.recording.query
            async for page in self.make().poll(ctx, asked, self.connector.spec.cursor()):
                kept.append(page)  # noqa: PERF401 # what was kept before the kill is the point

        with suppress(Killed):
            asyncio.run(walk())
        return kept

    def test_the_order_of_arrival_does_not_matter(self) -> None:
        """Entries in the other order give the same things."""
        if self.pages_follow_order:
            return  # the next page of a turned one was never recorded
        other = self.recording.with_bodies(turned)
        assert self._ids(self.poll(other)) == self._ids(self.poll())

    def test_ties_lose_nothing(self) -> None:
        """Things of one and the same moment are all given."""
        found = _ISO_MOMENT.search(" ".join(one.body.decode("utf-8", "replace") for one in self.recording.exchanges))
        moment = found.group() if found else ""
        tied = self.recording.with_bodies(
            lambda one: _ISO_MOMENT.sub(moment, one.body.decode("utf-8", "replace")).encode()
        )
        assert self._ids(self.poll(tied if moment else self.recording)) == self._ids(self.poll())

    def test_a_page_twice_is_no_second_thing(self) -> None:
        """The same answers once more, from the first position, give nothing else."""
        assert self._ids([*self.poll(), *self.poll()]) == self._ids(self.poll())

    # --- what is wrong ---

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            (401, AuthenticationFailed),
            (403, PermanentError),
            (429, RateLimited),
            (500, TemporaryError),
            (503, TemporaryError),
        ],
    )
    def test_a_refusal_is_told_as_what_it_is(self, status: int, expected: type[ConnectorError]) -> None:
        """Each status is the error that the contract names, with words for a person."""
        with pytest.raises(expected) as told:
            self.poll(answers=with_status(status))
        assert told.value.what
        assert told.value.what != told.value.why

    def test_it_waits_as_long_as_it_is_told(self) -> None:
        """Retry-After reaches the runner."""
        with pytest.raises(RateLimited) as told:
            self.poll(answers=with_status(429, {"retry-after": "120"}))
        assert told.value.retry_at == self.recording.at + timedelta(seconds=120)

    @pytest.mark.parametrize(
        "body", [b"", b"<html><title>Sorry</title><p>Please enable JavaScript</p></html>", b'{"a":']
    )
    def test_an_answer_of_another_kind_is_no_item(self, body: bytes) -> None:
        """Nothing, a web page, or broken JSON: an error in words, or no item, never an invented one."""
        with suppress(ConnectorError, FetchError):
            pages = self.poll(answers=lambda one: replace(one, body=body))
            assert self.reads_html or self._items(pages) == []

    def test_a_truncated_answer_gives_only_what_is_there(self) -> None:
        """Half an answer gives an error, or things that stand in the whole one."""
        whole = self._ids(self.poll())
        with suppress(ConnectorError, FetchError):
            given = self._ids(self.poll(answers=lambda one: replace(one, body=one.body[: len(one.body) // 2])))
            assert self.reads_html or given <= whole

    @pytest.mark.parametrize("status", [200, 401, 403, 429, 500])
    def test_a_check_never_raises(self, status: int) -> None:
        """`check` gives a health state with words, whatever the source answers."""
        ctx = context(self.replay(answers=with_status(status)), now=self.recording.at, source="kit")
        health = asyncio.run(self.make().check(ctx))
        assert isinstance(health, Health)
        assert health.what
        assert status == 200 or health.state.value != "ok"

    def _with_word(self, new: str) -> Recording:
        """Put another word in the place of one that stands in the recording as it does in an item."""
        bodies = [one.body.decode("utf-8", "replace") for one in self.recording.exchanges]
        words = (self.word,) if self.word else (word for item in self._items(self.poll()) for word in _words_of(item))
        for word in words:
            if any(word in body for body in bodies):
                changed = self.recording.with_bodies(lambda one, word=word: _replaced(one, word, new))  # type: ignore[misc]
                if self._is_changed(changed):
                    return changed
        raise AssertionError("no word of an item stands in the recording as it is: say which with `word`")

    def _is_changed(self, changed: Recording) -> bool:
        try:
            after = {item.external_id: _print(item) for item in self._items(self.poll(changed))}
        except (ConnectorError, FetchError):
            return False
        before = {item.external_id: _print(item) for item in self._items(self.poll())}
        return set(after) == set(before) and after != before


def _words_of(item: Item) -> list[str]:
    return sorted(set(_WORD.findall(f"{item.text} {item.title}")), key=lambda word: (-len(word), word))


def _replaced(one: Exchange, word: str, new: str) -> bytes:
    return re.sub(rf"\b{word}\b", new, one.body.decode("utf-8", "replace")).encode()


def _print(item: Item) -> str:
    return content_sha256(item.title, item.text, item.rating)
