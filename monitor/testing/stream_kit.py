"""Try a connector that streams: subclass `StreamKit` instead of `ConnectorKit`; all of that one's tests run, too.

The recording's body holds one message a line; `goodname source record` writes it so. It is sent from its beginning each
time the stream is opened, wherever the position stands: the hardest case of a server that goes on too early.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest
from pydantic import BaseModel

from monitor.contract import Capability, Page, Response, Streaming
from monitor.errors import AuthenticationFailed, ConnectorError, PermanentError, RateLimited, TemporaryError
from monitor.testing.changes import with_status
from monitor.testing.http import context
from monitor.testing.kit import ConnectorKit
from monitor.testing.recording import Recording

_LONGEST_POSITION = 1024 * 1024


class StreamKit(ConnectorKit):
    """Add what a stream must keep: nothing lost and nothing doubled wherever it breaks."""

    def listen(
        self,
        recording: Recording | None = None,
        *,
        cursor: BaseModel | None = None,
        answers: Callable[[Response], Response] | None = None,
        most: int | None = None,
    ) -> list[Page]:
        """Listen until the recording ends, or for so many pages."""
        used = recording or self.recording

        async def hear() -> list[Page]:
            connector = self.make()
            assert isinstance(connector, Streaming), "Capability.STREAM needs a method `stream`"
            ctx = context(self.replay(used, answers=answers), now=used.at, source="kit")
            start = cursor if cursor is not None else connector.spec.cursor()
            pages: list[Page] = []
            stream: AsyncIterator[Page] = connector.stream(ctx, self.query or used.query, start)
            async with aclosing(stream) as given:  # type: ignore[type-var]  # an async generator
                while most is None or len(pages) < most:
                    page = await anext(given, None)
                    if page is None:
                        break
                    pages.append(page)
            return pages

        return asyncio.run(hear())

    def test_one_id_is_one_thing(self) -> None:
        """No two different things share an id; a second version says that it is an edit."""
        firsts = [item for item in self._items(self.listen()) if not item.edited_at]
        assert len(firsts) == len({item.external_id for item in firsts})

    def test_it_says_that_it_streams(self) -> None:
        """It declares the capability and has the method."""
        assert Capability.STREAM in self.connector.spec.capabilities
        assert isinstance(self.make(), Streaming)

    def test_the_stream_gives_what_a_poll_gives(self) -> None:
        """Listening and reading once to the end find the same."""
        assert self._ids(self.listen()) == self._ids(self.poll())

    def test_a_break_after_any_page_loses_and_doubles_nothing(self) -> None:
        """What was kept before the break and what comes after make up the whole, each version once."""
        pages = self.listen()
        whole = _versions(pages)
        for kept in range(len(pages) + 1):
            rest = self.listen(cursor=pages[kept - 1].cursor if kept else None)
            assert _versions([*pages[:kept], *rest]) == whole, f"lost or doubled after page {kept}"

    def test_a_break_before_a_page_is_kept_loses_and_doubles_nothing(self) -> None:
        """A page that was given and not kept is given again."""
        pages = self.listen()
        for kept in range(len(pages)):
            self.listen(cursor=pages[kept - 1].cursor if kept else None, most=1)
            rest = self.listen(cursor=pages[kept - 1].cursor if kept else None)
            assert _versions([*pages[:kept], *rest]) == _versions(pages)

    def test_two_versions_of_one_thing_stand_on_two_pages(self) -> None:
        """Of two on one page only the last would be kept."""
        for page in self.listen():
            ids = [*(item.external_id for item in page.items), *(one.external_id for one in page.gone)]
            assert len(ids) == len(set(ids)), ids

    def test_messages_that_came_twice_are_no_second_thing(self) -> None:
        """The same messages once more within one stream add nothing."""
        twice = self.recording.with_bodies(lambda one: one.body.rstrip(b"\n") + b"\n" + one.body)
        assert _versions(self.listen(twice)) == _versions(self.listen())

    def test_a_message_that_is_not_understood_stops_nothing(self) -> None:
        """One odd message among good ones is passed over."""
        odd = self.recording.with_bodies(lambda one: _with_odd_line(one.body))
        assert _versions(self.listen(odd)) == _versions(self.listen())

    def test_the_position_stays_small(self) -> None:
        """A position is saved every few seconds."""
        assert all(len(page.cursor.model_dump_json()) < _LONGEST_POSITION for page in self.listen())

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
    def test_a_refused_stream_is_told_as_what_it_is(self, status: int, expected: type[ConnectorError]) -> None:
        """Each status in place of the upgrade is the error that the contract names."""
        with pytest.raises(expected):
            self.listen(answers=with_status(status))

    def test_a_stream_of_something_else_is_told(self) -> None:
        """A server that sends what this connector cannot read is no silence."""
        with pytest.raises(ConnectorError):
            self.listen(answers=lambda one: replace(one, body=b"<html>no</html>\n" * 40))


def _versions(pages: Sequence[Page]) -> Counter[tuple[str, str]]:
    """Count each version of each thing, and each removal."""
    found = Counter((item.external_id, f"{item.title}\n{item.text}") for page in pages for item in page.items)
    found.update((one.external_id, "gone") for page in pages for one in page.gone)
    return found


def _with_odd_line(body: bytes) -> bytes:
    first, _, rest = body.partition(b"\n")
    return first + b"\n{]\n" + rest
