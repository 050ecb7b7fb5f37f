"""OpenTimestamps: a salted hash goes out, a promise is kept, a block comes later, no more is claimed."""

from __future__ import annotations

import asyncio
import hashlib
import random
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

pytest.importorskip("opentimestamps", reason="the extra `ots` is not installed")

from opentimestamps.core.notary import PendingAttestation, UnknownAttestation
from opentimestamps.core.op import OpAppend, OpSHA256
from opentimestamps.core.serialize import BytesDeserializationContext, BytesSerializationContext
from opentimestamps.core.timestamp import DetachedTimestampFile, Timestamp

from monitor.backup import seal_file
from monitor.errors import TimestampFailed
from monitor.evidence import Calendars, FileExporter, FileVault, ObjectCopies, check_export, verify_path
from monitor.evidence.proofs import MAX_PROOF, BadProof, completed, promised, read_proof, salted
from monitor.http import HttpClient
from monitor.jobs import stamp
from monitor.ports import ATTESTED, OPENTIMESTAMPS, PENDING, ExportItem, ExportOrder, Token
from monitor.store import open_store
from monitor.testing.builders import seal_words
from monitor.testing.fakes import FakeClock
from tests.integration.calendar_server import HEIGHT, Calendar, keeping_time, root_over, spelled

MESSAGE = b'{"a manifest":1}'
SALT = b"s" * 16


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    with keeping_time(Calendar()) as one:
        yield one


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def vault(tmp_path: Path, clock: FakeClock) -> FileVault:
    return FileVault(tmp_path / "evidence", clock=clock, actor="test", reserve_bytes=1, host="testhost")


def keep(vault: FileVault) -> str:
    return seal_words(vault).id


class Installation:
    """Have a vault's captures stamped by calendars, with a store for what is remembered between two tries."""

    def __init__(self, vault: FileVault, clock: FakeClock, folder: Path, *urls: str) -> None:
        self.vault, self.clock = vault, clock
        self.store = open_store(f"sqlite:///{folder / 'goodname.db'}", clock=clock)
        hosts = frozenset(url.split("/")[2] for url in urls)
        self.client = HttpClient(clock=clock, allow=hosts, user_agent="test")
        self.calendars = Calendars(urls, http=self.client.for_source("stamps", obey_robots=False))

    def stamp(self) -> int:
        return asyncio.run(self._closing(stamp.run(self.store, self.vault, self.calendars, self.clock)))

    def finish(self) -> int:
        return asyncio.run(self._closing(stamp.finish(self.store, self.vault, self.calendars, self.clock)))

    async def _closing(self, work: object) -> int:
        try:
            return await work  # type: ignore[misc,no-any-return]
        finally:
            await self.client.close()

    @property
    def state(self) -> stamp.StampState:
        return stamp.state(self.store, self.vault, self.calendars)


def stamps_of(vault: FileVault) -> list[dict[str, str]]:
    return [dict(event.detail) for event in vault.custody() if event.event == "timestamp"]


def export(vault: FileVault, clock: FakeClock, folder: Path, *captures: str) -> Path:
    item = ExportItem(title="A thread", facts=(), words=(), observations=(), captures=captures)
    exporter = FileExporter(vault, clock=clock, seal=seal_file)
    return exporter.export(ExportOrder(scope="all", actor="test", items=(item,)), folder / "out.zip").path


