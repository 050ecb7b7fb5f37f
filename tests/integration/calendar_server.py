"""A real OpenTimestamps calendar on the loopback: promises at POST /digest, and block proofs at GET /timestamp/HEX."""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentimestamps.core.notary import BitcoinBlockHeaderAttestation, PendingAttestation
from opentimestamps.core.op import OpAppend, OpPrepend, OpSHA256
from opentimestamps.core.serialize import BytesSerializationContext
from opentimestamps.core.timestamp import Timestamp

HEIGHT = 812_345


def spelled(tree: Timestamp) -> bytes:
    """Spell a tree as a calendar sends it."""
    context = BytesSerializationContext()
    tree.serialize(context)
    return bytes(context.getbytes())


@dataclass
class Calendar:
    """Promise blocks; `has_block` says whether they are there by now, `mood` how it answers."""

    url: str = ""
    mood: str = "well"
    has_block: bool = False
    answer: bytes = b""
    asked: list[bytes] = field(default_factory=list)
    followed: list[str] = field(default_factory=list)
    promised: dict[str, bytes] = field(default_factory=dict)

    def promise(self, digest: bytes) -> tuple[int, bytes]:
        """Answer POST /digest."""
        self.asked.append(digest)
        if self.mood == "down":
            return 503, b""
        if self.mood == "odd":
            return 200, self.answer
        tree = Timestamp(digest)
        leaf = tree.ops.add(OpPrepend(b"calendar")).ops.add(OpSHA256())
        leaf.attestations.add(PendingAttestation(self.url))
        self.promised[leaf.msg.hex()] = digest
        return 200, spelled(tree)

    def follow(self, name: str) -> tuple[int, bytes]:
        """Answer GET /timestamp/HEX."""
        self.followed.append(name)
        if self.mood == "down":
            return 503, b""
        if self.mood == "odd":
            return 200, self.answer
        if name not in self.promised or not self.has_block:
            return 404, b"Pending confirmation in Bitcoin blockchain"
        return 200, self.way_to_block(bytes.fromhex(name))

    def way_to_block(self, commitment: bytes, height: int = HEIGHT) -> bytes:
        """Give the way from a commitment to a block's merkle root, by two hashes as Bitcoin makes them."""
        tree = Timestamp(commitment)
        root = tree.ops.add(OpAppend(b"other transactions")).ops.add(OpSHA256()).ops.add(OpSHA256())
        root.attestations.add(BitcoinBlockHeaderAttestation(height))
        return spelled(tree)


def root_over(commitment: bytes) -> str:
    """Give the merkle root over a commitment, without the library, spelled as block explorers spell it."""
    once = hashlib.sha256(commitment + b"other transactions").digest()
    return hashlib.sha256(once).digest()[::-1].hex()


@contextlib.contextmanager
def keeping_time(calendar: Calendar) -> Iterator[Calendar]:
    """Let a calendar answer over HTTP on a free loopback port."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*(calendar.promise(body) if self.path == "/digest" else (404, b"")))

        def do_GET(self) -> None:
            folder, _, name = self.path.removeprefix("/").partition("/")
            self._send(*(calendar.follow(name) if folder == "timestamp" else (404, b"")))

        def _send(self, status: int, body: bytes) -> None:
            assert self.headers["Accept"] == "application/vnd.opentimestamps.v1"
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.opentimestamps.v1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    calendar.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield calendar
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
