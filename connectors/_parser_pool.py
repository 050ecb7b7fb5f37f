"""Keep at most two parser processes: used again and again, killed on a fault or when late, gone when idle."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Lock, Timer

_PROGRAM = "connectors._parser"
LENGTH_BYTES = 8
"""A result is preceded by its length, big-endian."""

_LONGEST_RESULT = 64 * 1024 * 1024
_PATIENCE_SECONDS = 2.0
"""So long a process whose input was closed, or whose output has ended, may take to be gone."""


@dataclass(frozen=True)
class Limits:
    """Bound what one body may cost, how many processes there are, and how long each is kept."""

    cpu_seconds: int = 8
    wall_seconds: float = 30.0
    """A busy machine may take longer over an honest page; the time that counts is the processor's."""
    memory_bytes: int = 768 * 1024 * 1024
    processes: int = 2
    bodies: int = 100
    """After so many a process is replaced, because parsers of others leak."""
    idle_seconds: float = 60.0


class TooHardError(Exception):
    """Say that a body could not be parsed within the limits."""


class Work:
    """Hold one body on its way through the pool; `cancel` may be called from any thread."""

    def __init__(self, reader: str, options: str, body: bytes) -> None:
        self.head = json.dumps({"reader": reader, "options": options, "size": len(body)}).encode() + b"\n"
        self.body = body
        self._lock = Lock()
        self._process: ParserProcess | None = None
        self._is_cancelled = False

    def begin(self, process: ParserProcess) -> None:
        """Note who parses; raises TooHardError when nobody waits for the result any more."""
        with self._lock:
            if self._is_cancelled:
                raise TooHardError
            self._process = process

    def end(self) -> None:
        """Let go of the process, which may go on to another body."""
        with self._lock:
            self._process = None

    def cancel(self) -> None:
        """Give the body up and kill the process that is at it; harmless when it is done."""
        with self._lock:
            self._is_cancelled = True
            if self._process is not None:
                self._process.kill()


class ParserProcess:
    """Run one parser process and speak with it; used by one thread at a time, except for `kill`."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.parsed = 0
        self._is_late = Event()
        self._process = subprocess.Popen(  # noqa: S603 # fixed words and two numbers
            [sys.executable, "-I", "-m", _PROGRAM, str(limits.cpu_seconds), str(limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    @property
    def pid(self) -> int:
        """Give the process's number."""
        return self._process.pid

    @property
    def is_spent(self) -> bool:
        """Tell whether it has parsed enough, or is gone."""
        return self.parsed >= self._limits.bodies or self._process.poll() is not None

    def parse(self, work: Work) -> bytes | None:
        """Give the result as JSON, or None when the process ended or was killed before."""
        late = Timer(self._limits.wall_seconds, self._give_up)
        late.daemon = True
        late.start()
        try:
            result = self._exchange(work)
        except OSError:
            result = None
        finally:
            late.cancel()
        self.parsed += 1
        return result

    def was_chance(self) -> bool:
        """Tell, of an ended process, whether the body may be blameless: another may have filled or killed it.

        Running out of time is the body's own doing, since each has its own.
        """
        code = self._process.returncode
        if self._is_late.is_set() or (sys.platform != "win32" and code == -signal.SIGXCPU):
            return False
        return self.parsed > 1 or code == 0 or (sys.platform != "win32" and code == -signal.SIGKILL)

    def kill(self) -> None:
        """End it now; harmless when it is gone."""
        with suppress(ProcessLookupError):
            self._process.kill()

    def close(self) -> None:
        """Close its input, which ends it, wait for that, and kill it if need be; no zombie stays."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            self._process.wait()
        self._process.stdout.close()

    def _give_up(self) -> None:
        self._is_late.set()
        self.kill()

    def _exchange(self, work: Work) -> bytes | None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(work.head)
        self._process.stdin.write(work.body)
        self._process.stdin.flush()
        length = int.from_bytes(self._process.stdout.read(LENGTH_BYTES), "big")
        if not 0 < length <= _LONGEST_RESULT:
            return None
        result = self._process.stdout.read(length)
        return result if len(result) == length else None


class ParserPool:
    """Hand bodies to parser processes, in turn. Bound to no event loop: each process is spoken with from a thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.started = 0
        """So many processes were started so far."""
        self.threads = ThreadPoolExecutor(self.limits.processes, thread_name_prefix="parser")
        self._lock = Lock()
        self._idle: dict[ParserProcess, Timer] = {}
        self._is_closed = False

    def parse(self, work: Work) -> bytes:
        """Give the result as JSON; to be called in `threads`, which bound the number of processes.

        A body that fails where others were parsed before, or whose process was killed from outside, gets one more try
        in a new process. Raises TooHardError.
        """
        process = self._take() or self._start()
        result, may_try_again = self._run(process, work)
        if result is None and may_try_again:
            result, _ = self._run(self._start(), work)
        if result is None:
            raise TooHardError
        return result

    def pids(self) -> list[int]:
        """Give the numbers of the processes that wait for work."""
        with self._lock:
            return [process.pid for process in self._idle]

    def close(self) -> None:
        """End the processes; to be called when nothing is being parsed."""
        self.threads.shutdown()
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, {}
        for process, timer in idle.items():
            timer.cancel()
            process.close()

    def _run(self, process: ParserProcess, work: Work) -> tuple[bytes | None, bool]:
        result = None
        try:
            work.begin(process)
            result = process.parse(work)
        finally:
            work.end()
            if result is None or process.is_spent:
                process.close()
            else:
                self._give_back(process)
        return result, result is None and process.was_chance()

    def _start(self) -> ParserProcess:
        with self._lock:
            self.started += 1
        return ParserProcess(self.limits)

    def _take(self) -> ParserProcess | None:
        """Take the process that was used last, so that a second one that is not needed goes."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                process, timer = self._idle.popitem()
            timer.cancel()
            if not process.is_spent:
                return process
            process.close()

    def _give_back(self, process: ParserProcess) -> None:
        timer = Timer(self.limits.idle_seconds, self._retire, (process,))
        timer.daemon = True
        with self._lock:
            if not self._is_closed:
                self._idle[process] = timer
                timer.start()
                return
        process.close()

    def _retire(self, process: ParserProcess) -> None:
        with self._lock:
            is_idle = self._idle.pop(process, None) is not None
        if is_idle:
            process.close()
