from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.domain import Capture, CaptureRequest, Observed
from monitor.errors import EvidenceError
from monitor.evidence import FileVault, verify_path
from monitor.evidence.canonical import canonical, sha256_hex
from monitor.evidence.chain import with_hashes

MUTATIONS_EACH = 40  # times 18 ways is more than 500


@pytest.fixture
def store(keep: Callable[..., Capture], vault: FileVault, root: Path) -> Path:
    """Give a store with three captures and some history."""
    for tag in ("one", "two", "three"):
        vault.record("access", actor="FIRST LAST", capture_id=keep(tag).id, detail={"why": tag})
    return root


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


def kept(root: Path) -> list[Path]:
    return sorted((root / "captures").glob("*/*"))


def log_lines(root: Path) -> list[bytes]:
    return (root / "custody.jsonl").read_bytes().splitlines(keepends=True)


def flip(root: Path, dice: random.Random) -> Path:
    path = dice.choice(files(root))
    body = bytearray(path.read_bytes())
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    path.write_bytes(body)
    return path


def truncate(root: Path, dice: random.Random) -> Path:
    path = dice.choice(kept(root))
    os.truncate(path, dice.randrange(path.stat().st_size))
    return path


def append(root: Path, dice: random.Random) -> Path:
    path = dice.choice(files(root))
    with path.open("ab") as file:
        file.write(dice.choice([b"\n", b" ", b"\0", b"{}\n", dice.randbytes(50)]))
    return path


def delete(root: Path, dice: random.Random) -> Path:
    path = dice.choice(files(root))
    path.unlink()
    return path


def delete_folder(root: Path, dice: random.Random) -> Path:
    folder = dice.choice(kept(root)).parent
    shutil.rmtree(folder)
    return folder


def swap(root: Path, dice: random.Random) -> Path:
    while True:
        one, two = dice.sample([path for path in kept(root) if path.name != "manifest.json"], 2)
        first, second = one.read_bytes(), two.read_bytes()
        if first != second:
            one.write_bytes(second)
            two.write_bytes(first)
            return one


def stray(root: Path, dice: random.Random) -> Path:
    folder = dice.choice([root, root / "captures", *(path.parent for path in kept(root))])
    path = folder / dice.choice(["extra.txt", ".hidden", "page2.html", "manifest.json.bak", "\udcff"])
    path.write_bytes(b"x")
    return path


def plant(root: Path, dice: random.Random) -> Path:
    place = root / "captures" / f"20261122T164400Z-{dice.randbytes(4).hex()}"
    shutil.copytree(dice.choice(kept(root)).parent, place)
    return place


def link(root: Path, dice: random.Random) -> Path:
    path = dice.choice([*kept(root), *(path.parent for path in kept(root))])
    away = root.parent / f"away-{dice.randrange(10**9)}"
    path.rename(away)
    path.symlink_to(away)
    return path


def rename(root: Path, dice: random.Random) -> Path:
    path = dice.choice(kept(root))
    path.rename(path.with_name("renamed.bin"))
    return path


def become_folder(root: Path, dice: random.Random) -> Path:
    path = dice.choice(kept(root))
    path.unlink()
    path.mkdir()
    return path


def reorder_log(root: Path, dice: random.Random) -> Path:
    lines = log_lines(root)
    one, two = dice.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]
    (root / "custody.jsonl").write_bytes(b"".join(lines))
    return root / "custody.jsonl"


def drop_record(root: Path, dice: random.Random) -> Path:
    lines = log_lines(root)
    del lines[dice.randrange(len(lines) - 1)]
    (root / "custody.jsonl").write_bytes(b"".join(lines))
    return root / "custody.jsonl"


def double_record(root: Path, dice: random.Random) -> Path:
    lines = log_lines(root)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    (root / "custody.jsonl").write_bytes(b"".join(lines))
    return root / "custody.jsonl"


def cut_inside_last_line(root: Path, dice: random.Random) -> Path:
    path = root / "custody.jsonl"
    os.truncate(path, path.stat().st_size - dice.randrange(1, len(log_lines(root)[-1])))
    return path


