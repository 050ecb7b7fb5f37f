"""Recordings: what a source answered, without secrets, given again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from monitor.contract import Query
from monitor.errors import AuthenticationFailed, InputError, SourceChanged
from monitor.testing import NOW, FakeHttp, answer
from monitor.testing.recording import Exchange, Recording, RecordingHttp, ReplayHttp, masked, secrets_of

SECRET = "tip-top-s3cret"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@x.example/a", "https://x.example/a"),
        (f"https://x.example/{SECRET}/a", "https://x.example/SECRET/a"),
        (f"https://x.example/a?q={SECRET}&n=1", "https://x.example/a?q=SECRET&n=1"),
        ("https://x.example/a?api_key=zzz&access_token=y", "https://x.example/a?api_key=SECRET&access_token=SECRET"),
        ("https://x.example/a?q=plain", "https://x.example/a?q=plain"),
    ],
)
def test_secrets_are_masked_in_addresses(url: str, shown: str) -> None:
    assert masked(url, [SECRET]) == shown


def test_nothing_secret_is_recorded_and_the_rest_is_given_again(tmp_path: Path) -> None:
    source = FakeHttp()
    headers = {"Set-Cookie": f"session={SECRET}", "ETag": '"1"', "Link": f"<https://x.example/2?key={SECRET}>"}
    body = f'{{"accessJwt": "eyJ.abc", "refresh_token": "r", "echo": "{SECRET}", "words": "é"}}'
    source.set(f"https://x.example/a?key={SECRET}", answer(body, media_type="application/json", headers=headers))
    source.set("https://x.example/b", answer(b"\xff\xfe\x00", media_type="image/png"))
    http = RecordingHttp(source, secrets=[SECRET])
    asyncio.run(http.get("https://x.example/a", params={"key": SECRET}))
    asyncio.run(http.get("https://x.example/b"))
    recording = Recording(connector="x", query=Query(terms=("N",)), at=NOW, exchanges=tuple(http.exchanges))
    path = tmp_path / "recording.json"
    path.write_text(recording.dumps(), "utf-8")
    for hidden in (SECRET, "eyJ.abc", '"r"', "session="):
        assert hidden not in path.read_text("utf-8")
    again = Recording.load(path)
    assert again == recording
    assert again.hosts == {"x.example"}
    replay = ReplayHttp(again, secrets=["another-secret"])
    given = asyncio.run(replay.get("https://x.example/a", params={"key": "another-secret"}))
    assert "é" in given.body.decode()
    assert given.headers["etag"] == '"1"'
    assert asyncio.run(replay.get("https://x.example/b")).body == b"\xff\xfe\x00"


def test_what_was_not_recorded_is_not_there() -> None:
    replay = ReplayHttp(Recording(connector="x", query=Query(), at=NOW, exchanges=()))
    with pytest.raises(SourceChanged):
        asyncio.run(replay.get("https://x.example/"))
    assert asyncio.run(replay.get("https://x.example/", ok=frozenset({404}))).status == 404


def test_answers_come_in_order_and_statuses_are_errors() -> None:
    exchanges = tuple(
        Exchange(url="https://x.example/", status=status, headers={}, body=str(status).encode())
        for status in (200, 401)
    )
    replay = ReplayHttp(Recording(connector="x", query=Query(), at=NOW, exchanges=exchanges))
    assert asyncio.run(replay.get("https://x.example/")).body == b"200"
    with pytest.raises(AuthenticationFailed):
        asyncio.run(replay.get("https://x.example/"))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 9}', '{"version": 1, "connector": "x"}', "\x00"])
def test_a_file_that_is_none_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=r"r\.json"):
        Recording.load(path)
    with pytest.raises(InputError, match="no recording"):
        Recording.load(tmp_path / "nowhere.json")


def test_secrets_are_read_from_settings() -> None:
    class Settings(BaseModel):
        token: SecretStr
        short: SecretStr = SecretStr("ab")
        name: str = "n"

    assert secrets_of(Settings(token=SecretStr(SECRET))) == (SECRET,)
