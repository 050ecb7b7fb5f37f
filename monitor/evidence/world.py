"""Ask a page questions that its own scripts can neither see nor answer."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache
from pathlib import Path

from playwright.async_api import CDPSession
from playwright.async_api import Error as PlaywrightError

_NAME = "goodname"


class World:
    """Run the commands of page.js in an isolated world of a page's main frame.

    The page's scripts may have replaced every function they can reach; here the browser's own ones are used.
    """

    def __init__(self, session: CDPSession) -> None:
        self._session = session

    async def ask(self, command: str, argument: object = None, *, seconds: float = 5.0) -> object:
        """Run one command and give its plain value.

        TimeoutError when the page does not answer in time, Playwright's Error when it fails or has gone.
        """
        expression = f"({_source()})({json.dumps(command)}, {json.dumps(argument)})"
        async with asyncio.timeout(seconds + 1):
            answer = await self._session.send(
                "Runtime.evaluate",
                {
                    "expression": expression,
                    "contextId": await self._context(),
                    "returnByValue": True,
                    "awaitPromise": True,
                    "timeout": seconds * 1000,
                },
            )
        if "exceptionDetails" in answer:
            raise PlaywrightError(f"{command}: {answer['exceptionDetails'].get('text', 'failed')}")
        value: object = answer.get("result", {}).get("value")
        return value

    async def number(self, command: str, argument: object = None, *, seconds: float = 5.0) -> int:
        """Ask for a number; 0 when the answer is none."""
        return as_int(await self.ask(command, argument, seconds=seconds))

    async def text(self, command: str, *, seconds: float = 5.0) -> str:
        """Ask for a text; empty when the answer is none."""
        value = await self.ask(command, seconds=seconds)
        return value if isinstance(value, str) else ""

    async def fields(self, command: str, argument: object = None, *, seconds: float = 5.0) -> dict[str, object]:
        """Ask for named values; empty when the answer is none."""
        value = await self.ask(command, argument, seconds=seconds)
        return {str(name): item for name, item in value.items()} if isinstance(value, dict) else {}

    async def _context(self) -> int:
        tree = await self._session.send("Page.getFrameTree")
        frame = tree["frameTree"]["frame"]["id"]
        world = await self._session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": _NAME})
        return int(world["executionContextId"])


def as_int(value: object) -> int:
    """Read a number that a page gave; 0 for anything else, and never more than a picture could have."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value != value:  # noqa: PLR0124  # NaN
        return 0
    return int(max(-1e7, min(1e7, value)))


@lru_cache(maxsize=1)
def _source() -> str:
    return Path(__file__).with_name("page.js").read_text(encoding="utf-8")
