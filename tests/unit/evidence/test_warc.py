"""Web archives: what goes in comes out, every member is hashed, and hostile headers stay one line."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.archiveiterator import ArchiveIterator

from monitor.domain import Origin
from monitor.evidence.traffic import Exchange
from monitor.evidence.warc import WARC_NAME, write_wacz, write_warc
from monitor.evidence.warc_index import index_key

AT = datetime(2026, 5, 2, 12, 30, 7, tzinfo=UTC)
BODY = "é日本 <p>words</p>".encode()


def exchange(url: str = "https://forum.example/t/1?b=2&a=1", **changes: object) -> Exchange:
    given_ = {
        "url": url,
        "method": "GET",
        "asked_at": AT,
        "request_headers": (("accept", "*/*"), (":authority", "forum.example")),
        "status": 200,
        "reason": "OK",
        "headers": (
            ("content-type", "text/html; charset=utf-8"),
            ("content-encoding", "br"),
            ("set-cookie", "a=1"),
            ("set-cookie", "b=2"),
        ),
        "body": BODY,
    }
    return Exchange(**(given_ | changes))  # type: ignore[arg-type]


def records(warc: bytes) -> list[tuple[str, str, dict[str, str], bytes]]:
    found = []
    for record in ArchiveIterator(io.BytesIO(warc), check_digests="raise"):
        headers = dict(record.http_headers.headers) if record.http_headers else {}
        uri = record.rec_headers.get_header("WARC-Target-URI") or ""
        found.append((record.rec_type, uri, headers, record.content_stream().read()))
    return found


def test_every_exchange_is_a_pair_of_records() -> None:
    posted = exchange("https://api.example/say", method="POST", posted=b'{"say": 1}', body=b'{"words": 1}')
    lost = exchange("https://forum.example/lost", body=None, status=0)
    archive = write_warc([exchange(), posted, lost], software="goodname test")
    found = records(archive.warc)
    assert archive.records == 2
    assert [(kind, uri) for kind, uri, _, _ in found] == [
        ("warcinfo", ""),
        ("response", "https://forum.example/t/1?b=2&a=1"),
        ("request", "https://forum.example/t/1?b=2&a=1"),
        ("response", "https://api.example/say"),
        ("request", "https://api.example/say"),
    ]
    assert found[1][3] == BODY
    assert found[4][3] == b'{"say": 1}'
    assert ":authority" not in found[2][2]


def test_a_decoded_body_says_so() -> None:
    archive = write_warc([exchange()], software="x")
    record = list(ArchiveIterator(io.BytesIO(archive.warc), no_record_parse=False))[1]
    assert record.rec_headers.get_header("WARC-X-Body-Origin") == "decoded"
    headers = record.http_headers
    assert headers.get_header("content-encoding") is None
    assert headers.get_header("X-Archive-Orig-content-encoding") == "br"
    assert headers.get_header("content-length") == str(len(BODY))
    assert [value for name, value in headers.headers if name == "set-cookie"] == ["a=1", "b=2"]


def test_what_was_fetched_again_says_so() -> None:
    archive = write_warc([exchange(origin=Origin.REFETCHED)], software="x")
    record = list(ArchiveIterator(io.BytesIO(archive.warc)))[1]
    assert record.rec_headers.get_header("WARC-X-Body-Origin") == "refetched"


def test_the_index_leads_to_each_record() -> None:
    archive = write_warc([exchange(), exchange("https://a.example/x")], software="x")
    lines = archive.index.splitlines()
    assert lines == sorted(lines)
    for line in lines:
        key, stamp, told = line.split(" ", 2)
        entry = json.loads(told)
        assert (key, stamp) == (index_key(entry["url"]), "20260502123007")
        start, size = int(entry["offset"]), int(entry["length"])
        record = next(iter(ArchiveIterator(io.BytesIO(archive.warc[start : start + size]))))
        assert record.rec_type == "response"
        assert record.rec_headers.get_header("WARC-Target-URI") == entry["url"]
        assert gzip.decompress(archive.warc[start : start + size]).startswith(b"WARC/1.1")


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.Example.org/A?b=2&a=1", "org,example)/a?a=1&b=2"),
        ("http://127.0.0.1:8080/", "127.0.0.1:8080)/"),
        ("https://a.b.example", "example,b,a)/"),
    ],
)
def test_addresses_are_turned_round(url: str, key: str) -> None:
    assert index_key(url) == key


def test_a_wacz_holds_its_members_unpacked_and_hashed() -> None:
    archive = write_warc([exchange()], software="x")
    wacz = write_wacz(archive, url="https://forum.example/t/1", title="A “forum”\n", at=AT, software="x")
    with zipfile.ZipFile(io.BytesIO(wacz)) as file:
        assert {one.compress_type for one in file.infolist()} == {zipfile.ZIP_STORED}
        package = json.loads(file.read("datapackage.json"))
        for resource in package["resources"]:
            body = file.read(resource["path"])
            assert resource["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
            assert resource["bytes"] == len(body)
        digest = json.loads(file.read("datapackage-digest.json"))
        assert digest["hash"] == f"sha256:{hashlib.sha256(file.read('datapackage.json')).hexdigest()}"
        assert file.read(WARC_NAME) == archive.warc
        pages = file.read("pages/pages.jsonl").decode().splitlines()
        assert json.loads(pages[1])["title"] == "A “forum”\n"
    assert write_wacz(archive, url="u", title="", at=AT, software="x") == write_wacz(
        archive, url="u", title="", at=AT, software="x"
    )


HEADER = st.tuples(st.text(max_size=20), st.text(max_size=40))


@given(
    st.lists(HEADER, max_size=5),
    st.text(max_size=30),
    st.text(max_size=30),
    st.binary(max_size=200),
    st.integers(200, 599),
)
def test_hostile_headers_never_break_a_record(
    headers: list[tuple[str, str]], reason: str, path: str, body: bytes, status: int
) -> None:
    hostile = exchange(
        f"https://forum.example/{path}",
        headers=tuple(headers),
        request_headers=tuple(headers),
        reason=reason,
        body=body,
        status=status,
    )
    found = records(write_warc([hostile, exchange()], software="x").warc)
    assert [kind for kind, _, _, _ in found] == ["warcinfo", "response", "request", "response", "request"]
    assert found[1][3] == body
