"""An export: anybody can check it, every change to it is found, and it says only what was observed."""

from __future__ import annotations

import hashlib
import io
import json
import random
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.backup import check_recipient, seal_file
from monitor.domain import Capture
from monitor.errors import EvidenceError, FixityError, InputError
from monitor.evidence import FileExporter, FileVault, check_export
from monitor.evidence.canonical import canonical, sha256_hex, stamp
from monitor.evidence.chain import with_hashes
from monitor.evidence.export import verify
from monitor.evidence.export.bag import BagWriter
from monitor.ports import Enclosure, Exported, ExportItem, ExportOrder

MUTATIONS_EACH = 40
Files = dict[str, bytes]


@pytest.fixture
def exporter(root: Path, vault: FileVault, clock) -> FileExporter:
    return FileExporter(vault, clock=clock, seal=seal_file, host="testhost")


def order_of(*captures: Capture) -> ExportOrder:
    item = ExportItem(
        title="A thread",
        facts=(("Source", "town-forum"), ("Author as shown", "someone")),
        words=(("Words as published", "FIRST LAST stole money #panic() \u202e 钱 😀 \ue000"),),
        observations=(("2026-11-23", "gone", "HTTP 404"),),
        captures=tuple(capture.id for capture in captures),
    )
    return ExportOrder(scope="mention 3", actor="FIRST LAST", items=(item,))


@pytest.fixture
def exported(keep: Callable[..., Capture], vault: FileVault, exporter: FileExporter, tmp_path: Path) -> Exported:
    captures = [keep(tag) for tag in ("one", "two", "three")]
    vault.record("access", actor="FIRST LAST", capture_id=captures[0].id, detail={"why": "read"})
    return exporter.export(order_of(*captures[:2]), tmp_path / "out.zip")


