"""Serve on loopback with nothing but the standard library: web sites, a webhook, a mailbox."""

from __future__ import annotations

import hashlib
import json
import socket
import socketserver
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

_MAX_BODY = 8 * 1024 * 1024
_IDLE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Reply:
    """Hold one answer of a site."""

    body: bytes
    media_type: str = "text/html; charset=utf-8"
    status: int = 200


Answer = Callable[[str], Reply]
"""Answer a GET for a path."""

Receive = Callable[[bytes], int]
"""Take the body of a POST and give the status to answer with."""


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class Server:
    """Run one listening socket on a free loopback port in a thread of its own until `close`."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self._server = server
        self.port = server.server_address[1]
        self._thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Give "host:port" as the configuration writes it."""
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening and let go of the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Quiet(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's own name for it
        return

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def answer(self, reply: Reply, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.send_response(reply.status)
        for name, value in headers:
            self.send_header(name, value)
        if reply.status != 304:
            self.send_header("Content-Type", reply.media_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)


def serve_site(answer: Answer) -> Server:
    """Serve a site that understands ETags; robots.txt allows everything."""

    class Handler(_Quiet):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/robots.txt":
                self.answer(Reply(b"User-agent: *\nAllow: /\n", "text/plain"))
                return
            reply = answer(path)
            etag = f'"{hashlib.sha256(reply.body).hexdigest()[:16]}"'
            if reply.status == 200 and self.headers.get("If-None-Match") == etag:
                self.answer(Reply(b"", status=304), (("ETag", etag),))
            else:
                self.answer(reply, (("ETag", etag),) if reply.status == 200 else ())

    return Server(_web(Handler))


def serve_hook(receive: Receive) -> Server:
    """Serve a webhook: every POST body goes to `receive`, which gives the status."""

    class Handler(_Quiet):
        def do_POST(self) -> None:
            size = min(int(self.headers.get("Content-Length") or 0), _MAX_BODY)
            status = receive(self.rfile.read(size))
            self.answer(Reply(b"{}", "application/json", status))

    return Server(_web(Handler))


def _web(handler: type[BaseHTTPRequestHandler]) -> ThreadingHTTPServer:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    return server


class Inbox:
    """Keep what arrives as numbered files in a folder; safe from many threads."""

    def __init__(self, folder: Path, suffix: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._suffix = suffix
        self._lock = threading.Lock()
        self._paths: list[Path] = []

    def keep(self, body: bytes) -> int:
        """Write one file and give 200."""
        with self._lock:
            path = self.folder / f"{len(self._paths) + 1:04d}{self._suffix}"
            path.write_bytes(body)
            self._paths.append(path)
        return 200

    @property
    def paths(self) -> tuple[Path, ...]:
        """Give the files in the order of their arrival."""
        with self._lock:
            return tuple(self._paths)


def readable(body: bytes) -> bytes:
    """Give JSON with line breaks, or the bytes themselves when they are no JSON."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False, indent=2).encode() + b"\n"
    except ValueError:
        return body


class _Mail(socketserver.StreamRequestHandler):
    """Speak as much SMTP as a sender needs; every message is accepted."""

    timeout = _IDLE_SECONDS
    keep: Callable[[bytes], object]

    def handle(self) -> None:
        self._say("220 mail.wrenmouth.example ready")
        try:
            while line := self.rfile.readline(4096):
                if not self._obey(line.decode("ascii", "replace").strip()):
                    return
        except (ConnectionError, TimeoutError):
            return

    def _obey(self, line: str) -> bool:
        verb = line.partition(" ")[0].upper()
        if verb == "EHLO":
            self._say("250-mail.wrenmouth.example\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 8388608")
        elif verb == "DATA":
            self._say("354 go on")
            self.keep(self._message())
            self._say("250 kept")
        elif verb in {"HELO", "MAIL", "RCPT", "RSET", "NOOP"}:
            self._say("250 ok")
        else:
            self._say("221 bye" if verb == "QUIT" else "502 not known here")
        return verb != "QUIT"

    def _message(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while (line := self.rfile.readline(_MAX_BODY)) not in (b".\r\n", b".\n", b""):
            size += len(line)
            if size <= _MAX_BODY:
                lines.append(line[1:] if line.startswith(b".") else line)
        return b"".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode("ascii") + b"\r\n")


def serve_mail(keep: Callable[[bytes], object]) -> Server:
    """Serve a mailbox that hands every message's bytes to `keep`."""

    class Handler(_Mail):
        pass

    Handler.keep = staticmethod(keep)
    return Server(_Listener(("127.0.0.1", 0), Handler))


def free_port() -> int:
    """Find a loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return cast("int", probe.getsockname()[1])
