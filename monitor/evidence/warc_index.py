"""Name addresses and what was sent as indexes of web archives do, so that a replay finds every answer. Pure."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote, unquote, unquote_plus, urlencode, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_QUERY_CAP = 4096


def index_key(url: str) -> str:
    """Write an address in the order that indexes are sorted by: the host's parts backwards, then port and path."""
    parts = urlsplit(url)
    host = re.sub(r"^www\d*\.", "", (parts.hostname or "").lower())
    is_name = re.search(r"[a-z]", host) is not None and ":" not in host
    place = ",".join(reversed(host.split("."))) if is_name else host
    if parts.port and parts.port != _DEFAULT_PORTS.get(parts.scheme):
        place += f":{parts.port}"
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~-._").lower().rstrip("/") or "/"
    query = "&".join(sorted(piece for piece in parts.query.lower().split("&") if piece))
    return f"{place}){path}" + (f"?{query}" if query else "")


def sent_as_query(method: str, media_type: str, body: bytes) -> str:
    """Write what was sent as if it stood in the address, which is how archives find answers to anything but GET."""
    if method == "GET":
        return ""
    query = _sent(media_type, body) if method in {"POST", "PUT"} and body else ""
    return f"__wb_method={method}" + (f"&{query[:_QUERY_CAP]}" if query else "")


def _sent(media_type: str, body: bytes) -> str:
    packed = "__wb_post_data=" + base64.b64encode(body).decode("ascii")
    kind = media_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        try:
            return unquote_plus(body.decode("utf-8"))
        except UnicodeDecodeError:
            return packed
    if kind in {"application/json", "text/plain"}:
        try:
            return urlencode(_flat(json.loads(body)))
        except (ValueError, RecursionError):
            return packed if kind == "text/plain" else ""
    return packed


def _flat(value: object) -> dict[str, str]:
    """Give each plain value of a JSON document by its name; a name met again gets a number."""
    found: dict[str, str] = {}
    counts: dict[str, int] = {}

    def walk(item: object, name: str) -> None:
        if isinstance(item, dict):
            for key, inner in item.items():
                walk(inner, key)
        elif isinstance(item, list):
            for inner in item:
                walk(inner, name)
        elif name:
            counts[name] = counts.get(name, 0) + 1
            found[name if counts[name] == 1 else f"{name}.{counts[name]}_"] = _word(item)

    walk(value, "")
    return found


def _word(item: object) -> str:
    if isinstance(item, float) and item.is_integer():
        return str(int(item))
    return item if isinstance(item, str) else json.dumps(item)