def test_a_promise_becomes_the_way_to_a_block(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    here = Installation(vault, clock, tmp_path, calendar.url)
    root = tmp_path / "evidence"
    manifest = (root / "captures" / capture_id / "manifest.json").read_bytes()

    assert here.stamp() == 1
    assert here.stamp() == 0  # once
    (sent,) = calendar.asked
    assert len(sent) == 32
    assert sent != hashlib.sha256(manifest).digest()  # salted
    (first,) = stamps_of(vault)
    assert (first["kind"], first["status"], first["authority"]) == (OPENTIMESTAMPS, PENDING, calendar.url)
    proof = root / first["token"]
    assert hashlib.sha256(proof.read_bytes()).hexdigest() == first["tsr_sha256"]
    assert proof.stat().st_mode & 0o777 == 0o600
    assert (here.state.waiting, here.state.promised) == (0, 1)
    found = verify_path(root)
    assert (found.is_intact, found.stamped, found.notes) == (True, 0, ())
    assert found.pending == ("1 of 1 captures wait for a time stamp of an outside authority",)

    assert here.finish() == 0  # no block yet
    calendar.has_block = True
    assert here.finish() == 0  # it is asked once an hour
    assert len(calendar.followed) == 1
    clock.advance(timedelta(hours=1))
    assert here.finish() == 1
    assert here.state.promised == 0
    _, last = stamps_of(vault)
    commitment = bytes.fromhex(calendar.followed[-1])
    assert (last["status"], last["serial"]) == (ATTESTED, f"Bitcoin block {HEIGHT}")
    assert last["merkle_root"] == root_over(commitment)
    found = verify_path(root)
    assert (found.is_intact, found.stamped) == (True, 0)  # nobody looked at the block
    assert found.pending == (
        "the times of 1 captures rest on OpenTimestamps proofs, and no Bitcoin block was looked at",
    )
    (note,) = found.notes
    assert str(HEIGHT) in note
    assert root_over(commitment) in note
    alone = verify_path(root / "captures" / capture_id)
    assert (alone.is_intact, alone.notes) == (True, found.notes)
    clock.advance(timedelta(hours=1))
    assert here.finish() == 0
    assert len(calendar.followed) == 2  # a proof that leads to a block is left alone


def test_the_proof_kept_is_one_that_the_library_reads_about_the_manifest(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    Installation(vault, clock, tmp_path, calendar.url).stamp()
    root = tmp_path / "evidence"
    (detail,) = stamps_of(vault)
    read = DetachedTimestampFile.deserialize(BytesDeserializationContext((root / detail["token"]).read_bytes()))
    manifest = (root / "captures" / capture_id / "manifest.json").read_bytes()
    assert read.file_digest == hashlib.sha256(manifest).digest()
    assert [said for _, said in read.timestamp.all_attestations()] == [PendingAttestation(calendar.url)]


def test_two_captures_never_send_what_shows_that_they_are_alike(calendar: Calendar, clock: FakeClock) -> None:
    async def work() -> None:
        client = HttpClient(clock=clock, allow=frozenset({calendar.url.split("/")[2]}), user_agent="test")
        calendars = Calendars([calendar.url], http=client.for_source("stamps", obey_robots=False))
        try:
            await calendars.stamp(MESSAGE)
            await calendars.stamp(MESSAGE)
        finally:
            await client.close()

    asyncio.run(work())
    assert len(set(calendar.asked)) == 2


def test_one_calendar_of_two_is_enough(vault: FileVault, clock: FakeClock, tmp_path: Path) -> None:
    keep(vault)
    with keeping_time(Calendar(mood="down")) as bad, keeping_time(Calendar()) as good:
        here = Installation(vault, clock, tmp_path, bad.url, good.url)
        assert here.stamp() == 1
        (detail,) = stamps_of(vault)
        assert detail["authority"] == good.url
    with keeping_time(Calendar()) as one, keeping_time(Calendar()) as two:
        keep(vault)
        here = Installation(vault, clock, tmp_path, one.url, two.url)
        assert here.stamp() == 1
        assert stamps_of(vault)[-1]["authority"] == ", ".join(sorted((one.url, two.url)))
        assert one.asked == two.asked  # one proof, one salt
        one.mood, two.has_block = "down", True
        here.finish()
        clock.advance(timedelta(hours=1))
        here.finish()
    last = stamps_of(vault)[-1]
    assert last["status"] == ATTESTED  # the other kept its promise


def test_nothing_is_lost_while_no_calendar_answers(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    here = Installation(vault, clock, tmp_path, calendar.url)
    calendar.mood = "down"
    assert here.stamp() == 0
    assert (here.state.waiting, here.state.failures) == (1, 1)
    assert here.state.last_error
    assert verify_path(tmp_path / "evidence").is_intact
    calendar.mood = "well"
    assert here.stamp() == 0  # it waits a minute
    clock.advance(timedelta(minutes=1))
    assert here.stamp() == 1
    assert (here.state.waiting, here.state.failures, here.state.promised) == (0, 0, 1)
    calendar.mood = "down"
    assert here.finish() == 0
    assert (here.state.promised, bool(here.state.finish_error)) == (1, True)
    calendar.mood, calendar.has_block = "well", True
    clock.advance(timedelta(hours=1))
    assert here.finish() == 1
    assert (here.state.promised, here.state.finish_error) == (0, "")


def test_a_calendar_that_is_gone_for_ever_keeps_no_other_capture_waiting(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    with keeping_time(Calendar()) as short_lived:
        Installation(vault, clock, tmp_path, short_lived.url).stamp()
    keep(vault)
    here = Installation(vault, clock, tmp_path, calendar.url)
    here.stamp()
    calendar.has_block = True
    done = []
    for _ in range(3):
        done.append(here.finish())
        clock.advance(timedelta(hours=1))
    assert sum(done) == 1
    assert len(vault.unfinished()) == 1


def odd_answers() -> dict[str, bytes]:
    """Give answers that are no promise about what was asked."""
    empty = Timestamp(b"\0" * 32)
    empty.attestations.add(UnknownAttestation(b"whatever", b"x"))
    deep = b"\x08" * 5000
    whole = spelled_promise()
    return {
        "nothing": b"",
        "page": b"<html>busy</html>",
        "truncated": whole[:-3],
        "trailing": whole + b"x",
        "leads nowhere": spelled(empty),
        "deep": deep,
        "huge": whole * 2000,
        "long number": b"\x00" + bytes.fromhex("0588960d73d71901") + b"\x80\x20" + b"\xff" * 4095 + b"\x01",
        "a block at once, from a short hash": b"\x02\x00" + bytes.fromhex("0588960d73d71901") + b"\x01\x05",
    }


def spelled_promise() -> bytes:
    tree = Timestamp(b"\0" * 32)
    tree.attestations.add(PendingAttestation("https://calendar.example"))
    return spelled(tree)


@pytest.mark.parametrize("name", sorted(odd_answers()))
def test_an_odd_answer_is_refused_at_both_ends(
    name: str, calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    calendar.mood, calendar.answer = "odd", odd_answers()[name]
    here = Installation(vault, clock, tmp_path, calendar.url)
    assert here.stamp() == 0
    assert (here.state.failures, stamps_of(vault)) == (1, [])
    calendar.mood = "well"
    clock.advance(timedelta(minutes=1))
    assert here.stamp() == 1
    calendar.mood = "odd"
    assert here.finish() == 0
    assert here.state.finish_error
    assert len(stamps_of(vault)) == 1
    assert verify_path(tmp_path / "evidence").is_intact


def written(message: bytes, *, depth: int = 0) -> bytes:
    """Spell a proof, as deep as wanted, with the library alone."""
    proof = DetachedTimestampFile(OpSHA256(), Timestamp(hashlib.sha256(message).digest()))
    node = proof.timestamp
    for _ in range(depth):
        node = node.ops.add(OpSHA256())
    node.attestations.add(PendingAttestation("https://calendar.example"))
    context = BytesSerializationContext()
    proof.serialize(context)
    return bytes(context.getbytes())


def bad_proofs() -> dict[str, tuple[bytes, str]]:
    good = written(MESSAGE)
    return {
        "another message": (written(b"another"), "about something else"),
        "truncated": (good[:-5], "cannot be read"),
        "trailing": (good + b"x", "cannot be read"),
        "deep": (written(MESSAGE, depth=400), "cannot be read"),
        "huge": (good + b"x" * MAX_PROOF, "at most"),
        "empty": (b"", "cannot be read"),
        "a page": (b"<html>", "cannot be read"),
        "another hash": (good.replace(b"\x01\x08", b"\x01\x67", 1), "something else"),
    }


@pytest.mark.parametrize("name", sorted(bad_proofs()))
def test_a_forged_proof_is_a_finding_in_store_capture_and_export(
    name: str, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    """An insider puts it there with a fitting log; its hash is the recorded one."""
    body, why = bad_proofs()[name]
    capture_id = keep(vault)
    facts = {"kind": OPENTIMESTAMPS, "status": ATTESTED, "authority": "https://calendar.example"}
    vault.keep_token(capture_id, Token(body=body, certificates=b"", facts=facts))
    root = tmp_path / "evidence"
    for found in (
        verify_path(root),
        verify_path(root / "captures" / capture_id),
        check_export(export(vault, clock, tmp_path, capture_id)),
    ):
        (finding,) = found.findings
        assert finding.path.endswith(".ots")
        assert "no OpenTimestamps proof about this capture" in finding.problem
    with pytest.raises(BadProof, match=why):
        read_proof(body, MESSAGE)


def test_a_log_that_claims_a_block_which_the_proof_lacks_is_a_finding(vault: FileVault, tmp_path: Path) -> None:
    capture_id = keep(vault)
    manifest = (tmp_path / "evidence" / "captures" / capture_id / "manifest.json").read_bytes()
    facts = {"kind": OPENTIMESTAMPS, "status": ATTESTED, "serial": f"Bitcoin block {HEIGHT}"}
    vault.keep_token(capture_id, Token(body=written(manifest), certificates=b"", facts=facts))
    (finding,) = verify_path(tmp_path / "evidence").findings
    assert "leads to a Bitcoin block; it does not" in finding.problem


def test_no_random_change_of_a_proof_ends_in_anything_but_a_refusal() -> None:
    tree = Timestamp(salted(MESSAGE, SALT))
    leaf = tree.ops.add(OpAppend(b"x")).ops.add(OpSHA256())
    leaf.attestations.add(PendingAttestation("https://calendar.example"))
    whole = promised(MESSAGE, SALT, [spelled(tree)])
    whole = completed(whole, MESSAGE, leaf.msg, Calendar().way_to_block(leaf.msg))
    kept = read_proof(whole, MESSAGE)
    assert [one.height for one in kept.blocks] == [HEIGHT]
    dice, refused = random.Random(5), 0
    for _ in range(3000):
        body = bytearray(whole)
        for _ in range(dice.randrange(1, 4)):
            body[dice.randrange(len(body))] = dice.choice(
                (0, 2, 3, 8, 0x67, 0xF0, 0xF1, 0xF3, 0xFF, dice.randrange(256))
            )
        if 0xF2 in body:  # the library warns of an operation that may go away
            continue
        try:
            read_proof(bytes(body[: dice.randrange(len(body) // 2, len(body) + 1)]), MESSAGE)
        except BadProof:
            refused += 1
    assert refused > 2000


def test_every_changed_byte_of_a_kept_proof_is_found_by_its_recorded_hash(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    here = Installation(vault, clock, tmp_path, calendar.url)
    here.stamp()
    root, dice = tmp_path / "evidence", random.Random(3)
    (path,) = (root / "timestamps").iterdir()
    whole = path.read_bytes()
    for _ in range(40):
        body = bytearray(whole)
        body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        path.write_bytes(body)
        assert [one.path for one in verify_path(root).findings] == [f"timestamps/{path.name}"]
    clock.advance(timedelta(hours=1))
    assert here.finish() == 0  # an altered proof is not sent on, and stops nothing
    assert vault.unfinished() == (capture_id,)
    path.unlink()
    assert not verify_path(root).is_intact


def test_an_export_holds_the_proofs_and_its_program_says_that_it_did_not_check_them(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    here = Installation(vault, clock, tmp_path, calendar.url)
    here.stamp()
    assert check_export(export(vault, clock, tmp_path, capture_id)).pending == (
        "1 captures wait for a time stamp of an outside authority",
    )
    calendar.has_block = True
    assert here.finish() == 1
    path = export(vault, clock, tmp_path, capture_id)
    found = check_export(path)
    assert (found.is_intact, len(found.notes)) == (True, 1)
    assert str(HEIGHT) in found.notes[0]
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "unpacked")
    (program,) = (tmp_path / "unpacked").glob("*/data/verify.py")
    said = subprocess.run([sys.executable, "-I", program], capture_output=True, check=False, text=True)
    assert (said.returncode, said.stderr) == (2, "")
    assert "2 OpenTimestamps proofs (.ots) are present; what they prove was not checked here." in said.stdout
    assert "still wait" not in said.stdout


def test_without_the_package_a_proof_is_named_as_not_read(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(vault)
    Installation(vault, clock, tmp_path, calendar.url).stamp()
    monkeypatch.setitem(sys.modules, "monitor.evidence.proofs", None)
    found = verify_path(tmp_path / "evidence")
    assert found.is_intact
    assert any("needs the extra `ots`" in one for one in found.pending)


def test_copies_elsewhere_hold_the_proof(
    calendar: Calendar, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    Installation(vault, clock, tmp_path, calendar.url).stamp()
    (tmp_path / "copy").mkdir()
    copies = ObjectCopies(tmp_path / "evidence", (tmp_path / "copy").as_uri(), {})
    seq = 0
    while (after := copies.copy_after(seq)) > seq:
        seq = after
    assert copies.check() == ()
    (proof,) = (tmp_path / "evidence" / "timestamps").iterdir()
    assert (tmp_path / "copy" / "timestamps" / proof.name).read_bytes() == proof.read_bytes()


async def test_without_a_calendar_it_says_so(clock: FakeClock) -> None:
    client = HttpClient(clock=clock, allow=frozenset(), user_agent="test")
    try:
        nobody = Calendars((), http=client.for_source("stamps", obey_robots=False))
        assert not nobody.is_configured
        with pytest.raises(TimestampFailed):
            await nobody.stamp(MESSAGE)
    finally:
        await client.close()


def test_a_promise_that_names_a_private_address_is_not_followed(clock: FakeClock) -> None:
    """The address in a promise is the calendar's word; it is asked under the same guard as all else."""
    with keeping_time(Calendar()) as inside:
        tree = Timestamp(salted(MESSAGE, SALT))
        tree.attestations.add(PendingAttestation(inside.url))
        body = promised(MESSAGE, SALT, [spelled(tree)])

        async def work() -> None:
            client = HttpClient(clock=clock, allow=frozenset(), user_agent="test")
            calendars = Calendars(["https://calendar.example"], http=client.for_source("stamps", obey_robots=False))
            try:
                with pytest.raises(TimestampFailed):
                    await calendars.finish(MESSAGE, body)
            finally:
                await client.close()

        asyncio.run(work())
        assert inside.followed == []
