from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from monitor.domain import ArtifactRole, CaptureRequest, Observed, Origin
from monitor.errors import EvidenceError
from monitor.evidence import FileVault
from monitor.evidence.staging import safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("page.png", "page.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute", "absolute"),
        (".hidden", "hidden"),
        ("manifest.json", "file-manifest.json"),
        ("MANIFEST.JSON", "file-MANIFEST.JSON"),
        ("con.txt", "file-con.txt"),
        ("a b\x00c\n\u202egnp.exe", "a-b-c-gnp.exe"),
        ("", "file"),
        ("..", "file"),
        ("中文", "file"),
        ("x" * 500, "x" * 80),
    ],
)
def test_names_are_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def add(staging, name: str, body=b"x"):
    return staging.add(ArtifactRole.MEDIA, name, "text/plain", Origin.WIRE, body)


def test_names_stay_unique_whatever_their_case(vault: FileVault, capture_request, clock) -> None:
    staging = vault.stage(capture_request, clock.now())
    names = [add(staging, name).path for name in ("a.png", "A.png", "a.png", "x/../a.png")]
    assert names == ["a.png", "A-2.png", "a-2-2.png", "a-3.png"] or len({name.lower() for name in names}) == 4
    assert sorted(path.name for path in staging.folder.iterdir()) == sorted(names)


def test_size_and_hash_are_those_of_the_bytes_written(vault: FileVault, capture_request, clock) -> None:
    staging = vault.stage(capture_request, clock.now())
    artifact = add(staging, "big.bin", (bytes([n]) * 1000 for n in range(50)))
    body = (staging.folder / artifact.path).read_bytes()
    assert (artifact.size, artifact.sha256) == (50_000, hashlib.sha256(body).hexdigest())
    assert (staging.folder / artifact.path).stat().st_mode & 0o777 == 0o600
    assert staging.folder.stat().st_mode & 0o777 == 0o700


def test_discard_leaves_nothing_and_may_be_repeated(vault: FileVault, capture_request, clock) -> None:
    staging = vault.stage(capture_request, clock.now())
    add(staging, "a")
    staging.discard()
    staging.discard()
    assert not staging.folder.exists()
    with pytest.raises(EvidenceError):
        add(staging, "b")


def test_a_sealed_capture_takes_nothing_more_and_is_not_discarded(
    vault: FileVault, capture_request: CaptureRequest, observed: Observed, clock, root: Path
) -> None:
    staging = vault.stage(capture_request, clock.now())
    add(staging, "a")
    capture = vault.commit(staging, capture_request, observed)
    staging.discard()
    with pytest.raises(EvidenceError):
        add(staging, "b")
    with pytest.raises(EvidenceError):
        vault.commit(staging, capture_request, observed)
    assert (root / "captures" / capture.id / "a").read_bytes() == b"x"
    assert vault.verify().is_intact


def test_a_disk_without_the_reserve_starts_no_capture(root: Path, clock, capture_request) -> None:
    vault = FileVault(root, clock=clock, actor="test", reserve_bytes=1 << 62)
    with pytest.raises(EvidenceError, match="could not be started") as error:
        vault.stage(capture_request, clock.now())
    assert "kept free" in error.value.why
    assert "Free some space" in error.value.try_


def test_a_disk_that_fills_half_way_leaves_no_half_file(vault: FileVault, capture_request, clock, root: Path) -> None:
    staging = vault.stage(capture_request, clock.now())
    staging._floor = 1 << 62
    with pytest.raises(EvidenceError, match="could not be kept"):
        add(staging, "big.bin", b"x" * 10_000)
    assert list(staging.folder.iterdir()) == []
    assert staging.artifacts == ()
