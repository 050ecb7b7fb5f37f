"""Be the process that parses others' bytes: one body after another from standard input, the results to standard output.

It ends when its input closes, so it never outlives the program that started it. It is given nothing but bytes.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
from queue import SimpleQueue
from threading import Thread
from typing import BinaryIO

from connectors import _feed_reader, _mail_reader, _page_reader
from connectors._entry import Parsed
from connectors._parser_pool import LENGTH_BYTES

Request = tuple[str, str, bytes]


def _parse(reader: str, options: str, body: bytes) -> Parsed:
    """Run the reader of that module."""
    if reader == _feed_reader.__name__:
        return _feed_reader.read(body, _feed_reader.FeedOptions.model_validate_json(options))
    if reader == _page_reader.__name__:
        return _page_reader.read(body, _page_reader.PageOptions.model_validate_json(options))
    if reader == _mail_reader.__name__:
        return _mail_reader.read(body, _mail_reader.MailOptions.model_validate_json(options))
    raise LookupError(reader)


def _receive(source: BinaryIO, requests: SimpleQueue[Request]) -> None:
    """Take requests; end the process at once when there will be no more, also in the middle of a body."""
    while line := source.readline():
        head = json.loads(line)
        body = source.read(head["size"])
        if len(body) < head["size"]:
            break
        requests.put((head["reader"], head["options"], body))
    os._exit(0)


def _bind_memory(most: int) -> None:
    if sys.platform == "win32":
        return  # the time limit of the parent still holds
    import resource  # noqa: PLC0415 - there is no such module on Windows

    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _grant_seconds(more: int) -> None:
    """Let the process use so many more seconds of the processor; the system ends it after them."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 - there is no such module on Windows

    usage = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = math.ceil(usage.ru_utime + usage.ru_stime) + more
    resource.setrlimit(resource.RLIMIT_CPU, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def main(cpu_seconds: int, memory_bytes: int) -> None:
    """Parse until the input closes, or until a body is too hard."""
    answers = os.fdopen(os.dup(1), "wb")
    for stop in (signal.SIGINT, signal.SIGTERM):  # sent to the whole group; the program lets a body be finished first
        signal.signal(stop, signal.SIG_IGN)
    os.dup2(2, 1)  # whatever a library prints must not stand between the results
    _bind_memory(memory_bytes)
    requests: SimpleQueue[Request] = SimpleQueue()
    source = os.fdopen(0, "rb", closefd=False)
    Thread(target=_receive, args=(source, requests), daemon=True).start()
    while True:
        reader, options, body = requests.get()
        _grant_seconds(cpu_seconds)
        result = _parse(reader, options, body).model_dump_json().encode("utf-8", "replace")
        answers.write(len(result).to_bytes(LENGTH_BYTES, "big") + result)
        answers.flush()


if __name__ == "__main__":
    try:
        main(*map(int, sys.argv[1:]))
    finally:
        os._exit(1)  # without tidying up: what a body has left behind can take long to free
