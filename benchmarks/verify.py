"""Measure how fast stored evidence and an export of it are checked, beside sha256sum over the same files; prints JSON.

Usage: python benchmarks/verify.py [--captures 1000] [--kilobytes 500] [--smoke]

On a busy machine compare the figures in CPU seconds: `verify_cpu_ratio` is the check's CPU time over that of sha256sum.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

from monitor.backup import seal_file
from monitor.domain import ArtifactRole, CaptureOutcome, CaptureRequest, Completeness, Observed, Origin
from monitor.evidence import FileExporter, FileVault, check_export, verify_path
from monitor.ports import ExportItem, ExportOrder, Verification

NOW = datetime(2026, 11, 22, 16, 44, tzinfo=UTC)
REQUEST = CaptureRequest(id=1, mention_id=1, revision=1, url="https://forum.example/t/1")
OBSERVED = Observed(
    requested_url=REQUEST.url,
    final_url=REQUEST.url,
    http_status=200,
    started_at=NOW,
    captured_at=NOW,
    outcome=CaptureOutcome.COMPLETE,
    completeness=Completeness.FOUND,
    software={"goodname": "benchmark"},
)


class StillClock:
    """Stand still."""

    def now(self) -> datetime:
        """Give always the same moment."""
        return NOW

    def monotonic(self) -> float:
        """Give always zero."""
        return 0.0


def fill(root: Path, captures: int, kilobytes: int) -> float:
    """Seal captures of seven files each; give the seconds that took."""
    vault = FileVault(root, clock=StillClock(), actor="benchmark", reserve_bytes=1)
    start = perf_counter()
    for _ in range(captures):
        staging = vault.stage(REQUEST, NOW)
        for number in range(7):
            body = os.urandom(kilobytes * 1024 // 7)
            staging.add(ArtifactRole.PAGE, f"file-{number}.bin", "text/plain", Origin.RENDERED, body)
        vault.commit(staging, REQUEST, OBSERVED)
    return perf_counter() - start


def sha256sum(files: list[Path]) -> tuple[float, float]:
    """Hash files with sha256sum; give wall-clock and CPU seconds."""
    start, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    names = b"\0".join(os.fsencode(path) for path in files)
    subprocess.run(["xargs", "-0", "sha256sum"], input=names, stdout=subprocess.DEVNULL, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return perf_counter() - start, cpu


def timed(work: Callable[[], Verification]) -> tuple[Verification, float, float]:
    """Do some work; give its result, wall-clock and CPU seconds."""
    start, cpu = perf_counter(), process_time()
    result = work()
    return result, perf_counter() - start, process_time() - cpu


def export(root: Path, out: Path) -> Path:
    """Export everything that lies in a store."""
    vault = FileVault(root, clock=StillClock(), actor="benchmark", reserve_bytes=1)
    names = tuple(capture.id for capture in vault.captures())
    item = ExportItem(title="everything", facts=(), words=(), observations=(), captures=names)
    order = ExportOrder(scope="everything", actor="benchmark", items=(item,))
    return FileExporter(vault, clock=StillClock(), seal=seal_file).export(order, out).path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--captures", type=int, default=1000)
    parser.add_argument("--kilobytes", type=int, default=500)
    parser.add_argument("--smoke", action="store_true", help="a small run, to see that it works")
    options = parser.parse_args()
    captures, kilobytes = (20, 50) if options.smoke else (options.captures, options.kilobytes)
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        root = Path(folder) / "evidence"
        sealed_in = fill(root, captures, kilobytes)
        files = [path for path in (root / "captures").rglob("*") if path.is_file()]
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        sha256sum(files)  # so that both read from memory alike
        result, seconds, cpu = timed(lambda: verify_path(root))
        beside, beside_cpu = sha256sum(files)
        start = perf_counter()
        packed = export(root, Path(folder) / "out.zip")
        exported_in = perf_counter() - start
        checked, export_seconds, export_cpu = timed(lambda: check_export(packed))
    print(
        json.dumps(
            {
                "captures": result.captures,
                "files": result.files,
                "megabytes": round(megabytes, 1),
                "intact": result.is_intact and checked.is_intact,
                "verify_seconds": round(seconds, 2),
                "verify_cpu_seconds": round(cpu, 2),
                "verify_mb_per_second": round(megabytes / seconds),
                "sha256sum_mb_per_second": round(megabytes / beside),
                "verify_cpu_ratio": round(cpu / max(beside_cpu, 0.001), 2),
                "export_seconds": round(exported_in, 2),
                "export_verify_mb_per_second": round(megabytes / export_seconds),
                "export_verify_cpu_ratio": round(export_cpu / max(beside_cpu, 0.001), 2),
                "seal_milliseconds_each": round(1000 * sealed_in / captures, 1),
            }
        )
    )


if __name__ == "__main__":
    main()
