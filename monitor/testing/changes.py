"""Change recorded answers as the kit needs them: another status, the entries the other way round."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lxml import etree

from monitor.contract import Response
from monitor.testing.recording import Exchange

_ENTRY_TAGS = ("item", "entry")


def with_status(status: int, headers: Mapping[str, str] | None = None) -> Callable[[Response], Response]:
    """Give what turns every answer into one with this status; 200 leaves them as they are."""

    def change(given: Response) -> Response:
        if status == 200:
            return given
        return replace(given, status=status, headers={"content-type": "text/plain", **(headers or {})}, body=b"no")

    return change


def turned(one: Exchange) -> bytes:
    """Turn round the entries of an answer: the longest list of objects in JSON, the entries of a feed."""
    text = one.body.lstrip()
    if text[:1] in (b"{", b"["):
        try:
            told = json.loads(text)
        except ValueError:
            return one.body
        longest = max(_lists(told), key=len, default=[])
        longest.reverse()
        return json.dumps(told).encode()
    return _turned_feed(one.body) if text[:1] == b"<" else one.body


def _lists(value: Any) -> list[list[Any]]:  # noqa: ANN401 # any JSON value
    found = []
    if isinstance(value, list):
        found = [value] if value and all(isinstance(one, dict) for one in value) else []
        found += [deeper for one in value for deeper in _lists(one)]
    elif isinstance(value, dict):
        found = [deeper for one in value.values() for deeper in _lists(one)]
    return found


def _turned_feed(body: bytes) -> bytes:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return body
    entries = [one for one in root.iter() if isinstance(one.tag, str) and etree.QName(one).localname in _ENTRY_TAGS]
    parent = entries[0].getparent() if entries else None
    if parent is None:
        return body
    for entry in reversed(entries):
        parent.remove(entry)
        parent.append(entry)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")
