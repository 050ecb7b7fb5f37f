"""Write web archives: WARC 1.1 records of what was asked and answered, and a WACZ around them that can be replayed.

Pure: exchanges in, bytes out. A body that the browser gave is decoded: the headers that speak of its encoding are kept
under `X-Archive-Orig-`, and each record says with `WARC-X-Body-Origin` where its body comes from.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from monitor.evidence.traffic import Exchange, Headers
from monitor.evidence.warc_index import index_key, sent_as_query

WARC_NAME = "archive/page.warc.gz"
_OF_ENCODING = frozenset({"content-encoding", "transfer-encoding", "content-length"})
_ADDRESS_SIGNS = "!#$%&'()*+,/:;=?@[]~"
_UNSAFE = re.compile(r"[^\x20-\x7e]")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Archive:
    """Hold a finished archive: `warc` is gzipped record by record, `index` has a line a response."""

    warc: bytes
    index: str
    records: int


class _Writer(WARCWriter):  # type: ignore[misc]  # the library has no types
    """Keep what the library would put into a temporary file, and not close, in memory, where the bodies are anyway."""

    def _create_temp_file(self) -> io.BytesIO:
        return io.BytesIO()


def write_warc(exchanges: Sequence[Exchange], *, software: str) -> Archive:
    """Write a pair of request and response for each answered exchange, in the order they were asked."""
    buffer = io.BytesIO()
    writer = _Writer(buffer, gzip=True, warc_version="1.1")
    writer.write_record(
        writer.create_warcinfo_record("page.warc.gz", {"software": software, "format": "WARC File Format 1.1"})
    )
    lines = [_write_pair(writer, buffer, exchange) for exchange in exchanges if exchange.is_answered]
    return Archive(warc=buffer.getvalue(), index="".join(f"{line}\n" for line in sorted(lines)), records=len(lines))


def write_wacz(archive: Archive, *, url: str, title: str, at: datetime, software: str) -> bytes:
    """Put an archive, its index and its one page into a WACZ 1.1.1: a ZIP whose members are stored, not packed."""
    page = json.dumps({"id": "page", "url": url, "ts": _moment(at), "title": title})
    header = json.dumps({"format": "json-pages-1.0", "id": "pages", "title": "Pages"})
    members = {
        WARC_NAME: archive.warc,
        "indexes/index.cdxj": archive.index.encode(),
        "pages/pages.jsonl": f"{header}\n{page}\n".encode(),
    }
    package = {
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "created": _moment(at),
        "software": software,
        "mainPageUrl": url,
        "mainPageDate": _moment(at),
        "resources": [
            {"name": path.rpartition("/")[2], "path": path, "hash": _hash(body), "bytes": len(body)}
            for path, body in members.items()
        ],
    }
    described = json.dumps(package, indent=2).encode()
    members["datapackage.json"] = described
    digest = {"path": "datapackage.json", "hash": _hash(described)}
    members["datapackage-digest.json"] = json.dumps(digest, indent=2).encode()
    return _zip(members, at)


def _write_pair(writer: _Writer, buffer: io.BytesIO, exchange: Exchange) -> str:
    body, url = exchange.body or b"", _address(exchange.url)
    common = {"WARC-Date": _moment(exchange.asked_at)}
    status = f"{exchange.status} {_line(exchange.reason)}".strip()
    response = writer.create_warc_record(
        url,
        "response",
        payload=io.BytesIO(body),
        http_headers=StatusAndHeaders(status, _decoded_headers(exchange.headers, len(body)), protocol="HTTP/1.1"),
        warc_headers_dict={**common, "WARC-X-Body-Origin": exchange.origin.value},
    )
    request = writer.create_warc_record(
        url,
        "request",
        payload=io.BytesIO(exchange.posted),
        http_headers=StatusAndHeaders(
            _request_line(exchange), _plain_headers(exchange.request_headers), is_http_request=True
        ),
        warc_headers_dict={**common, "WARC-Concurrent-To": response.rec_headers.get_header("WARC-Record-ID")},
    )
    start = buffer.tell()
    writer.write_record(response)
    end = buffer.tell()
    writer.write_record(request)
    extra = sent_as_query(exchange.method, _header(exchange.request_headers, "content-type"), exchange.posted)
    keyed = url + (("&" if "?" in url else "?") + extra if extra else "")
    told = {
        "url": url,
        "mime": exchange.media_type or "unk",
        "status": str(exchange.status),
        "digest": response.rec_headers.get_header("WARC-Payload-Digest") or "",
        "length": str(end - start),
        "offset": str(start),
        "filename": WARC_NAME.rpartition("/")[2],
    }
    if extra:
        told |= {"method": exchange.method, "requestBody": extra.partition("&")[2]}
    return f"{index_key(keyed)} {exchange.asked_at:%Y%m%d%H%M%S} {json.dumps(told)}"


def _request_line(exchange: Exchange) -> str:
    parts = urlsplit(exchange.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return f"{exchange.method} {_address(target)} HTTP/1.1"


def _plain_headers(headers: Headers) -> list[tuple[str, str]]:
    """Leave out HTTP/2's own fields, which begin with a colon, and whatever else no HTTP/1.1 header may hold."""
    return [(name, _line(value)) for name, value in headers if _TOKEN.fullmatch(name)]


def _decoded_headers(headers: Headers, size: int) -> list[tuple[str, str]]:
    kept = []
    for name, value in _plain_headers(headers):
        kept.append((f"X-Archive-Orig-{name}" if name.lower() in _OF_ENCODING else name, value))
    return [*kept, ("Content-Length", str(size))]


def _header(headers: Headers, wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")


def _address(url: str) -> str:
    return quote(url, safe=_ADDRESS_SIGNS)


def _line(text: str) -> str:
    return _UNSAFE.sub(" ", text)


def _moment(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _hash(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def _zip(members: dict[str, bytes], at: datetime) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for path, body in members.items():
            entry = zipfile.ZipInfo(
                path, date_time=(max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second)
            )
            entry.external_attr = 0o600 << 16
            file.writestr(entry, body)
    return buffer.getvalue()
