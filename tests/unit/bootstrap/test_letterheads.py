from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.bootstrap.letterheads import letterhead_of
from monitor.errors import ConfigError


def test_each_client_has_its_own_and_nobody_anothers(tmp_path: Path) -> None:
    (tmp_path / "north.txt").write_text(" NORTH\n", "utf-8")
    (tmp_path / "letterhead.txt").write_text("NO CLIENT", "utf-8")
    assert letterhead_of(tmp_path, "north").text == "NORTH"
    assert letterhead_of(tmp_path, "").text == "NO CLIENT"
    assert letterhead_of(tmp_path, "south").text == ""
    assert letterhead_of(None, "north").text == ""


@given(prefix=st.sampled_from(["../", "..\\", "/", "x/../../", "./", "\0", "a\n"]))
def test_an_id_never_leads_out_of_the_folder(tmp_path_factory: pytest.TempPathFactory, prefix: str) -> None:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "inner").mkdir()
    (outer / "secret.txt").write_text("SECRET", "utf-8")
    assert letterhead_of(outer / "inner", f"{prefix}secret").text == ""


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("n.txt", b"\xff\xfe", "no plain text"),
        ("n.txt", b"x" * 20_001, "too large"),
        ("n.png", b"<svg/>", "no PNG"),
        ("n.png", b"\x89PNG\r\n\x1a\n" + bytes(1_000_000), "too large"),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, name: str, body: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(body)
    with pytest.raises(ConfigError, match=words):
        letterhead_of(tmp_path, "n")