def cut_tail(root: Path, dice: random.Random) -> Path:
    lines = log_lines(root)
    (root / "custody.jsonl").write_bytes(b"".join(lines[: dice.randrange(len(lines))]))
    return root / "custody.jsonl"


def rewrite_manifest(root: Path, dice: random.Random) -> Path:
    """Change a file and make its manifest agree, as somebody with access to the folder could."""
    path = dice.choice([path for path in kept(root) if path.name != "manifest.json"])
    path.write_bytes(path.read_bytes() + b"changed")
    manifest = path.with_name("manifest.json")
    body = json.loads(manifest.read_bytes())
    for entry in body["files"]:
        if entry["path"] == path.name:
            entry["bytes"] = path.stat().st_size
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_bytes(canonical(body))
    return manifest


def rewrite_everything(root: Path, dice: random.Random) -> Path:
    """Change a file, its manifest and every record of the log, so that all of it agrees again."""
    manifest = rewrite_manifest(root, dice)
    sha256, prev, lines = sha256_hex(manifest.read_bytes()), "", []
    for line in log_lines(root):
        record = json.loads(line)
        del record["hash"]
        if record["capture"] == manifest.parent.name and record["manifest_sha256"]:
            record["manifest_sha256"] = sha256
        record["prev"] = prev
        record = with_hashes(record)
        prev = record["hash"]
        lines.append(canonical(record) + b"\n")
    (root / "custody.jsonl").write_bytes(b"".join(lines))
    return root / "custody.jsonl"


SEEN_ALONE = (
    flip,
    truncate,
    append,
    delete,
    delete_folder,
    swap,
    stray,
    plant,
    link,
    rename,
    become_folder,
    reorder_log,
    drop_record,
    double_record,
    cut_inside_last_line,
    rewrite_manifest,
)
SEEN_WITH_A_HEAD = (cut_tail, rewrite_everything)


def named(root: Path, path: Path) -> set[tuple[str, str]]:
    """Give how a finding may name this file."""
    parts = path.relative_to(root).parts
    if parts[0] != "captures":
        return {("", parts[0])}
    return {(parts[1], parts[2] if len(parts) > 2 else ""), (parts[1], "")}


@pytest.mark.parametrize("mutate", [*SEEN_ALONE, *SEEN_WITH_A_HEAD], ids=lambda mutate: mutate.__name__)
def test_every_mutation_is_found_and_its_file_named(mutate, store: Path, tmp_path: Path, vault: FileVault) -> None:
    head = vault.chain_head() if mutate in SEEN_WITH_A_HEAD else ""
    assert verify_path(store, head=head).is_intact
    for seed in range(MUTATIONS_EACH):
        copy = tmp_path / f"copy-{seed}"
        shutil.copytree(store, copy)
        at_fault = mutate(copy, random.Random(f"{mutate.__name__} {seed}"))
        result = verify_path(copy, head=head)
        assert not result.is_intact, f"seed {seed}: {at_fault}"
        found = {(finding.capture_id, finding.path) for finding in result.findings}
        shown = {(a.encode("utf-8", "replace").decode(), b) for a, b in found}
        assert "\udcff" in at_fault.name or named(copy, at_fault) & shown, f"seed {seed}: {at_fault} not in {found}"


def test_an_untouched_store_raises_no_false_alarm_with_any_old_head(
    store: Path, tmp_path: Path, vault: FileVault
) -> None:
    for number, event in enumerate(vault.custody()):
        copy = tmp_path / f"copy-{number}"
        shutil.copytree(store, copy)
        os.utime(copy / "custody.jsonl", (0, 0))
        result = verify_path(copy, head=event.sha256)
        assert result.findings == ()
        assert result.pending == ()
        assert (result.captures, result.files) == (3, 15)
    assert vault.verify().is_intact


def test_without_a_head_a_rewritten_store_cannot_be_told_from_a_true_one(store: Path, vault: FileVault) -> None:
    """State the limit that the chain head in every alert is there for."""
    head = vault.chain_head()
    rewrite_everything(store, random.Random(0))
    assert verify_path(store).is_intact
    assert not verify_path(store, head=head).is_intact


