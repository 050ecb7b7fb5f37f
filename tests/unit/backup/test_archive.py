"""An archive comes back as it was, and one that was tampered with is refused before anything is used."""

from __future__ import annotations

import io
import json
import os
import random
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard

from monitor.backup import CONTENTS, Contents, new_file, opened, pack, sealed, unpack
from monitor.errors import BackupError, InputError

ABOUT = Contents(
    made_at="2026-01-05T10:00:00+00:00",
    version="1",
    engine="sqlite",
    chain_head="ab",
    left_out=("alerts.urls",),
    files=(),
)


def packed(tmp_path: Path) -> tuple[bytes, Contents]:
    body = random.Random(1).randbytes(300_000)
    (tmp_path / "log").write_bytes(b"one\ntwo\nhalf a li")
    sink = io.BytesIO()
    contents = pack(sink, [("a/b.bin", body, len(body)), ("log", tmp_path / "log", 8), ("empty", b"", 0)], ABOUT)
    return sink.getvalue(), contents


def crafted(members: list[tuple[tarfile.TarInfo, bytes]], listed: dict[str, bytes] | None = None) -> bytes:
    """Make an archive by hand whose list says what `listed` holds."""
    import hashlib

    named = listed if listed is not None else {info.name: body for info, body in members}
    files = [
        {"path": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in named.items()
    ]
    given = json.loads(replace(ABOUT).to_json()) | {"files": files}
    last = tarfile.TarInfo(CONTENTS)
    tail = json.dumps(given).encode()
    last.size = len(tail)
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w") as archive:
        for info, body in [*members, (last, tail)]:
            if info.isreg():
                info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return zstandard.ZstdCompressor().compress(plain.getvalue())


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def test_what_was_packed_comes_back(tmp_path):
    archive, contents = packed(tmp_path)
    target = tmp_path / "out"
    target.mkdir()
    assert unpack(io.BytesIO(archive), target) == contents
    assert (target / "log").read_bytes() == b"one\ntwo\n", "a log that grows is kept up to the size it had"
    assert (target / "a" / "b.bin").stat().st_size == 300_000
    assert (target / "a" / "b.bin").stat().st_mode & 0o077 == 0
    assert contents.left_out == ("alerts.urls",)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_cut_archive_is_refused(tmp_path, share):
    archive, _ = packed(tmp_path)
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(BackupError):
        unpack(io.BytesIO(archive[: int(len(archive) * share)]), target)


def test_any_changed_byte_is_noticed(tmp_path):
    archive, _ = packed(tmp_path)
    chance = random.Random(2)
    for number in range(60):
        target = tmp_path / f"out-{number}"
        target.mkdir()
        place = chance.randrange(len(archive))
        damaged = archive[:place] + bytes([archive[place] ^ (1 << chance.randrange(8))]) + archive[place + 1 :]
        with pytest.raises(BackupError):
            unpack(io.BytesIO(damaged), target)


NAMES = [
    *("../out.txt", "/etc/out.txt", "a/../../out.txt", "a/./b", "a//b", "..", ""),
    *("C:\\x", "a\\..\\b", "a\nb", "./a", "x/" * 600),
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(BackupError):
        unpack(io.BytesIO(crafted([(member(name), b"x")])), target)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_names_from_a_traversal_list_never_leave_the_folder(tmp_path, checkout):
    listed = checkout.parent / "shared" / "data" / "hostile" / "text" / "path-traversal.txt"
    if not listed.is_file():
        pytest.skip("the list of hostile names is not beside the checkout")
    target = tmp_path / "a" / "b" / "out"
    target.mkdir(parents=True)
    names = [line for line in listed.read_text("utf-8", "surrogateescape").splitlines() if line]
    for name in names:
        try:
            body = crafted([(member(name), b"x")])
        except (ValueError, UnicodeError):
            continue
        try:
            unpack(io.BytesIO(body), target)
        except BackupError:
            continue
    outside = [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(target)]
    assert outside == []
    assert len(names) > 500


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_only_plain_files_are_unpacked(tmp_path, kind):
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(BackupError):
        unpack(io.BytesIO(crafted([(member("a", kind, "/etc/passwd"), b"")])), target)
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    ("members", "listed"),
    [
        ([(member("a"), b"x")], {}),
        ([(member("a"), b"x")], {"a": b"y"}),
        ([(member("a"), b"x")], {"a": b"x", "b": b"x"}),
        ([(member("a"), b"x"), (member("a"), b"x")], {"a": b"x"}),
    ],
    ids=["not listed", "other words", "missing", "twice"],
)
def test_files_and_list_must_agree(tmp_path, members, listed):
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(BackupError):
        unpack(io.BytesIO(crafted(members, listed)), target)


def test_a_new_file_is_there_whole_or_not_at_all(tmp_path):
    with new_file(tmp_path / "whole") as file:
        file.write(b"x" * 100_000)
        assert list(tmp_path.iterdir()) == [], "it has no name before it is whole"
    assert (tmp_path / "whole").read_bytes() == b"x" * 100_000
    with pytest.raises(BackupError, match="there already"), new_file(tmp_path / "whole"):
        pass
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "half"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]
    with pytest.raises(BackupError), new_file(tmp_path / "no-folder" / "x"):
        pass


def test_a_file_system_without_nameless_files_will_do(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "O_TMPFILE")
    with new_file(tmp_path / "whole") as file:
        file.write(b"x")
    with pytest.raises(KeyboardInterrupt), new_file(tmp_path / "half"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_an_encrypted_archive_opens_with_its_key_alone(tmp_path):
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"# made now\n{identity}\n")
    (tmp_path / "other").write_text(str(pyrage.x25519.Identity.generate()))
    sink = io.BytesIO()
    with sealed(sink, [str(identity.to_public())]) as plain:
        plain.write(b"words " * 100_000)
    body = sink.getvalue()
    assert b"words" not in body
    with opened(io.BytesIO(body), tmp_path / "key") as plain:
        assert plain.read() == b"words " * 100_000
    for damaged, key in ((body, "other"), (body[:-50], "key")):
        with pytest.raises(BackupError), opened(io.BytesIO(damaged), tmp_path / key) as plain:
            plain.read()
    with pytest.raises(BackupError, match="encrypted"), opened(io.BytesIO(body), None):
        pass
    with pytest.raises(InputError), sealed(io.BytesIO(), ["age1nonsense"]):
        pass
    with pytest.raises(InputError), opened(io.BytesIO(body), tmp_path / "absent"):
        pass
