"""Write events as a Jetstream server does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor.testing import NOW

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def us(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def event(
    time_us: int,
    text: str = "",
    *,
    did: str = "did:plc:alpha",
    rkey: str = "",
    operation: str = "create",
    collection: str = "app.bsky.feed.post",
    **record: Any,
) -> bytes:
    commit: dict[str, Any] = {
        "rev": f"rev{time_us}",
        "operation": operation,
        "collection": collection,
        "rkey": rkey or f"p{time_us}",
    }
    if operation != "delete":
        created = (EPOCH + timedelta(microseconds=time_us)).isoformat().replace("+00:00", "Z")
        commit["record"] = {"$type": collection, "createdAt": created, "langs": ["en"], "text": text, **record}
        commit["cid"] = f"bafy{time_us}"
    return json.dumps({"did": did, "time_us": time_us, "kind": "commit", "commit": commit}).encode()


def identity(time_us: int) -> bytes:
    told = {"did": "did:plc:alpha", "time_us": time_us, "kind": "identity", "identity": {"handle": "a.example"}}
    return json.dumps(told).encode()


LATEST = us(NOW)


def recorded_frames() -> list[bytes]:
    """Give a minute of a stream: posts, a reply, an edit within one batch, a deletion, other kinds of events."""
    start = LATEST - 60_000_000
    frames = [event(start + n * 1_000_000, f"FIRST LAST visited {n}") for n in range(5)]
    frames.append(identity(start + 5_000_000))
    frames.append(event(start + 5_500_000, "FIRST LAST wrote this", rkey="edited"))
    frames.append(event(start + 5_600_000, "FIRST LAST wrote that", rkey="edited", operation="update"))
    frames.append(event(start + 6_000_000, collection="app.bsky.feed.like", rkey="like"))
    frames.append(event(start + 9_000_000, "FIRST LAST visited 9"))
    return [*frames, identity(LATEST)]
