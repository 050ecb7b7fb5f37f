"""Time stamps of a real authority: believed only from who is pinned, asked for again, never lost."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import random
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

from monitor.backup import seal_file
from monitor.errors import TimestampFailed
from monitor.evidence import (
    Authorities,
    FileExporter,
    FileVault,
    ObjectPlace,
    Objects,
    check_export,
    check_store,
    send_evidence,
    verify_path,
)
from monitor.evidence.tokens import check_token, check_with_openssl, read_facts
from monitor.http import HttpClient
from monitor.jobs import stamp
from monitor.ports import ExportItem, ExportOrder
from monitor.store import open_store
from monitor.testing.builders import seal_words
from monitor.testing.fakes import FakeClock
from monitor.testing.s3 import S3Server
from tests.integration.time_authority import TimeAuthority, openssl, serving

if shutil.which("openssl") is None:
    pytest.skip("openssl is not installed", allow_module_level=True)

MESSAGE = b'{"a manifest":1}'


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority") / "true").make()


@pytest.fixture(scope="module")
def forger(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    """Give another authority with the same names, and a chain of its own that it puts into its tokens."""
    return TimeAuthority(tmp_path_factory.mktemp("authority") / "false").make()


@pytest.fixture
def authority(made: TimeAuthority) -> Iterator[TimeAuthority]:
    made.mood = "well"
    made.asked.clear()
    with serving(made) as one:
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
    """Stamp a vault's captures with a store for what is remembered between two tries."""

    def __init__(self, vault: FileVault, clock: FakeClock, folder: Path, *urls: str, pem: bytes) -> None:
        self.vault, self.clock = vault, clock
        self.store = open_store(f"sqlite:///{folder / 'goodname.db'}", clock=clock)
        hosts = frozenset(url.split("/")[2] for url in urls)
        self.client = HttpClient(clock=clock, allow=hosts, user_agent="test")
        self.authorities = Authorities(urls, pem, http=self.client.for_source("stamps", obey_robots=False), clock=clock)

    def stamp(self, *, force: bool = False) -> int:
        async def work() -> int:
            try:
                return await stamp.run(self.store, self.vault, self.authorities, self.clock, force=force)
            finally:
                await self.client.close()

        return asyncio.run(work())

    @property
    def state(self) -> stamp.StampState:
        return stamp.state(self.store, self.vault, self.authorities)


def test_a_capture_is_stamped_and_both_programs_believe_it(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    here = Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned)
    assert here.stamp() == 1
    assert vault.unstamped() == ()
    (event,) = (event for event in vault.custody() if event.event == "timestamp")
    root = tmp_path / "evidence"
    token, pem = root / event.detail["token"], root / event.detail["certificates"]
    assert hashlib.sha256(token.read_bytes()).hexdigest() == event.detail["tsr_sha256"]
    assert (event.capture_id, event.detail["authority"], event.detail["kind"]) == (capture_id, authority.url, "rfc3161")
    assert event.detail["serial"]
    assert event.detail["policy"] == "1.2.3.4.1"
    assert token.stat().st_mode & 0o777 == 0o600
    manifest = (root / "captures" / capture_id / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).digest() in authority.asked[0]  # SHA-256, not the library's default
    assert check_with_openssl(token.read_bytes(), manifest, pem.read_bytes()) == ""
    assert b"words" not in authority.asked[0]
    whole = verify_path(root, pinned=authority.pinned)
    assert (whole.is_intact, whole.stamped, whole.pending) == (True, 1, ())


def test_stamps_move_into_an_object_store_with_their_captures(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path, s3: S3Server
) -> None:
    for _ in range(2):
        keep(vault)
    Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned).stamp()
    objects = Objects(f"s3://{s3.new_bucket()}/goodname", s3.options)
    assert send_evidence(tmp_path / "evidence", objects, lambda _done, _all: None) == 2 * 3 + len(
        list((tmp_path / "evidence" / "timestamps").iterdir())
    )
    whole = check_store(ObjectPlace(objects), pinned=authority.pinned)
    assert (whole.is_intact, whole.stamped, whole.pending) == (True, 2, ())


