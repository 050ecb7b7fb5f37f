from __future__ import annotations

import random

import pytest

from monitor.evidence.markup import read_html


def test_text_is_read_as_a_person_would() -> None:
    page = read_html(
        b"<html><head><title> A\nforum </title><style>p{}</style></head><body><h1>Thread</h1><p>One <b>bold</b>"
        b" word</p><script>alert(1)</script><noscript><p>no</p></noscript><ul><li>a<li>b</ul>tail<!-- c -->"
    )
    assert page.text == "Thread\nOne bold word\na\nb\ntail"
    assert page.title == "A\nforum"
    assert not page.asks_password


def test_a_password_field_is_noticed() -> None:
    assert read_html(b"<form><input type=password></form>").asks_password


@pytest.mark.parametrize(
    ("body", "charset", "text"),
    [
        ("<p>ünï</p>".encode("latin-1"), "latin-1", "ünï"),
        ("<meta charset=utf-8><p>ünï</p>".encode(), "", "ünï"),
        ("<p>ünï</p>".encode(), "utf-8", "ünï"),
        ("<p>ünï</p>".encode(), "no-such-charset", "ünï"),
        (b'<?xml version="1.0" encoding="utf-8"?><p>x</p>', "", "x"),
    ],
)
def test_charsets_are_respected(body: bytes, charset: str, text: str) -> None:
    found = read_html(body, charset).text
    assert found == text or (charset == "no-such-charset" and found.startswith(("ü", "Ã")))


@pytest.mark.parametrize(
    "body",
    [b"", b"\0\0\0", b"<", b"<!--" * 20_000, b"<div>" * 50_000, b"<a " * 50_000, b"&#0;&#xD800;",
     bytes(range(256)) * 50, b"<!DOCTYPE x [<!ENTITY a 'b'>]><p>&a;</p>"],
)  # fmt: skip
def test_broken_markup_never_raises(body: bytes) -> None:
    read_html(body).text.encode("utf-8")


def test_random_bytes_never_raise() -> None:
    dice = random.Random(6)
    pieces = [b"<p>", b"</div>", b"<!--", b"-->", b"<![CDATA[", b"&amp", b"\xff\xfe", b"<script>", b"'\"", b"x" * 50]
    for _ in range(300):
        read_html(b"".join(dice.choices(pieces, k=30)) + dice.randbytes(20))