@pytest.mark.parametrize("head", ["x", "0" * 63, "A" * 64])
def test_a_head_that_is_none_is_refused(store: Path, head: str) -> None:
    with pytest.raises(EvidenceError, match="chain head"):
        verify_path(store, head=head)


def test_one_folder_is_checked_against_the_log_two_folders_up(store: Path, tmp_path: Path) -> None:
    folder = kept(store)[0].parent
    assert verify_path(folder).captures == 1
    assert verify_path(folder).pending == ()
    rewrite = folder / "manifest.json"
    rewrite.write_bytes(rewrite.read_bytes().replace(b'"score":"97"', b'"score":"99"'))
    assert [(finding.path, finding.capture_id) for finding in verify_path(folder).findings] == [
        ("manifest.json", folder.name)
    ]


def test_one_folder_alone_is_checked_and_says_what_is_missing_for_more(store: Path, tmp_path: Path) -> None:
    alone = tmp_path / "handed over"
    shutil.copytree(kept(store)[0].parent, alone)
    result = verify_path(alone)
    assert result.is_intact
    assert "no custody log" in result.pending[0]
    (alone / "page.txt").write_bytes(b"other")
    assert not verify_path(alone).is_intact


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_bytes(b"x")])
def test_what_is_no_evidence_cannot_be_checked(tmp_path: Path, make) -> None:
    place = tmp_path / "elsewhere"
    make(place)
    with pytest.raises(EvidenceError):
        verify_path(place)


def test_an_unknown_capture_cannot_be_checked(vault: FileVault, store: Path) -> None:
    with pytest.raises(EvidenceError, match="no such capture"):
        vault.verify("20261122T164400Z-00000000")


def test_a_capture_that_is_being_written_is_no_fault(
    vault: FileVault, store: Path, capture_request: CaptureRequest, observed: Observed, clock
) -> None:
    staging = vault.stage(capture_request, clock.now())
    assert vault.verify().is_intact
    assert vault.verify().pending == ()
    staging.folder.rename(store / "captures" / staging.capture_id)
    result = vault.verify()
    assert result.is_intact
    assert staging.capture_id in result.pending[0]


def test_a_deleted_capture_has_its_tombstone(vault: FileVault, store: Path) -> None:
    folder = kept(store)[0].parent
    vault.log.append("delete", actor="FIRST LAST", capture=folder.name, detail={"reason": "asked for"})
    assert [finding.capture_id for finding in vault.verify().findings] == [folder.name]
    shutil.rmtree(folder)
    assert vault.verify().is_intact
    assert vault.verify().captures == 2


def test_progress_is_told_and_the_check_is_recorded(vault: FileVault, store: Path) -> None:
    steps: list[tuple[int, int]] = []
    vault.verify(progress=lambda done, total: steps.append((done, total)))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    last = vault.custody()[-1]
    assert (last.event, last.detail) == ("verify", {"captures": "3", "files": "15", "faults": "0"})


def test_a_vanished_capture_whose_intent_has_no_end_is_missed(vault: FileVault, store: Path) -> None:
    """A crash always leaves the folder or a record of its end; so an intent without either means a loss."""
    lines = log_lines(store)
    last = max(index for index, line in enumerate(lines) if b'"event":"capture"' in line)
    folder = store / "captures" / json.loads(lines[last])["capture"]
    (store / "custody.jsonl").write_bytes(b"".join(lines[:last]))
    assert verify_path(store).pending
    shutil.rmtree(folder)
    assert [finding.capture_id for finding in verify_path(store).findings] == [folder.name]


def test_sealed_captures_are_given_again_for_a_store_that_missed_them(vault: FileVault, keep, store: Path) -> None:
    last = keep("four")
    assert [capture.id for capture in vault.captures()][-1] == last.id
    assert list(vault.captures())[-1] == last
    altered = kept(store)[0].parent
    (altered / "manifest.json").write_bytes(b"{}")
    assert altered.name not in {capture.id for capture in vault.captures()}
    assert len(list(vault.captures())) == 3