def test_without_certificates_from_outside_a_stamp_proves_nothing(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned).stamp()
    found = verify_path(tmp_path / "evidence")
    assert (found.is_intact, found.stamped) == (True, 0)
    assert "give those with --certificates" in found.pending[0]


def test_a_forged_authority_that_brings_its_own_chain_is_refused(
    made: TimeAuthority, forger: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    with serving(forger) as false:
        here = Installation(vault, clock, tmp_path, false.url, pem=made.pinned)
        assert here.stamp() == 0
    assert here.state.waiting == 1
    assert here.state.failures == 1
    token = forger.token_for(MESSAGE)
    chain = openssl("x509", "-in", "middle.pem", "-outform", "DER", folder=forger.folder)
    assert chain in token  # it does bring them
    refused = check_token(token, MESSAGE, made.pinned)
    assert not refused.is_trusted
    assert check_with_openssl(token, MESSAGE, made.pinned) != ""
    assert check_token(token, MESSAGE, forger.pinned).is_trusted


def test_a_forgery_put_into_the_store_is_found(
    authority: TimeAuthority, forger: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    """An insider who makes an authority of his own, with its certificates and a fitting log."""
    keep(vault)
    with serving(forger) as false:
        assert Installation(vault, clock, tmp_path, false.url, pem=forger.pinned).stamp() == 1
    found = verify_path(tmp_path / "evidence", pinned=authority.pinned)
    assert [finding.path[:11] for finding in found.findings] == ["timestamps/"]


@pytest.mark.parametrize("mood", ["down", "nonsense", "replay"])
def test_the_next_authority_is_asked_when_one_fails(
    mood: str, made: TimeAuthority, authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    first = TimeAuthority(made.folder, mood=mood)
    with serving(first) as bad:
        here = Installation(vault, clock, tmp_path, bad.url, authority.url, pem=authority.pinned)
        assert here.stamp() == 1
    assert len(first.asked) >= 1
    (event,) = (event for event in vault.custody() if event.event == "timestamp")
    assert event.detail["authority"] == authority.url


def test_nothing_is_lost_while_no_authority_answers(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    authority.mood = "down"
    here = Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned)
    for tries, minutes in ((1, 1), (2, 2), (3, 4)):
        assert here.stamp() == 0
        assert (here.state.failures, here.state.waiting) == (tries, 1)
        assert here.state.next_at == clock.now() + timedelta(minutes=minutes)
        asked = len(authority.asked)
        assert here.stamp() == 0  # it waits
        assert len(authority.asked) == asked
        clock.advance(timedelta(minutes=minutes))
    assert here.state.last_error
    authority.mood = "well"
    keep(vault)
    assert here.stamp() == 2
    assert (here.state.failures, here.state.waiting, here.state.next_at) == (0, 0, None)


def test_what_waits_is_said_by_verify_once_stamps_are_in_use(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    keep(vault)
    assert verify_path(tmp_path / "evidence").pending == ()
    Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned).stamp()
    keep(vault)
    found = verify_path(tmp_path / "evidence", pinned=authority.pinned)
    assert (found.is_intact, found.stamped) == (True, 1)
    assert found.pending == ("1 of 2 captures wait for a time stamp of an outside authority",)


def test_a_wrong_nonce_or_another_message_is_refused(made: TimeAuthority) -> None:
    token = made.token_for(MESSAGE)
    assert check_token(token, MESSAGE, made.pinned).is_trusted
    asked = TimestampRequestBuilder().data(MESSAGE).hash_algorithm(HashAlgorithm.SHA256).build()
    assert not check_token(token, MESSAGE, made.pinned, asked=asked).is_trusted
    assert check_token(made.answer(asked.as_bytes()), MESSAGE, made.pinned, asked=asked).is_trusted
    assert not check_token(token, MESSAGE + b" ", made.pinned).is_trusted


@pytest.mark.parametrize("certificates", ["certs = {folder}/middle.pem\n", ""])
def test_an_answer_in_a_loose_encoding_is_read_by_the_second_program(
    certificates: str, made: TimeAuthority, tmp_path: Path
) -> None:
    """Some authorities do not sort the certificates they send; one program refuses that, the other does not mind."""
    folder = tmp_path / "loose"
    shutil.copytree(made.folder, folder)
    config = (folder / "ts.cnf").read_text().replace(str(made.folder), str(folder))
    kept = f"certs = {folder}/middle.pem\n"
    assert kept in config
    (folder / "ts.cnf").write_text(config.replace(kept, certificates.format(folder=folder)))
    readings = set()
    for _ in range(3):
        token = TimeAuthority(folder).token_for(MESSAGE)
        checked = check_token(token, MESSAGE, made.pinned)
        assert checked.is_trusted
        assert not check_token(token, MESSAGE + b"x", made.pinned).is_trusted
        said = read_facts(token)
        assert said.policy == "1.2.3.4.1"
        assert abs(datetime.now(UTC) - said.at) < timedelta(minutes=5)
        readings.add(checked.accepted_by[0].partition(" ")[0])
        (folder / "query.tsq").unlink()
    assert readings <= {"rfc3161-client", "openssl"}


def test_every_changed_byte_of_a_token_is_found_by_its_recorded_hash(
    authority: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    """A few bits of a token can be turned and it still verifies; its hash in the log is what tells."""
    keep(vault)
    Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned).stamp()
    root, dice = tmp_path / "evidence", random.Random(3)
    for path in sorted((root / "timestamps").iterdir()):
        whole = path.read_bytes()
        for _ in range(40):
            body = bytearray(whole)
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
            path.write_bytes(body)
            found = verify_path(root, pinned=authority.pinned)
            assert [finding.path for finding in found.findings] == [f"timestamps/{path.name}"]
        path.unlink()
        assert not verify_path(root, pinned=authority.pinned).is_intact
        path.write_bytes(whole)
    (root / "timestamps" / "extra.txt").write_bytes(b"x")
    assert not verify_path(root).is_intact


def test_an_export_holds_the_token_and_openssl_alone_can_check_it(
    authority: TimeAuthority, forger: TimeAuthority, vault: FileVault, clock: FakeClock, tmp_path: Path
) -> None:
    capture_id = keep(vault)
    Installation(vault, clock, tmp_path, authority.url, pem=authority.pinned).stamp()
    item = ExportItem(title="A thread", facts=(), words=(), observations=(), captures=(capture_id,))
    exporter = FileExporter(vault, clock=clock, seal=seal_file)
    done = exporter.export(ExportOrder(scope="all", actor="test", items=(item,)), tmp_path / "out.zip")
    found = check_export(done.path, pinned=authority.pinned)
    assert (found.is_intact, found.stamped, found.pending) == (True, 1, ())
    assert not check_export(done.path, pinned=forger.pinned).is_intact
    with zipfile.ZipFile(io.BytesIO(done.path.read_bytes())) as archive:
        archive.extractall(tmp_path / "unpacked")
    (folder,) = (tmp_path / "unpacked").glob("*/data")
    (token,) = (folder / "timestamps").glob("*.tsr")
    (pem,) = (folder / "timestamps").glob("*.pem")
    words = ["-data", f"captures/{capture_id}/manifest.json", "-in", f"timestamps/{token.name}"]
    said = subprocess.run(
        ["openssl", "ts", "-verify", *words, "-CAfile", f"timestamps/{pem.name}"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert b"Verification: OK" in said.stdout + said.stderr
    report = json.loads((folder / "report.json").read_text())
    assert report["tokens"][0][1] == authority.url
    assert report["without_token"] == []


async def test_without_an_authority_it_says_so(clock: FakeClock) -> None:
    client = HttpClient(clock=clock, allow=frozenset(), user_agent="test")
    try:
        nobody = Authorities((), b"", http=client.for_source("stamps", obey_robots=False), clock=clock)
        assert not nobody.is_configured
        with pytest.raises(TimestampFailed):
            await nobody.stamp(MESSAGE)
    finally:
        await client.close()


def test_the_authority_of_the_tests_is_what_it_says(made: TimeAuthority) -> None:
    text = openssl("x509", "-in", "signer.pem", "-noout", "-text", folder=made.folder).decode()
    assert "Time Stamping" in text
