"""A real time stamp authority on the loopback, made with `openssl ts`, with a certificate authority of its own."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_CONFIG = """
[ req ]
distinguished_name = name
[ name ]
[ root ]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[ middle ]
basicConstraints = critical, CA:true, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ signer ]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[ tsa ]
default_tsa = tsa_config
[ tsa_config ]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/signer.pem
certs = {folder}/middle.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
clock_precision_digits = 0
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


def openssl(*words: str, folder: Path, given: bytes = b"") -> bytes:
    """Run openssl and give what it prints."""
    done = subprocess.run(["openssl", *words], cwd=folder, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@dataclass
class TimeAuthority:
    """Sign times; `pinned` are its root and intermediate, `mood` says how it answers over HTTP."""

    folder: Path
    name: str = "Time Authority"
    mood: str = "well"
    asked: list[bytes] = field(default_factory=list)
    url: str = ""

    def make(self) -> TimeAuthority:
        self.folder.mkdir()
        (self.folder / "ts.cnf").write_text(_CONFIG.format(folder=self.folder))
        (self.folder / "serial").write_text("01")
        self._certificate("root", "root", "")
        self._certificate("middle", "middle", "root")
        self._certificate("signer", "signer", "middle")
        return self

    def _certificate(self, name: str, kind: str, issuer: str) -> None:
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key", folder=self.folder)
        subject = f"/CN={self.name} {name}"
        request = openssl(
            "req", "-new", "-config", "ts.cnf", "-key", f"{name}.key", "-subj", subject, "-sha256", folder=self.folder
        )
        signed = ["-CA", f"{issuer}.pem", "-CAkey", f"{issuer}.key", "-CAcreateserial"]
        how = signed if issuer else ["-signkey", f"{name}.key"]
        words = ["x509", "-req", "-sha256", "-days", "3650", "-extfile", "ts.cnf", "-extensions", kind, *how]
        (self.folder / f"{name}.pem").write_bytes(openssl(*words, folder=self.folder, given=request))

    @property
    def pinned(self) -> bytes:
        return (self.folder / "root.pem").read_bytes() + (self.folder / "middle.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query.tsq").write_bytes(query)
        words = ["ts", "-reply", "-config", "ts.cnf", "-section", "tsa_config", "-queryfile", "query.tsq"]
        return openssl(*words, folder=self.folder)

    def token_for(self, message: bytes, *words: str) -> bytes:
        """Sign a message without HTTP, as an authority that answers whatever it is asked."""
        (self.folder / "message").write_bytes(message)
        query = openssl("ts", "-query", "-data", "message", "-sha256", "-cert", *words, folder=self.folder)
        return self.answer(query)


@contextlib.contextmanager
def serving(authority: TimeAuthority) -> Iterator[TimeAuthority]:
    """Let an authority answer over HTTP on a free loopback port."""
    turn = threading.Lock()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            with turn:
                authority.asked.append(query)
                status, body = self._answer(query)
            self.send_response(status)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _answer(self, query: bytes) -> tuple[int, bytes]:
            if authority.mood == "down":
                return 503, b""
            if authority.mood == "nonsense":
                return 200, b"<html>not a token</html>"
            if authority.mood == "replay":
                return 200, authority.token_for(b"another message")
            return 200, authority.answer(query)

        def log_message(self, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_address[1]}/"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