def unpack(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    (top,) = folder.iterdir()
    return top


def files_of(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def listing(files: Files, names: list[str]) -> bytes:
    return "".join(f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(names)).encode()


def relist(files: Files) -> None:
    """Make the lists of hashes agree with the files again, as anybody who changes an export can."""
    files["manifest-sha256.txt"] = listing(files, [name for name in files if name.startswith("data/")])
    tags = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt"]
    files["tagmanifest-sha256.txt"] = listing(files, tags)


def pack(files: Files, path: Path, folder: str = "x") -> Path:
    path.unlink(missing_ok=True)
    bag = BagWriter(path, folder)
    with bag:
        for name, body in files.items():
            bag._write(name, body)
    return path


def flip(files: Files, dice: random.Random) -> str:
    name = dice.choice(sorted(files))
    body = bytearray(files[name])
    body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
    files[name] = bytes(body)
    return name


def truncate(files: Files, dice: random.Random) -> str:
    name = dice.choice(sorted(files))
    files[name] = files[name][: dice.randrange(len(files[name]))]
    return name


def append(files: Files, dice: random.Random) -> str:
    name = dice.choice(sorted(files))
    files[name] += dice.choice([b"\n", b" ", b"\0", b"{}\n", dice.randbytes(9)])
    return name


def delete(files: Files, dice: random.Random) -> str:
    name = dice.choice(sorted(files))
    del files[name]
    return name


def swap(files: Files, dice: random.Random) -> str:
    one, two = dice.sample(sorted(files), 2)
    while files[one] == files[two]:
        one, two = dice.sample(sorted(files), 2)
    files[one], files[two] = files[two], files[one]
    return one


def stray(files: Files, dice: random.Random) -> str:
    folder = dice.choice(["", "data/", *(name.rpartition("/")[0] + "/" for name in files)]).removeprefix("/")
    name = folder + dice.choice(["extra.txt", ".hidden", "page2.html", "é"])
    files[name] = b"x"
    return name


def kept(files: Files) -> list[str]:
    return [name for name in sorted(files) if "/captures/" in name and not name.endswith("manifest.json")]


def change_and_relist(files: Files, dice: random.Random) -> str:
    """Change anything in the payload but the words around it, and make the lists agree."""
    name = dice.choice([*kept(files), "data/custody.jsonl", "data/export.json"])
    files[name] += b"changed\n"
    relist(files)
    return name


def rewrite_manifest(files: Files, dice: random.Random) -> str:
    """Change a kept file, its manifest, and the lists."""
    name = dice.choice(kept(files))
    files[name] += b"changed"
    manifest = name.rpartition("/")[0] + "/manifest.json"
    body = json.loads(files[manifest])
    for entry in body["files"]:
        if manifest.replace("manifest.json", entry["path"]) == name:
            entry["sha256"], entry["bytes"] = hashlib.sha256(files[name]).hexdigest(), len(files[name])
    files[manifest] = canonical(body)
    relist(files)
    return manifest


def log_lines(files: Files) -> list[bytes]:
    return files["data/custody.jsonl"].splitlines(keepends=True)


def reorder_log(files: Files, dice: random.Random) -> str:
    lines = log_lines(files)
    one, two = dice.sample(range(len(lines)), 2)
    lines[one], lines[two] = lines[two], lines[one]
    files["data/custody.jsonl"] = b"".join(lines)
    relist(files)
    return "data/custody.jsonl"


def drop_record(files: Files, dice: random.Random) -> str:
    lines = log_lines(files)
    del lines[dice.randrange(len(lines))]
    files["data/custody.jsonl"] = b"".join(lines)
    relist(files)
    return "data/"


def cut_tail(files: Files, dice: random.Random) -> str:
    files["data/custody.jsonl"] = b"".join(log_lines(files)[: dice.randrange(len(log_lines(files)))])
    relist(files)
    return "data/"


def drop_capture(files: Files, dice: random.Random) -> str:
    folder = dice.choice(kept(files)).rpartition("/")[0]
    for name in [name for name in files if name.startswith(folder)]:
        del files[name]
    relist(files)
    return folder


def rehashed(record: dict) -> dict:
    """Make a record's hashes anew; of one that shows its hashes alone, only the header's."""
    if "event" in record:
        return with_hashes(record)
    header = {name: record[name] for name in ("v", "seq", "prev", "content_sha256")}
    return {**header, "hash": sha256_hex(canonical(header))}


def withhold_a_record(files: Files, dice: random.Random) -> str:
    """Take out what a record of an exported capture said; the chain holds as before."""
    lines = log_lines(files)
    said = [number for number, line in enumerate(lines[:-1]) if b'"event"' in line]
    number = dice.choice(said)
    record = json.loads(lines[number])
    names = ("v", "seq", "prev", "content_sha256", "hash")
    lines[number] = canonical({name: record[name] for name in names}) + b"\n"
    files["data/custody.jsonl"] = b"".join(lines)
    relist(files)
    return "data/custody.jsonl"


def rewrite_everything(files: Files, dice: random.Random) -> str:
    """Change a file, its manifest, the listing and the whole log, so that all of it agrees again."""
    manifest = rewrite_manifest(files, dice)
    capture, sha256 = manifest.split("/")[2], sha256_hex(files[manifest])
    listed = json.loads(files["data/export.json"])
    for entry in listed["captures"]:
        if entry["id"] == capture:
            entry["manifest_sha256"] = sha256
    files["data/export.json"] = canonical(listed)
    prev, lines = "", []
    for line in log_lines(files):
        record = json.loads(line)
        if record.get("capture") == capture and record["manifest_sha256"]:
            record["manifest_sha256"] = sha256
        if record.get("event") == "export":
            record["detail"]["listing_sha256"] = sha256_hex(files["data/export.json"])
        record["prev"] = prev
        record = rehashed(record)
        prev = record["hash"]
        lines.append(canonical(record) + b"\n")
    files["data/custody.jsonl"] = b"".join(lines)
    relist(files)
    return "data/custody.jsonl"


ALONE = (
    flip,
    withhold_a_record,
    truncate,
    append,
    delete,
    swap,
    stray,
    change_and_relist,
    rewrite_manifest,
    reorder_log,
    drop_record,
    cut_tail,
    drop_capture,
)
WITH_A_HEAD = (rewrite_everything,)


@pytest.mark.parametrize("mutate", [*ALONE, *WITH_A_HEAD], ids=lambda mutate: mutate.__name__)
def test_every_mutation_is_found_and_its_file_named(mutate, exported: Exported, tmp_path: Path) -> None:
    head = exported.chain_head if mutate in WITH_A_HEAD else ""
    whole = files_of(exported.path)
    assert verify.check(pack(dict(whole), tmp_path / "same.zip"), exported.chain_head)[0] == []
    for seed in range(MUTATIONS_EACH):
        files = dict(whole)
        at_fault = mutate(files, random.Random(f"{mutate.__name__} {seed}"))
        if files == whole:
            continue
        path = pack(files, tmp_path / "changed.zip")
        faults, *_ = verify.check(path, head)
        assert faults, f"seed {seed}: {at_fault}"
        assert any(name.startswith(at_fault) for name, _ in faults), f"seed {seed}: {at_fault} not in {faults}"
        assert not check_export(path, head=head).is_intact


def test_a_changed_byte_anywhere_in_the_zip_is_found(exported: Exported, tmp_path: Path) -> None:
    """Around the files too, where only dates and the like stand and nothing of the evidence."""
    whole, before = exported.path.read_bytes(), files_of(exported.path)
    dice, path = random.Random(1), tmp_path / "changed.zip"
    for _ in range(150):
        body = bytearray(whole)
        body[dice.choice([dice.randrange(len(body)), dice.randrange(200), -dice.randrange(1, 2_000)])] ^= (
            1 << dice.randrange(8)
        )
        path.write_bytes(body)
        assert not check_export(path).is_intact
        if not verify.check(path)[0]:
            assert files_of(path) == before
    for more in (whole + b"\0", b"\0" + whole, whole[:-1], whole[:500]):
        path.write_bytes(more)
        assert not check_export(path).is_intact


def test_an_untouched_export_is_intact_with_any_old_head(exported: Exported, vault: FileVault, tmp_path: Path) -> None:
    folder = unpack(exported.path, tmp_path / "unpacked")
    for event in vault.custody():
        for path in (exported.path, folder):
            found = check_export(path, head=event.sha256)
            assert found.findings == ()
            assert (found.captures, found.files, found.chain_head) == (2, 20, exported.chain_head)
    with pytest.raises(EvidenceError, match="chain head"):
        check_export(folder, head="nothing")


@pytest.mark.parametrize("change", ["link", "folder", "stray link", "stray"])
def test_changes_of_the_unpacked_folder_are_found(change: str, exported: Exported, tmp_path: Path) -> None:
    folder = unpack(exported.path, tmp_path / "unpacked")
    page = next(folder.glob("data/captures/*/page.html"))
    if change == "link":
        shutil.move(page, tmp_path / "away")
        page.symlink_to(tmp_path / "away")
    elif change == "folder":
        page.unlink()
        page.mkdir()
    elif change == "stray link":
        (folder / "data" / "link").symlink_to(tmp_path)
    else:
        (page.parent / "b\udcff").write_bytes(b"")
    assert not check_export(folder).is_intact


def test_it_is_a_bag_and_sha256sum_checks_it(exported: Exported, tmp_path: Path) -> None:
    bagit = pytest.importorskip("bagit")
    folder = unpack(exported.path, tmp_path / "unpacked")
    bagit.Bag(str(folder)).validate()
    for name in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        done = subprocess.run(["sha256sum", "-c", "--strict", name], cwd=folder, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_the_program_in_it_checks_it_alone(exported: Exported, tmp_path: Path) -> None:
    """It runs without this product: an isolated interpreter that cannot import it."""
    folder = unpack(exported.path, tmp_path / "unpacked")
    program = folder / "data" / "verify.py"
    assert program.read_bytes() == Path(verify.__file__).read_bytes()

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", str(program), *words]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert run().returncode == 2
    assert "Without --head" in run().stdout
    whole = run(str(exported.path), "--head", exported.chain_head)
    assert (whole.returncode, whole.stdout.splitlines()[0][:6]) == (0, "Intact")
    assert run("--head", "0" * 64).returncode == 1
    assert run("nowhere").returncode == 3
    (tmp_path / "no.zip").write_bytes(b"PK")
    assert run("no.zip").returncode == 1
    next(folder.glob("data/captures/*/page.txt")).write_bytes(b"other")
    changed = run()
    assert changed.returncode == 1
    assert "page.txt" in changed.stdout


def test_the_program_in_it_stays_short_enough_to_read() -> None:
    assert len(Path(verify.__file__).read_text().splitlines()) <= 230


def test_a_document_that_goes_with_it_is_named_in_it_and_every_change_of_it_is_found(
    keep: Callable[..., Capture], exporter: FileExporter, tmp_path: Path
) -> None:
    enclosure = Enclosure(name="packet.pdf", body=b"%PDF for counsel")
    exported = exporter.export(replace(order_of(keep("one")), enclosures=(enclosure,)), tmp_path / "case.zip")
    assert check_export(exported.path, head=exported.chain_head).is_intact
    files = files_of(exported.path)
    assert files["data/packet.pdf"] == enclosure.body
    assert json.loads(files["data/export.json"])["enclosures"] == [
        {"path": "packet.pdf", "sha256": sha256_hex(enclosure.body)}
    ]
    for changed in (b"%PDF for somebody", None):
        forged = dict(files)
        if changed is None:
            del forged["data/packet.pdf"]
        else:
            forged["data/packet.pdf"] = changed
        relist(forged)  # so that only what the log's last record vouches for can tell
        found = check_export(pack(forged, tmp_path / "forged.zip"), head=exported.chain_head)
        assert [finding.path.removeprefix("data/") for finding in found.findings] == ["packet.pdf"]


def test_evidence_that_was_altered_is_not_exported(
    keep: Callable[..., Capture], exporter: FileExporter, root: Path, tmp_path: Path
) -> None:
    capture = keep("one")
    (root / "captures" / capture.id / "page.txt").write_bytes(b"other")
    with pytest.raises(FixityError, match="not what was stored"):
        exporter.export(order_of(capture), tmp_path / "out.zip")
    assert list(tmp_path.glob("*out.zip*")) == []


def test_what_was_deleted_is_named_and_nothing_else_is_left_out(
    keep: Callable[..., Capture], vault: FileVault, exporter: FileExporter, root: Path, tmp_path: Path
) -> None:
    one, two = keep("one"), keep("two")
    vault.delete(one.id, actor="FIRST LAST", reason="wish of a third party")
    done = exporter.export(order_of(one, two), tmp_path / "out.zip")
    assert done.captures == 1
    assert any(one.id in remark for remark in done.remarks)
    assert check_export(done.path, head=done.chain_head).is_intact
    with pytest.raises(EvidenceError, match="nothing to export"):
        exporter.export(order_of(one), tmp_path / "none.zip")


def test_the_report_says_what_was_observed_and_judges_nothing(exported: Exported, vault: FileVault) -> None:
    pypdf = pytest.importorskip("pypdf")
    if not exported.has_report:
        pytest.skip("typst is not installed")
    files = files_of(exported.path)
    pages = pypdf.PdfReader(io.BytesIO(files["data/report.pdf"])).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())
    assert "#panic()" in text
    assert "[U+202E]" in text
    assert any("U+E000" in remark for remark in exported.remarks)
    (capture, *_) = (name.split("/")[2] for name in files if name.startswith("data/captures/"))
    for wanted in (capture, "902(13)", "902(14)", "28 U.S.C. § 1746", "Signature", "Draft", "HTTP 404", "someone"):
        assert wanted in text
    for sha256 in (hashlib.sha256(files[name]).hexdigest() for name in kept(files)):
        assert sha256 in text.replace(" ", "")
    assert "defam" not in text.lower()
    assert json.loads(files["data/report.json"])["chain_head"] == exported.chain_head
    assert vault.custody()[-1].event == "export"


def test_an_encrypted_export_is_opened_by_its_recipient_alone(
    keep: Callable[..., Capture], exporter: FileExporter, tmp_path: Path
) -> None:
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    done = exporter.export(order_of(keep("one")), tmp_path / "out.zip.age", recipient=str(identity.to_public()))
    body = done.path.read_bytes()
    assert done.path.stat().st_mode & 0o777 == 0o600
    assert hashlib.sha256(body).hexdigest() == done.sha256
    (tmp_path / "plain.zip").write_bytes(pyrage.decrypt(body, [identity]))
    assert check_export(tmp_path / "plain.zip", head=done.chain_head).is_intact
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(body, [pyrage.x25519.Identity.generate()])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evidence", "out.zip.age", "plain.zip"]


def test_a_wrong_recipient_is_told(keep: Callable[..., Capture], exporter: FileExporter, tmp_path: Path) -> None:
    pytest.importorskip("pyrage")
    with pytest.raises(InputError, match="no public key"):
        check_recipient("age1nonsense")
    with pytest.raises(InputError, match="no public key"):
        exporter.export(order_of(keep("one")), tmp_path / "out.zip", recipient="age1nonsense")
    assert [path.name for path in tmp_path.iterdir()] == ["evidence"]


def test_an_export_says_nothing_about_other_evidence(
    keep: Callable[..., Capture], vault: FileVault, exporter: FileExporter, tmp_path: Path
) -> None:
    """Neither ids nor times nor names of what is kept for somebody else; and both programs still follow the chain."""
    mine, others = keep("one"), keep("two")
    vault.record("access", actor="OTHER CLIENT", capture_id=others.id, detail={"why": "their letter"})
    exporter.export(replace(order_of(others), scope="everything kept about OTHERS"), tmp_path / "others.zip")
    vault.record("access", actor="MY COUNSEL", capture_id=mine.id, detail={"why": "my letter"})
    old_head = vault.chain_head()
    done = exporter.export(order_of(mine), tmp_path / "mine.zip")
    body = done.path.read_bytes()
    for secret in (others.id, "OTHER CLIENT", "their letter", "OTHERS", others.manifest_sha256):
        assert secret.encode() not in body, secret
    files = files_of(done.path)
    records = [json.loads(line) for line in files["data/custody.jsonl"].splitlines()]
    assert [record.get("capture") for record in records if "event" in record] == [mine.id, mine.id, mine.id, ""]
    assert {record["ts"] for record in records if "event" in record}.isdisjoint(
        {stamp(event.at) for event in vault.custody(others.id)}
    )
    assert [record["hash"] for record in records] == [event.sha256 for event in vault.custody()]
    for head in (done.chain_head, old_head):
        assert check_export(done.path, head=head).is_intact
        assert verify.check(done.path, head)[0] == []
    whole = exporter.export(replace(order_of(mine, others), is_whole=True), tmp_path / "all.zip")
    assert b"OTHER CLIENT" in whole.path.read_bytes()
    assert check_export(whole.path, head=old_head).is_intact
